//! What was spent: counted where it is spent, never computed from what should have been.
//!
//! ```text
//!   the function's own lines    write and read units, items, bytes, requests it sent, schedules, objects
//!   the poller                  receipts, those that brought nothing, removals
//!   whoever starts by message   its requests
//!   the Lambda                  invocations, their time, the processor time of its processes
//! ```

use serde_json::Value as Json;
use stepwell_pricing::{Line, Prices, RETENTION_DAYS, Usage};

use crate::cloud::Cloud;

/// The function's memory, and that of one whole processor, in MB. Source: AWS Lambda developer guide, "Memory".
const MEMORY_MB: f64 = 512.0;
const PROCESSOR_MB: f64 = 1_769.0;

/// What an item takes beside its bytes where it is stored. Source: DynamoDB's pricing, "Data storage".
const STORED_ITEM_BYTES: f64 = 100.0;

/// How the line of idle polls is called.
const IDLE_POLLS: &str = "idle polls";

/// Amounts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Spent {
    /// Those of lost writes included.
    pub(super) write_units: f64,
    pub(super) lost_writes: f64,
    pub(super) read_units: f64,
    pub(super) items: f64,
    pub(super) item_bytes: f64,
    /// Sent, received and removed; without receipts that brought nothing.
    pub(super) queue_requests: f64,
    /// Receipts that brought nothing.
    pub(super) idle_polls: f64,
    pub(super) schedules: f64,
    pub(super) object_writes: f64,
    pub(super) object_reads: f64,
    pub(super) invocations: f64,
    /// From when a process was handed an invocation until it asked for the next.
    pub(super) invoked_ms: f64,
    pub(super) cpu_ms: f64,
}

impl Spent {
    /// All that a deployment spent so far, once every invocation has told it; `asked` requests were made to start.
    pub(super) async fn of(cloud: &Cloud, asked: f64) -> Self {
        loop {
            let counters = cloud.lambda.counters();
            let lines: Vec<Json> = cloud.lambda.logs().iter().filter_map(|line| metrics(line)).collect();
            if lines.len() as u64 == counters.invocations {
                let polled = cloud.polled();
                let own = lines
                    .iter()
                    .fold(Self::default(), |sum, line| sum.plus(Self::told(line)));
                return Self {
                    queue_requests: own.queue_requests
                        + asked
                        + (polled.receives - polled.receives_empty + polled.deletes) as f64,
                    idle_polls: polled.receives_empty as f64,
                    invocations: counters.invocations as f64,
                    invoked_ms: counters.billed_ms as f64,
                    cpu_ms: counters.cpu_ms as f64,
                    ..own
                };
            }
            // The last lines of a process come by its pipe.
            tokio::task::yield_now().await;
        }
    }

    /// What one invocation tells.
    fn told(line: &Json) -> Self {
        let amount = |name: &str| line[name].as_f64().unwrap_or(0.0);
        Self {
            write_units: amount("WriteUnits"),
            lost_writes: amount("LostWrites"),
            read_units: amount("ReadUnits"),
            items: amount("TableItems"),
            item_bytes: amount("TableBytes"),
            // A schedule that fires sends a message.
            queue_requests: amount("QueueRequests") + amount("Schedules"),
            schedules: amount("Schedules"),
            object_writes: amount("ObjectWrites"),
            object_reads: amount("ObjectReads"),
            ..Self::default()
        }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        self.with(other, |one, other| one + other)
    }

    pub(super) fn since(self, before: Self) -> Self {
        self.with(before, |now, before| now - before)
    }

    /// The share of one of so many.
    pub(super) fn each_of(self, count: f64) -> Self {
        self.with(self, |amount, _| amount / count)
    }

    fn with(self, other: Self, both: impl Fn(f64, f64) -> f64) -> Self {
        Self {
            write_units: both(self.write_units, other.write_units),
            lost_writes: both(self.lost_writes, other.lost_writes),
            read_units: both(self.read_units, other.read_units),
            items: both(self.items, other.items),
            item_bytes: both(self.item_bytes, other.item_bytes),
            queue_requests: both(self.queue_requests, other.queue_requests),
            idle_polls: both(self.idle_polls, other.idle_polls),
            schedules: both(self.schedules, other.schedules),
            object_writes: both(self.object_writes, other.object_writes),
            object_reads: both(self.object_reads, other.object_reads),
            invocations: both(self.invocations, other.invocations),
            invoked_ms: both(self.invoked_ms, other.invoked_ms),
            cpu_ms: both(self.cpu_ms, other.cpu_ms),
        }
    }

    /// The time in which a process of the function did not compute.
    pub(super) fn waiting_ms(&self) -> f64 {
        (self.invoked_ms - self.cpu_ms).max(0.0)
    }

    /// What a function of that memory is billed: it has a part of a processor, and waits as long as any.
    pub(super) fn billed_ms(&self) -> f64 {
        self.cpu_ms * PROCESSOR_MB / MEMORY_MB + self.waiting_ms()
    }

    pub(super) fn stored_bytes(&self) -> f64 {
        self.item_bytes + STORED_ITEM_BYTES * self.items
    }

    /// At list prices, line by line.
    pub(super) fn lines(&self) -> Vec<Line> {
        let prices = Prices::listed().unwrap();
        let usage = Usage {
            write_units: self.write_units,
            read_units: self.read_units,
            queue_requests: self.queue_requests,
            schedules: self.schedules,
            invocations: self.invocations,
            billed_ms: self.billed_ms(),
            memory_mb: MEMORY_MB,
            object_writes: self.object_writes,
            object_reads: self.object_reads,
            stored_bytes: self.stored_bytes(),
            stored_days: f64::from(RETENTION_DAYS),
        };
        let mut lines = prices.bill(&usage).lines;
        lines.push(Line {
            what: IDLE_POLLS,
            amount: self.idle_polls,
            unit_usd: prices.queue_request,
            usd: self.idle_polls * prices.queue_request,
        });
        lines
    }

    /// The sum of all lines.
    pub(super) fn usd(&self) -> f64 {
        self.lines().iter().map(|line| line.usd).sum()
    }
}

/// A line in which an invocation tells what it spent.
fn metrics(line: &str) -> Option<Json> {
    let is_one = line.starts_with('{') && line.contains("\"_aws\"");
    is_one.then(|| serde_json::from_str(line).ok())?
}
