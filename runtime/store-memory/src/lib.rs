//! The store in memory: for Express executions and for simulation.
//!
//! Promise: everything is "durable" at the moment of the call, in the order of the calls, as long as a handle lives.
//! Limits: memory; keys of [`ScopeKey::BYTES_MAX`](stepwell_ports::ScopeKey::BYTES_MAX) as in every store.
//!
//! **Invariant:** no faults, no delays and no threads of its own. Who simulates a crash keeps a [`MemoryStore::fork`] of
//! what was durable and goes on with that.

mod contents;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::future::{self, BoxFuture, FutureExt};
use stepwell_ports::{
    Catalogue, CatalogueError, Due, DueEntry, ExecutionRow, Log, LogEntry, LogError, Millis, ScopeKey,
};

use crate::contents::Contents;

/// A log and a catalogue in memory; clones share their contents.
#[derive(Clone, Default)]
pub struct MemoryStore {
    /// Held for one operation on the maps, never across a wait.
    contents: Arc<Mutex<Contents>>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A store with the same contents, from now on independent.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self {
            contents: Arc::new(Mutex::new(self.contents().clone())),
        }
    }

    /// How many records there are.
    #[must_use]
    pub fn records(&self) -> usize {
        self.contents().records()
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        // Every operation checks first and changes last, so a panic elsewhere leaves nothing half done.
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

impl Log for MemoryStore {
    fn append(&self, entry: LogEntry, due: Due) -> BoxFuture<'static, Result<(), LogError>> {
        done(self.contents().append(entry, due))
    }

    fn arm(&self, key: ScopeKey, due: Due) -> BoxFuture<'static, Result<(), LogError>> {
        done(self.contents().arm(key, due))
    }

    fn last(&self, key: &ScopeKey) -> BoxFuture<'static, Result<Option<LogEntry>, LogError>> {
        done(self.contents().last(key))
    }

    fn range(
        &self,
        key: &ScopeKey,
        from: u64,
        count_max: usize,
    ) -> BoxFuture<'static, Result<Vec<LogEntry>, LogError>> {
        done(self.contents().range(key, from, count_max))
    }

    fn due(
        &self,
        after: Option<&DueEntry>,
        until: Millis,
        count_max: usize,
    ) -> BoxFuture<'static, Result<Vec<DueEntry>, LogError>> {
        done(Ok(self.contents().due(after, until, count_max)))
    }
}

impl Catalogue for MemoryStore {
    fn put(&self, name: &str, body: Bytes) -> BoxFuture<'static, Result<(), CatalogueError>> {
        self.contents().put(name, body);
        done(Ok(()))
    }

    fn get(&self, name: &str) -> BoxFuture<'static, Result<Option<Bytes>, CatalogueError>> {
        done(Ok(self.contents().blob(name)))
    }

    fn index(&self, row: ExecutionRow) -> BoxFuture<'static, Result<(), CatalogueError>> {
        self.contents().index(row);
        done(Ok(()))
    }

    fn executions(
        &self,
        after: Option<&str>,
        count_max: usize,
    ) -> BoxFuture<'static, Result<Vec<ExecutionRow>, CatalogueError>> {
        done(Ok(self.contents().executions(after, count_max)))
    }
}

fn done<T: Send + 'static>(result: T) -> BoxFuture<'static, T> {
    future::ready(result).boxed()
}

#[cfg(test)]
mod tests;
