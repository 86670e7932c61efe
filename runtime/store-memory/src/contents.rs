//! The maps, and what each operation does to them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use stepwell_ports::{Due, DueEntry, ExecutionRow, LogEntry, LogError, Millis, ScopeKey};

#[derive(Clone, Default)]
struct Scope {
    /// Revision 1 stands at place 0.
    bodies: Vec<Bytes>,
    /// The scope's entry in the due-time index.
    due: Option<Millis>,
}

/// Everything that the store holds.
#[derive(Clone, Default)]
pub(crate) struct Contents {
    scopes: BTreeMap<ScopeKey, Scope>,
    due: BTreeSet<DueEntry>,
    blobs: BTreeMap<Arc<str>, Bytes>,
    executions: BTreeMap<Arc<str>, ExecutionRow>,
}

impl Contents {
    pub(crate) fn records(&self) -> usize {
        self.scopes.values().map(|scope| scope.bodies.len()).sum()
    }

    pub(crate) fn append(&mut self, entry: LogEntry, due: Due) -> Result<(), LogError> {
        check(&entry.key)?;
        let last = self.scopes.get(&entry.key).map_or(0, |scope| scope.bodies.len() as u64);
        if entry.revision <= last {
            return Err(LogError::Taken {
                scope: entry.key.scope,
                revision: entry.revision,
            });
        }
        if entry.revision > last + 1 {
            return Err(LogError::Gap {
                scope: entry.key.scope,
                revision: entry.revision,
            });
        }
        self.scopes
            .entry(entry.key.clone())
            .or_default()
            .bodies
            .push(entry.body);
        self.set_due(entry.key, due);
        Ok(())
    }

    pub(crate) fn arm(&mut self, key: ScopeKey, due: Due) -> Result<(), LogError> {
        check(&key)?;
        self.set_due(key, due);
        Ok(())
    }

    fn set_due(&mut self, key: ScopeKey, due: Due) {
        let at = match due {
            Due::Keep => return,
            Due::At(at) => Some(at),
            Due::Never => None,
        };
        let before = match at {
            Some(at) => self.scopes.entry(key.clone()).or_default().due.replace(at),
            None => self.scopes.get_mut(&key).and_then(|scope| scope.due.take()),
        };
        if let Some(at) = before {
            self.due.remove(&DueEntry { at, key: key.clone() });
        }
        if let Some(at) = at {
            self.due.insert(DueEntry { at, key });
        }
    }

    pub(crate) fn last(&self, key: &ScopeKey) -> Result<Option<LogEntry>, LogError> {
        check(key)?;
        let scope = self.scopes.get(key);
        Ok(scope.and_then(|scope| {
            let body = scope.bodies.last()?.clone();
            Some(LogEntry {
                key: key.clone(),
                revision: scope.bodies.len() as u64,
                body,
            })
        }))
    }

    pub(crate) fn range(&self, key: &ScopeKey, from: u64, count_max: usize) -> Result<Vec<LogEntry>, LogError> {
        check(key)?;
        let bodies = self.scopes.get(key).map_or(&[][..], |scope| &scope.bodies);
        let skipped = usize::try_from(from.max(1) - 1).unwrap_or(usize::MAX);
        // The bodies come first: behind the end nothing is counted, not even beyond the last number.
        let numbered = bodies
            .get(skipped..)
            .unwrap_or_default()
            .iter()
            .zip(from.max(1)..)
            .take(count_max);
        Ok(numbered
            .map(|(body, revision)| LogEntry {
                key: key.clone(),
                revision,
                body: body.clone(),
            })
            .collect())
    }

    pub(crate) fn due(&self, after: Option<&DueEntry>, until: Millis, count_max: usize) -> Vec<DueEntry> {
        let first = after.map_or(Bound::Unbounded, Bound::Excluded);
        let behind = self.due.range((first, Bound::Unbounded));
        behind
            .take_while(|entry| entry.at <= until)
            .take(count_max)
            .cloned()
            .collect()
    }

    pub(crate) fn put(&mut self, name: &str, body: Bytes) {
        if !self.blobs.contains_key(name) {
            self.blobs.insert(name.into(), body);
        }
    }

    pub(crate) fn blob(&self, name: &str) -> Option<Bytes> {
        self.blobs.get(name).cloned()
    }

    pub(crate) fn index(&mut self, row: ExecutionRow) {
        self.executions.insert(row.execution.clone(), row);
    }

    pub(crate) fn executions(&self, after: Option<&str>, count_max: usize) -> Vec<ExecutionRow> {
        let first = after.map_or(Bound::Unbounded, Bound::Excluded);
        let behind = self.executions.range::<str, _>((first, Bound::Unbounded));
        behind.take(count_max).map(|(_, row)| row.clone()).collect()
    }
}

fn check(key: &ScopeKey) -> Result<(), LogError> {
    let bytes = key.execution.len() + key.scope.len();
    if bytes > ScopeKey::BYTES_MAX {
        return Err(LogError::TooLarge {
            what: "the scope's key",
            bytes,
            bytes_max: ScopeKey::BYTES_MAX,
        });
    }
    Ok(())
}
