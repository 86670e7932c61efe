//! What is seen of a guest from outside while it runs, and stays when it is cut off.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use stepwell_ports::Telemetry;

use crate::log::GuestLog;

/// Log, time and memory of one attempt.
#[derive(Debug, Default)]
pub(crate) struct Observed {
    pub(crate) log: GuestLog,
    memory_bytes: AtomicU64,
    time_ns: AtomicU64,
}

impl Observed {
    pub(crate) fn saw_memory(&self, bytes: usize) {
        self.memory_bytes.fetch_max(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn spent(&self, time: Duration) {
        let time_ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.time_ns.fetch_add(time_ns, Ordering::Relaxed);
    }

    pub(crate) fn telemetry(&self) -> Telemetry {
        Telemetry {
            log: self.log.lines(),
            guest_us: self.time_ns.load(Ordering::Relaxed) / 1_000,
            guest_memory_bytes: self.memory_bytes.load(Ordering::Relaxed),
        }
    }
}
