//! Forks whose time presses, and reports after which something happens at once.
//!
//! A branch fails after some seconds and the fork begins again, while its Timeout goes on; other branches rest, so that
//! they are gone on with elsewhere, and then work for seconds.

use stepwell_expression::{Number, Value};

use super::Making;
use crate::plan::{
    Action, Block, Catch, Expr, Function, Kind, Map, Mode, Plan, Retry, Root, State, Task, Template, Wait,
};

/// What the failing branch fails with.
const CODE: &str = "E1";

impl Making {
    /// Now and then the flow begins with such a fork, or with such a report.
    pub(super) fn under_pressure(&self, plan: &mut Plan) {
        let states = match self.below(24) {
            0..=3 => {
                plan.flow.timeout = plan.flow.timeout.or(self.once_in(4).then(|| 3 + self.below(20)));
                vec![self.pressed(plan)]
            }
            4 | 5 if self.is_calling_back => self.answered_at_once(),
            _ => return,
        };
        let first = plan.flow.block.states.first().map(|state| state.name.clone());
        let last = states.last().map(|state| state.name.clone());
        plan.flow.block.states.splice(0..0, states);
        let mut added = plan.flow.block.states.iter_mut();
        if let Some(state) = added.find(|state| Some(&state.name) == last.as_ref()) {
            state.next = first;
        }
    }

    fn pressed(&self, plan: &Plan) -> State {
        let mut branches = vec![self.failing_branch()];
        branches.extend((0..1 + self.below(2)).map(|_| self.working_branch()));
        let mut state = State::new("Pressed", Kind::Parallel(branches));
        state.timeout = (!self.once_in(4)).then(|| 4 + self.below(26));
        state.retry = self.again();
        let given = ["n", "items"].map(|key| (key, Template::Computed(Expr::path(Root::ExecutionInput, &[key]))));
        state.output = Some(Template::object(given));
        if let Some(first) = plan.flow.block.states.first().filter(|_| !self.once_in(4)) {
            state.catch = vec![Catch {
                errors: vec!["FnF.ALL".to_owned()],
                output: None,
                next: first.name.clone(),
            }];
        }
        state
    }

    fn again(&self) -> Vec<Retry> {
        let rule = || Retry {
            errors: vec![CODE.to_owned()],
            attempts: 1 + self.below(3),
            interval: 1 + self.below(5),
            rate: None,
            interval_max: None,
        };
        (!self.once_in(4)).then(rule).into_iter().collect()
    }

    /// A task of it fails, and may be tried again, or what comes behind one, and is not.
    fn failing_branch(&self) -> Block {
        if let Some(back) = self.failing_at_once() {
            let mut before = working("Before", 500 + self.below(9_000), []);
            before.next = Some(back.name.clone());
            return Block {
                states: vec![before, back],
            };
        }
        let failure = [("fails", Value::from(9_u64)), ("code", Value::from(CODE))];
        let is_failing = !self.once_in(5);
        let failure = failure.into_iter().filter(|_| is_failing);
        let takes = 500 + self.below(9_000);
        Block {
            states: vec![working("Fails", takes, failure)],
        }
    }

    /// A state that fails as soon as it is entered.
    fn failing_at_once(&self) -> Option<State> {
        let is_long = || Expr::Call(Function::Length, vec![Expr::path(Root::ExecutionInput, &["n"])]);
        let kind = match self.below(14) {
            0 | 1 => Kind::Wait(Wait::Computed(Expr::Literal(Value::Number(Number::from(-1_i64))))),
            2 | 3 => Kind::Succeed,
            4 => Kind::Pass,
            5 | 6 => Kind::Choice {
                branches: vec![(Expr::Literal(Value::Bool(false)), "Back".to_owned())],
                default: None,
            },
            7 => self.failing(),
            _ => return None,
        };
        let mut state = State::new("Back", kind);
        if matches!(state.kind, Kind::Succeed | Kind::Pass) {
            // A number has no length.
            state.output = Some(Template::object([("n", Template::Computed(is_long()))]));
        }
        Some(state)
    }

    /// It rests, perhaps in every item of a Map, and then works twice.
    fn working_branch(&self) -> Block {
        let mut rest = State::new("Rest", Kind::Wait(Wait::Seconds(1 + self.below(7))));
        rest.next = Some("Work".to_owned());
        let mut work = working("Work", 500 + self.below(8_000), []);
        work.next = Some("More".to_owned());
        let more = working("More", 100 + self.below(4_000), []);
        let block = Block {
            states: vec![rest, work, more],
        };
        if !self.once_in(3) {
            return block;
        }
        let items = (0..2 + self.below(3)).map(Expr::number);
        let map = Map {
            items: Expr::Call(Function::ToArray, items.collect()),
            constructor: None,
            concurrency: self.once_in(2).then_some(2),
            block,
        };
        Block {
            states: vec![State::new("Each", Kind::Map(map))],
        }
    }

    /// A task that waits for a report, and an effect that is done as soon as it has begun.
    fn answered_at_once(&self) -> Vec<State> {
        let report = Value::object([("n", Value::from(self.below(9)))]);
        let body = [
            ("token", Template::Computed(Expr::path(Root::Token, &[]))),
            ("report_after_ms", literal(3_000 + self.below(9_000))),
            ("report_times", literal(1 + self.below(2))),
            ("report", Template::Literal(report)),
        ];
        let refused = [("fails", literal(1)), ("code", Template::Literal(Value::from(CODE)))];
        let is_refused = self.once_in(2);
        let refused = refused.into_iter().filter(|_| is_refused);
        let task = Task {
            mode: Mode::WaitForCustomCallback,
            body: Template::object(body.into_iter().chain(refused)),
            ..effect()
        };
        let mut asked = State::new("Asked", Kind::Task(task));
        asked.retry = self.again();
        asked.next = Some("Told".to_owned());
        let mut told = working("Told", 0, []);
        let given = ["n", "items"].map(|key| (key, Template::Computed(Expr::path(Root::ExecutionInput, &[key]))));
        told.output = Some(Template::object(given));
        vec![asked, told]
    }
}

fn effect() -> Task {
    Task {
        action: Action::Function("effect0".to_owned()),
        mode: Mode::RequestComplete,
        at_most_once: false,
        is_named: false,
        body: Template::object([]),
    }
}

/// An effect that takes so many milliseconds.
fn working(name: &str, takes: u64, more: impl IntoIterator<Item = (&'static str, Value)>) -> State {
    let more = more.into_iter().map(|(key, value)| (key, Template::Literal(value)));
    let body = Template::object([("takes", literal(takes))].into_iter().chain(more));
    State::new(name, Kind::Task(Task { body, ..effect() }))
}

fn literal(number: u64) -> Template {
    Template::Literal(Value::from(number))
}
