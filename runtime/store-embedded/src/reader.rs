//! Reads, each in a transaction of its own and in the caller's thread.

use std::ops::Bound;

use bytes::Bytes;
use redb::{ReadTransaction, ReadableDatabase};
use stepwell_ports::{DueEntry, ExecutionRow, LogEntry, LogError, Millis, ScopeKey};

use crate::error::{Failure, catching};
use crate::layout::{self, BLOBS, DUE, EXECUTIONS, LOG};
use crate::store::Shared;

/// Runs `work` on what is committed now.
pub(crate) fn read<T>(
    shared: &Shared,
    during: &'static str,
    work: impl FnOnce(&ReadTransaction) -> Result<T, Failure>,
) -> Result<T, LogError> {
    let opened = shared.opened().ok_or(LogError::Closed)?;
    catching(|| work(&opened.database.begin_read()?)).map_err(|failure| failure.during(during))
}

/// The scope's last record.
pub(crate) fn last(transaction: &ReadTransaction, key: &ScopeKey) -> Result<Option<LogEntry>, Failure> {
    let (first, end) = (layout::record_key(key, 0), layout::record_key(key, u64::MAX));
    let found = transaction
        .open_table(LOG)?
        .range(first.as_slice()..=end.as_slice())?
        .next_back()
        .transpose()?;
    found
        .map(|(name, body)| entry(key, name.value(), body.value()))
        .transpose()
}

/// Records from `from` on.
pub(crate) fn range(
    transaction: &ReadTransaction,
    key: &ScopeKey,
    from: u64,
    count_max: usize,
) -> Result<Vec<LogEntry>, Failure> {
    let (first, end) = (layout::record_key(key, from), layout::record_key(key, u64::MAX));
    let found = transaction.open_table(LOG)?.range(first.as_slice()..=end.as_slice())?;
    let entries = found.take(count_max).map(|found| {
        let (name, body) = found?;
        entry(key, name.value(), body.value())
    });
    entries.collect()
}

fn entry(key: &ScopeKey, name: &[u8], body: &[u8]) -> Result<LogEntry, Failure> {
    Ok(LogEntry {
        key: key.clone(),
        revision: layout::revision(name)?,
        body: Bytes::copy_from_slice(body),
    })
}

/// The due-time index behind `after`, up to `until`.
pub(crate) fn due(
    transaction: &ReadTransaction,
    after: Option<&DueEntry>,
    until: Millis,
    count_max: usize,
) -> Result<Vec<DueEntry>, Failure> {
    if after.is_some_and(|after| after.at > until) {
        return Ok(vec![]);
    }
    let first = after.map(|after| layout::due_key(after.at, &after.key));
    let first = first.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
    let table = transaction.open_table(DUE)?;
    let mut entries = vec![];
    for found in table.range::<&[u8]>((first, Bound::Unbounded))?.take(count_max) {
        let entry = layout::read_due(found?.0.value())?;
        if entry.at > until {
            break;
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// A blob.
pub(crate) fn blob(transaction: &ReadTransaction, name: &str) -> Result<Option<Bytes>, Failure> {
    let found = transaction.open_table(BLOBS)?.get(name)?;
    Ok(found.map(|body| Bytes::copy_from_slice(body.value())))
}

/// Rows of the index of executions behind `after`.
pub(crate) fn executions(
    transaction: &ReadTransaction,
    after: Option<&str>,
    count_max: usize,
) -> Result<Vec<ExecutionRow>, Failure> {
    let first = after.map_or(Bound::Unbounded, Bound::Excluded);
    let found = transaction
        .open_table(EXECUTIONS)?
        .range::<&str>((first, Bound::Unbounded))?;
    found
        .take(count_max)
        .map(|row| Ok(layout::read_row(row?.1.value())?))
        .collect()
}
