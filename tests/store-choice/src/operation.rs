//! The operation under measurement, and what a store has to do for it.

use std::path::Path;

/// A record to be appended if it is absent, with the scope's next due time.
#[derive(Clone, Debug)]
pub struct Append {
    /// Names the execution; the measured log has root scopes only.
    pub execution: String,
    /// 1, 2, 3 … without a gap.
    pub revision: u64,
    /// Replaces the scope's entry in the due-time index.
    pub due_ms: u64,
    /// The encoded record.
    pub body: Vec<u8>,
}

/// A failure of a store; the program has nothing better to do than to show it.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A store as the one writer sees it.
pub trait Candidate: Send {
    /// Makes the whole group durable in one commit; answers for each append whether it was written.
    fn commit(&mut self, group: &[Append]) -> Result<Vec<bool>, Failure>;

    /// A handle for readers.
    fn reader(&self) -> Result<Box<dyn Reader>, Failure>;
}

/// A store as a reader sees it.
pub trait Reader: Send {
    /// The scope's last revision.
    fn last(&mut self, execution: &str) -> Result<Option<u64>, Failure>;

    /// How many entries of the due-time index lie at or before `until_ms`, looking at no more than `count_max`.
    fn due(&mut self, until_ms: u64, count_max: usize) -> Result<usize, Failure>;
}

/// Opens a candidate in `dir`.
pub fn open(name: &str, dir: &Path) -> Result<Box<dyn Candidate>, Failure> {
    match name {
        "bare-file" => Ok(Box::new(crate::bare::BareFile::open(dir)?)),
        "fjall" => Ok(Box::new(crate::with_fjall::Fjall::open(dir)?)),
        "redb" => Ok(Box::new(crate::with_redb::Redb::open(dir, false)?)),
        "redb-quick" => Ok(Box::new(crate::with_redb::Redb::open(dir, true)?)),
        "sqlite" => Ok(Box::new(crate::with_sqlite::Sqlite::open(dir)?)),
        other => Err(format!("no store named `{other}`").into()),
    }
}

/// The candidates, floor first; `redb-quick` is redb with its quick repair.
pub const CANDIDATES: [&str; 5] = ["bare-file", "redb", "redb-quick", "fjall", "sqlite"];

/// The block cache that every candidate is given.
pub const CACHE_BYTES: usize = 4 << 20;

/// `execution NUL scope NUL`, the prefix of a scope's records.
pub fn scope_key(execution: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(execution.len() + 10);
    key.extend_from_slice(execution.as_bytes());
    key.extend_from_slice(&[0, 0]);
    key
}

/// The scope's key and the revision, big-endian: sorts by revision.
pub fn record_key(execution: &str, revision: u64) -> Vec<u8> {
    let mut key = scope_key(execution);
    key.extend_from_slice(&revision.to_be_bytes());
    key
}

/// The time, big-endian, and the scope's key: sorts by time.
pub fn due_key(due_ms: u64, execution: &str) -> Vec<u8> {
    let mut key = due_ms.to_be_bytes().to_vec();
    key.extend_from_slice(&scope_key(execution));
    key
}
