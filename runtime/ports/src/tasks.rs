//! Carrying out one attempt of a task.

use std::sync::Arc;

use futures::future::BoxFuture;
use stepwell_actions::{Granted, Headers};
use stepwell_expression::Value;

use crate::Millis;

/// One attempt, with everything that it may know and do.
#[derive(Clone, Debug)]
pub struct Call {
    /// The flow's name.
    pub flow: Arc<str>,
    /// The execution's name.
    pub execution: Arc<str>,
    /// The state's name.
    pub state: Arc<str>,
    /// 1 for the first attempt of a visit of the state.
    pub attempt: u32,
    /// The same for every attempt of one visit of the state, different for every other visit.
    pub visit_key: Arc<str>,
    /// Different for every attempt; the same when a crash makes an attempt run again.
    pub attempt_key: Arc<str>,
    /// When the attempt was scheduled; a guest's clocks start here.
    pub scheduled_ms: Millis,
    /// When the attempt is given up; the driver enforces it too.
    pub deadline_ms: Option<Millis>,
    /// `FC:InvokeFunction`, `HTTP:Request` …
    pub action: Arc<str>,
    /// What is to be done.
    pub work: Work,
    /// What the operator's grants allow for this flow, action and function.
    pub granted: Granted,
    /// The most that the result may take as compact JSON; larger is `FnF.DataLimitExceeded`.
    pub result_bytes_max: u64,
}

/// What is to be done, resolved to the technology that does it.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// A component of the world `stepwell:task`.
    Component {
        /// SHA-256 of the component, lower hex.
        digest: Arc<str>,
        /// The operation that is asked of it; for `FC:InvokeFunction` the function's name.
        operation: Arc<str>,
        /// Its input.
        input: Value,
    },
    /// A function behind HTTP: the event is posted, the answer is its result.
    HttpFunction {
        /// Where it is posted.
        url: Arc<str>,
        /// The event; absent = an empty POST.
        body: Option<Value>,
    },
    /// `HTTP:Request`.
    HttpRequest {
        /// Absolute.
        url: Arc<str>,
        /// Upper case.
        method: Arc<str>,
        /// In the order of the definition.
        headers: Headers,
        /// A string is sent as it is, anything else as JSON.
        body: Option<Value>,
    },
}

/// A failed attempt, in CloudFlow's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskFailure {
    /// The error code that Retry and Catch match.
    pub code: Arc<str>,
    /// What a person reads.
    pub detail: Arc<str>,
    /// `false` skips Retry, not Catch.
    pub retryable: bool,
}

/// What an attempt took and said beside its result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Telemetry {
    /// The guest's log, one line per entry, bounded by the adapter.
    pub log: Vec<Arc<str>>,
    /// Time inside the guest in microseconds; 0 where there is no guest.
    pub guest_us: u64,
    /// The guest's largest memory in bytes; 0 where there is no guest.
    pub guest_memory_bytes: u64,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The raw result, or the failure.
    pub result: Result<Value, TaskFailure>,
    /// What it took and said.
    pub telemetry: Telemetry,
}

/// Carries out attempts.
///
/// Promise: one call runs one attempt once, without retries of its own. Dropping the future cancels the attempt: a
/// guest is interrupted, a connection closed. A failure of whatever kind is an [`Outcome`], never a panic.
pub trait Tasks: Send + Sync {
    /// Runs one attempt to its outcome.
    fn run(&self, call: Call) -> BoxFuture<'static, Outcome>;
}
