//! Why a task failed.

use std::fmt;

use crate::exported::WireFailure;

/// Why an attempt failed, in words that the flow's Retry and Catch match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The error code, such as `Media.UnknownFormat`.
    pub code: String,
    /// What a person reads.
    pub detail: String,
    /// Whether a repeat may help; `false` skips Retry, not Catch.
    pub retryable: bool,
}

impl Failure {
    /// A failure that the flow may retry.
    pub fn new(code: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            detail: detail.into(),
            retryable: true,
        }
    }

    /// The same failure, for which no repeat helps.
    #[must_use]
    pub fn not_retryable(self) -> Self {
        Self {
            retryable: false,
            ..self
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code, self.detail)
    }
}

impl std::error::Error for Failure {}

impl From<Failure> for WireFailure {
    fn from(failure: Failure) -> Self {
        let Failure {
            code,
            detail,
            retryable,
        } = failure;
        Self {
            code,
            detail,
            retryable,
        }
    }
}
