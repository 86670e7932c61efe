//! Fail: ends its scope badly.

use alloc::sync::Arc;

use stepwell_expression::Value;
use stepwell_model::{Fail, Scalar};

use super::scalar;
use crate::Failure;
use crate::failure::codes;
use crate::step::{Folded, Step, Worked};

pub(crate) fn enter(step: &mut Step<'_>, fail: &Fail) -> Folded {
    let code = match text(step, fail.code.as_ref(), codes::FAIL)? {
        Ok(code) => code,
        Err(failure) => return step.fail_state(failure),
    };
    let detail = match text(step, fail.detail.as_ref(), "")? {
        Ok(detail) => detail,
        Err(failure) => return step.fail_state(failure),
    };
    step.fail_state(Failure::new(code, detail))
}

fn text(step: &mut Step<'_>, field: Option<&Scalar>, absent: &str) -> Worked<Arc<str>> {
    let Some(field) = field else {
        return Ok(Ok(absent.into()));
    };
    let refused = || Failure::not_retryable(codes::INVALID_PARAMETER, "`Code` and `Detail` must be strings");
    let found = scalar(step, field)?;
    if let Some(failure) = found.as_ref().ok().and_then(|text| step.too_large("error", text)) {
        return Ok(Err(failure));
    }
    match found {
        Ok(Value::String(text)) => Ok(Ok(text)),
        Ok(Value::Stored(pointer)) => Ok(step.memory.open(&pointer)?.as_str().map(Arc::from).ok_or_else(refused)),
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => Ok(Err(refused())),
        Err(failure) => Ok(Err(failure)),
    }
}
