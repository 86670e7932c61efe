//! One file per state type: how it is entered, and how it goes on.

use stepwell_expression::{Number, Value};
use stepwell_model::{Kind, Scalar, State};

use crate::advance::Rejected;
use crate::failure::codes;
use crate::step::{Folded, Step, Worked};
use crate::variables::Sight;
use crate::{Failure, Millis, Phase, Revision};

mod choice;
mod fail;
pub(crate) mod lane;
pub(crate) mod map;
pub(crate) mod parallel;
pub(crate) mod task;
mod wait;

/// The longest Timeout of a state. Source: CloudFlow's range of `Timeout`.
const TIMEOUT_SECONDS_MAX: f64 = 604_800.0;

/// Begins the work of a state whose effective input is known.
pub(crate) fn enter(step: &mut Step<'_>, state: &State) -> Folded {
    match &state.kind {
        Kind::Task(task) => task::attempt(step, state, task, step.moment.now),
        Kind::Pass | Kind::Succeed => {
            let input = step.position()?.input.clone();
            step.complete(input)
        }
        Kind::Wait(wait) => wait::enter(step, wait),
        Kind::Choice(choice) => choice::enter(step, choice),
        Kind::Parallel(parallel) => parallel::fork(step, state, parallel),
        Kind::Map(map) => map::fork(step, state, map),
        Kind::Fail(fail) => fail::enter(step, fail),
    }
}

/// Does the work of a state again at `due`.
pub(crate) fn again(step: &mut Step<'_>, state: &State, due: Millis, failure: Failure) -> Folded {
    match &state.kind {
        Kind::Task(task) => task::attempt(step, state, task, due),
        Kind::Parallel(_) | Kind::Map(_) => {
            let deadline_ms = match deadline_ms(step, state)? {
                Ok(deadline) => deadline,
                Err(failure) => return step.fail_state(failure),
            };
            step.position_mut()?.phase = Phase::Delayed {
                until_ms: due,
                deadline_ms,
            };
            Ok(())
        }
        Kind::Pass | Kind::Wait(_) | Kind::Choice(_) | Kind::Succeed | Kind::Fail(_) => step.fail_scope(failure),
    }
}

/// Whatever the state waits for, if its time has come.
pub(crate) fn fire(step: &mut Step<'_>) -> Folded {
    let now = step.moment.now;
    match step.position()?.phase.clone() {
        Phase::Waiting(until) if until <= now => {
            let input = step.position()?.input.clone();
            step.complete(input)
        }
        Phase::Delayed {
            deadline_ms: Some(deadline),
            ..
        } if deadline <= now => overdue(step),
        Phase::Delayed { until_ms, .. } if until_ms <= now => enter(step, step.state()?),
        Phase::Attempt(attempt) if attempt.deadline_ms.is_some_and(|deadline| deadline <= now) => {
            task::timed_out(step, &attempt)
        }
        Phase::Forked(fork) if fork.deadline_ms.is_some_and(|deadline| deadline <= now) => overdue(step),
        Phase::Entering | Phase::Waiting(_) | Phase::Delayed { .. } | Phase::Attempt(_) | Phase::Forked(_) => {
            Err(Rejected::NotDue.into())
        }
    }
}

/// A Parallel or Map took too long, retries and their delays included: another one would be late before it began.
fn overdue(step: &mut Step<'_>) -> Folded {
    step.fail_state(Failure::not_retryable(
        codes::TASK_TIMEOUT,
        "the state took longer than its Timeout",
    ))
}

/// A child failed: the state's own error. What a task of it forbade to retry, an outer rule may.
pub(crate) fn child_failed(step: &mut Step<'_>, fork: Revision, index: u64, failure: &Failure) -> Folded {
    expect_fork(step, fork)?;
    let _: u64 = index;
    step.fail_state(Failure {
        retryable: true,
        ..failure.clone()
    })
}

/// Whether the children that an event speaks of are those that run.
fn expect_fork(step: &Step<'_>, fork: Revision) -> Folded {
    match step.snapshot.fork() {
        Some(current) if current.revision == fork => Ok(()),
        Some(_) | None => Err(Rejected::Late.into()),
    }
}

/// What a field that is written down or computed yields.
fn scalar(step: &mut Step<'_>, scalar: &Scalar) -> Worked<Value> {
    match scalar {
        Scalar::Fixed(value) => Ok(Ok(value.clone())),
        Scalar::Computed(expression) => {
            let sight = Sight::input(step.position()?.input.clone());
            step.evaluate(sight, |context| expression.evaluate(context))
        }
    }
}

/// The state's Timeout in milliseconds; none for 0 and where there is none.
fn timeout_ms(step: &mut Step<'_>, state: &State) -> Worked<Option<u64>> {
    let Some(timeout) = &state.timeout else {
        return Ok(Ok(None));
    };
    Ok(scalar(step, timeout)?.and_then(|value| {
        let seconds = seconds(&value).filter(|seconds| (0.0..=TIMEOUT_SECONDS_MAX).contains(seconds));
        let seconds = seconds.ok_or_else(|| {
            let detail = "`Timeout` must be a number of seconds from 0 to 604800";
            Failure::not_retryable(codes::INVALID_PARAMETER, detail)
        })?;
        Ok(Some(milliseconds(seconds)).filter(|milliseconds| *milliseconds > 0))
    }))
}

/// When the time of a Parallel or Map is up, counted from its entry.
fn deadline_ms(step: &mut Step<'_>, state: &State) -> Worked<Option<Millis>> {
    let since = step.position()?.since_ms;
    Ok(timeout_ms(step, state)?.map(|timeout| timeout.map(|timeout| since.saturating_add(timeout))))
}

/// A number of seconds, as a number or as the text of one.
pub(crate) fn seconds(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => Some(number.as_f64()),
        Value::String(text) => Number::parse(text).map(|number| number.as_f64()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) | Value::Stored(_) => None,
    }
}

/// Seconds in milliseconds, rounded up.
pub(crate) fn milliseconds(seconds: f64) -> u64 {
    let exact = seconds * 1_000.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float saturates"
    )]
    let whole = exact as u64;
    #[expect(clippy::cast_precision_loss, reason = "only compared, to round up")]
    let floor = whole as f64;
    if floor < exact { whole.saturating_add(1) } else { whole }
}

#[cfg(test)]
mod tests;
