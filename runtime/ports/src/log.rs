//! The log of a scope: append-only, one conditional put per commit.
//!
//! **Invariant:** bodies are opaque bytes. What a record means is the engine's business, not the store's.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;

use crate::Millis;

/// Names one scope of one execution.
///
/// Shape: `execution` is `<flow>/<execution name>`, `scope` the scope's id, empty for the root. Neither contains a
/// NUL byte; together they take at most [`ScopeKey::BYTES_MAX`] bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeKey {
    /// The execution.
    pub execution: Arc<str>,
    /// The scope inside it.
    pub scope: Arc<str>,
}

impl ScopeKey {
    /// The most that a key may take.
    pub const BYTES_MAX: usize = 2048;
}

/// One record as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// The scope whose log this is.
    pub key: ScopeKey,
    /// 1, 2, 3 … without a gap.
    pub revision: u64,
    /// The encoded record.
    pub body: Bytes,
}

/// What becomes of the scope's entry in the due-time index, in the same commit as the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Leave the entry as it is.
    Keep,
    /// The scope is to be looked at from this time on; replaces an earlier entry.
    At(Millis),
    /// Nothing is due; removes an entry.
    Never,
}

/// One entry of the due-time index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DueEntry {
    /// When the scope is to be looked at.
    pub at: Millis,
    /// The scope.
    pub key: ScopeKey,
}

/// Durable logs, and the index of what is due when.
///
/// Promise: an acknowledged append is durable. Appends become durable in the order in which `append` and `arm` were
/// *called* (not polled): after a crash, if a later one is there, so is every earlier one. A scope has at most one entry
/// in the due-time index.
pub trait Log: Send + Sync {
    /// Appends `entry` to its scope's log if that revision is not there yet and the one before it is.
    ///
    /// The entry is handed over when this is called; the future only waits for the acknowledgement.
    ///
    /// # Errors
    ///
    /// [`LogError::Taken`] when that revision exists, [`LogError::Gap`] when the one before it does not; in both cases
    /// nothing was written, the due-time index included.
    fn append(&self, entry: LogEntry, due: Due) -> BoxFuture<'static, Result<(), LogError>>;

    /// Changes the scope's entry in the due-time index without a record. Same order promise as [`Log::append`].
    fn arm(&self, key: ScopeKey, due: Due) -> BoxFuture<'static, Result<(), LogError>>;

    /// Reads the last record of a scope, strongly consistent.
    fn last(&self, key: &ScopeKey) -> BoxFuture<'static, Result<Option<LogEntry>, LogError>>;

    /// Reads records from revision `from` on, ascending, at most `count_max`.
    fn range(&self, key: &ScopeKey, from: u64, count_max: usize)
    -> BoxFuture<'static, Result<Vec<LogEntry>, LogError>>;

    /// Reads the due-time index in order of time, strictly after `after`, up to and including `until`.
    fn due(
        &self,
        after: Option<&DueEntry>,
        until: Millis,
        count_max: usize,
    ) -> BoxFuture<'static, Result<Vec<DueEntry>, LogError>>;
}

/// Why a store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// That revision exists.
    #[error("revision {revision} of scope `{scope}` exists already")]
    Taken {
        /// The scope.
        scope: Arc<str>,
        /// The revision that was to be written.
        revision: u64,
    },
    /// The revision before it does not exist.
    #[error("revision {revision} of scope `{scope}` would leave a gap")]
    Gap {
        /// The scope.
        scope: Arc<str>,
        /// The revision that was to be written.
        revision: u64,
    },
    /// A key or body is over the store's limit.
    #[error("{what} takes {bytes} bytes; the store's limit is {bytes_max}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// The store failed: the disk, the file, the network.
    #[error("the store failed while {during}")]
    Store {
        /// What was being done.
        during: &'static str,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The store was closed; nothing more is accepted.
    #[error("the store is closed")]
    Closed,
}

/// What a caller may do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Read again and fold again.
    Reload,
    /// The same call may succeed later.
    Retry,
    /// Neither will help.
    GiveUp,
}

impl LogError {
    /// What the caller may do.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Taken { .. } | Self::Gap { .. } => Remedy::Reload,
            Self::Store { .. } => Remedy::Retry,
            Self::TooLarge { .. } | Self::Closed => Remedy::GiveUp,
        }
    }
}
