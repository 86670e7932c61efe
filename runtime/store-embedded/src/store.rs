//! The handle: opening, closing, counting.

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use redb::Database;

use crate::directory::{self, LockFile};
use crate::error::OpenError;
use crate::options::{Options, StoreStats};
use crate::queue::Queue;
use crate::writer;

/// The name of the writer thread.
const WRITER: &str = "stepwell-store";

/// An open store. Clones share it; it closes with the last of them.
#[derive(Clone)]
pub struct EmbeddedStore {
    handle: Arc<Handle>,
}

/// What the last clone takes with it.
struct Handle {
    shared: Arc<Shared>,
    /// Guards only who joins the thread.
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// What the writer and the readers share.
pub(crate) struct Shared {
    pub(crate) queue: Queue,
    pub(crate) counters: Counters,
    /// `None` once closed. Held only to take a copy of the pointer.
    opened: RwLock<Option<Arc<Opened>>>,
}

/// The file and, let go after it, the lock.
pub(crate) struct Opened {
    pub(crate) database: Database,
    _lock: Option<LockFile>,
}

#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) records: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) commits: AtomicU64,
    pub(crate) syncs: Arc<AtomicU64>,
}

impl EmbeddedStore {
    /// Opens the store in `dir`, and makes directory and store where there is none.
    ///
    /// # Errors
    ///
    /// [`OpenError::Locked`] while another handle is open, here or in another process; the other variants when the
    /// directory or what is in it cannot be a store of this program.
    pub fn open(dir: &Path, options: Options) -> Result<Self, OpenError> {
        let counters = Counters::default();
        let lock = directory::lock(dir)?;
        let database = directory::open(dir, &options, &counters.syncs)?;
        // Making the store is not part of what is counted.
        counters.syncs.store(0, Ordering::Relaxed);
        Self::start(
            Opened {
                database,
                _lock: Some(lock),
            },
            counters,
            options.settle_after,
        )
        .map_err(|source| OpenError::Store {
            path: dir.to_owned(),
            source: Box::new(source),
        })
    }

    /// A store over any backend, for tests of what a disk can do to it.
    #[cfg(test)]
    pub(crate) fn open_on(backend: impl redb::StorageBackend, options: Options) -> Result<Self, OpenError> {
        let (opened, counters) = Self::prepare_on(backend, options)?;
        Self::start(opened, counters, options.settle_after).map_err(|source| OpenError::Store {
            path: "test".into(),
            source: Box::new(source),
        })
    }

    /// The same without a writer: it is a test that calls [`writer::Writer::turn`], so that a run comes back.
    #[cfg(test)]
    pub(crate) fn open_by_hand(backend: impl redb::StorageBackend, options: Options) -> Result<Self, OpenError> {
        let (opened, counters) = Self::prepare_on(backend, options)?;
        Ok(Self::over(Arc::new(Shared::new(opened, counters)), None))
    }

    #[cfg(test)]
    fn prepare_on(backend: impl redb::StorageBackend, options: Options) -> Result<(Opened, Counters), OpenError> {
        let counters = Counters::default();
        let disk = crate::disk::Disk::new(backend, options.durability, counters.syncs.clone());
        let database = directory::prepare(Path::new("test"), &options, disk)?;
        counters.syncs.store(0, Ordering::Relaxed);
        Ok((Opened { database, _lock: None }, counters))
    }

    fn start(opened: Opened, counters: Counters, settle_after: Duration) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::new(opened, counters));
        let writer = thread::Builder::new().name(WRITER.to_owned()).spawn({
            let shared = shared.clone();
            move || writer::run(&shared, settle_after)
        })?;
        Ok(Self::over(shared, Some(writer)))
    }

    fn over(shared: Arc<Shared>, writer: Option<JoinHandle<()>>) -> Self {
        let writer = Mutex::new(writer);
        Self {
            handle: Arc::new(Handle { shared, writer }),
        }
    }

    /// Does what was handed over, then lets the file go; every later call is refused. Blocks until it is done.
    pub fn close(&self) {
        self.handle.close();
    }

    /// What the store did since it was opened.
    #[must_use]
    pub fn stats(&self) -> StoreStats {
        let counters = &self.handle.shared.counters;
        StoreStats {
            records: counters.records.load(Ordering::Relaxed),
            bytes: counters.bytes.load(Ordering::Relaxed),
            commits: counters.commits.load(Ordering::Relaxed),
            syncs: counters.syncs.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.handle.shared
    }
}

impl fmt::Debug for EmbeddedStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("EmbeddedStore")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

impl Handle {
    fn close(&self) {
        self.shared.queue.close();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        // A waker that drops the last handle runs on the writer's own thread, which cannot wait for itself.
        if let Some(writer) = writer.filter(|writer| writer.thread().id() != thread::current().id()) {
            // A writer that panicked has closed the store on its way out.
            let _panicked = writer.join();
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn new(opened: Opened, counters: Counters) -> Self {
        Self {
            queue: Queue::default(),
            counters,
            opened: RwLock::new(Some(Arc::new(opened))),
        }
    }

    pub(crate) fn opened(&self) -> Option<Arc<Opened>> {
        self.opened.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets the file go as soon as no reader is at it.
    pub(crate) fn release(&self) {
        let released = self.opened.write().unwrap_or_else(PoisonError::into_inner).take();
        drop(released);
    }
}
