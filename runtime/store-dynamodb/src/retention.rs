//! How long records are kept.

use std::time::Duration;

use stepwell_ports::Millis;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a record is kept: the time that an execution may take, and some time to look at what became of it.
///
/// DynamoDB deletes what has expired within some days, and asks nothing for that. What it has not deleted yet is read
/// like everything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// How long an execution may take.
    pub lease: Duration,
    /// How long its records are kept after that.
    pub kept: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            lease: DAY * 15,
            kept: DAY * 30,
        }
    }
}

impl Retention {
    /// When what is written now expires, in seconds since the Unix epoch.
    pub(crate) fn expires(&self, now: Millis) -> u64 {
        (now / 1000)
            .saturating_add(self.lease.as_secs())
            .saturating_add(self.kept.as_secs())
    }
}
