//! States of every type, with their constructors and rules.

use stepwell_expression::{Number, Value};

use super::{Making, Place};
use crate::plan::{Block, Catch, Expr, Function, Kind, Map, Retry, Root, State, Template, Wait};

/// Codes with which tasks and Fail states fail.
pub(super) const CODES: [&str; 4] = ["Flaky", "E1", "E2", "E3"];

impl Making {
    pub(super) fn state(&mut self, place: Place) -> State {
        self.budget = self.budget.saturating_sub(1);
        let can_fork = self.budget > 1 && place.depth < 3;
        let name = self.name();
        let mut state = match self.below(34) {
            0..=13 => return self.task_state(name, place),
            14..=17 => State::new(name, Kind::Pass),
            18..=20 => State::new(name, Kind::Wait(self.wait(place))),
            21..=24 => State::new(name, self.choice(place)),
            25..=27 if can_fork => self.parallel(name, place),
            28..=29 | 32..=33 if can_fork => self.map(name, place),
            30 => State::new(name, Kind::Succeed),
            31 if self.once_in(2) => State::new(name, self.failing()),
            _ => return self.task_state(name, place),
        };
        state.next = Some(String::new());
        self.constructors(&mut state, place);
        state
    }

    fn wait(&self, place: Place) -> Wait {
        match self.below(9) {
            0 if !self.is_capped => Wait::Until(self.below(120_000)),
            1 => {
                let number = Expr::path(Root::ExecutionInput, &["n"]);
                let less = Expr::Literal(Value::Number(Number::from(-i64::from(self.once_in(2)) * 3)));
                Wait::Computed(Expr::Call(Function::IntAdd, vec![number, less]))
            }
            2 if self.once_in(4) => Wait::Computed(self.number(place, None)),
            _ => Wait::Seconds(self.seconds()),
        }
    }

    /// Few are equal, so that few ends race.
    fn seconds(&self) -> u64 {
        match self.below(12) {
            0 => 0,
            1 => 3_600 + self.below(86_400),
            _ => 1 + self.below(60),
        }
    }

    fn choice(&self, place: Place) -> Kind {
        let branches = (0..1 + self.below(3)).map(|_| (self.condition(place), String::new()));
        Kind::Choice {
            branches: branches.collect(),
            default: (!self.once_in(12)).then(String::new),
        }
    }

    pub(super) fn failing(&self) -> Kind {
        let code = (!self.once_in(5)).then(|| (*self.pick(&CODES, &"E1")).to_owned());
        let detail = self.once_in(2).then(|| "said so".to_owned());
        Kind::Fail { code, detail }
    }

    fn parallel(&mut self, name: String, place: Place) -> State {
        let inner = self.inner(place);
        let branches = (0..1 + self.below(4)).map(|_| self.block(inner)).collect();
        self.fork(State::new(name, Kind::Parallel(branches)), place)
    }

    fn map(&mut self, name: String, place: Place) -> State {
        let inner = Place {
            is_in_map: true,
            ..self.inner(place)
        };
        let map = Map {
            items: self.items(),
            constructor: self.once_in(3).then(|| self.item()),
            concurrency: (!self.once_in(3)).then(|| self.below(4)),
            block: self.block(inner),
        };
        let mut map = map;
        if self.once_in(4) {
            self.make_large(&mut map.block);
        }
        self.fork(State::new(name, Kind::Map(map)), place)
    }

    /// What its states put out is not small.
    fn make_large(&self, block: &mut Block) {
        let text = "large ".repeat(usize::try_from(4 + self.below(60)).unwrap_or(0));
        for state in &mut block.states {
            if let Some(Template::Object(entries)) = &mut state.output {
                entries.push(("large".to_owned(), Template::Literal(Value::from(text.as_str()))));
            }
        }
    }

    fn inner(&self, place: Place) -> Place {
        Place {
            depth: place.depth + 1,
            is_named_by_letter: self.once_in(3),
            ..place
        }
    }

    /// What Parallel and Map have in common.
    fn fork(&self, mut state: State, place: Place) -> State {
        state.timeout = self.once_in(4).then(|| 8 + self.below(120));
        if self.once_in(3) {
            // A fork whose time is up is not tried again.
            let is_timed = state.timeout.is_some();
            let errors = match self.below(3) {
                0 if !is_timed => vec!["FnF.ALL".to_owned()],
                _ => self.codes(),
            };
            let mut rule = self.retry_rule(errors);
            rule.interval = rule.interval.max(1);
            rule.attempts = rule.attempts.min(2);
            state.retry = vec![rule];
        }
        if self.once_in(2) {
            state.catch = self.catch(place);
        }
        state
    }

    fn items(&self) -> Expr {
        let some = |root| Expr::path(root, &["items"]);
        match self.below(10) {
            0 => some(Root::Input),
            1 => Expr::path(Root::Input, &["n"]),
            2..=5 => some(Root::ExecutionInput),
            _ => {
                let most = if self.once_in(4) { 24 } else { 9 };
                let items = (0..1 + self.below(most)).map(|_| Expr::number(self.below(20)));
                Expr::Call(Function::ToArray, items.collect())
            }
        }
    }

    fn item(&self) -> Template {
        Template::object([
            ("n", Template::Computed(Expr::path(Root::Item, &[]))),
            ("i", Template::Computed(Expr::path(Root::Index, &[]))),
            ("o", Template::Computed(Expr::path(Root::Input, &["o"]))),
        ])
    }

    /// Constructors that a state of any type may have.
    fn constructors(&self, state: &mut State, place: Place) {
        if self.once_in(6) {
            state.input = Some(self.constructor(place, None));
        }
        if matches!(state.kind, Kind::Fail { .. }) {
            return;
        }
        let output = Expr::path(Root::Output, &[]);
        if !matches!(state.kind, Kind::Choice { .. }) && self.once_in(2) {
            state.output = Some(self.constructor(place, Some(&output)));
        }
        if self.once_in(4) {
            state.global = Some(self.globals(place, Some(&output)));
        }
    }

    pub(super) fn globals(&self, place: Place, output: Option<&Expr>) -> Template {
        let key = *self.pick(&["n", "g", "h"], &"g");
        let value = match (self.below(4), output) {
            (0, Some(output)) => output.clone(),
            _ => self.number(place, output),
        };
        Template::Object(vec![(key.to_owned(), Template::Computed(value))])
    }

    fn codes(&self) -> Vec<String> {
        let code = || (*self.pick(&CODES, &"E1")).to_owned();
        (0..1 + self.below(2)).map(|_| code()).collect()
    }

    /// Rules of Retry for a failure with that code.
    pub(super) fn retry(&self, code: &str) -> Vec<Retry> {
        let mut rules = Vec::new();
        if self.once_in(4) {
            rules.push(self.retry_rule(self.codes()));
        }
        let errors = match self.below(6) {
            0 => "FnF.ALL".to_owned(),
            1 => format!("FC.{code}"),
            2 => "FnF.TaskTimeout".to_owned(),
            _ => code.to_owned(),
        };
        rules.push(self.retry_rule(vec![errors]));
        rules
    }

    fn retry_rule(&self, errors: Vec<String>) -> Retry {
        Retry {
            errors,
            attempts: self.below(4),
            interval: self.below(8),
            rate: self.once_in(2).then(|| *self.pick(&[10, 13, 15, 20, 30], &20)),
            interval_max: self.once_in(3).then(|| 1 + self.below(12)),
        }
    }

    pub(super) fn catch(&self, place: Place) -> Vec<Catch> {
        let rule = |_| Catch {
            errors: match self.below(5) {
                0 | 1 => vec!["FnF.ALL".to_owned()],
                2 => vec!["FnF.TaskTimeout".to_owned(), "FnF.RuntimeError".to_owned()],
                3 => vec!["FnF.DataLimitExceeded".to_owned(), "FnF.InvalidItems".to_owned()],
                _ => self.codes(),
            },
            output: (!self.once_in(4)).then(|| self.caught(place)),
            next: String::new(),
        };
        (0..1 + self.below(2)).map(rule).collect()
    }

    fn caught(&self, place: Place) -> Template {
        Template::object([
            ("code", Template::Computed(Expr::path(Root::ErrorCode, &[]))),
            ("retries", Template::Computed(Expr::path(Root::RetryCount, &[]))),
            ("n", Template::Computed(self.number(place, None))),
            ("kept", Template::Literal(Value::from("kept"))),
        ])
    }
}
