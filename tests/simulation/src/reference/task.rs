//! Tasks: attempts, modes, child flows.
//!
//! Source: specification 1.4, 1.7, 1.8, and the points 6, 8 and 11 of 1.9.

use stepwell_expression::Value;

use super::evaluate::{Variables, construct};
use super::oracle::{Attempt, AttemptEnd, Failure, Halt, Oracle, Outcome, Time};
use super::run::{ANY, Interpreter, Scope, Visit, Worked, execution, failed};
use super::witness::NAME_TAKEN;
use super::world::{self, Answer};
use crate::plan::{Action, CHILD_NAME, Mode, State, Task};

/// Bytes of a request's parameters, where `limits.data` is not larger.
const REQUEST_BYTES_MAX: u64 = 1024 * 1024;

/// An attempt, with what it brings where nothing comes between.
struct Due {
    attempt: Attempt,
    result: Outcome,
    /// What its submission's failure brings instead, where no report comes before.
    refused: Option<Failure>,
}

impl Due {
    fn answered(attempt: Attempt, result: Outcome) -> Self {
        Self {
            attempt,
            result,
            refused: None,
        }
    }

    /// The name that the attempt gives is taken.
    fn taken(mut attempt: Attempt, mode: Mode) -> Self {
        let failure = Failure::of_the_engine(NAME_TAKEN);
        if mode == Mode::RequestComplete {
            attempt.answered_ms = Some(0);
            return Self::answered(attempt, Err(failure));
        }
        attempt.refused_ms = Some(0);
        Self {
            attempt,
            result: Ok(Value::Null),
            refused: Some(failure),
        }
    }
}

impl<'p, O: Oracle> Interpreter<'p, '_, O> {
    /// All attempts of a visit.
    pub(super) fn task(
        &mut self,
        scope: &mut Scope,
        visit: &mut Visit<'p>,
        task: &'p Task,
        at: Time,
    ) -> Result<Worked, Halt> {
        let (mut at, mut number) = (at, 1);
        loop {
            let parameters = match self.parameters(scope, visit, task) {
                Ok(parameters) => parameters,
                Err(failure) => return Ok((Err(failure), at)),
            };
            let is_pure = self.is_pure(task);
            if !is_pure {
                scope.count.rests(&self.effort, true);
            }
            let told = scheduled(visit.state, task, number, &parameters, is_pure);
            at = self.tell_state(scope, "TaskScheduled", visit.state, told, at)?;
            let due = self.due(scope, visit.state, task, number, &parameters, at)?;
            let (outcome, ended) = self.attempt(scope, visit.state, due)?;
            let failure = match outcome {
                Ok(output) => return Ok((Ok(output), ended)),
                Err(failure) => failure,
            };
            let Some((rule, delay)) = visit.counters.would_retry(visit.state, &failure) else {
                return Ok((Err(failure), ended));
            };
            visit.counters.count(rule);
            (at, number) = (ended.after(delay), number + 1);
        }
    }

    fn parameters(&self, scope: &Scope, visit: &Visit<'_>, task: &Task) -> Outcome {
        let variables = Variables {
            token: Value::from(ANY),
            ..self.variables(scope, visit)
        };
        let parameters = construct(&task.parameters(), &variables)?;
        if parameters.bytes() > REQUEST_BYTES_MAX.max(self.plan.data_bytes_max) {
            return Err(Failure::of_the_engine("FnF.DataLimitExceeded"));
        }
        Ok(parameters)
    }

    /// Whether what the task does depends on nothing but its event.
    fn is_pure(&self, task: &Task) -> bool {
        let is_function = matches!(task.action, Action::Function(_)) && task.mode == Mode::RequestComplete;
        is_function && self.plan.stub(function(task)).is_none() && !world::is_effect(task)
    }

    fn due(
        &mut self,
        scope: &Scope,
        state: &State,
        task: &'p Task,
        number: u64,
        parameters: &Value,
        at: Time,
    ) -> Result<Due, Halt> {
        let body = event(task, parameters);
        let mut attempt = Attempt {
            path: scope.path.clone(),
            state: state.name.clone(),
            number,
            at,
            timeout_ms: timeout_ms(state, task),
            at_most_once: task.at_most_once,
            submitted_ms: None,
            answered_ms: None,
            refused_ms: None,
        };
        if task.is_named && self.oracle.is_name_taken(&scope.path) {
            return Ok(Due::taken(attempt, task.mode));
        }
        if let Action::Child(flow) = &task.action {
            let (result, took) = self.child(scope, task, flow, &body, at)?;
            attempt.submitted_ms = (task.mode != Mode::RequestComplete).then_some(0);
            attempt.answered_ms = took;
            return Ok(Due::answered(attempt, result));
        }
        let Answer { takes, result, report } = self.answer(task, &body, number);
        if task.mode != Mode::WaitForCustomCallback {
            attempt.answered_ms = Some(takes);
            let result = result.and_then(|result| self.within_limit(wrapped(task, result)));
            return Ok(Due::answered(attempt, result));
        }
        let refused = result.err();
        match refused {
            Some(_) => attempt.refused_ms = Some(takes),
            None => attempt.submitted_ms = Some(takes),
        }
        attempt.answered_ms = report.as_ref().map(|(after, _)| *after);
        let result = report.map_or(Ok(Value::Null), |(_, result)| result);
        let result = result.and_then(|result| self.within_limit(result));
        Ok(Due {
            attempt,
            result,
            refused,
        })
    }

    fn answer(&mut self, task: &Task, body: &Value, number: u64) -> Answer {
        let name = function(task);
        let Some(stub) = self.plan.stub(name) else {
            return world::answer(&world::by(task), body, number);
        };
        let calls = self.stub_calls.entry(name.to_owned()).or_default();
        *calls += 1;
        world::stubbed(stub, *calls - 1)
    }

    /// What a child flow brings, and after how long.
    fn child(
        &mut self,
        scope: &Scope,
        task: &Task,
        flow: &str,
        input: &Value,
        at: Time,
    ) -> Result<(Outcome, Option<u64>), Halt> {
        if task.mode == Mode::RequestComplete {
            let name = if task.is_named { CHILD_NAME } else { ANY };
            let names = [("FlowName", flow), ("ExecutionName", name), ("RequestID", ANY)];
            let started = Value::object(names.map(|(key, text)| (key, Value::from(text))));
            return Ok((Ok(started), Some(0)));
        }
        if task.mode == Mode::WaitForCustomCallback {
            let report = world::report_of(input);
            let took = report.as_ref().map(|(after, _)| *after);
            return Ok((report.map_or(Ok(Value::Null), |(_, result)| result), took));
        }
        if let Some(outcome) = self.oracle.child(&scope.path, flow, input)? {
            return Ok((outcome, Some(0)));
        }
        let Some(child) = self.plan.flow_named(flow) else {
            return Ok((Err(Failure::of_the_engine("FNF.FlowNotExists")), Some(0)));
        };
        match execution(self.plan, child, input, self.oracle, at) {
            Ok((outcome, ended)) => {
                // What a state of the child forbids to retry, the task that started the child may retry.
                let outcome = outcome.map_err(|failure| Failure {
                    retryable: true,
                    ..failure
                });
                Ok((outcome, Some(ended.ms.saturating_sub(at.ms))))
            }
            Err(Halt::Cut) => Ok((Ok(Value::Null), None)),
            Err(wrong) => Err(wrong),
        }
    }

    fn attempt(&mut self, scope: &Scope, state: &State, due: Due) -> Result<Worked, Halt> {
        let Due {
            attempt,
            result,
            refused,
        } = due;
        let number = || ("attempt", Value::from(attempt.number));
        if self.oracle.is_submitted(&attempt)? {
            let at = attempt.at.after(attempt.submitted_ms.unwrap_or(0));
            self.tell_state(scope, "TaskSubmitted", state, vec![number()], at)?;
        }
        let (kind, outcome, after_ms) = match self.oracle.attempt(&attempt)? {
            AttemptEnd::Answered => (None, result, attempt.answered_ms.unwrap_or(0)),
            AttemptEnd::Refused => {
                let failure = refused.unwrap_or_else(|| Failure::of_the_engine("a submission that fails"));
                (Some("TaskSubmitFailed"), Err(failure), attempt.refused_ms.unwrap_or(0))
            }
            AttemptEnd::TimedOut => {
                let failure = Failure {
                    retryable: true,
                    ..Failure::of_the_engine("FnF.TaskTimeout")
                };
                (Some("TaskTimedOut"), Err(failure), attempt.timeout_ms.unwrap_or(0))
            }
            AttemptEnd::Crashed => (None, Err(lost("FnF.TaskCrashed")), 0),
            AttemptEnd::Unknown => (None, Err(lost("FnF.TaskOutcomeUnknown")), 0),
        };
        let at = attempt.at.after(after_ms).record();
        let mut told = vec![number()];
        let kind = match &outcome {
            Ok(output) => {
                told.push(("output", output.clone()));
                "TaskSucceeded"
            }
            Err(failure) if kind == Some("TaskTimedOut") => {
                told.push(("error", Value::from(failure.code.as_str())));
                "TaskTimedOut"
            }
            Err(failure) => {
                told.extend(failed(failure));
                kind.unwrap_or("TaskFailed")
            }
        };
        let at = self.tell_state(scope, kind, state, told, at)?;
        Ok((outcome, at))
    }
}

/// An attempt whose driver died. Whether Retry may take it is not pinned for `FnF.TaskOutcomeUnknown`: it may not, since
/// the attempt must run at most once.
fn lost(code: &str) -> Failure {
    Failure {
        retryable: code == "FnF.TaskCrashed",
        ..Failure::of_the_engine(code)
    }
}

fn function(task: &Task) -> &str {
    match &task.action {
        Action::Function(name) => name,
        Action::Http | Action::Child(_) => "",
    }
}

/// The event of a call, or a child's input.
fn event(task: &Task, parameters: &Value) -> Value {
    let key = match task.action {
        Action::Function(_) | Action::Http => "body",
        Action::Child(_) => "input",
    };
    let event = parameters.as_object().and_then(|entries| entries.get(key));
    event.cloned().unwrap_or_default()
}

/// A function's answer in `RequestComplete` stands in `Body`.
fn wrapped(task: &Task, result: Value) -> Value {
    match (&task.action, task.mode) {
        (Action::Function(_), Mode::RequestComplete) => Value::object([
            ("Header", Value::Object(std::sync::Arc::default())),
            ("Code", Value::from(200_u64)),
            ("Body", result),
        ]),
        (Action::Function(_) | Action::Http | Action::Child(_), _) => result,
    }
}

fn timeout_ms(state: &State, task: &Task) -> Option<u64> {
    let seconds = match (&task.action, state.timeout) {
        (Action::Http, None) => Some(60),
        (_, timeout) => timeout,
    };
    seconds.filter(|seconds| *seconds > 0).map(|seconds| seconds * 1000)
}

#[expect(clippy::fn_params_excessive_bools, reason = "a task is pure or not")]
fn scheduled(state: &State, task: &Task, number: u64, parameters: &Value, is_pure: bool) -> Vec<(&'static str, Value)> {
    let mut told = vec![
        ("attempt", Value::from(number)),
        ("action", Value::from(task.action.name())),
        ("parameters", parameters.clone()),
    ];
    told.extend(timeout_ms(state, task).map(|timeout| ("timeoutMs", Value::from(timeout))));
    told.extend(is_pure.then_some(("pure", Value::Bool(true))));
    told
}
