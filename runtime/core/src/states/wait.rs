//! Wait: until some time has passed, or a moment has come.

use alloc::format;

use jiff::Timestamp;
use stepwell_expression::Value;
use stepwell_model::Wait;

use super::{milliseconds, scalar, seconds};
use crate::failure::codes;
use crate::step::{Folded, Step};
use crate::{Failure, Millis, Phase};

pub(crate) fn enter(step: &mut Step<'_>, wait: &Wait) -> Folded {
    let until = match wait {
        Wait::Seconds(field) => scalar(step, field)?.and_then(|value| after(step.moment.now, &value)),
        Wait::Until(field) => scalar(step, field)?.and_then(|value| moment(&value)),
    };
    let cap = step.program.pins.settings.wait_seconds_max;
    match until.and_then(|until| within(cap, step.moment.now, until)) {
        Ok(until) => wait_until(step, until),
        Err(failure) => step.fail_state(failure),
    }
}

fn wait_until(step: &mut Step<'_>, until: Millis) -> Folded {
    let now = step.moment.now;
    let position = step.position_mut()?;
    position.phase = Phase::Waiting(until);
    if until > now {
        step.snapshot.states = 0;
        return Ok(());
    }
    let input = step.position()?.input.clone();
    step.complete(input)
}

/// The longest wait is the same for both fields.
fn within(cap: Option<u64>, now: Millis, until: Millis) -> Result<Millis, Failure> {
    match cap {
        Some(cap) if until.saturating_sub(now) > cap.saturating_mul(1_000) => {
            Err(refused(&format!("`wait.max_seconds` allows at most {cap} seconds")))
        }
        Some(_) | None => Ok(until),
    }
}

fn after(now: Millis, value: &Value) -> Result<Millis, Failure> {
    let seconds = seconds(value).filter(|seconds| *seconds >= 0.0 && seconds.is_finite());
    let seconds = seconds.ok_or_else(|| refused("`Seconds` must be a number of seconds from 0"))?;
    Ok(now.saturating_add(milliseconds(seconds)))
}

fn moment(value: &Value) -> Result<Millis, Failure> {
    let parsed = value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let parsed = parsed.ok_or_else(|| refused("`UntilDateTime` must be a moment such as 2026-01-31T09:30:00Z"))?;
    Ok(Millis::try_from(parsed.as_millisecond()).unwrap_or(0))
}

fn refused(detail: &str) -> Failure {
    Failure::not_retryable(codes::INVALID_PARAMETER, detail)
}
