//! Whether a test file fits the flow that it tests.

use std::collections::BTreeSet;
use std::sync::Arc;

use stepwell_actions::{INVOKE_FUNCTION, Registry, function_name, runnable};
use stepwell_model::{Block, Flow, Kind, Mode, State};

use super::{Case, ExpectedState, TestFile, Written};
use crate::checks::each_task;
use crate::codes;
use crate::diagnostic::{Diagnostic, shown};
use crate::listing::{all_of, one_of, there_are};
use crate::similar::closest;
use crate::template::constant_text;

/// What the flows have that a case can name.
struct Known<'f> {
    flows: Vec<&'f Flow>,
    /// The names of the states that wait for a report.
    waiting: BTreeSet<Arc<str>>,
    /// Functions by the names that are written down, and actions.
    called: BTreeSet<String>,
}

/// `registry` answers the functions of a case; without it nothing is said of calls.
pub(super) fn check(
    file: &TestFile,
    flow: &Flow,
    children: &[&Flow],
    registry: Option<&dyn Fn(&Case) -> Registry>,
) -> Vec<Diagnostic> {
    let known = Known::of(std::iter::once(flow).chain(children.iter().copied()).collect());
    let mut told = Vec::new();
    for case in &file.cases {
        told.extend(case.reports.iter().filter_map(|report| known.no_report(&report.state)));
        if let Some(registry) = registry.map(|registry| registry(case)) {
            let calls = case.expect.calls.iter();
            told.extend(calls.filter_map(|(name, count)| known.no_function(name, *count, &registry)));
        }
        let path = case.expect.path.as_deref().unwrap_or_default();
        tell_path(path, &flow.body, &mut told);
    }
    told
}

impl<'f> Known<'f> {
    fn of(flows: Vec<&'f Flow>) -> Self {
        let (mut waiting, mut called) = (BTreeSet::new(), BTreeSet::new());
        for flow in &flows {
            each_task(flow, &mut |_, _, state, task| {
                if task.mode == Mode::WaitForCustomCallback {
                    waiting.insert(state.name.clone());
                }
                called.insert(task.action.to_string());
                let resource =
                    constant_text(&task.parameters, "resourceArn").filter(|_| &*task.action == INVOKE_FUNCTION);
                called.extend(resource.map(|resource| function_name(resource).to_owned()));
            });
        }
        Self { flows, waiting, called }
    }

    /// The states that a name means, wherever they stand, or a path such as `Each/2/Ask`.
    fn meant(&self, text: &str) -> Vec<&'f State> {
        let mut meant = Vec::new();
        for flow in &self.flows {
            named(&flow.body, text, &mut meant);
            along(&flow.body, text, &mut meant);
        }
        meant
    }

    fn no_report(&self, state: &Written) -> Option<Diagnostic> {
        let meant = self.meant(&state.text);
        if meant.iter().any(|state| waits(state)) {
            return None;
        }
        if meant.is_empty() {
            return Some(no_state(state, self.waiting.iter().map(|name| &**name)));
        }
        let message = format!("the state {} never waits for a report", shown(&state.text));
        let diagnostic = Diagnostic::new(&codes::NO_REPORT_TAKEN, state.span, message);
        let waiting: Vec<&str> = self.waiting.iter().map(|name| &**name).collect();
        Some(diagnostic.help(match waiting.as_slice() {
            [] => "only a Task with `TaskMode: WaitForCustomCallback` does, and the flow has none".to_owned(),
            names => format!("those that do: {}", all_of(names)),
        }))
    }

    /// That something is never called can be said of every action, but of functions only by names that are known.
    fn no_function(&self, name: &Written, count: u64, registry: &Registry) -> Option<Diagnostic> {
        if self.called.contains(&*name.text) || registry.resolve(&name.text).is_some() {
            return None;
        }
        if runnable().contains(&&*name.text) {
            let message = format!("the flow has no Task with the action {}", shown(&name.text));
            let diagnostic = Diagnostic::new(&codes::UNKNOWN_TESTED_FUNCTION, name.span, message);
            return (count > 0).then(|| diagnostic.help("remove it, or expect 0"));
        }
        let message = format!("the flow calls no function {}", shown(&name.text));
        let diagnostic = Diagnostic::new(&codes::UNKNOWN_TESTED_FUNCTION, name.span, message);
        let entries = registry.functions.iter().map(|function| function.pattern.as_str());
        let close = closest(&name.text, self.called.iter().map(String::as_str).chain(entries));
        let called: Vec<&str> = self.called.iter().map(String::as_str).collect();
        Some(match (close, called.as_slice()) {
            (Some(_), _) => diagnostic.did_you_mean(close),
            (None, []) => diagnostic.help("remove it; the flow has no Task"),
            (None, called) => diagnostic.help(format!(
                "write the name of a function of the flow or an action: {}",
                one_of(called)
            )),
        })
    }
}

fn waits(state: &State) -> bool {
    matches!(&state.kind, Kind::Task(task) if task.mode == Mode::WaitForCustomCallback)
}

/// The states of that name, wherever they stand.
fn named<'f>(block: &'f Block, name: &str, meant: &mut Vec<&'f State>) {
    for state in &block.states {
        meant.extend((*state.name == *name).then_some(state));
        state.blocks().for_each(|inner| named(inner, name, meant));
    }
}

/// The states that a path leads to: names, each with the number of a branch or item behind it but for the last.
fn along<'f>(block: &'f Block, path: &str, meant: &mut Vec<&'f State>) {
    for state in &block.states {
        let Some(rest) = path.strip_prefix(&*state.name) else {
            continue;
        };
        if rest.is_empty() {
            meant.push(state);
        }
        let below = rest.strip_prefix('/').and_then(|rest| rest.split_once('/'));
        let Some((number, rest)) = below.and_then(|(number, rest)| Some((number.parse::<usize>().ok()?, rest))) else {
            continue;
        };
        let number = if matches!(state.kind, Kind::Map(_)) { 0 } else { number };
        if let Some(inner) = state.blocks().nth(number) {
            along(inner, rest, meant);
        }
    }
}

fn no_state<'n>(state: &Written, names: impl Iterator<Item = &'n str>) -> Diagnostic {
    let message = format!("no state named {}", shown(&state.text));
    let diagnostic = Diagnostic::new(&codes::UNKNOWN_TESTED_STATE, state.span, message);
    let names: Vec<&str> = names.collect();
    let close = closest(&state.text, names.iter().copied());
    match (close, names.as_slice()) {
        (Some(_), _) => diagnostic.did_you_mean(close),
        (None, []) => diagnostic.help("remove it; there is none that could be named here"),
        (None, names) => diagnostic.help(there_are(names)),
    }
}

fn tell_path(path: &[ExpectedState], block: &Block, told: &mut Vec<Diagnostic>) {
    for expected in path {
        match block.states.iter().find(|state| state.name == expected.state.text) {
            Some(state) => tell_inside(expected, state, told),
            None => told.push(no_state(&expected.state, block.states.iter().map(|state| &*state.name))),
        }
    }
}

fn tell_inside(expected: &ExpectedState, state: &State, told: &mut Vec<Diagnostic>) {
    let Some(inside) = &expected.inside else { return };
    let blocks: Vec<&Block> = state.blocks().collect();
    let is_map = matches!(state.kind, Kind::Map(_));
    let name = shown(&state.name);
    let bad = |message: String, help: &str| {
        Diagnostic::new(&codes::BAD_CASE, expected.state.span, message).help(help.to_owned())
    };
    if blocks.is_empty() {
        let message = format!("the state {name} has neither branches nor items");
        return told.push(bad(message, "write its name alone"));
    }
    if !is_map && blocks.len() != inside.len() {
        let message = format!("the state {name} has {} branches, not {}", blocks.len(), inside.len());
        return told.push(bad(
            message,
            "write a path for every branch, `[]` for one that enters nothing",
        ));
    }
    for (number, path) in inside.iter().enumerate() {
        if let Some(block) = blocks.get(if is_map { 0 } else { number }) {
            tell_path(path, block, told);
        }
    }
}
