//! How an invocation ends: what the function answered, in what way it failed, or why it was not begun.
//!
//! **Invariant:** every invocation that was begun has exactly one answer.

use bytes::Bytes;
use serde_json::{Value, json};

/// What a synchronous invocation gives back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The invocation's id.
    pub request_id: String,
    /// The function's answer, or the error in Lambda's form.
    pub payload: Bytes,
    /// Why it failed; Lambda says `Unhandled` in each case.
    pub failure: Option<Failure>,
}

/// In what way an invocation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The function reported an error.
    Reported,
    /// The process was not done at the deadline and was killed.
    TimedOut,
    /// The process ended or was killed.
    Exited,
    /// The process never asked for an invocation.
    NotInitialized,
    /// The function's answer is too large.
    AnswerTooLarge,
}

impl Answer {
    /// The payload as JSON; `null` where it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.payload).unwrap_or(Value::Null)
    }

    pub(super) fn of(request_id: &str, payload: Bytes) -> Self {
        Self {
            request_id: request_id.to_owned(),
            payload,
            failure: None,
        }
    }

    pub(super) fn failed(request_id: &str, failure: Failure, payload: Bytes) -> Self {
        Self {
            request_id: request_id.to_owned(),
            payload,
            failure: Some(failure),
        }
    }

    /// A failure that Lambda itself words.
    pub(super) fn worded(request_id: &str, failure: Failure, error_type: &str, message: &str) -> Self {
        let message = format!("RequestId: {request_id} Error: {message}");
        let payload = json!({ "errorType": error_type, "errorMessage": message });
        Self::failed(request_id, failure, payload.to_string().into())
    }
}

/// Why an invocation was not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// As many processes as may be are at work (`TooManyRequestsException`, 429).
    #[error("all instances are at work")]
    TooManyRequests,
    /// The payload is too large (`RequestTooLargeException`, 413).
    #[error("the payload is larger than {limit} bytes")]
    RequestTooLarge {
        /// How large it may be.
        limit: usize,
    },
    /// The payload is no JSON (`InvalidRequestContentException`, 400).
    #[error("the payload is no JSON")]
    InvalidRequestContent,
    /// The chain of invocations is too long (`RecursiveInvocationException`, 400).
    #[error("more than 16 invocations in one chain")]
    RecursiveInvocation,
}

/// The largest payload of a synchronous invocation and of its answer: 6 MB, and 100 bytes that AWS adds.
///
/// Source: "Lambda quotas"; the number of bytes is the one in Lambda's own error message.
pub const PAYLOAD_BYTES_MAX: usize = 6 * 1024 * 1024 + 100;

/// The largest payload of an event, and of its answer: 1 MB.
///
/// Source: "Lambda quotas".
pub const EVENT_BYTES_MAX: usize = 1024 * 1024;

/// A payload that may be handed to a function. None at all stands for an empty object.
pub(super) fn checked(payload: Bytes, limit: usize) -> Result<Bytes, Refused> {
    if payload.len() > limit {
        return Err(Refused::RequestTooLarge { limit });
    }
    if payload.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    match serde_json::from_slice::<serde::de::IgnoredAny>(&payload) {
        Ok(_) => Ok(payload),
        Err(_) => Err(Refused::InvalidRequestContent),
    }
}
