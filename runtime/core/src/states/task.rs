//! Task: outside work, attempt by attempt.

use alloc::sync::Arc;

use stepwell_actions::{HTTP_REQUEST, INVOKE_FUNCTION};
use stepwell_expression::{Number, Value};
use stepwell_model::{Kind, Mode, State, Task};

use super::timeout_ms;
use crate::advance::{Rejected, Stop};
use crate::failure::codes;
use crate::snapshot::{Attempt, Stage};
use crate::step::{Folded, Step};
use crate::variables::Sight;
use crate::{AttemptNumber, Event, Fact, Failure, Millis, Phase, Report, Telemetry, work};

/// Timeout of `HTTP:Request` where the state names none.
const HTTP_TIMEOUT_MS: u64 = 60_000;

/// How many bytes of JSON a task's parameters may take, where `limits.data` does not allow more.
const REQUEST_BYTES_MAX: u64 = 1024 * 1024;

/// How many drivers may die while the attempt runs alone in their process.
const LONE_DEATHS_MAX: u32 = 3;

/// Owes the next attempt, scheduled at `due`.
pub(crate) fn attempt(step: &mut Step<'_>, state: &State, task: &Task, due: Millis) -> Folded {
    let number = AttemptNumber(step.snapshot.attempts.0 + 1);
    let token = step.program.tokens.token(step.program.scope, number);
    let sight = Sight::input(step.position()?.input.clone()).with_token(token);
    let parameters = match step.evaluate(sight, |context| task.parameters.evaluate(context))? {
        Ok(parameters) => parameters,
        Err(failure) => return step.fail_state(failure),
    };
    if let Some(failure) = parameters_too_large(step, &parameters) {
        return step.fail_state(failure);
    }
    let timeout_ms = match timeout_ms(step, state)? {
        Ok(None) if state.timeout.is_none() && *task.action == *HTTP_REQUEST => Some(HTTP_TIMEOUT_MS),
        Ok(timeout) => timeout,
        Err(failure) => return step.fail_state(failure),
    };
    owe(
        step,
        state,
        task,
        Owed {
            number,
            parameters,
            due,
            timeout_ms,
        },
    )
}

/// Source: CloudFlow's limit of a request. Nobody may send more than what an input may hold, or that.
fn parameters_too_large(step: &Step<'_>, parameters: &Value) -> Option<Failure> {
    let bytes_max = step.program.pins.settings.data_bytes_max.max(REQUEST_BYTES_MAX);
    (parameters.bytes_until(bytes_max) > bytes_max).then(|| {
        let detail = alloc::format!("the parameters take more than {bytes_max} bytes of JSON");
        Failure::not_retryable(codes::DATA_LIMIT_EXCEEDED, detail)
    })
}

struct Owed {
    number: AttemptNumber,
    parameters: Value,
    due: Millis,
    timeout_ms: Option<u64>,
}

fn owe(step: &mut Step<'_>, state: &State, task: &Task, owed: Owed) -> Folded {
    let Owed {
        number,
        parameters,
        due,
        timeout_ms,
    } = owed;
    let pure = work::is_pure(step.program.pins, task, &parameters);
    if !pure {
        step.snapshot.states = 0;
    }
    step.snapshot.attempts = number;
    let scheduled = Fact::TaskScheduled {
        state: state.name.clone(),
        attempt: step.position()?.retries + 1,
        action: task.action.clone(),
        parameters: parameters.clone(),
        timeout_ms,
        pure,
    };
    step.note_at(due, scheduled);
    step.position_mut()?.phase = Phase::Attempt(Attempt {
        number,
        parameters,
        scheduled_ms: due,
        deadline_ms: timeout_ms.map(|timeout| due.saturating_add(timeout)),
        stage: Stage::Owed,
        pure,
        claims: 0,
        lone_deaths: 0,
        released: false,
    });
    Ok(())
}

/// Folds what became of the attempt.
pub(crate) fn resume(step: &mut Step<'_>, event: &Event) -> Folded {
    match event {
        Event::TaskSucceeded {
            attempt,
            output,
            telemetry,
        } => {
            let attempt = current(step, *attempt)?;
            if is_overdue(step, &attempt) {
                return timed_out(step, &attempt);
            }
            succeed(step, output, telemetry)
        }
        Event::TaskFailed {
            attempt,
            failure,
            telemetry,
        } => {
            let attempt = current(step, *attempt)?;
            if is_overdue(step, &attempt) {
                return timed_out(step, &attempt);
            }
            fail(step, failure.clone(), telemetry)
        }
        Event::TaskSubmitted { attempt } => submitted(step, *attempt),
        Event::TaskSubmitFailed { attempt, failure } => submit_failed(step, *attempt, failure),
        Event::CallbackReported { attempt, report } => reported(step, *attempt, report),
        Event::Claimed => claimed(step),
        Event::Released => released(step),
        // Who drives stands in the record, not in the snapshot.
        Event::HandedOver => owed(step).map(drop),
        Event::Started
        | Event::Continued
        | Event::TimerFired
        | Event::ChildFailed { .. }
        | Event::BranchesEnded { .. }
        | Event::LanesEnded { .. }
        | Event::ItemsDealt { .. }
        | Event::StopRequested { .. } => Err(Rejected::Bug {
            what: "no event of a task",
        }
        .into()),
    }
}

/// The attempt took longer than its timeout.
pub(crate) fn timed_out(step: &mut Step<'_>, attempt: &Attempt) -> Folded {
    current(step, attempt.number)?;
    let (state, attempt) = (step.state()?.name.clone(), tried(step)?);
    step.note(Fact::TaskTimedOut { state, attempt });
    step.fail_state(Failure::new(
        codes::TASK_TIMEOUT,
        "the task took longer than its Timeout",
    ))
}

fn succeed(step: &mut Step<'_>, output: &Value, telemetry: &Telemetry) -> Folded {
    let task = task(step)?;
    let result = match (task.mode, &*task.action) {
        (Mode::RequestComplete, INVOKE_FUNCTION) => answered(output),
        (Mode::RequestComplete | Mode::WaitForSystemCallback | Mode::WaitForCustomCallback, _) => output.clone(),
    };
    succeed_with(step, result, telemetry)
}

fn succeed_with(step: &mut Step<'_>, result: Value, telemetry: &Telemetry) -> Folded {
    if let Some(failure) = step.too_large("result", &result) {
        return fail(step, failure, telemetry);
    }
    let succeeded = Fact::TaskSucceeded {
        state: step.state()?.name.clone(),
        attempt: tried(step)?,
        output: result.clone(),
        log: telemetry.log.clone(),
        guest_us: telemetry.guest_us,
    };
    step.note(succeeded);
    step.complete(result)
}

/// How `FC:InvokeFunction` shows a function's result.
fn answered(output: &Value) -> Value {
    Value::object([
        ("Header", Value::Object(Arc::default())),
        ("Code", Value::Number(Number::from(200_u64))),
        ("Body", output.clone()),
    ])
}

fn fail(step: &mut Step<'_>, failure: Failure, telemetry: &Telemetry) -> Folded {
    let failed = Fact::TaskFailed {
        state: step.state()?.name.clone(),
        attempt: tried(step)?,
        failure: failure.clone(),
        log: telemetry.log.clone(),
        guest_us: telemetry.guest_us,
    };
    step.note(failed);
    step.fail_state(failure)
}

fn submitted(step: &mut Step<'_>, number: AttemptNumber) -> Folded {
    if current(step, number)?.stage != Stage::Owed {
        return Err(Rejected::Late.into());
    }
    let (state, attempt) = (step.state()?.name.clone(), tried(step)?);
    step.note(Fact::TaskSubmitted { state, attempt });
    change(step, |attempt| attempt.stage = Stage::Submitted)
}

fn submit_failed(step: &mut Step<'_>, number: AttemptNumber, failure: &Failure) -> Folded {
    let attempt = current(step, number)?;
    if attempt.stage != Stage::Owed {
        return Err(Rejected::Late.into());
    }
    if is_overdue(step, &attempt) {
        return timed_out(step, &attempt);
    }
    let (state, attempt) = (step.state()?.name.clone(), tried(step)?);
    step.note(Fact::TaskSubmitFailed {
        state,
        attempt,
        failure: failure.clone(),
    });
    step.fail_state(failure.clone())
}

/// A report may come before the submission has returned: the token exists from scheduling on.
fn reported(step: &mut Step<'_>, number: AttemptNumber, report: &Report) -> Folded {
    let attempt = current(step, number)?;
    let early = attempt.scheduled_ms > step.moment.now;
    if early || is_overdue(step, &attempt) || matches!(task(step)?.mode, Mode::RequestComplete) {
        return Err(Rejected::Late.into());
    }
    let telemetry = Telemetry::default();
    match report {
        Report::Succeeded(output) => succeed_with(step, output.clone(), &telemetry),
        Report::Failed(failure) => fail(step, failure.clone(), &telemetry),
    }
}

/// A driver takes over from one that died (or stopped cleanly) while the attempt was owed.
fn claimed(step: &mut Step<'_>) -> Folded {
    let attempt = owed(step)?;
    let counts = !attempt.released;
    if attempt.claims > 0 && task(step)?.at_most_once {
        let detail = "the driver died or stopped while the attempt was under way, and it must run at most once";
        return fail(
            step,
            Failure::not_retryable(codes::TASK_OUTCOME_UNKNOWN, detail),
            &Telemetry::default(),
        );
    }
    let at_most_once = task(step)?.at_most_once;
    let lone_deaths = attempt.lone_deaths + u32::from(counts && attempt.is_lone());
    if lone_deaths >= LONE_DEATHS_MAX {
        let detail = "the process died three times while this attempt ran alone in it";
        return fail(step, Failure::new(codes::TASK_CRASHED, detail), &Telemetry::default());
    }
    change(step, |attempt| {
        // What must run at most once counts every driver that may have begun it.
        attempt.claims += u32::from(counts || at_most_once);
        attempt.lone_deaths = lone_deaths;
        attempt.released = false;
    })
}

fn released(step: &mut Step<'_>) -> Folded {
    owed(step)?;
    change(step, |attempt| attempt.released = true)
}

fn owed(step: &Step<'_>) -> Result<Attempt, Stop> {
    let attempt = step.snapshot.attempt().filter(|attempt| attempt.stage == Stage::Owed);
    attempt.cloned().ok_or_else(|| Rejected::Late.into())
}

/// The attempt that is under way, if it is the one that is meant.
fn current(step: &Step<'_>, number: AttemptNumber) -> Result<Attempt, Stop> {
    let attempt = step.snapshot.attempt().filter(|attempt| attempt.number == number);
    attempt.cloned().ok_or_else(|| Rejected::Late.into())
}

fn change(step: &mut Step<'_>, change: impl FnOnce(&mut Attempt)) -> Folded {
    match &mut step.position_mut()?.phase {
        Phase::Attempt(attempt) => {
            change(attempt);
            Ok(())
        }
        Phase::Entering | Phase::Waiting(_) | Phase::Forked(_) | Phase::Delayed { .. } => Err(Rejected::Late.into()),
    }
}

fn task<'a>(step: &Step<'a>) -> Result<&'a Task, Stop> {
    match &step.state()?.kind {
        Kind::Task(task) => Ok(task),
        Kind::Pass
        | Kind::Wait(_)
        | Kind::Choice(_)
        | Kind::Parallel(_)
        | Kind::Map(_)
        | Kind::Succeed
        | Kind::Fail(_) => Err(Rejected::Bug {
            what: "an attempt of a state that is no Task",
        }
        .into()),
    }
}

/// Whether the attempt's time is up: what comes now is late.
fn is_overdue(step: &Step<'_>, attempt: &Attempt) -> bool {
    attempt.deadline_ms.is_some_and(|deadline| deadline <= step.moment.now)
}

/// Which attempt of this visit it is, from 1.
fn tried(step: &Step<'_>) -> Result<u32, Stop> {
    Ok(step.position()?.retries + 1)
}
