//! Failed attempts, in the words that Retry and Catch match.

use http::StatusCode;
use stepwell_egress::OutboundError;
use stepwell_expression::Value;
use stepwell_ports::TaskFailure;

/// How much of a body is shown in a detail.
const SHOWN_BYTES_MAX: usize = 1024;

/// A failure that another attempt may not meet.
pub(crate) fn passing(code: &str, detail: impl Into<String>) -> TaskFailure {
    TaskFailure {
        code: code.into(),
        detail: detail.into().into(),
        retryable: true,
    }
}

/// A failure that every attempt would meet.
pub(crate) fn lasting(code: &str, detail: impl Into<String>) -> TaskFailure {
    TaskFailure {
        code: code.into(),
        detail: detail.into().into(),
        retryable: false,
    }
}

/// The names under which trouble with the connection is known to an action.
pub(crate) struct ConnectionCodes {
    pub(crate) connect: &'static str,
    pub(crate) tls: &'static str,
    pub(crate) broken: &'static str,
    pub(crate) redirects: &'static str,
}

/// The failure for an exchange without an answer; [`OutboundError::TooLarge`] is judged by its status before.
pub(crate) fn of_exchange(error: &OutboundError, codes: &ConnectionCodes) -> TaskFailure {
    let detail = error.to_string();
    match error {
        OutboundError::InvalidRequest { .. } => lasting("FnF.InvalidParameter", detail),
        OutboundError::NotGranted { .. } | OutboundError::Address { .. } => lasting("FnF.NotGranted", detail),
        OutboundError::Secret { .. } => lasting("FnF.SecretMissing", detail),
        OutboundError::TooLarge { .. } => lasting("FnF.DataLimitExceeded", detail),
        OutboundError::Timeout { .. } => passing("FnF.TaskTimeout", detail),
        OutboundError::Connect { .. } => passing(codes.connect, detail),
        OutboundError::Tls { .. } => passing(codes.tls, detail),
        OutboundError::Protocol { .. } => passing(codes.broken, detail),
        OutboundError::TooManyRedirects { .. } => passing(codes.redirects, detail),
    }
}

/// Passes a result that keeps the limit.
pub(crate) fn within(limit: u64, result: Value) -> Result<Value, TaskFailure> {
    let bytes = result.bytes();
    if bytes <= limit {
        return Ok(result);
    }
    Err(lasting(
        "FnF.DataLimitExceeded",
        format!("the result has {bytes} bytes, {limit} are allowed"),
    ))
}

/// A status and the start of its body, for a detail.
pub(crate) fn shown(status: StatusCode, body: &[u8]) -> String {
    let start = body.get(..SHOWN_BYTES_MAX).unwrap_or(body);
    let text = String::from_utf8_lossy(start);
    let rest = if start.len() < body.len() { " …" } else { "" };
    match text.trim() {
        "" => format!("status {status}"),
        text => format!("status {status}: {text}{rest}"),
    }
}
