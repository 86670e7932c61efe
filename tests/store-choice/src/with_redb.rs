//! redb: a copy-on-write B-tree in one file, one sync per commit.

use std::path::Path;
use std::sync::Arc;

use redb::{Database, ReadableDatabase, ReadableTable, Table, TableDefinition};

use crate::heads::{Head, Heads};
use crate::operation::{Append, CACHE_BYTES, Candidate, Failure, Reader, due_key, record_key, scope_key};

/// A scope's records, and under its bare key its due time: both lie in one leaf.
const LOG: TableDefinition<&[u8], &[u8]> = TableDefinition::new("log");
const DUE: TableDefinition<&[u8], ()> = TableDefinition::new("due");

/// The one file.
pub struct Redb {
    database: Arc<Database>,
    heads: Heads,
    quick_repair: bool,
}

impl Redb {
    /// Opens or creates it. With `quick_repair`, each commit saves what makes a reopening after a crash fast.
    pub fn open(dir: &Path, quick_repair: bool) -> Result<Self, Failure> {
        let database = Database::builder()
            .set_cache_size(CACHE_BYTES)
            .create(dir.join("store.redb"))?;
        let begun = database.begin_write()?;
        begun.open_table(LOG)?;
        begun.open_table(DUE)?;
        begun.commit()?;
        Ok(Self {
            database: Arc::new(database),
            heads: Heads::default(),
            quick_repair,
        })
    }
}

type Log<'txn> = Table<'txn, &'static [u8], &'static [u8]>;

fn read_head(log: &Log<'_>, scope: &[u8], execution: &str) -> Result<Head, Failure> {
    let due_ms = log.get(scope)?.map(|due| big_endian(due.value()));
    let end = record_key(execution, u64::MAX);
    let first = record_key(execution, 0);
    let last = log.range(first.as_slice()..=end.as_slice())?.next_back().transpose()?;
    Ok(Head {
        last: last.map_or(0, |(key, _)| big_endian(key.value())),
        due_ms,
    })
}

fn big_endian(bytes: &[u8]) -> u64 {
    u64::from_be_bytes(bytes.last_chunk::<8>().copied().unwrap_or_default())
}

impl Candidate for Redb {
    fn commit(&mut self, group: &[Append]) -> Result<Vec<bool>, Failure> {
        let mut begun = self.database.begin_write()?;
        begun.set_quick_repair(self.quick_repair);
        let mut written = Vec::with_capacity(group.len());
        {
            let (mut log, mut due) = (begun.open_table(LOG)?, begun.open_table(DUE)?);
            for append in group {
                let scope = scope_key(&append.execution);
                let head = self.heads.head(&scope, || read_head(&log, &scope, &append.execution))?;
                if append.revision != head.last + 1 {
                    written.push(false);
                    continue;
                }
                log.insert(
                    record_key(&append.execution, append.revision).as_slice(),
                    append.body.as_slice(),
                )?;
                log.insert(scope.as_slice(), append.due_ms.to_be_bytes().as_slice())?;
                if let Some(before) = head.due_ms {
                    due.remove(due_key(before, &append.execution).as_slice())?;
                }
                due.insert(due_key(append.due_ms, &append.execution).as_slice(), ())?;
                self.heads.remember(
                    scope,
                    Head {
                        last: append.revision,
                        due_ms: Some(append.due_ms),
                    },
                );
                written.push(true);
            }
        }
        begun.commit()?;
        Ok(written)
    }

    fn reader(&self) -> Result<Box<dyn Reader>, Failure> {
        Ok(Box::new(RedbReader(self.database.clone())))
    }
}

struct RedbReader(Arc<Database>);

impl Reader for RedbReader {
    fn last(&mut self, execution: &str) -> Result<Option<u64>, Failure> {
        let log = self.0.begin_read()?.open_table(LOG)?;
        let (first, end) = (record_key(execution, 0), record_key(execution, u64::MAX));
        let Some(found) = log.range(first.as_slice()..=end.as_slice())?.next_back() else {
            return Ok(None);
        };
        let (key, body) = found?;
        std::hint::black_box(body.value().to_vec());
        Ok(Some(big_endian(key.value())))
    }

    fn due(&mut self, until_ms: u64, count_max: usize) -> Result<usize, Failure> {
        let due = self.0.begin_read()?.open_table(DUE)?;
        let end = (until_ms + 1).to_be_bytes();
        Ok(due.range(..end.as_slice())?.take(count_max).count())
    }
}
