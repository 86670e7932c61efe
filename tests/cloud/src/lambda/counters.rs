//! What a function has spent and what happened to it.
//!
//! **Invariant:** only ever grows.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Counts since the function was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Invocations that were begun.
    pub invocations: u64,
    /// Processes that were started.
    pub cold_starts: u64,
    /// Invocations whose function reported an error.
    pub reported: u64,
    /// Invocations that were killed at their deadline.
    pub timeouts: u64,
    /// Processes that a test had killed.
    pub kills: u64,
    /// Invocations whose process ended, killed by a test or by itself.
    pub exits: u64,
    /// Invocations that found no process.
    pub throttles: u64,
    /// Invocations that were cut off as a loop.
    pub recursions: u64,
    /// Milliseconds of invocations, each rounded up, from when the process was handed one until it asked for the next.
    pub billed_ms: u64,
    /// Milliseconds from the start of processes until they first asked, each rounded up; AWS bills these too.
    pub init_ms: u64,
    /// Processor time of the processes, in ticks of 10 ms each.
    pub cpu_ms: u64,
    /// The most resident memory that any process ever had.
    pub memory_bytes_peak: u64,
    /// The most processes that there ever were at once.
    pub instances_peak: usize,
}

/// Counters that many tasks add to.
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<Counters>);

impl Tally {
    pub(super) fn add(&self, change: impl FnOnce(&mut Counters)) {
        change(&mut self.counters());
    }

    pub(super) fn now(&self) -> Counters {
        *self.counters()
    }

    // Guards one small value and is never held across an await.
    fn counters(&self) -> MutexGuard<'_, Counters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whole milliseconds, rounded up as AWS bills.
pub(super) fn millis_up(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
