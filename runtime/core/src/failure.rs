//! A workflow failing, as data.

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

/// An error of a flow: what Retry and Catch match, and what a person reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// The error code.
    pub code: Arc<str>,
    /// What a person reads.
    #[serde(default)]
    pub detail: Arc<str>,
    /// Whether Retry may take it; Catch always may.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub retryable: bool,
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_yes(flag: &bool) -> bool {
    *flag
}

impl Failure {
    /// A failure that Retry may take.
    pub fn new(code: impl Into<Arc<str>>, detail: impl Into<Arc<str>>) -> Self {
        Self {
            code: code.into(),
            detail: detail.into(),
            retryable: true,
        }
    }

    /// A failure that goes to Catch at once.
    pub fn not_retryable(code: impl Into<Arc<str>>, detail: impl Into<Arc<str>>) -> Self {
        Self {
            retryable: false,
            ..Self::new(code, detail)
        }
    }
}

/// The codes that the engine itself gives.
pub mod codes {
    /// Nothing carries the action out.
    pub const ACTION_NOT_SUPPORTED: &str = "FnF.ActionNotSupported";
    /// A condition is neither true nor false.
    pub const CONDITION_ERROR: &str = "FnF.ConditionError";
    /// A value is above `limits.data`.
    pub const DATA_LIMIT_EXCEEDED: &str = "FnF.DataLimitExceeded";
    /// The execution took longer than its timeout.
    pub const EXECUTION_TIMEOUT: &str = "FnF.ExecutionTimeout";
    /// A Fail state without a Code.
    pub const FAIL: &str = "FnF.Fail";
    /// No entry of the function registry matches.
    pub const FUNCTION_NOT_FOUND: &str = "FC.FunctionNotFound";
    /// `ItemsPath` yields no array.
    pub const INVALID_ITEMS: &str = "FnF.InvalidItems";
    /// A parameter or a computed field has no usable value.
    pub const INVALID_PARAMETER: &str = "FnF.InvalidParameter";
    /// No branch of a Choice is true, and there is no Default.
    pub const NO_CHOICE_MATCHED: &str = "FnF.NoChoiceMatched";
    /// An expression could not be evaluated.
    pub const RUNTIME_ERROR: &str = "FnF.RuntimeError";
    /// Too many states without an effect, a Wait or a fork.
    pub const STATE_LIMIT_EXCEEDED: &str = "FnF.StateLimitExceeded";
    /// The process died three times while the attempt ran alone in it.
    pub const TASK_CRASHED: &str = "FnF.TaskCrashed";
    /// An attempt that must run at most once was under way when its driver died.
    pub const TASK_OUTCOME_UNKNOWN: &str = "FnF.TaskOutcomeUnknown";
    /// A task, Parallel or Map took longer than its timeout.
    pub const TASK_TIMEOUT: &str = "FnF.TaskTimeout";
}
