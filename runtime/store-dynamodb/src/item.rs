//! Items: their keys, their attributes, and what DynamoDB counts for them.
//!
//! **Invariant:** every key of the table is made here.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use sha2::{Digest, Sha256};
use stepwell_ports::{LogError, ScopeKey};

use crate::body::{Sha, Unreadable};

/// The partition key.
pub(crate) const PARTITION: &str = "p";
/// The sort key.
pub(crate) const SORT: &str = "s";
/// The body.
pub(crate) const BODY: &str = "b";
/// When the item expires, in seconds since the Unix epoch.
pub(crate) const EXPIRES: &str = "x";

/// The most that an item may take. Source: DynamoDB's quotas, "Maximum item size".
pub(crate) const ITEM_BYTES_MAX: usize = 400 << 10;

/// What one write unit writes. Source: DynamoDB's developer guide, "Write consumption".
const WRITE_UNIT_BYTES: usize = 1 << 10;

/// What one read unit reads with strong consistency. Source: DynamoDB's developer guide, "Read consumption".
const READ_UNIT_BYTES: usize = 4 << 10;

/// The index of executions is spread over so many partitions.
pub(crate) const BUCKETS: u8 = 16;

/// What an execution's name may take in the index; a sort key takes 1,024 bytes.
pub(crate) const INDEX_NAME_BYTES_MAX: usize = 1000;

/// Stands between a name and the kind of its row; sorts before everything that a name may hold.
pub(crate) const NUL: u8 = 0;

/// The attributes of an item, by name.
pub(crate) type Attributes = HashMap<String, AttributeValue>;

/// An item that is to be written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item(Attributes);

impl Item {
    pub(crate) fn new(partition: Vec<u8>, sort: Vec<u8>, body: Vec<u8>, expires: Option<u64>) -> Self {
        let mut attributes = Attributes::from([
            (PARTITION.to_owned(), binary(partition)),
            (SORT.to_owned(), binary(sort)),
            (BODY.to_owned(), binary(body)),
        ]);
        if let Some(expires) = expires {
            attributes.insert(EXPIRES.to_owned(), AttributeValue::N(expires.to_string()));
        }
        Self(attributes)
    }

    /// What DynamoDB counts for it.
    pub(crate) fn bytes(&self) -> usize {
        bytes(&self.0)
    }

    /// With another body.
    pub(crate) fn with_body(mut self, body: Vec<u8>) -> Self {
        self.0.insert(BODY.to_owned(), binary(body));
        self
    }

    pub(crate) fn into_attributes(self) -> Attributes {
        self.0
    }
}

/// An item as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) sort: Vec<u8>,
    pub(crate) body: Vec<u8>,
    /// When it expires, if it does.
    pub(crate) expires: Option<u64>,
}

impl Stored {
    pub(crate) fn read(mut attributes: Attributes) -> Result<Self, Unreadable> {
        let expires = attributes
            .get(EXPIRES)
            .and_then(|expires| expires.as_n().ok()?.parse().ok());
        let mut take = |name| match attributes.remove(name) {
            Some(AttributeValue::B(blob)) => Ok(blob.into_inner()),
            Some(_) | None => Err(Unreadable::Attribute(name)),
        };
        Ok(Self {
            sort: take(SORT)?,
            body: take(BODY)?,
            expires,
        })
    }

    /// What DynamoDB counts for it, if it expires.
    pub(crate) fn bytes(&self) -> usize {
        let partition = PARTITION.len() + SCOPE_BYTES;
        let expires = self
            .expires
            .map_or(0, |expires| EXPIRES.len() + number_bytes(&expires.to_string()));
        partition + SORT.len() + self.sort.len() + BODY.len() + self.body.len() + expires
    }

    /// The number in the sort key of a record.
    pub(crate) fn revision(&self) -> Result<u64, Unreadable> {
        let number = self.sort.as_slice().try_into().map_err(|_| Unreadable::Sort)?;
        Ok(u64::from_be_bytes(number))
    }
}

/// What DynamoDB counts for an item of ours: names and values. Source: the developer guide, "Item sizes and formats".
pub(crate) fn bytes(attributes: &Attributes) -> usize {
    let value_bytes = |value: &AttributeValue| {
        let binary = value.as_b().map_or(0, |blob| blob.as_ref().len());
        binary + value.as_n().map_or(0, |number| number_bytes(number))
    };
    let attributes = attributes.iter();
    attributes.map(|(name, value)| name.len() + value_bytes(value)).sum()
}

pub(crate) fn binary(bytes: Vec<u8>) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

/// One byte for every two digits that count, and one.
fn number_bytes(number: &str) -> usize {
    number.trim_end_matches('0').len().div_ceil(2) + 1
}

/// The write units that an item of so many bytes costs.
pub(crate) fn write_units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(WRITE_UNIT_BYTES).max(1)).unwrap_or(u32::MAX)
}

/// The read units that reading so many bytes costs, with strong consistency.
pub(crate) fn read_units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(READ_UNIT_BYTES).max(1)).unwrap_or(u32::MAX)
}

/// What the partition of a scope takes: a kind, and a hash.
const SCOPE_BYTES: usize = 17;

/// The partition of a scope.
pub(crate) fn scope(key: &ScopeKey) -> Vec<u8> {
    named(b'r', &[key.execution.as_bytes(), key.scope.as_bytes()])
}

/// The sort key of a record.
pub(crate) fn record(revision: u64) -> Vec<u8> {
    revision.to_be_bytes().into()
}

/// The partition of a blob.
pub(crate) fn blob(name: &str) -> Vec<u8> {
    named(b'b', &[name.as_bytes()])
}

/// The sort key of a blob's only item.
pub(crate) fn whole() -> Vec<u8> {
    vec![0]
}

/// The partition of content that is kept in chunks.
pub(crate) fn chunks(sha: &Sha) -> Vec<u8> {
    named(b'c', &[sha])
}

/// The sort key of a chunk.
pub(crate) fn chunk(number: u16) -> Vec<u8> {
    number.to_be_bytes().into()
}

/// A partition of the index of executions.
pub(crate) fn bucket(number: u8) -> Vec<u8> {
    vec![b'i', number]
}

/// The partition of the index of executions in which an execution stands.
pub(crate) fn bucket_of(execution: &str) -> Vec<u8> {
    let named = named(b'i', &[execution.as_bytes()]);
    bucket(named.last().map_or(0, |byte| byte % BUCKETS))
}

/// A kind, and 128 bits of a hash of the names. Each name's length goes into the hash, so no two lists of names look alike.
fn named(kind: u8, names: &[&[u8]]) -> Vec<u8> {
    let mut hash = Sha256::new();
    for name in names {
        hash.update((name.len() as u64).to_be_bytes());
        hash.update(name);
    }
    let hash: Sha = hash.finalize().into();
    let mut partition = vec![kind];
    partition.extend(hash.iter().take(16));
    partition
}

/// Refuses names that no store accepts.
pub(crate) fn check(key: &ScopeKey) -> Result<(), LogError> {
    within(
        "the scope's key",
        key.execution.len() + key.scope.len(),
        ScopeKey::BYTES_MAX,
    )
}

/// Refuses what is over a limit.
pub(crate) fn within(what: &'static str, bytes: usize, bytes_max: usize) -> Result<(), LogError> {
    match bytes > bytes_max {
        true => Err(LogError::TooLarge { what, bytes, bytes_max }),
        false => Ok(()),
    }
}
