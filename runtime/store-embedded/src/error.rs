//! Why a store does not open, and causes of failures that several callers share.

use std::cell::Cell;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use stepwell_ports::LogError;

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process, or another handle in this one, has it open.
    #[error("the store `{path}` is open in another process")]
    Locked {
        /// The store's directory.
        path: PathBuf,
    },
    /// The directory cannot be made or used.
    #[error("`{path}` cannot be used as a store's directory")]
    Directory {
        /// The store's directory.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The file under the store's name is something else.
    #[error("`{path}` is not a Stepwell store: {why}")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What was found.
        why: &'static str,
    },
    /// The store was written by a program with another layout.
    #[error("the store `{path}` has format {found}; this program reads and writes format {supported}")]
    Format {
        /// The file.
        path: PathBuf,
        /// The format of the file.
        found: u64,
        /// The format of this program.
        supported: u64,
    },
    /// The file is damaged.
    #[error("the store `{path}` is damaged")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was noticed.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Reading or writing the file failed.
    #[error("the store `{path}` could not be opened")]
    Store {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Something in the file is not as it was written.
#[derive(Debug, thiserror::Error)]
#[error("the store's file is damaged: {0}")]
pub(crate) struct Damaged(pub(crate) String);

/// A key that no tree can hold.
#[derive(Debug, thiserror::Error)]
#[error("a scope's key contains a NUL character")]
pub(crate) struct NulInKey;

/// Why a transaction did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// redb says so.
    #[error(transparent)]
    Redb(#[from] Box<redb::Error>),
    /// What was read makes no sense.
    #[error(transparent)]
    Damaged(#[from] Damaged),
}

/// redb has an error type for each stage; all become one.
macro_rules! from_redb {
    ($($stage:ty),*) => {
        $(impl From<$stage> for Failure {
            fn from(error: $stage) -> Self {
                Self::Redb(Box::new(redb::Error::from(error)))
            }
        })*
    };
}

from_redb!(
    redb::TransactionError,
    redb::TableError,
    redb::StorageError,
    redb::CommitError
);

impl Failure {
    /// Whether the file is to blame.
    pub(crate) fn is_damage(&self) -> bool {
        match self {
            Self::Damaged(_) => true,
            Self::Redb(error) => matches!(**error, redb::Error::Corrupted(_)),
        }
    }

    /// The port's error for it.
    pub(crate) fn during(self, during: &'static str) -> LogError {
        LogError::Store {
            during,
            source: Box::new(self),
        }
    }
}

/// One cause for all callers of a group.
#[derive(Clone)]
pub(crate) struct SharedFailure(pub(crate) Arc<Failure>);

impl fmt::Debug for SharedFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Display for SharedFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl std::error::Error for SharedFailure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic of this thread is turned into an error of the store: a damaged file, and no fault of the program.
#[must_use]
pub fn is_catching() -> bool {
    CATCHING.get()
}

/// Runs `work` and turns a panic into an error: redb checks some of what it reads by assertion only.
pub(crate) fn catching<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let outer = CATCHING.replace(true);
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
    CATCHING.set(outer);
    caught.unwrap_or_else(|panic| {
        let said = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or(panic.downcast_ref::<&str>().copied());
        Err(Damaged(said.unwrap_or("a check failed").to_owned()).into())
    })
}
