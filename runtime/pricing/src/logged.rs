//! What the logs of an execution tell of its cost.

use crate::Usage;
use crate::rules::{ROW_AFTER_MS, ROW_BYTES};

/// What is read off the logs of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logged {
    /// What writing its records takes.
    pub write_units: u64,
    /// What its records take.
    pub bytes: u64,
    /// Microseconds inside components.
    pub guest_us: u64,
    /// How long it took; nothing while it runs.
    pub took_ms: Option<u64>,
}

impl Logged {
    /// Its rows in the index: one for its end, and one where it did not end at once.
    #[must_use]
    pub fn rows(&self) -> f64 {
        match self.took_ms.is_some_and(|took_ms| took_ms as f64 > ROW_AFTER_MS) {
            true => 2.0,
            false => 1.0,
        }
    }

    /// What would be billed for it, as far as it is known.
    #[must_use]
    pub fn usage(&self, memory_mb: u64, retention_days: u32) -> Usage {
        Usage {
            write_units: self.write_units as f64 + self.rows(),
            billed_ms: self.guest_us.div_ceil(1_000) as f64,
            memory_mb: memory_mb as f64,
            stored_bytes: self.bytes as f64 + self.rows() * ROW_BYTES,
            stored_days: f64::from(retention_days),
            ..Usage::default()
        }
    }
}
