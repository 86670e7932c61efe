//! fjall: a log-structured merge tree over one shared journal, one sync of the journal per commit.

use std::path::Path;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use crate::heads::{Head, Heads};
use crate::operation::{Append, CACHE_BYTES, Candidate, Failure, Reader, due_key, record_key, scope_key};

/// The database and its trees; a scope's due time stands under its bare key before its records.
pub struct Fjall {
    database: Database,
    log: Keyspace,
    due: Keyspace,
    heads: Heads,
}

impl Fjall {
    /// Opens or creates it.
    pub fn open(dir: &Path) -> Result<Self, Failure> {
        let path = dir.join("fjall");
        let database = Database::builder(path)
            .cache_size(CACHE_BYTES as u64)
            .worker_threads(1)
            .open()?;
        let options = |memtable_bytes| move || KeyspaceCreateOptions::default().max_memtable_size(memtable_bytes);
        Ok(Self {
            log: database.keyspace("log", options(2 << 20))?,
            due: database.keyspace("due", options(1 << 19))?,
            database,
            heads: Heads::default(),
        })
    }
}

fn read_head(log: &Keyspace, scope: &[u8], execution: &str) -> Result<Head, Failure> {
    let due_ms = log.get(scope)?.map(|due| big_endian(&due));
    let last = log
        .range(record_key(execution, 0)..=record_key(execution, u64::MAX))
        .next_back();
    let last = last.map(fjall::Guard::key).transpose()?;
    Ok(Head {
        last: last.map_or(0, |key| big_endian(&key)),
        due_ms,
    })
}

fn big_endian(bytes: &[u8]) -> u64 {
    u64::from_be_bytes(bytes.last_chunk::<8>().copied().unwrap_or_default())
}

impl Candidate for Fjall {
    fn commit(&mut self, group: &[Append]) -> Result<Vec<bool>, Failure> {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncData));
        let mut written = Vec::with_capacity(group.len());
        for append in group {
            let scope = scope_key(&append.execution);
            let head = self
                .heads
                .head(&scope, || read_head(&self.log, &scope, &append.execution))?;
            if append.revision != head.last + 1 {
                written.push(false);
                continue;
            }
            batch.insert(
                &self.log,
                record_key(&append.execution, append.revision),
                append.body.as_slice(),
            );
            batch.insert(&self.log, scope.as_slice(), append.due_ms.to_be_bytes().as_slice());
            if let Some(before) = head.due_ms {
                batch.remove(&self.due, due_key(before, &append.execution));
            }
            batch.insert(&self.due, due_key(append.due_ms, &append.execution), b"".as_slice());
            // A batch cannot be read before its commit; the measured load has no scope twice in a group.
            self.heads.remember(
                scope,
                Head {
                    last: append.revision,
                    due_ms: Some(append.due_ms),
                },
            );
            written.push(true);
        }
        batch.commit()?;
        Ok(written)
    }

    fn reader(&self) -> Result<Box<dyn Reader>, Failure> {
        Ok(Box::new(FjallReader {
            log: self.log.clone(),
            due: self.due.clone(),
        }))
    }
}

struct FjallReader {
    log: Keyspace,
    due: Keyspace,
}

impl Reader for FjallReader {
    fn last(&mut self, execution: &str) -> Result<Option<u64>, Failure> {
        let range = self
            .log
            .range(record_key(execution, 0)..=record_key(execution, u64::MAX))
            .next_back();
        let Some(found) = range else { return Ok(None) };
        let (key, body) = found.into_inner()?;
        std::hint::black_box(body.to_vec());
        Ok(Some(big_endian(&key)))
    }

    fn due(&mut self, until_ms: u64, count_max: usize) -> Result<usize, Failure> {
        Ok(self
            .due
            .range(..(until_ms + 1).to_be_bytes().to_vec())
            .take(count_max)
            .count())
    }
}
