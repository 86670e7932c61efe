//! Tasks: what they call, how they fail, how long they take, and who reports.

use stepwell_expression::Value;

use super::states::CODES;
use super::{Making, Place, RINGER};
use crate::plan::{Action, Expr, Kind, Mode, Root, State, Stub, Task, Template};

/// What is asked of the world beside the data of the flow.
type Body = Vec<(String, Template)>;

impl Making {
    pub(super) fn task_state(&mut self, name: String, place: Place) -> State {
        let action = self.action(place);
        let is_stub = matches!(&action, Action::Function(name) if name.starts_with("stub"));
        let is_effect = matches!(&action, Action::Function(name) if name.starts_with("effect"));
        let mode = self.mode(&action, is_effect);
        let is_calling_back = mode == Mode::WaitForCustomCallback;
        let code = (*self.pick(&CODES, &"E1")).to_owned();
        let timeout = (!is_stub && (self.once_in(4) || is_calling_back && self.once_in(2))).then(|| 6 + self.below(30));
        let mut body = self.data(place);
        match &action {
            Action::Child(_) if is_calling_back => body.extend(self.report(timeout, &code)),
            Action::Child(_) => {}
            Action::Function(_) | Action::Http => {
                if !is_calling_back {
                    body.extend(self.failures(&code));
                    body.extend(self.answers());
                    let is_timed = is_effect || matches!(action, Action::Http) || !place.is_in_map;
                    body.extend(is_timed.then(|| self.takes(timeout)).flatten());
                } else if self.once_in(5) {
                    body.extend(self.failures(&code));
                    body.extend(self.report(None, &code));
                } else {
                    body.extend(self.report(timeout, &code));
                    body.extend(self.once_in(2).then(|| literal("takes", 1 + self.below(2_000))));
                }
            }
        }
        let task = Task {
            at_most_once: is_effect && self.once_in(8),
            is_named: matches!(&action, Action::Child(name) if name != RINGER) && self.once_in(3),
            action,
            mode,
            body: Template::Object(body),
        };
        let mut state = State::new(name, Kind::Task(task));
        state.timeout = timeout;
        state.next = Some(String::new());
        self.dress(&mut state, place, &code);
        state
    }

    fn action(&mut self, place: Place) -> Action {
        match self.below(20) {
            0..=8 => Action::Function(format!("effect{}", self.below(3))),
            9..=14 => Action::Function("pure".to_owned()),
            15 | 16 => Action::Http,
            17 if place.depth == 0 => Action::Function(self.stub()),
            _ if self.is_ringing && self.once_in(5) => Action::Child(RINGER.to_owned()),
            _ => match self.children.first() {
                Some(first) => Action::Child(self.pick(&self.children, first).clone()),
                None => Action::Function("effect".to_owned()),
            },
        }
    }

    pub(super) fn function(&self) -> String {
        (*self.pick(&["effect0", "pure"], &"pure")).to_owned()
    }

    fn stub(&mut self) -> String {
        let name = format!("stub{}", self.stubs.len());
        let answer = |_| match self.once_in(3) {
            true => (Err((*self.pick(&CODES, &"E1")).to_owned()), 0),
            false => (
                Ok(Value::object([("n", Value::from(self.below(9)))])),
                self.below(3_000),
            ),
        };
        let answers = (0..1 + self.below(4)).map(answer).collect();
        self.stubs.push(Stub {
            name: name.clone(),
            answers,
        });
        name
    }

    #[expect(clippy::fn_params_excessive_bools, reason = "a plan either has it or not")]
    fn mode(&self, action: &Action, is_effect: bool) -> Mode {
        let waits = self.is_calling_back && self.once_in(4);
        match action {
            Action::Child(name) if name == RINGER => Mode::WaitForCustomCallback,
            Action::Child(_) if self.once_in(4) => Mode::RequestComplete,
            Action::Child(_) => Mode::WaitForSystemCallback,
            Action::Function(_) if is_effect && waits => Mode::WaitForCustomCallback,
            Action::Function(_) if is_effect && self.once_in(6) => Mode::WaitForSystemCallback,
            Action::Http if waits => Mode::WaitForCustomCallback,
            Action::Function(_) | Action::Http => Mode::RequestComplete,
        }
    }

    fn data(&self, place: Place) -> Body {
        let mut body = vec![("n".to_owned(), Template::Computed(self.number(place, None)))];
        if self.once_in(6) {
            let whole = Expr::path(
                *self.pick(&[Root::Input, Root::ExecutionInput, Root::Global], &Root::Input),
                &[],
            );
            body.push(("o".to_owned(), Template::Computed(whole)));
        }
        body
    }

    fn failures(&self, code: &str) -> Body {
        if !self.once_in(3) {
            return Vec::new();
        }
        let mut body = vec![literal("fails", 1 + self.below(3))];
        if code != "Flaky" {
            body.push(("code".to_owned(), Template::Literal(Value::from(code))));
        }
        if self.once_in(7) {
            body.push(("final".to_owned(), Template::Literal(Value::Bool(true))));
        }
        body
    }

    fn answers(&self) -> Body {
        match self.below(14) {
            0 => vec![literal("bytes", 200 + self.below(3_000))],
            1 => {
                let answer = Value::object([("n", Value::from(self.below(9)))]);
                vec![("answers".to_owned(), Template::Literal(answer))]
            }
            _ => Vec::new(),
        }
    }

    /// Clearly below a Timeout, or clearly above.
    fn takes(&self, timeout: Option<u64>) -> Option<(String, Template)> {
        let takes = match timeout {
            Some(seconds) if self.once_in(3) => seconds * 2_000 + self.below(3_000),
            Some(seconds) => self.below(seconds * 400),
            None if self.once_in(2) => self.below(20_000),
            None => return None,
        };
        Some(literal("takes", takes))
    }

    /// A report with the token: early, in time, late, doubled, failing or never.
    fn report(&self, timeout: Option<u64>, code: &str) -> Body {
        let token = Template::Computed(Expr::path(Root::Token, &[]));
        let after = match timeout {
            Some(seconds) if self.once_in(3) => seconds * 2_000 + self.below(9_000),
            Some(seconds) => self.below(seconds * 400),
            None => self.below(20_000),
        };
        // Whether a report comes just before the submission's answer or just after is a race; so it is one or the other.
        let after = if self.once_in(4) {
            0
        } else {
            after + 3_000 * u64::from(timeout.is_none())
        };
        let times = match self.below(6) {
            0 => 2,
            1 if timeout.is_some() => 0,
            _ => 1,
        };
        let mut body = vec![
            ("token".to_owned(), token),
            literal("report_after_ms", after),
            literal("report_times", times),
        ];
        // Who gives up may have been heard or not; without a Timeout the task may then wait for ever.
        let gives_up = self.once_in(if timeout.is_some() { 2 } else { 3 });
        body.extend(gives_up.then(|| literal("report_gives_up", 1)));
        body.push(match self.once_in(4) {
            true => ("report_code".to_owned(), Template::Literal(Value::from(code))),
            false => {
                let report = Value::object([("n", Value::from(self.below(9))), ("reported", Value::Bool(true))]);
                ("report".to_owned(), Template::Literal(report))
            }
        });
        body
    }

    /// Constructors and rules.
    fn dress(&self, state: &mut State, place: Place, code: &str) {
        let Kind::Task(task) = &state.kind else {
            return;
        };
        let output = match (&task.action, task.mode) {
            (Action::Function(_), Mode::RequestComplete) => Expr::path(Root::Output, &["Body", "of"]),
            (Action::Function(_) | Action::Http, Mode::RequestComplete | Mode::WaitForSystemCallback) => {
                Expr::path(Root::Output, &["of"])
            }
            (Action::Child(_), Mode::RequestComplete) => {
                state.output = Some(Template::object([
                    ("flow", Template::Computed(Expr::path(Root::Output, &["FlowName"]))),
                    ("n", Template::Computed(self.number(place, None))),
                ]));
                Expr::path(Root::Output, &["FlowName"])
            }
            _ => Expr::path(Root::Output, &[]),
        };
        if self.once_in(8) {
            state.input = Some(self.constructor(place, None));
        }
        if state.output.is_none() && !self.once_in(3) {
            state.output = Some(self.constructor(place, Some(&output)));
        }
        if self.once_in(4) {
            state.global = Some(self.globals(place, Some(&output)));
        }
        if self.once_in(2) {
            state.retry = self.retry(code);
        }
        if self.once_in(2) {
            state.catch = self.catch(place);
        }
    }
}

fn literal(key: &str, number: u64) -> (String, Template) {
    (key.to_owned(), Template::Literal(Value::from(number)))
}
