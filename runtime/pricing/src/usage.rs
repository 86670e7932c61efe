//! What is billed, in the units that it is billed in.

/// What is billed. Amounts are counts; parts of one are possible where an average is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Writes to the table, each of up to 1 KB.
    pub write_units: f64,
    /// Strongly consistent reads of the table, each of up to 4 KB.
    pub read_units: f64,
    /// Requests to queues, receipts and removals included.
    pub queue_requests: f64,
    /// Schedules that fire.
    pub schedules: f64,
    /// Invocations of the function.
    pub invocations: f64,
    /// The function's time.
    pub billed_ms: f64,
    /// The function's memory, in MB.
    pub memory_mb: f64,
    /// Objects written.
    pub object_writes: f64,
    /// Objects read.
    pub object_reads: f64,
    /// Bytes in the table.
    pub stored_bytes: f64,
    /// For how many days they are there.
    pub stored_days: f64,
}
