//! Facts that come in.

use alloc::sync::Arc;
use alloc::vec::Vec;

use stepwell_expression::Value;

use crate::{AttemptNumber, Failure, Revision};

/// A fact that a scope folds.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The scope begins.
    Started,
    /// It goes on after a bound.
    Continued,
    /// The attempt's work is done.
    TaskSucceeded {
        /// Which attempt.
        attempt: AttemptNumber,
        /// The bare result.
        output: Value,
        /// What it took and said.
        telemetry: Telemetry,
    },
    /// The attempt's work failed.
    TaskFailed {
        /// Which attempt.
        attempt: AttemptNumber,
        /// How.
        failure: Failure,
        /// What it took and said.
        telemetry: Telemetry,
    },
    /// The attempt was submitted; somebody will report.
    TaskSubmitted {
        /// Which attempt.
        attempt: AttemptNumber,
    },
    /// The attempt could not be submitted.
    TaskSubmitFailed {
        /// Which attempt.
        attempt: AttemptNumber,
        /// Why.
        failure: Failure,
    },
    /// Somebody reported the outcome of a submitted attempt.
    CallbackReported {
        /// Which attempt.
        attempt: AttemptNumber,
        /// What was reported.
        report: Report,
    },
    /// Time has passed: whatever is due now happens.
    TimerFired,
    /// A child failed.
    ChildFailed {
        /// The record that forked it.
        fork: Revision,
        /// The number of the branch or the item.
        index: u64,
        /// How.
        failure: Failure,
    },
    /// All branches ended well.
    BranchesEnded {
        /// The record that forked them.
        fork: Revision,
        /// Their ends, in order.
        branches: Vec<Branch>,
    },
    /// All lanes ended well.
    LanesEnded {
        /// The record that forked them.
        fork: Revision,
        /// The items' ends.
        items: Items,
    },
    /// The lane's next items: from the first number up to, but without, the second; nothing left where they are equal.
    ItemsDealt {
        /// The first item.
        from: u64,
        /// Behind the last one.
        end: u64,
    },
    /// Somebody stops the execution.
    StopRequested {
        /// The error code to end with.
        failure: Failure,
    },
    /// A driver takes over the attempt of a dead one.
    Claimed,
    /// The driver stops cleanly with the attempt undone.
    Released,
    /// The driver leaves the attempt, which it has not begun, to the wake that the record names.
    HandedOver,
}

/// What was reported for a submitted attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// It succeeded.
    Succeeded(Value),
    /// It failed.
    Failed(Failure),
}

/// The end of one branch.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// Its output.
    pub output: Value,
    /// What it wrote into `$Global`.
    pub writes: Value,
}

/// The ends of all items of a Map.
#[derive(Clone, Debug, PartialEq)]
pub struct Items {
    /// Their outputs in order: an array, or a pointer to where it can be gathered.
    pub outputs: Value,
    /// What they wrote into `$Global`, merged in order: an object.
    pub writes: Value,
}

/// What an attempt took and said beside its result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Telemetry {
    /// Its log, line by line.
    pub log: Vec<Arc<str>>,
    /// Time inside a guest in microseconds.
    pub guest_us: u64,
}
