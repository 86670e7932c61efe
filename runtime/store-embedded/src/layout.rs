//! The trees and their keys; the crate's documentation shows them.

use std::sync::Arc;

use redb::TableDefinition;
use stepwell_ports::{DueEntry, ExecutionRow, LogError, Millis, ScopeKey};

use crate::error::{Damaged, NulInKey};

/// Records, and the due times of scopes.
pub(crate) const LOG: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("log");
/// The due-time index.
pub(crate) const DUE: TableDefinition<'_, &[u8], ()> = TableDefinition::new("due");
/// Blobs by name.
pub(crate) const BLOBS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("blobs");
/// The index of executions.
pub(crate) const EXECUTIONS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("executions");
/// What the file is.
pub(crate) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");

/// The key of the layout's number in [`META`].
pub(crate) const FORMAT_KEY: &str = "format";
/// The number of this layout.
pub(crate) const FORMAT: u64 = 1;

const NUL: u8 = 0;

/// Refuses keys that the trees cannot tell apart or cannot hold.
pub(crate) fn check(key: &ScopeKey) -> Result<(), LogError> {
    let bytes = key.execution.len() + key.scope.len();
    if bytes > ScopeKey::BYTES_MAX {
        return Err(LogError::TooLarge {
            what: "the scope's key",
            bytes,
            bytes_max: ScopeKey::BYTES_MAX,
        });
    }
    if key.execution.as_bytes().contains(&NUL) || key.scope.as_bytes().contains(&NUL) {
        return Err(LogError::Store {
            during: "reading a scope's key",
            source: Box::new(NulInKey),
        });
    }
    Ok(())
}

/// The key of a scope's due time, and the beginning of the keys of its records.
pub(crate) fn scope_key(key: &ScopeKey) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(key.execution.len() + key.scope.len() + 10);
    bytes.extend_from_slice(key.execution.as_bytes());
    bytes.push(NUL);
    bytes.extend_from_slice(key.scope.as_bytes());
    bytes.push(NUL);
    bytes
}

/// The key of a record.
pub(crate) fn record_key(key: &ScopeKey, revision: u64) -> Vec<u8> {
    let mut bytes = scope_key(key);
    bytes.extend_from_slice(&revision.to_be_bytes());
    bytes
}

/// Reads the revision off a record's key.
pub(crate) fn revision(record_key: &[u8]) -> Result<u64, Damaged> {
    let number = record_key
        .last_chunk::<8>()
        .ok_or_else(|| Damaged("a record's key is too short".to_owned()))?;
    Ok(u64::from_be_bytes(*number))
}

/// The value of a scope's due time.
pub(crate) fn time(at: Millis) -> [u8; 8] {
    at.to_be_bytes()
}

/// Reads the value of a scope's due time.
pub(crate) fn read_time(value: &[u8]) -> Result<Millis, Damaged> {
    let bytes = value
        .try_into()
        .map_err(|_| Damaged("a due time does not have 8 bytes".to_owned()))?;
    Ok(Millis::from_be_bytes(bytes))
}

/// The key of an entry in the due-time index.
pub(crate) fn due_key(at: Millis, key: &ScopeKey) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(key.execution.len() + key.scope.len() + 9);
    bytes.extend_from_slice(&time(at));
    bytes.extend_from_slice(key.execution.as_bytes());
    bytes.push(NUL);
    bytes.extend_from_slice(key.scope.as_bytes());
    bytes
}

/// Reads an entry of the due-time index off its key.
pub(crate) fn read_due(due_key: &[u8]) -> Result<DueEntry, Damaged> {
    let damaged = || Damaged("an entry of the due-time index cannot be read".to_owned());
    let (at, names) = due_key.split_first_chunk::<8>().ok_or_else(damaged)?;
    let names = std::str::from_utf8(names).map_err(|_| damaged())?;
    let (execution, scope) = names.split_once('\0').ok_or_else(damaged)?;
    let key = ScopeKey {
        execution: Arc::from(execution),
        scope: Arc::from(scope),
    };
    Ok(DueEntry {
        at: Millis::from_be_bytes(*at),
        key,
    })
}

/// Writes a row of the index of executions.
pub(crate) fn row(row: &ExecutionRow) -> Result<Vec<u8>, LogError> {
    let failed = |source| LogError::Store {
        during: "writing an execution's row",
        source: Box::new(source),
    };
    serde_json::to_vec(row).map_err(failed)
}

/// Reads a row of the index of executions.
pub(crate) fn read_row(value: &[u8]) -> Result<ExecutionRow, Damaged> {
    serde_json::from_slice(value).map_err(|error| Damaged(format!("an execution's row: {error}")))
}
