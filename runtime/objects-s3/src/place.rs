//! Where an object is: its key in the real bucket.
//!
//! **Invariant:** two objects never have one key: a bucket's name has no slash, and one follows it.

use stepwell_ports::{BUCKET_BYTES_MAX, ObjectsError, check_bucket};

/// The most that a prefix may take.
pub const PREFIX_BYTES_MAX: usize = 128;

/// What a key of S3 takes at most.
const REAL_KEY_BYTES_MAX: usize = 1024;

/// The most that a key may take; the same in every bucket.
pub const KEY_BYTES_MAX: usize = REAL_KEY_BYTES_MAX - PREFIX_BYTES_MAX - BUCKET_BYTES_MAX - 1;

/// An object's names: ours, and its key in the real bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) real_key: String,
}

impl Place {
    pub(crate) fn new(prefix: &str, bucket: &str, key: &str) -> Result<Self, ObjectsError> {
        let real_key = beginning(prefix, bucket)? + key;
        if key.is_empty() {
            return Err(ObjectsError::bad_key(key, "it is empty"));
        }
        if key.len() > KEY_BYTES_MAX {
            return Err(ObjectsError::bad_key(key, "it is longer than 832 bytes"));
        }
        if climbs(&real_key) {
            return Err(ObjectsError::bad_key(key, "its `..` climb above its bucket"));
        }
        Ok(Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            real_key,
        })
    }

    pub(crate) fn not_found(&self) -> ObjectsError {
        ObjectsError::NotFound {
            bucket: self.bucket.clone(),
            key: self.key.clone(),
        }
    }
}

/// What all keys of a bucket begin with.
pub(crate) fn beginning(prefix: &str, bucket: &str) -> Result<String, ObjectsError> {
    check_bucket(bucket)?;
    Ok(format!("{prefix}{bucket}/"))
}

/// Refuses a prefix that leaves no room for keys.
pub(crate) fn check_prefix(prefix: &str) -> Result<(), ObjectsError> {
    let bad = |why| ObjectsError::BadName {
        what: "a prefix",
        name: prefix.chars().take(PREFIX_BYTES_MAX).collect(),
        why,
    };
    if prefix.len() > PREFIX_BYTES_MAX {
        return Err(bad("it is longer than 128 bytes"));
    }
    if prefix.starts_with('/') || prefix.split('/').any(|element| element == "..") {
        return Err(bad("it begins with a slash or climbs"));
    }
    Ok(())
}

/// Whether, from left to right, more elements go up than went down; S3 refuses such a key.
fn climbs(real_key: &str) -> bool {
    let mut down = 0_u32;
    for element in real_key.split('/') {
        down = match element {
            ".." if down == 0 => return true,
            ".." => down - 1,
            "" | "." => down,
            _ => down + 1,
        };
    }
    false
}
