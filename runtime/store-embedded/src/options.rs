//! What a store is opened with, what it accepts, and what it counted.

use std::time::Duration;

/// The most that a record's body may take.
pub const RECORD_BYTES_MAX: usize = 16 << 20;

/// The most that a blob may take.
pub const BLOB_BYTES_MAX: usize = 64 << 20;

/// The most that may wait for the writer; who hands over more waits inside the call.
pub const QUEUE_BYTES_MAX: usize = 16 << 20;

/// What an acknowledgement means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Survives a loss of power: every group is synced before it is acknowledged.
    #[default]
    Fsync,
    /// Survives the death of the process, not a loss of power, after which the store may be damaged.
    NoSync,
}

/// How a store is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// What an acknowledgement means.
    pub durability: Durability,
    /// The page cache.
    pub cache_bytes: usize,
    /// After this long without a change the writer notes how space is allocated, so that a process that dies now leaves
    /// a store that opens at once. After a death under load the file is walked once, at some hundred MB per second.
    pub settle_after: Duration,
}

impl Options {
    /// The defaults, with this durability.
    #[must_use]
    pub fn with_durability(durability: Durability) -> Self {
        Self {
            durability,
            ..Self::default()
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            durability: Durability::Fsync,
            cache_bytes: 4 << 20,
            settle_after: Duration::from_millis(250),
        }
    }
}

/// What a store did since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreStats {
    /// Records appended and acknowledged.
    pub records: u64,
    /// Bytes in the bodies of those records.
    pub bytes: u64,
    /// Groups committed.
    pub commits: u64,
    /// Syncs of the file; without [`Durability::Fsync`] none.
    pub syncs: u64,
}
