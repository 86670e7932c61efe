//! The log of a scope: append-only, one conditional put per commit.
//!
//! There are two kinds of logs. One that a single process drives promises all that [`Log`] says. A table that several
//! processes share promises less, because it would cost a second request or a second item:
//!
//! | | one process | shared table |
//! |---|---|---|
//! | an acknowledged append is durable, and read by everybody from then on | yes | yes |
//! | of several appends of one revision exactly one is taken | yes | yes |
//! | a revision before the next one's turn is refused | yes | no: who appends has read the one before |
//! | durable in the order of the calls | yes | no: who needs an order awaits one before the other |
//! | an append whose future is dropped happens | yes | perhaps; it may also begin only when it is polled |
//! | a due-time index | yes | no: it is always empty, and wakes come by messages |
//! | an append that failed has not happened | yes, unless the store closes | no: its answer may have been lost |
//!
//! **Invariant:** bodies are opaque bytes. What a record means is the engine's business, not the store's.

use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;

use crate::Millis;

/// How often at least what is old and still needed is renewed. A log that forgets keeps a record for three times as long
/// after it was written or renewed.
pub const RENEWED_EVERY_MS: Millis = 15 * 24 * 60 * 60 * 1_000;

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
/// Promise of every log: an acknowledged append is durable, seen by every later read, and the only one of its revision;
/// `conformance::log::shared` is the whole of it.
///
/// Promise where one process drives: appends become durable in the order in which `append` and `arm` were *called* (not
/// polled): after a crash, if a later one is there, so is every earlier one. A scope has at most one entry in the due-time
/// index. The module's table says what a shared table leaves out.
pub trait Log: Send + Sync {
    /// Appends `entry` to its scope's log if that revision is not there yet and the one before it is.
    ///
    /// Where one process drives, the entry is handed over when this is called, and the future only waits for the
    /// acknowledgement. A shared table may begin when the future is polled first, and does not look at the revision before.
    ///
    /// # Errors
    ///
    /// [`LogError::Taken`] when that revision exists, or is 0, [`LogError::Gap`] when the one before it does not; in both
    /// cases nothing was written, the due-time index included. After [`LogError::Store`] a shared table may have taken it:
    /// an append that is tried again may find itself [`LogError::Taken`].
    fn append(&self, entry: LogEntry, due: Due) -> BoxFuture<'static, Result<(), LogError>>;

    /// Changes the scope's entry in the due-time index without a record. Same order promise as [`Log::append`].
    fn arm(&self, key: ScopeKey, due: Due) -> BoxFuture<'static, Result<(), LogError>>;

    /// Reads the last record of a scope, strongly consistent.
    fn last(&self, key: &ScopeKey) -> BoxFuture<'static, Result<Option<LogEntry>, LogError>>;

    /// Reads records from revision `from` on, ascending, at most `count_max`.
    fn range(&self, key: &ScopeKey, from: u64, count_max: usize)
    -> BoxFuture<'static, Result<Vec<LogEntry>, LogError>>;

    /// Has a log that forgets keep its scope's records as if those that are older than [`RENEWED_EVERY_MS`] were written
    /// now. One that forgets nothing does nothing.
    fn renew(&self, _key: &ScopeKey) -> BoxFuture<'static, Result<(), LogError>> {
        std::future::ready(Ok(())).boxed()
    }

    /// Reads the due-time index in order of time, strictly after `after`, up to and including `until`; a shared table has
    /// none, and answers that nothing is due.
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
    /// The store will not do it, however often it is asked: no access, no such table, a request that it does not take.
    #[error("the store refused while {during}")]
    Refused {
        /// What was being done.
        during: &'static str,
        /// What it said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What is stored cannot be read by this version; it stays as it is.
    #[error("what is stored cannot be read while {during}")]
    Unreadable {
        /// What was being done.
        during: &'static str,
        /// What was found.
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
            Self::TooLarge { .. } | Self::Refused { .. } | Self::Unreadable { .. } | Self::Closed => Remedy::GiveUp,
        }
    }
}
