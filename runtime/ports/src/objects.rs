//! Objects by bucket and key: what is too large for a payload.

use bytes::Bytes;
use futures::future::BoxFuture;

/// What is known of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectStat {
    /// The key in its bucket.
    pub key: String,
    /// The size in bytes.
    pub bytes: u64,
}

/// Why an object could not be had.
#[derive(Debug, thiserror::Error)]
pub enum ObjectsError {
    /// No such object.
    #[error("no object `obj://{bucket}/{key}`")]
    NotFound {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
    },
    /// A bucket or key that no store accepts.
    #[error("`{name}` cannot name {what}: {why}")]
    BadName {
        /// A bucket or an object.
        what: &'static str,
        /// The name.
        name: String,
        /// The rule that it breaks.
        why: &'static str,
    },
    /// The store failed.
    #[error("the object store failed while {during}")]
    Store {
        /// What was being done.
        during: &'static str,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Objects by bucket and key.
///
/// Promise: an object is there whole or not at all; a write in parts becomes visible when it is finished, and replaces
/// what stood under that key.
pub trait Objects: Send + Sync {
    /// Reads up to `bytes_max` bytes from `offset` on; empty at or behind the end.
    fn read(
        &self,
        bucket: &str,
        key: &str,
        offset: u64,
        bytes_max: usize,
    ) -> BoxFuture<'static, Result<Bytes, ObjectsError>>;

    /// Begins to write an object; nothing is visible before [`ObjectWriter::finish`].
    fn create(&self, bucket: &str, key: &str) -> BoxFuture<'static, Result<Box<dyn ObjectWriter>, ObjectsError>>;

    /// What is known of one object.
    fn stat(&self, bucket: &str, key: &str) -> BoxFuture<'static, Result<ObjectStat, ObjectsError>>;

    /// Objects whose key starts with `prefix`, by key, strictly after `after`, at most `count_max`.
    fn list(
        &self,
        bucket: &str,
        prefix: &str,
        after: Option<&str>,
        count_max: usize,
    ) -> BoxFuture<'static, Result<Vec<ObjectStat>, ObjectsError>>;
}

/// An object in the making; dropped unfinished, it leaves nothing behind.
pub trait ObjectWriter: Send {
    /// Appends a chunk.
    fn write(&mut self, chunk: Bytes) -> BoxFuture<'_, Result<(), ObjectsError>>;

    /// Makes the object visible under its key.
    fn finish(self: Box<Self>) -> BoxFuture<'static, Result<ObjectStat, ObjectsError>>;
}
