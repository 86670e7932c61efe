//! What the one writer remembers of the scopes that it wrote last, so that most appends read nothing.

use std::collections::HashMap;

use crate::operation::Failure;

const HEADS_MAX: usize = 8192;

/// The last revision of a scope, and its due time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Head {
    /// 0 without a record.
    pub last: u64,
    /// The entry in the due-time index.
    pub due_ms: Option<u64>,
}

/// The heads of recent scopes, by scope key; a full memory is emptied.
#[derive(Debug, Default)]
pub struct Heads(HashMap<Vec<u8>, Head>);

impl Heads {
    /// The head of `scope`, from memory or by `read`.
    pub fn head(&self, scope: &[u8], read: impl FnOnce() -> Result<Head, Failure>) -> Result<Head, Failure> {
        self.0.get(scope).copied().map_or_else(read, Ok)
    }

    /// Remembers what is being written.
    pub fn remember(&mut self, scope: Vec<u8>, head: Head) {
        if self.0.len() >= HEADS_MAX {
            self.0.clear();
        }
        self.0.insert(scope, head);
    }
}
