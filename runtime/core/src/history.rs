//! History entries: the append-only account of what happened.

use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use stepwell_expression::Value;

use crate::{Failure, Millis};

/// One entry of a scope's history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// When it happened.
    pub at: Millis,
    /// The scope's path at that moment, where it is not the scope's own: a lane's with its item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<u64>,
    /// What happened.
    pub fact: Fact,
    /// Paths that led nowhere and became null.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Arc<str>>,
}

/// What happened. `state` is the state's name; `attempt` counts from 1 in each visit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Fact {
    /// The execution began.
    ExecutionStarted {
        /// Its input.
        input: Value,
    },
    /// The execution ended well.
    ExecutionSucceeded {
        /// Its output.
        output: Value,
    },
    /// The execution ended badly.
    ExecutionFailed {
        /// How.
        failure: Failure,
    },
    /// The execution was stopped.
    ExecutionStopped {
        /// With which error.
        failure: Failure,
    },
    /// The execution took too long.
    ExecutionTimedOut {
        /// The error.
        failure: Failure,
    },
    /// A branch began.
    BranchEntered {
        /// The Parallel.
        state: Arc<str>,
        /// The branch's input.
        input: Value,
    },
    /// A branch ended.
    BranchExited {
        /// The Parallel.
        state: Arc<str>,
        /// Its output, or null after a failure.
        output: Value,
        /// The failure.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failure: Option<Failure>,
    },
    /// An item began.
    IterationEntered {
        /// The Map.
        state: Arc<str>,
        /// The item's input.
        input: Value,
    },
    /// An item ended.
    IterationExited {
        /// The Map.
        state: Arc<str>,
        /// Its output, or null after a failure.
        output: Value,
        /// What it wrote into `$Global`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        writes: Option<Value>,
        /// The failure.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failure: Option<Failure>,
    },
    /// A state was entered.
    StepEntered {
        /// The state.
        state: Arc<str>,
        /// Its raw input.
        input: Value,
    },
    /// A state was left, also by a Catch.
    StepExited {
        /// The state.
        state: Arc<str>,
        /// Its output, or the next state's input after a Catch.
        output: Value,
        /// The failure that was caught.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caught: Option<Failure>,
    },
    /// A state failed its scope.
    StepFailed {
        /// The state.
        state: Arc<str>,
        /// How.
        failure: Failure,
    },
    /// An attempt was scheduled.
    TaskScheduled {
        /// The state.
        state: Arc<str>,
        /// The attempt.
        attempt: u32,
        /// `Product:Operation`.
        action: Arc<str>,
        /// What its Parameters yielded.
        parameters: Value,
        /// Milliseconds that it may take.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_ms: Option<u64>,
        /// Whether a repeat of it would be invisible.
        #[serde(default, skip_serializing_if = "core::ops::Not::not")]
        pure: bool,
    },
    /// An attempt was submitted.
    TaskSubmitted {
        /// The state.
        state: Arc<str>,
        /// The attempt.
        attempt: u32,
    },
    /// An attempt could not be submitted.
    TaskSubmitFailed {
        /// The state.
        state: Arc<str>,
        /// The attempt.
        attempt: u32,
        /// Why.
        failure: Failure,
    },
    /// An attempt succeeded.
    TaskSucceeded {
        /// The state.
        state: Arc<str>,
        /// The attempt.
        attempt: u32,
        /// The raw result.
        output: Value,
        /// The guest's log.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        log: Vec<Arc<str>>,
        /// Microseconds inside the guest.
        #[serde(default, skip_serializing_if = "is_zero")]
        guest_us: u64,
    },
    /// An attempt failed.
    TaskFailed {
        /// The state.
        state: Arc<str>,
        /// The attempt.
        attempt: u32,
        /// How.
        failure: Failure,
        /// The guest's log.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        log: Vec<Arc<str>>,
        /// Microseconds inside the guest.
        #[serde(default, skip_serializing_if = "is_zero")]
        guest_us: u64,
    },
    /// An attempt took too long.
    TaskTimedOut {
        /// The state.
        state: Arc<str>,
        /// The attempt.
        attempt: u32,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Fact {
    /// The history's Type.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::ExecutionStarted { .. } => "ExecutionStarted",
            Self::ExecutionSucceeded { .. } => "ExecutionSucceeded",
            Self::ExecutionFailed { .. } => "ExecutionFailed",
            Self::ExecutionStopped { .. } => "ExecutionStopped",
            Self::ExecutionTimedOut { .. } => "ExecutionTimedOut",
            Self::BranchEntered { .. } => "BranchEntered",
            Self::BranchExited { .. } => "BranchExited",
            Self::IterationEntered { .. } => "IterationEntered",
            Self::IterationExited { .. } => "IterationExited",
            Self::StepEntered { .. } => "StepEntered",
            Self::StepExited { .. } => "StepExited",
            Self::StepFailed { .. } => "StepFailed",
            Self::TaskScheduled { .. } => "TaskScheduled",
            Self::TaskSubmitted { .. } => "TaskSubmitted",
            Self::TaskSubmitFailed { .. } => "TaskSubmitFailed",
            Self::TaskSucceeded { .. } => "TaskSucceeded",
            Self::TaskFailed { .. } => "TaskFailed",
            Self::TaskTimedOut { .. } => "TaskTimedOut",
        }
    }

    /// The state that it speaks of; nothing for the execution.
    #[must_use]
    pub fn state(&self) -> Option<&Arc<str>> {
        match self {
            Self::ExecutionStarted { .. }
            | Self::ExecutionSucceeded { .. }
            | Self::ExecutionFailed { .. }
            | Self::ExecutionStopped { .. }
            | Self::ExecutionTimedOut { .. } => None,
            Self::BranchEntered { state, .. }
            | Self::BranchExited { state, .. }
            | Self::IterationEntered { state, .. }
            | Self::IterationExited { state, .. }
            | Self::StepEntered { state, .. }
            | Self::StepExited { state, .. }
            | Self::StepFailed { state, .. }
            | Self::TaskScheduled { state, .. }
            | Self::TaskSubmitted { state, .. }
            | Self::TaskSubmitFailed { state, .. }
            | Self::TaskSucceeded { state, .. }
            | Self::TaskFailed { state, .. }
            | Self::TaskTimedOut { state, .. } => Some(state),
        }
    }

    /// The attempt that it speaks of; nothing where it speaks of none.
    #[must_use]
    pub fn attempt(&self) -> Option<u32> {
        match self {
            Self::TaskScheduled { attempt, .. }
            | Self::TaskSubmitted { attempt, .. }
            | Self::TaskSubmitFailed { attempt, .. }
            | Self::TaskSucceeded { attempt, .. }
            | Self::TaskFailed { attempt, .. }
            | Self::TaskTimedOut { attempt, .. } => Some(*attempt),
            Self::ExecutionStarted { .. }
            | Self::ExecutionSucceeded { .. }
            | Self::ExecutionFailed { .. }
            | Self::ExecutionStopped { .. }
            | Self::ExecutionTimedOut { .. }
            | Self::BranchEntered { .. }
            | Self::BranchExited { .. }
            | Self::IterationEntered { .. }
            | Self::IterationExited { .. }
            | Self::StepEntered { .. }
            | Self::StepExited { .. }
            | Self::StepFailed { .. } => None,
        }
    }

    /// Every value in it, for storing.
    pub(crate) fn values_mut(&mut self) -> [Option<&mut Value>; 2] {
        match self {
            Self::ExecutionStarted { input: value }
            | Self::ExecutionSucceeded { output: value }
            | Self::BranchEntered { input: value, .. }
            | Self::BranchExited { output: value, .. }
            | Self::IterationEntered { input: value, .. }
            | Self::StepEntered { input: value, .. }
            | Self::StepExited { output: value, .. }
            | Self::TaskScheduled { parameters: value, .. }
            | Self::TaskSucceeded { output: value, .. } => [Some(value), None],
            Self::IterationExited { output, writes, .. } => [Some(output), writes.as_mut()],
            Self::ExecutionFailed { .. }
            | Self::ExecutionStopped { .. }
            | Self::ExecutionTimedOut { .. }
            | Self::StepFailed { .. }
            | Self::TaskSubmitted { .. }
            | Self::TaskSubmitFailed { .. }
            | Self::TaskFailed { .. }
            | Self::TaskTimedOut { .. } => [None, None],
        }
    }
}
