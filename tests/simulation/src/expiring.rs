//! A table that forgets: records are gone some time after they were written or renewed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use stepwell_ports::{Clock, Due, DueEntry, Log, LogEntry, LogError, Millis, RENEWED_EVERY_MS, ScopeKey};
use stepwell_simulator::VirtualClock;
use stepwell_store_memory::MemoryStore;

/// For so long records are kept.
const KEPT_MS: Millis = 3 * RENEWED_EVERY_MS;

/// When records were written or renewed. Clones are the same.
type Written = Arc<Mutex<BTreeMap<(ScopeKey, u64), Millis>>>;

/// A store in which records are gone after a while. Clones are the same.
#[derive(Clone)]
pub(crate) struct Expiring {
    store: MemoryStore,
    clock: Arc<VirtualClock>,
    written: Written,
}

impl Expiring {
    pub(crate) fn new(store: MemoryStore, clock: Arc<VirtualClock>) -> Self {
        let written = Written::default();
        Self { store, clock, written }
    }

    fn written(&self) -> MutexGuard<'_, BTreeMap<(ScopeKey, u64), Millis>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_there(&self, entry: &LogEntry) -> bool {
        let stays = entry.key.execution.starts_with('~');
        let written = self.written().get(&(entry.key.clone(), entry.revision)).copied();
        stays || written.is_some_and(|written| self.clock.now() < written + KEPT_MS)
    }
}

impl Log for Expiring {
    fn append(&self, entry: LogEntry, due: Due) -> BoxFuture<'static, Result<(), LogError>> {
        let place = (entry.key.clone(), entry.revision);
        // Where the append is refused, the record that is there keeps its time.
        self.written().entry(place).or_insert(self.clock.now());
        self.store.append(entry, due)
    }

    fn arm(&self, key: ScopeKey, due: Due) -> BoxFuture<'static, Result<(), LogError>> {
        self.store.arm(key, due)
    }

    fn last(&self, key: &ScopeKey) -> BoxFuture<'static, Result<Option<LogEntry>, LogError>> {
        let (store, last) = (self.clone(), self.store.last(key));
        async move { Ok(last.await?.filter(|entry| store.is_there(entry))) }.boxed()
    }

    fn range(
        &self,
        key: &ScopeKey,
        from: u64,
        count_max: usize,
    ) -> BoxFuture<'static, Result<Vec<LogEntry>, LogError>> {
        let (store, range) = (self.clone(), self.store.range(key, from, count_max));
        async move {
            let mut entries = range.await?;
            entries.retain(|entry| store.is_there(entry));
            Ok(entries)
        }
        .boxed()
    }

    fn renew(&self, key: &ScopeKey) -> BoxFuture<'static, Result<(), LogError>> {
        let now = self.clock.now();
        let mut written = self.written();
        let of_scope = written.range_mut((key.clone(), 0)..=(key.clone(), u64::MAX));
        of_scope
            .filter(|(_, at)| now < **at + KEPT_MS)
            .for_each(|(_, at)| *at = now);
        std::future::ready(Ok(())).boxed()
    }

    fn due(
        &self,
        after: Option<&DueEntry>,
        until: Millis,
        count_max: usize,
    ) -> BoxFuture<'static, Result<Vec<DueEntry>, LogError>> {
        self.store.due(after, until, count_max)
    }
}
