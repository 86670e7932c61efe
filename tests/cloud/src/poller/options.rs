//! The settings of an event source mapping.
//!
//! **Invariant:** what AWS documents a default for has that default.

use std::time::Duration;

use super::faults::Faults;

/// What is polled, and how. Begin with [`PollerOptions::new`] and change what differs.
#[derive(Clone, Debug)]
pub struct PollerOptions {
    /// The queue's address.
    pub queue_url: String,
    /// The queue's name for AWS.
    pub queue_arn: String,
    /// `BatchSize`: how many messages one event has at most.
    pub batch_size: usize,
    /// `MaximumBatchingWindowInSeconds`: how long a batch is gathered, from its first messages on.
    pub window: Duration,
    /// `FunctionResponseTypes`.
    pub responses: Responses,
    /// How many pollers there are at first, and at least.
    pub concurrency_first: usize,
    /// `MaximumConcurrency`: how many invocations there may be at once.
    pub concurrency_max: usize,
    /// How many pollers may come in a minute while all are busy. AWS documents "up to 300"; it was 60 for years, and a
    /// slow ramp is the harder case.
    pub more_per_minute: u32,
    /// How long one long poll waits: up to 20 seconds.
    pub wait: Duration,
    /// What goes wrong.
    pub faults: Faults,
}

/// What a function's answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Responses {
    /// Nothing: an invocation that did not fail has handled its whole batch.
    Whole,
    /// `ReportBatchItemFailures`: the answer names the messages that failed.
    BatchItemFailures,
}

impl PollerOptions {
    /// Ten messages a batch, at once, with partial responses; nothing goes wrong.
    #[must_use]
    pub fn new(queue_url: impl Into<String>, queue_arn: impl Into<String>) -> Self {
        Self {
            queue_url: queue_url.into(),
            queue_arn: queue_arn.into(),
            batch_size: 10,
            window: Duration::ZERO,
            responses: Responses::BatchItemFailures,
            concurrency_first: 5,
            concurrency_max: 1000,
            more_per_minute: 60,
            wait: Duration::from_secs(20),
            faults: Faults::default(),
        }
    }
}
