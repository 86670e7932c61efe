//! Reading records.

use bytes::Bytes;
use stepwell_core::{Record, ScopeId};
use stepwell_ports::{Log, LogEntry, ScopeKey};

use crate::session::Halt;

/// Records that are read at once.
const PAGE: usize = 256;

/// Reads the last record of a scope.
pub(crate) async fn last(log: &dyn Log, key: &ScopeKey) -> Result<Option<Record>, Halt> {
    log.last(key).await?.map(|entry| decoded(&entry)).transpose()
}

/// Reads one record of a scope.
pub(crate) async fn at(log: &dyn Log, key: &ScopeKey, revision: u64) -> Result<Option<Record>, Halt> {
    let found = log.range(key, revision, 1).await?;
    found
        .first()
        .filter(|entry| entry.revision == revision)
        .map(decoded)
        .transpose()
}

/// Reads all records of a scope.
pub(crate) async fn all(log: &dyn Log, key: &ScopeKey) -> Result<Vec<Record>, Halt> {
    let mut records = Vec::new();
    loop {
        let page = log.range(key, records.len() as u64 + 1, PAGE).await?;
        let is_last = page.len() < PAGE;
        for entry in &page {
            records.push(decoded(entry)?);
        }
        if is_last {
            return Ok(records);
        }
    }
}

pub(crate) fn decoded(entry: &LogEntry) -> Result<Record, Halt> {
    decode(&entry.body, &entry.key)
}

fn decode(body: &Bytes, key: &ScopeKey) -> Result<Record, Halt> {
    stepwell_core::decode(body)
        .map_err(|error| Halt::Unreadable(format!("{error}, in scope `{}` of `{}`", key.scope, key.execution)))
}

/// Whether a scope and everything around it still runs: no ancestor has ended or abandoned the fork.
pub(crate) async fn is_alive(log: &dyn Log, key: &ScopeKey) -> Result<bool, Halt> {
    let mut scope = ScopeId(key.scope.clone());
    while let Some((parent, fork, _)) = scope.parent() {
        let above = ScopeKey {
            execution: key.execution.clone(),
            scope: parent.0.clone(),
        };
        let Some(record) = last(log, &above).await? else {
            return Ok(false);
        };
        if record.snapshot.fork().is_none_or(|current| current.revision != fork) {
            return Ok(false);
        }
        scope = parent;
    }
    Ok(true)
}
