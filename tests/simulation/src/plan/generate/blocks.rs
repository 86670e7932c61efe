//! Blocks: states in a row, loops, and where their transitions lead.

use stepwell_expression::Value;

use super::{Making, Place};
use crate::plan::{Action, Block, Catch, Comparison, Expr, Function, Kind, Mode, Root, State, Task, Template};

/// States whose transitions are made later have this name behind them.
const LATER: &str = "";

impl Making {
    pub(super) fn block(&mut self, place: Place) -> Block {
        let mut states = Vec::new();
        let count = 1 + self.below(if place.depth == 0 { 6 } else { 4 });
        for _ in 0..count {
            if self.budget == 0 {
                break;
            }
            match self.below(15) {
                0 => self.repeated(place, &mut states),
                1 => self.caught_by_itself(place, &mut states),
                2 if self.once_in(2) => self.endless(place, &mut states),
                _ => {
                    let state = self.state(place);
                    states.push(state);
                }
            }
        }
        let is_open = states
            .last()
            .is_none_or(|state| matches!(state.kind, Kind::Choice { .. }));
        if is_open || self.once_in(3) {
            let last = self.last(place);
            states.push(last);
        }
        self.rename(place, &mut states);
        self.link(&mut states);
        Block { states }
    }

    fn last(&mut self, place: Place) -> State {
        let kind = match self.below(8) {
            0..=3 => Kind::Pass,
            4..=6 => Kind::Succeed,
            _ => self.failing(),
        };
        let mut state = State::new(self.name(), kind);
        if !matches!(state.kind, Kind::Fail { .. }) && self.once_in(2) {
            state.output = Some(self.constructor(place, None));
        }
        state
    }

    pub(super) fn name(&mut self) -> String {
        self.named += 1;
        format!("S{}", self.named)
    }

    /// Inner blocks may call their states by letter, so that scopes share names.
    fn rename(&self, place: Place, states: &mut [State]) {
        if !place.is_named_by_letter {
            return;
        }
        let names: Vec<(String, String)> = states
            .iter()
            .zip('A'..='Z')
            .map(|(state, letter)| (state.name.clone(), letter.to_string()))
            .collect();
        for state in states {
            for (from, to) in &names {
                rename(state, from, to);
            }
        }
    }

    /// A stretch that runs two or three times, by a counter in `$Global`.
    fn repeated(&mut self, place: Place, states: &mut Vec<State>) {
        let counter = format!("loop{}", self.named);
        let read = || Expr::Path(Root::Global, vec![counter.clone()]);
        let set = |value| Some(Template::Object(vec![(counter.clone(), value)]));
        let mut begin = State::new(self.name(), Kind::Pass);
        begin.global = set(Template::Literal(Value::from(0_u64)));
        begin.next = Some(LATER.to_owned());
        let body = self.state(place);
        // The Choice counts itself: whatever way leads round the loop comes by it.
        let sum = Expr::Call(Function::IntAdd, vec![read(), Expr::number(1)]);
        let times = Expr::number(1 + self.below(2));
        let condition = Expr::Compare(Comparison::Less, Box::new(read()), Box::new(times));
        let back = body.name.clone();
        let choice = Kind::Choice {
            branches: vec![(condition, back)],
            default: Some(LATER.to_owned()),
        };
        let mut choice = State::new(self.name(), choice);
        choice.global = set(Template::Computed(sum));
        states.extend([begin, body, choice]);
    }

    /// A loop that only `limits.states` ends, with nothing in it, something to carry, or something to compute.
    fn endless(&mut self, place: Place, states: &mut Vec<State>) {
        self.is_endless = true;
        let name = self.name();
        let many = Expr::path(Root::ExecutionInput, &["many"]);
        let condition = match self.below(3) {
            0 => Expr::Literal(Value::Bool(true)),
            1 => Expr::Compare(
                Comparison::Unequal,
                Box::new(Expr::path(Root::ExecutionInput, &["n"])),
                Box::new(Expr::number(99)),
            ),
            _ => Expr::Not(Box::new(Expr::Call(
                Function::ArrayContains,
                vec![many, Expr::number(99)],
            ))),
        };
        let mut around = State::new(self.name(), Kind::Pass);
        around.next = Some(name.clone());
        if self.once_in(2) {
            around.output = Some(self.constructor(place, None));
        }
        if self.once_in(4) {
            around.global = Some(self.globals(place, None));
        }
        let choice = Kind::Choice {
            branches: vec![(condition, around.name.clone())],
            default: Some(LATER.to_owned()),
        };
        states.extend([around, State::new(name, choice)]);
    }

    /// A task that fails, and is caught by itself with an input with which it does not.
    fn caught_by_itself(&mut self, place: Place, states: &mut Vec<State>) {
        self.budget = self.budget.saturating_sub(2);
        let fails = |count: u64| Template::object([("f", Template::Literal(Value::from(count)))]);
        let mut before = State::new(self.name(), Kind::Pass);
        before.output = Some(fails(1));
        before.next = Some(LATER.to_owned());
        let body = Template::object([
            ("fails", Template::Computed(Expr::path(Root::Input, &["f"]))),
            ("code", Template::Literal(Value::from("Again"))),
            ("n", Template::Computed(self.number(place, None))),
        ]);
        let task = Task {
            action: Action::Function(self.function()),
            mode: Mode::RequestComplete,
            at_most_once: false,
            is_named: false,
            body,
        };
        let mut state = State::new(self.name(), Kind::Task(task));
        state.catch = vec![Catch {
            errors: vec!["Again".to_owned()],
            output: Some(fails(0)),
            next: state.name.clone(),
        }];
        state.next = Some(LATER.to_owned());
        states.extend([before, state]);
    }

    /// Fills in where transitions lead: forward, mostly to the next state.
    fn link(&self, states: &mut [State]) {
        let names: Vec<String> = states.iter().map(|state| state.name.clone()).collect();
        for (place, state) in states.iter_mut().enumerate() {
            let later = names.get(place + 1..).unwrap_or_default();
            self.link_state(state, later);
        }
    }

    fn link_state(&self, state: &mut State, later: &[String]) {
        let forward = |far: bool| match (later.first(), far) {
            (Some(next), false) => Some(next.clone()),
            (Some(next), true) => Some(self.pick(later, next).clone()),
            (None, _) => None,
        };
        let is_far = self.once_in(9);
        state.next = state.next.take().and_then(|_| forward(is_far));
        if let Kind::Choice { branches, default } = &mut state.kind {
            for (_, next) in branches.iter_mut().filter(|(_, next)| next == LATER) {
                next.clone_from(&forward(true).unwrap_or_default());
            }
            if default.as_deref() == Some(LATER) {
                *default = forward(self.once_in(3));
            }
        }
        for rule in state.catch.iter_mut().filter(|rule| rule.next == LATER) {
            rule.next = forward(true).unwrap_or_default();
        }
        state.catch.retain(|rule| rule.next != LATER);
    }
}

fn rename(state: &mut State, from: &str, to: &str) {
    let change = |name: &mut String| {
        if name == from {
            to.clone_into(name);
        }
    };
    change(&mut state.name);
    state.next.iter_mut().for_each(change);
    state.catch.iter_mut().for_each(|rule| change(&mut rule.next));
    if let Kind::Choice { branches, default } = &mut state.kind {
        branches.iter_mut().for_each(|(_, next)| change(next));
        default.iter_mut().for_each(change);
    }
}
