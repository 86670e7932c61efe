//! Wakes that come twice.

use futures::FutureExt;
use futures::future::BoxFuture;
use stepwell_ports::{Due, DueEntry, Log, LogEntry, LogError, Millis, ScopeKey};
use stepwell_simulator::{Chance, Disk};

/// A log whose due entries are now and then told twice.
pub(super) struct DoubledWakes {
    pub(super) disk: Disk,
    pub(super) chance: Chance,
}

impl Log for DoubledWakes {
    fn append(&self, entry: LogEntry, due: Due) -> BoxFuture<'static, Result<(), LogError>> {
        self.disk.append(entry, due)
    }

    fn arm(&self, key: ScopeKey, due: Due) -> BoxFuture<'static, Result<(), LogError>> {
        self.disk.arm(key, due)
    }

    fn last(&self, key: &ScopeKey) -> BoxFuture<'static, Result<Option<LogEntry>, LogError>> {
        self.disk.last(key)
    }

    fn range(
        &self,
        key: &ScopeKey,
        from: u64,
        count_max: usize,
    ) -> BoxFuture<'static, Result<Vec<LogEntry>, LogError>> {
        self.disk.range(key, from, count_max)
    }

    fn due(
        &self,
        after: Option<&DueEntry>,
        until: Millis,
        count_max: usize,
    ) -> BoxFuture<'static, Result<Vec<DueEntry>, LogError>> {
        let chance = self.chance.clone();
        let told = self.disk.due(after, until, count_max);
        async move {
            let entries = told.await?.into_iter();
            let doubled = entries.flat_map(|entry| {
                let again = chance.once_in(3).then(|| entry.clone());
                std::iter::once(entry).chain(again)
            });
            Ok(doubled.collect())
        }
        .boxed()
    }
}
