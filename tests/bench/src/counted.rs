//! A store whose every call is counted.
//!
//! **Invariant:** it changes nothing: each call goes to the store behind it, in the same order.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use stepwell_ports::{
    Catalogue, CatalogueError, Due, DueEntry, ExecutionRow, Log, LogEntry, LogError, Millis, ScopeKey,
};

/// What was asked of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records handed over.
    pub records: u64,
    /// Bytes in their bodies.
    pub bytes: u64,
    /// Rows of the index of executions.
    pub rows: u64,
    /// Changes of the due-time index without a record.
    pub arms: u64,
    /// Blobs.
    pub blobs: u64,
    /// Reads of records.
    pub reads: u64,
    /// Records that they found.
    pub records_read: u64,
    /// Bytes in the bodies of those.
    pub bytes_read: u64,
}

impl Counts {
    /// Everything that was written.
    #[must_use]
    pub fn writes(self) -> u64 {
        self.records + self.rows + self.arms + self.blobs
    }

    /// What was asked since an earlier count.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self {
            records: self.records - before.records,
            bytes: self.bytes - before.bytes,
            rows: self.rows - before.rows,
            arms: self.arms - before.arms,
            blobs: self.blobs - before.blobs,
            reads: self.reads - before.reads,
            records_read: self.records_read - before.records_read,
            bytes_read: self.bytes_read - before.bytes_read,
        }
    }
}

#[derive(Debug, Default)]
struct Counters {
    records: AtomicU64,
    bytes: AtomicU64,
    rows: AtomicU64,
    arms: AtomicU64,
    blobs: AtomicU64,
    reads: AtomicU64,
    records_read: AtomicU64,
    bytes_read: AtomicU64,
}

impl Counters {
    fn found<'a>(&self, entries: impl IntoIterator<Item = &'a LogEntry>) {
        for entry in entries {
            add(&self.records_read, 1);
            add(&self.bytes_read, entry.body.len() as u64);
        }
    }
}

fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}

/// A log and a catalogue with counters before them.
pub struct Counted {
    log: Arc<dyn Log>,
    catalogue: Arc<dyn Catalogue>,
    counters: Arc<Counters>,
}

impl std::fmt::Debug for Counted {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Counted")
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}

impl Counted {
    /// Before that store.
    #[must_use]
    pub fn new(log: Arc<dyn Log>, catalogue: Arc<dyn Catalogue>) -> Self {
        Self {
            log,
            catalogue,
            counters: Arc::default(),
        }
    }

    /// What was asked so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &self.counters;
        Counts {
            records: read(&counters.records),
            bytes: read(&counters.bytes),
            rows: read(&counters.rows),
            arms: read(&counters.arms),
            blobs: read(&counters.blobs),
            reads: read(&counters.reads),
            records_read: read(&counters.records_read),
            bytes_read: read(&counters.bytes_read),
        }
    }
}

impl Log for Counted {
    fn append(&self, entry: LogEntry, due: Due) -> BoxFuture<'static, Result<(), LogError>> {
        add(&self.counters.records, 1);
        add(&self.counters.bytes, entry.body.len() as u64);
        self.log.append(entry, due)
    }

    fn arm(&self, key: ScopeKey, due: Due) -> BoxFuture<'static, Result<(), LogError>> {
        add(&self.counters.arms, 1);
        self.log.arm(key, due)
    }

    fn last(&self, key: &ScopeKey) -> BoxFuture<'static, Result<Option<LogEntry>, LogError>> {
        add(&self.counters.reads, 1);
        let (reading, counters) = (self.log.last(key), self.counters.clone());
        reading
            .inspect(move |read| counters.found(read.iter().flatten()))
            .boxed()
    }

    fn range(
        &self,
        key: &ScopeKey,
        from: u64,
        count_max: usize,
    ) -> BoxFuture<'static, Result<Vec<LogEntry>, LogError>> {
        add(&self.counters.reads, 1);
        let (reading, counters) = (self.log.range(key, from, count_max), self.counters.clone());
        reading
            .inspect(move |read| counters.found(read.iter().flatten()))
            .boxed()
    }

    fn due(
        &self,
        after: Option<&DueEntry>,
        until: Millis,
        count_max: usize,
    ) -> BoxFuture<'static, Result<Vec<DueEntry>, LogError>> {
        self.log.due(after, until, count_max)
    }
}

impl Catalogue for Counted {
    fn put(&self, name: &str, body: Bytes) -> BoxFuture<'static, Result<(), CatalogueError>> {
        add(&self.counters.blobs, 1);
        self.catalogue.put(name, body)
    }

    fn get(&self, name: &str) -> BoxFuture<'static, Result<Option<Bytes>, CatalogueError>> {
        self.catalogue.get(name)
    }

    fn index(&self, row: ExecutionRow) -> BoxFuture<'static, Result<(), CatalogueError>> {
        add(&self.counters.rows, 1);
        self.catalogue.index(row)
    }

    fn executions(
        &self,
        after: Option<&str>,
        count_max: usize,
    ) -> BoxFuture<'static, Result<Vec<ExecutionRow>, CatalogueError>> {
        self.catalogue.executions(after, count_max)
    }
}
