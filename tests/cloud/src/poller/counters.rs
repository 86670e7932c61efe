//! What a mapping has spent and what happened to its messages.
//!
//! **Invariant:** only ever grows.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Counts since the mapping was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PollerCounters {
    /// `ReceiveMessage` requests, the empty ones included.
    pub receives: u64,
    /// Those of them that brought nothing: what an idle queue costs.
    pub receives_empty: u64,
    /// Requests to SQS that failed.
    pub requests_failed: u64,
    /// Messages that were received, each as often as it was.
    pub messages: u64,
    /// Invocations that were asked for, doubled ones included.
    pub batches: u64,
    /// Batches of which every message failed: an error, no answer, or one that says nothing.
    pub batches_failed: u64,
    /// Invocations that found no process.
    pub throttled: u64,
    /// Messages that an answer named as failed.
    pub items_failed: u64,
    /// `DeleteMessageBatch` requests.
    pub deletes: u64,
    /// Messages that were deleted.
    pub deleted: u64,
    /// Batches that were handed out twice by chance.
    pub doubled: u64,
    /// Batches that were held back by chance.
    pub held: u64,
    /// Batches whose deletion was lost by chance.
    pub deletions_lost: u64,
    /// The most pollers that there ever were.
    pub pollers_peak: usize,
}

/// Counters that all pollers add to.
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<PollerCounters>);

impl Tally {
    pub(super) fn add(&self, change: impl FnOnce(&mut PollerCounters)) {
        change(&mut self.counters());
    }

    pub(super) fn now(&self) -> PollerCounters {
        *self.counters()
    }

    // Guards one small value and is never held across an await.
    fn counters(&self) -> MutexGuard<'_, PollerCounters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A number of messages as a count.
pub(super) fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
