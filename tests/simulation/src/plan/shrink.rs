//! Smaller plans that are still valid.

use stepwell_expression::Value;

use super::{Block, Kind, Plan, PlanFlow, State, Template, Wait};
use crate::plan::{DATA_BYTES_MAX, Expr, RINGER, STATES_MAX};

/// Plans that are a little smaller, the boldest first.
#[must_use]
pub fn smaller(plan: &Plan) -> Vec<Plan> {
    let mut candidates = Vec::new();
    for index in 0..plan.schedule.len() {
        candidates.push(with(plan, |plan| {
            plan.schedule.remove(index);
        }));
    }
    let blocks = blocks(&plan.flow.block).saturating_sub(1);
    for place in 0..=blocks {
        smaller_block(plan, place, &mut candidates);
    }
    for index in 0..plan.children.len() {
        let name = plan
            .children
            .get(index)
            .map(|child| child.name.clone())
            .unwrap_or_default();
        if !plan.flow.block.starts(&name) {
            candidates.push(with(plan, |plan| drop(plan.children.remove(index))));
        }
        smaller_child(plan, index, &mut candidates);
    }
    candidates.push(with(plan, |plan| bare(&mut plan.flow)));
    candidates.push(with(plan, |plan| plan.fuse = true));
    candidates.push(with(plan, |plan| plan.data_bytes_max = DATA_BYTES_MAX));
    candidates.push(with(plan, |plan| plan.states_max = STATES_MAX));
    candidates.push(with(plan, |plan| plan.wait_seconds_max = None));
    for key in keys(&plan.input) {
        candidates.push(with(plan, |plan| plan.input = without(&plan.input, &key)));
    }
    candidates.retain(|candidate| candidate != plan && is_valid(candidate));
    candidates
}

/// The smallest plan found that still fails, after so many tries at most.
pub fn smallest(plan: &Plan, tries_max: usize, mut fails: impl FnMut(&Plan) -> bool) -> Plan {
    let (mut best, mut tries) = (plan.clone(), 0);
    'smaller: loop {
        for candidate in smaller(&best) {
            if tries == tries_max {
                return best;
            }
            tries += 1;
            if fails(&candidate) {
                best = candidate;
                continue 'smaller;
            }
        }
        return best;
    }
}

fn with(plan: &Plan, change: impl FnOnce(&mut Plan)) -> Plan {
    let mut plan = plan.clone();
    change(&mut plan);
    plan
}

fn bare(flow: &mut PlanFlow) {
    (flow.timeout, flow.input, flow.output) = (None, None, None);
}

fn keys(value: &Value) -> Vec<String> {
    let keys = value.as_object().into_iter().flat_map(|entries| entries.keys());
    keys.map(ToString::to_string).collect()
}

fn without(value: &Value, key: &str) -> Value {
    let entries = value
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| &***name != key);
    Value::object(entries.map(|(name, value)| (name.clone(), value.clone())))
}

fn smaller_child(plan: &Plan, index: usize, candidates: &mut Vec<Plan>) {
    let Some(child) = plan.children.get(index).filter(|child| child.name != RINGER) else {
        return;
    };
    let change =
        |change: &dyn Fn(&mut PlanFlow)| with(plan, |plan| plan.children.get_mut(index).into_iter().for_each(change));
    candidates.push(change(&bare));
    for place in 0..blocks(&child.block) {
        for small in smaller_blocks(nth(&child.block, place)) {
            candidates.push(change(&|child| put(&mut child.block, place, &small)));
        }
    }
}

fn smaller_block(plan: &Plan, place: usize, candidates: &mut Vec<Plan>) {
    for small in smaller_blocks(nth(&plan.flow.block, place)) {
        candidates.push(with(plan, |plan| put(&mut plan.flow.block, place, &small)));
    }
}

/// How many blocks there are, from the outermost in.
fn blocks(block: &Block) -> usize {
    let inner = block.states.iter().flat_map(|state| state.kind.blocks());
    1 + inner.map(blocks).sum::<usize>()
}

fn nth(block: &Block, place: usize) -> Option<&Block> {
    if place == 0 {
        return Some(block);
    }
    let mut place = place - 1;
    for inner in block.states.iter().flat_map(|state| state.kind.blocks()) {
        let count = blocks(inner);
        if place < count {
            return nth(inner, place);
        }
        place -= count;
    }
    None
}

fn put(block: &mut Block, place: usize, small: &Block) {
    if place == 0 {
        block.clone_from(small);
        return;
    }
    let mut place = place - 1;
    for inner in block.states.iter_mut().flat_map(|state| state.kind.blocks_mut()) {
        let count = blocks(inner);
        if place < count {
            put(inner, place, small);
            return;
        }
        place -= count;
    }
}

/// Smaller forms of one block, not of those inside.
fn smaller_blocks(block: Option<&Block>) -> Vec<Block> {
    let Some(block) = block else {
        return Vec::new();
    };
    let mut smaller = Vec::new();
    for (place, state) in block.states.iter().enumerate() {
        smaller.extend(dropped(block, place));
        for small in smaller_states(state) {
            let mut block = block.clone();
            if let Some(state) = block.states.get_mut(place) {
                *state = small;
            }
            smaller.push(block);
        }
    }
    smaller
}

/// The block without one state: what led there leads to where it led.
fn dropped(block: &Block, place: usize) -> Option<Block> {
    let state = block.states.get(place)?;
    if block.states.len() < 2 {
        return None;
    }
    let default = match &state.kind {
        Kind::Choice { default, .. } => default.clone(),
        Kind::Task(_)
        | Kind::Pass
        | Kind::Wait(_)
        | Kind::Parallel(_)
        | Kind::Map(_)
        | Kind::Succeed
        | Kind::Fail { .. } => state.next.clone(),
    };
    let (name, next) = (state.name.clone(), default.filter(|next| *next != state.name));
    let mut block = block.clone();
    block.states.remove(place);
    for state in &mut block.states {
        redirect(state, &name, next.as_ref());
    }
    Some(block)
}

fn redirect(state: &mut State, from: &str, to: Option<&String>) {
    if state.next.as_deref() == Some(from) {
        state.next = to.cloned();
    }
    let leads = |next: &mut String| match to {
        Some(to) if next == from => {
            next.clone_from(to);
            true
        }
        Some(_) => true,
        None => next != from,
    };
    state.catch.retain_mut(|rule| leads(&mut rule.next));
    if let Kind::Choice { branches, default } = &mut state.kind {
        branches.retain_mut(|(_, next)| leads(next));
        if default.as_deref() == Some(from) {
            *default = to.cloned();
        }
    }
}

/// Smaller forms of a state.
fn smaller_states(state: &State) -> Vec<State> {
    let mut smaller = Vec::new();
    let mut add = |change: &dyn Fn(&mut State)| {
        let mut small = state.clone();
        change(&mut small);
        smaller.push(small);
    };
    if !matches!(state.kind, Kind::Choice { .. } | Kind::Pass) {
        add(&|state| {
            let plain = State::new(state.name.clone(), Kind::Pass);
            *state = State {
                next: state.next.take(),
                ..plain
            };
        });
    }
    add(&|state| (state.input, state.output, state.global) = (None, None, None));
    add(&|state| state.input = None);
    add(&|state| state.output = None);
    add(&|state| state.global = None);
    add(&|state| state.timeout = None);
    add(&|state| state.next = None);
    for index in 0..state.retry.len() {
        add(&|state| drop(state.retry.remove(index)));
        add(&|state| {
            state.retry.get_mut(index).into_iter().for_each(|rule| {
                (rule.attempts, rule.interval, rule.rate, rule.interval_max) = (1, 1, None, None);
            })
        });
    }
    for index in 0..state.catch.len() {
        add(&|state| drop(state.catch.remove(index)));
        add(&|state| {
            state
                .catch
                .get_mut(index)
                .into_iter()
                .for_each(|rule| rule.output = None)
        });
    }
    let kinds = smaller_kinds(&state.kind);
    smaller.extend(kinds.into_iter().map(|kind| State { kind, ..state.clone() }));
    smaller
}

fn smaller_kinds(kind: &Kind) -> Vec<Kind> {
    match kind {
        Kind::Task(task) => {
            let Template::Object(entries) = &task.body else {
                return Vec::new();
            };
            let fewer = (0..entries.len()).map(|index| {
                let mut task = task.clone();
                let mut entries = entries.clone();
                entries.remove(index);
                task.body = Template::Object(entries);
                Kind::Task(task)
            });
            fewer.collect()
        }
        Kind::Wait(wait) if *wait != Wait::Seconds(1) => vec![Kind::Wait(Wait::Seconds(1))],
        Kind::Choice { branches, default } => {
            let fewer = (0..branches.len()).filter(|_| branches.len() > 1).map(|index| {
                let mut branches = branches.clone();
                branches.remove(index);
                Kind::Choice {
                    branches,
                    default: default.clone(),
                }
            });
            fewer.collect()
        }
        Kind::Parallel(branches) => {
            let fewer = (0..branches.len()).filter(|_| branches.len() > 1).map(|index| {
                let mut branches = branches.clone();
                branches.remove(index);
                Kind::Parallel(branches)
            });
            fewer.collect()
        }
        Kind::Map(map) => smaller_maps(map).into_iter().map(Kind::Map).collect(),
        Kind::Pass | Kind::Wait(_) | Kind::Succeed | Kind::Fail { .. } => Vec::new(),
    }
}

fn smaller_maps(map: &super::Map) -> Vec<super::Map> {
    let mut smaller = vec![
        super::Map {
            constructor: None,
            ..map.clone()
        },
        super::Map {
            concurrency: None,
            ..map.clone()
        },
    ];
    if let Expr::Call(function, items) = &map.items {
        for index in 0..items.len() {
            let mut items = items.clone();
            items.remove(index);
            smaller.push(super::Map {
                items: Expr::Call(*function, items),
                ..map.clone()
            });
        }
    }
    smaller
}

/// Whether the checker accepts the plan, and it ends.
fn is_valid(plan: &Plan) -> bool {
    let accepted = |flow: &PlanFlow| {
        stepwell_definition::check(flow.yaml().as_bytes(), "flow.yaml")
            .flow
            .is_some()
    };
    plan.flows().all(accepted) && crate::reference::predict(plan).is_ok()
}
