//! The port `Log`.

use futures::future::{self, BoxFuture, FutureExt};
use stepwell_ports::{Due, DueEntry, Log, LogEntry, LogError, Millis, ScopeKey};

use crate::options::RECORD_BYTES_MAX;
use crate::queue::Change;
use crate::store::EmbeddedStore;
use crate::{layout, reader};

impl Log for EmbeddedStore {
    fn append(&self, entry: LogEntry, due: Due) -> BoxFuture<'static, Result<(), LogError>> {
        match check(&entry) {
            Ok(()) => self.shared().queue.hand_over(Change::Append { entry, due }),
            Err(error) => future::ready(Err(error)).boxed(),
        }
    }

    fn arm(&self, key: ScopeKey, due: Due) -> BoxFuture<'static, Result<(), LogError>> {
        match layout::check(&key) {
            Ok(()) => self.shared().queue.hand_over(Change::Arm { key, due }),
            Err(error) => future::ready(Err(error)).boxed(),
        }
    }

    fn last(&self, key: &ScopeKey) -> BoxFuture<'static, Result<Option<LogEntry>, LogError>> {
        let (shared, key) = (self.shared().clone(), key.clone());
        let read = move || {
            layout::check(&key)?;
            reader::read(&shared, "reading the last record", |transaction| {
                reader::last(transaction, &key)
            })
        };
        future::lazy(move |_| read()).boxed()
    }

    fn range(
        &self,
        key: &ScopeKey,
        from: u64,
        count_max: usize,
    ) -> BoxFuture<'static, Result<Vec<LogEntry>, LogError>> {
        let (shared, key) = (self.shared().clone(), key.clone());
        let read = move || {
            layout::check(&key)?;
            reader::read(&shared, "reading records", |transaction| {
                reader::range(transaction, &key, from, count_max)
            })
        };
        future::lazy(move |_| read()).boxed()
    }

    fn due(
        &self,
        after: Option<&DueEntry>,
        until: Millis,
        count_max: usize,
    ) -> BoxFuture<'static, Result<Vec<DueEntry>, LogError>> {
        let (shared, after) = (self.shared().clone(), after.cloned());
        let read = move || {
            reader::read(&shared, "reading the due-time index", |transaction| {
                reader::due(transaction, after.as_ref(), until, count_max)
            })
        };
        future::lazy(move |_| read()).boxed()
    }
}

fn check(entry: &LogEntry) -> Result<(), LogError> {
    let (bytes, bytes_max) = (entry.body.len(), RECORD_BYTES_MAX);
    if bytes > bytes_max {
        return Err(LogError::TooLarge {
            what: "the record",
            bytes,
            bytes_max,
        });
    }
    layout::check(&entry.key)
}
