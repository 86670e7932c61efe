//! Records: what one commit writes, and their stored form.
//!
//! Shape: one format byte, then JSON. Every older format is still read; an unknown one is an error that says so, never a
//! failed execution, because two versions may live at once during a deployment.

use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use stepwell_expression::Value;

use crate::{Drive, Entry, Millis, Pins, Revision, Snapshot};

/// One entry of a scope's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Its number.
    pub revision: Revision,
    /// Its causal time: at least the clock, and later than everything it folds in.
    pub stamp: Millis,
    /// Who wrote it, and drives what it owes.
    pub writer: Arc<str>,
    /// Who else may carry out what it owes, and from when on; where one process drives, nobody while it lives.
    #[serde(default, skip_serializing_if = "is_default")]
    pub drive: Drive,
    /// What the execution was started with; in the root's first record only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pins: Option<Pins>,
    /// What happened.
    pub entries: Vec<Entry>,
    /// Values born in this record, by slot.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Value>,
    /// What it led to.
    pub snapshot: Snapshot,
}

fn is_default(drive: &Drive) -> bool {
    *drive == Drive::default()
}

/// The format that is written.
const FORMAT: u8 = 1;

/// Why a stored record could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It has no bytes at all.
    #[error("a stored record is empty")]
    Empty,
    /// Another version wrote it.
    #[error("a stored record has format {found}; this version reads formats up to {FORMAT}")]
    Format {
        /// Its format byte.
        found: u8,
    },
    /// It is damaged.
    #[error("a stored record could not be read")]
    Damaged(#[from] serde_json::Error),
}

/// Encodes a record.
///
/// # Errors
///
/// [`RecordError::Damaged`] where a value cannot be written as JSON, which a sealed record's always can.
pub fn encode(record: &Record) -> Result<Vec<u8>, RecordError> {
    let mut bytes = Vec::with_capacity(1024);
    bytes.push(FORMAT);
    bytes.append(&mut serde_json::to_vec(record)?);
    Ok(bytes)
}

/// Decodes a record of this or any earlier format.
///
/// # Errors
///
/// [`RecordError`] where it is damaged or of a later format.
pub fn decode(bytes: &[u8]) -> Result<Record, RecordError> {
    match bytes.split_first() {
        None => Err(RecordError::Empty),
        Some((&FORMAT, json)) => Ok(serde_json::from_slice(json)?),
        Some((&found, _)) => Err(RecordError::Format { found }),
    }
}
