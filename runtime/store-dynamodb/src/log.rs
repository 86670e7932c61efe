//! The port `Log`.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::{self, BoxFuture, FutureExt};
use stepwell_ports::{Due, DueEntry, Log, LogEntry, LogError, Millis, ScopeKey};

use crate::body::{self, Place};
use crate::error::unreadable;
use crate::item::{self, ITEM_BYTES_MAX, Item, Stored};
use crate::overflow;
use crate::store::{DynamoStore, Order, Put, Span, Table};

/// The most that a record's body may take.
pub const RECORD_BYTES_MAX: usize = 16 << 20;

const APPENDING: &str = "appending a record";
const READING_LAST: &str = "reading the last record";
const READING: &str = "reading records";
const RENEWING: &str = "renewing records";

/// Records of a log that are renewed at once.
const RENEWED_AT_ONCE: usize = 16;

impl Log for DynamoStore {
    fn append(&self, entry: LogEntry, _due: Due) -> BoxFuture<'static, Result<(), LogError>> {
        let table = self.table.clone();
        async move { append(&table, entry).await }.boxed()
    }

    fn arm(&self, key: ScopeKey, _due: Due) -> BoxFuture<'static, Result<(), LogError>> {
        future::ready(item::check(&key)).boxed()
    }

    fn last(&self, key: &ScopeKey) -> BoxFuture<'static, Result<Option<LogEntry>, LogError>> {
        let (table, key) = (self.table.clone(), key.clone());
        async move { last(&table, key).await }.boxed()
    }

    fn range(
        &self,
        key: &ScopeKey,
        from: u64,
        count_max: usize,
    ) -> BoxFuture<'static, Result<Vec<LogEntry>, LogError>> {
        let (table, key) = (self.table.clone(), key.clone());
        async move { range(&table, &key, from, count_max).await }.boxed()
    }

    fn renew(&self, key: &ScopeKey) -> BoxFuture<'static, Result<(), LogError>> {
        let (table, key) = (self.table.clone(), key.clone());
        async move { renew(&table, &key).await }.boxed()
    }

    fn due(
        &self,
        _after: Option<&DueEntry>,
        _until: Millis,
        _count_max: usize,
    ) -> BoxFuture<'static, Result<Vec<DueEntry>, LogError>> {
        future::ready(Ok(Vec::new())).boxed()
    }
}

async fn append(table: &Arc<Table>, entry: LogEntry) -> Result<(), LogError> {
    item::check(&entry.key)?;
    item::within("the record", entry.body.len(), RECORD_BYTES_MAX)?;
    let taken = || LogError::Taken {
        scope: entry.key.scope.clone(),
        revision: entry.revision,
    };
    if entry.revision == 0 {
        return Err(taken());
    }
    let expires = expires(&entry.key).then(|| table.expires());
    let stored = body::encode(&entry.body);
    let (partition, sort) = (item::scope(&entry.key), item::record(entry.revision));
    let mut item = Item::new(partition, sort, stored.clone(), expires);
    if item.bytes() > ITEM_BYTES_MAX {
        item = moved(table, item, stored).await?;
    }
    match table.put_new(APPENDING, item).await? {
        Put::Written => Ok(()),
        Put::Taken => Err(taken()),
    }
}

/// Whether a log is kept for a time only: those of executions are, those of flows are not. No flow is named with a tilde.
fn expires(key: &ScopeKey) -> bool {
    !key.execution.starts_with('~')
}

/// The item with its body in an object, which is there before the item is.
async fn moved(table: &Table, item: Item, stored: Vec<u8>) -> Result<Item, LogError> {
    let Some(objects) = &table.options.objects else {
        let bytes = item.bytes();
        return Err(LogError::TooLarge {
            what: "the record's item",
            bytes,
            bytes_max: ITEM_BYTES_MAX,
        });
    };
    let sha = overflow::put(objects.as_ref(), APPENDING, stored).await?;
    Ok(item.with_body(body::in_an_object(&sha)))
}

async fn last(table: &Table, key: ScopeKey) -> Result<Option<LogEntry>, LogError> {
    item::check(&key)?;
    let span = Span {
        partition: item::scope(&key),
        from: Vec::new(),
        order: Order::Descending,
        count_max: 1,
    };
    let page = table.page(READING_LAST, span).await?;
    match page.items.into_iter().next() {
        Some(stored) => Ok(Some(entry(table, READING_LAST, &key, &stored).await?)),
        None => Ok(None),
    }
}

async fn range(table: &Table, key: &ScopeKey, from: u64, count_max: usize) -> Result<Vec<LogEntry>, LogError> {
    item::check(key)?;
    let mut entries: Vec<LogEntry> = Vec::new();
    let mut next = Some(from);
    while let Some(from) = next.filter(|_| entries.len() < count_max) {
        let span = Span {
            partition: item::scope(key),
            from: item::record(from),
            order: Order::Ascending,
            count_max: count_max - entries.len(),
        };
        let page = table.page(READING, span).await?;
        for stored in &page.items {
            entries.push(entry(table, READING, key, stored).await?);
        }
        let after = entries.last().and_then(|last| last.revision.checked_add(1));
        next = after.filter(|_| !page.is_last);
    }
    Ok(entries)
}

async fn renew(table: &Arc<Table>, key: &ScopeKey) -> Result<(), LogError> {
    item::check(key)?;
    let mut next = Some(1).filter(|_| expires(key));
    while let Some(from) = next {
        let span = Span {
            partition: item::scope(key),
            from: item::record(from),
            order: Order::Ascending,
            count_max: RENEWED_AT_ONCE,
        };
        let page = table.page(RENEWING, span).await?;
        let old = page.items.iter().filter(|stored| table.is_old(stored));
        let renewed = old.map(|stored| table.renew(RENEWING, item::scope(key), stored));
        future::try_join_all(renewed).await?;
        let last = page.items.last().map(Stored::revision).transpose();
        let last = last.map_err(unreadable(RENEWING))?;
        next = last.and_then(|last| last.checked_add(1)).filter(|_| !page.is_last);
    }
    Ok(())
}

async fn entry(table: &Table, during: &'static str, key: &ScopeKey, stored: &Stored) -> Result<LogEntry, LogError> {
    Ok(LogEntry {
        key: key.clone(),
        revision: stored.revision().map_err(unreadable(during))?,
        body: content(table, during, stored).await?,
    })
}

async fn content(table: &Table, during: &'static str, stored: &Stored) -> Result<Bytes, LogError> {
    let place = body::decode(&stored.body, RECORD_BYTES_MAX).map_err(unreadable(during))?;
    match (place, &table.options.objects) {
        (Place::Here(body), _) => Ok(body),
        (Place::Object(sha), Some(objects)) => overflow::get(objects.as_ref(), during, &sha).await,
        (Place::Object(_), None) => Err(unreadable(during)(body::Unreadable::Gone)),
        (Place::Chunks(..), _) => Err(unreadable(during)(body::Unreadable::Misplaced)),
    }
}
