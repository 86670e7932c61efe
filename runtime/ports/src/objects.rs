//! Objects by bucket and key: what is too large for a payload.

use bytes::Bytes;
use futures::future::BoxFuture;

/// The most that the name of a bucket may take.
pub const BUCKET_BYTES_MAX: usize = 63;

/// How much of a name that was refused is shown.
const NAME_SHOWN_CHARS_MAX: usize = 80;

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

/// Refuses what cannot name a bucket: it has 1 to 63 lower-case letters, digits, `-`, `_` and `.`, the first a letter or a
/// digit.
///
/// # Errors
///
/// [`ObjectsError::BadName`].
pub fn check_bucket(bucket: &str) -> Result<(), ObjectsError> {
    let bad = |why| ObjectsError::BadName {
        what: "a bucket",
        name: beginning(bucket),
        why,
    };
    if bucket.is_empty() || bucket.len() > BUCKET_BYTES_MAX {
        return Err(bad("it must have 1 to 63 characters"));
    }
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    if !bucket.bytes().all(allowed) {
        return Err(bad("only lower-case letters, digits, `-`, `_` and `.` are allowed"));
    }
    if !bucket.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return Err(bad("it must begin with a letter or a digit"));
    }
    Ok(())
}

impl ObjectsError {
    /// A key that no object can have, and the rule that it breaks.
    #[must_use]
    pub fn bad_key(key: &str, why: &'static str) -> Self {
        Self::BadName {
            what: "an object",
            name: beginning(key),
            why,
        }
    }
}

/// As much of a name as a message shows.
fn beginning(name: &str) -> String {
    name.chars().take(NAME_SHOWN_CHARS_MAX).collect()
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
