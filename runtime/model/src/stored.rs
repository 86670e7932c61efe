//! The stored form of a flow: versioned, and named by its digest.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Flow;

/// The version that is written; every older one is still read.
const FORMAT: u32 = 1;

/// A flow as it is stored.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored<F> {
    format: u32,
    flow: F,
}

/// Why a stored flow could not be read.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    /// It is no stored flow, or a damaged one.
    #[error("a stored flow could not be read")]
    Damaged(#[from] serde_json::Error),
    /// It was written by a later version.
    #[error("a stored flow has format {found}; this version reads formats up to {FORMAT}")]
    TooNew {
        /// Its format.
        found: u32,
    },
}

/// Encodes a flow.
///
/// # Errors
///
/// [`StoredError::Damaged`] where a literal in it cannot be written as JSON, which a checked flow never has.
pub fn encode(flow: &Flow) -> Result<Vec<u8>, StoredError> {
    Ok(serde_json::to_vec(&Stored { format: FORMAT, flow })?)
}

/// Decodes a flow of this or any earlier format.
///
/// # Errors
///
/// [`StoredError`] where it is damaged or too new.
pub fn decode(bytes: &[u8]) -> Result<Flow, StoredError> {
    let Version { format } = serde_json::from_slice(bytes)?;
    if format > FORMAT {
        return Err(StoredError::TooNew { found: format });
    }
    Ok(serde_json::from_slice::<Stored<Flow>>(bytes)?.flow)
}

/// The part of a stored flow that every version can read.
#[derive(Deserialize)]
struct Version {
    format: u32,
}

/// SHA-256 of the bytes, lower hex: the name of anything stored by content.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
            text.push(digit(byte >> 4));
            text.push(digit(byte & 15));
            text
        })
}
