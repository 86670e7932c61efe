//! What a piece of a flow takes, before sizes are known.

use std::ops::Add;

/// What a piece of a flow takes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Spent {
    /// Records written.
    pub(crate) records: f64,
    /// States entered.
    pub(crate) transitions: f64,
    /// Records read.
    pub(crate) reads: f64,
    pub(crate) queue_requests: f64,
    pub(crate) schedules: f64,
    pub(crate) invocations: f64,
    pub(crate) billed_ms: f64,
}

impl Add for Spent {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            records: self.records + other.records,
            transitions: self.transitions + other.transitions,
            reads: self.reads + other.reads,
            queue_requests: self.queue_requests + other.queue_requests,
            schedules: self.schedules + other.schedules,
            invocations: self.invocations + other.invocations,
            billed_ms: self.billed_ms + other.billed_ms,
        }
    }
}

impl Spent {
    /// So many times.
    pub(crate) fn times(self, count: f64) -> Self {
        Self {
            records: self.records * count,
            transitions: self.transitions * count,
            reads: self.reads * count,
            queue_requests: self.queue_requests * count,
            schedules: self.schedules * count,
            invocations: self.invocations * count,
            billed_ms: self.billed_ms * count,
        }
    }
}
