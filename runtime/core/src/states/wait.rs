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
        Wait::Seconds(field) => {
            let cap = step.program.pins.settings.wait_seconds_max;
            scalar(step, field)?.and_then(|value| after(step.moment.now, &value, cap))
        }
        Wait::Until(field) => scalar(step, field)?.and_then(|value| moment(&value)),
    };
    match until {
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

fn after(now: Millis, value: &Value, cap: Option<u64>) -> Result<Millis, Failure> {
    let seconds = seconds(value).filter(|seconds| *seconds >= 0.0 && seconds.is_finite());
    let seconds = seconds.ok_or_else(|| refused("`Seconds` must be a number of seconds from 0"))?;
    match cap {
        #[expect(clippy::cast_precision_loss, reason = "a limit in seconds is far below 2^53")]
        Some(cap) if seconds > cap as f64 => Err(refused(&format!("`wait.max_seconds` allows at most {cap} seconds"))),
        Some(_) | None => Ok(now.saturating_add(milliseconds(seconds))),
    }
}

fn moment(value: &Value) -> Result<Millis, Failure> {
    let parsed = value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let parsed = parsed.ok_or_else(|| refused("`UntilDateTime` must be a moment such as 2026-01-31T09:30:00Z"))?;
    Ok(Millis::try_from(parsed.as_millisecond()).unwrap_or(0))
}

fn refused(detail: &str) -> Failure {
    Failure::not_retryable(codes::INVALID_PARAMETER, detail)
}
