//! A usage at list prices, line by line.

use crate::{Prices, Usage};

/// What a usage costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Bill {
    /// What it is made of; what was not used has no line.
    pub lines: Vec<Line>,
    /// The sum, in USD.
    pub total_usd: f64,
}

/// One kind of what is billed.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What.
    pub what: &'static str,
    /// How much of it.
    pub amount: f64,
    /// The list price of one, in USD.
    pub unit_usd: f64,
    /// Both multiplied.
    pub usd: f64,
}

/// MB of a function's memory to a GB. Source: AWS Lambda, "Pricing".
const MB_PER_GB: f64 = 1024.0;

/// Bytes of storage to a GB. Source: Amazon DynamoDB, "Pricing for on-demand capacity".
const BYTES_PER_GB: f64 = 1_073_741_824.0;

/// Days to a month of storage.
const DAYS_PER_MONTH: f64 = 30.0;

impl Prices {
    /// Bills a usage; the function's time as that of arm64, the template's default.
    #[must_use]
    pub fn bill(&self, usage: &Usage) -> Bill {
        let gb_seconds = usage.billed_ms / 1e3 * usage.memory_mb / MB_PER_GB;
        let gb_months = usage.stored_bytes / BYTES_PER_GB * usage.stored_days / DAYS_PER_MONTH;
        let all = [
            ("write units", usage.write_units, self.write_unit),
            ("read units", usage.read_units, self.read_unit),
            ("queue requests", usage.queue_requests, self.queue_request),
            ("schedules", usage.schedules, self.schedule),
            ("invocations", usage.invocations, self.invocation),
            ("GB-seconds", gb_seconds, self.gb_second_arm64),
            ("objects written", usage.object_writes, self.object_write),
            ("objects read", usage.object_reads, self.object_read),
            ("GB-months", gb_months, self.table_gb_month),
        ];
        let used = all.into_iter().filter(|(_, amount, _)| *amount > 0.0);
        let lines: Vec<Line> = used
            .map(|(what, amount, unit_usd)| Line {
                what,
                amount,
                unit_usd,
                usd: amount * unit_usd,
            })
            .collect();
        let total_usd = lines.iter().map(|line| line.usd).sum();
        Bill { lines, total_usd }
    }
}

impl Bill {
    /// What a million of `count` would cost of which this bill is for that many; nothing where there are none.
    #[must_use]
    pub fn usd_per_million(&self, count: f64) -> Option<f64> {
        (count > 0.0).then(|| self.total_usd / count * 1e6)
    }
}
