//! SQLite: a B-tree with a write-ahead log, one sync of that log per commit.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};

use crate::operation::{Append, CACHE_BYTES, Candidate, Failure, Reader};

/// The writer's connection.
pub struct Sqlite {
    connection: Connection,
    path: PathBuf,
}

impl Sqlite {
    /// Opens or creates it.
    pub fn open(dir: &Path) -> Result<Self, Failure> {
        let path = dir.join("store.sqlite");
        let connection = connect(&path)?;
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS records(execution TEXT, revision INTEGER, body BLOB,
                PRIMARY KEY(execution, revision)) WITHOUT ROWID;
             CREATE TABLE IF NOT EXISTS armed(execution TEXT PRIMARY KEY, due_ms INTEGER) WITHOUT ROWID;
             CREATE INDEX IF NOT EXISTS due ON armed(due_ms, execution);",
        )?;
        Ok(Self { connection, path })
    }
}

fn connect(path: &Path) -> Result<Connection, Failure> {
    let connection = Connection::open(path)?;
    // Records of 1 KB stay inside a page of 8 KB in a table without row ids.
    connection.pragma_update(None, "page_size", 8192)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -i64::try_from(CACHE_BYTES / 1024)?)?;
    connection.set_prepared_statement_cache_capacity(16);
    Ok(connection)
}

impl Candidate for Sqlite {
    fn commit(&mut self, group: &[Append]) -> Result<Vec<bool>, Failure> {
        let begun = self.connection.transaction()?;
        let mut written = Vec::with_capacity(group.len());
        {
            let mut append_record = begun.prepare_cached(
                "INSERT INTO records SELECT ?1, ?2, ?3 WHERE ?2 = 1
                    OR EXISTS (SELECT 1 FROM records WHERE execution = ?1 AND revision = ?2 - 1)
                 ON CONFLICT DO NOTHING",
            )?;
            let mut arm = begun.prepare_cached(
                "INSERT INTO armed VALUES (?1, ?2) ON CONFLICT (execution) DO UPDATE SET due_ms = excluded.due_ms",
            )?;
            for append in group {
                let (revision, due_ms) = (i64::try_from(append.revision)?, i64::try_from(append.due_ms)?);
                let changed = append_record.execute(params![append.execution, revision, append.body])? == 1;
                if changed {
                    arm.execute(params![append.execution, due_ms])?;
                }
                written.push(changed);
            }
        }
        begun.commit()?;
        Ok(written)
    }

    fn reader(&self) -> Result<Box<dyn Reader>, Failure> {
        Ok(Box::new(SqliteReader(connect(&self.path)?)))
    }
}

struct SqliteReader(Connection);

impl Reader for SqliteReader {
    fn last(&mut self, execution: &str) -> Result<Option<u64>, Failure> {
        let mut read = self
            .0
            .prepare_cached("SELECT revision, body FROM records WHERE execution = ?1 ORDER BY revision DESC LIMIT 1")?;
        let found = read
            .query_row([execution], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))
            })
            .optional()?;
        Ok(found.map(|(revision, body)| {
            std::hint::black_box(body);
            revision.unsigned_abs()
        }))
    }

    fn due(&mut self, until_ms: u64, count_max: usize) -> Result<usize, Failure> {
        let mut read = self
            .0
            .prepare_cached("SELECT execution FROM armed WHERE due_ms <= ?1 ORDER BY due_ms LIMIT ?2")?;
        let mut rows = read.query(params![i64::try_from(until_ms)?, i64::try_from(count_max)?])?;
        let mut count = 0;
        while rows.next()?.is_some() {
            count += 1;
        }
        Ok(count)
    }
}
