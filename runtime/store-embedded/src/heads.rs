//! What the writer remembers of the scopes that it wrote last, so that most appends read nothing.

use std::collections::BTreeMap;

use stepwell_ports::{Millis, ScopeKey};

/// The most that the remembered scopes may take.
const BYTES_MAX: usize = 1 << 20;
/// What a remembered scope takes beside its names, roughly.
const ENTRY_BYTES: usize = 128;

/// The end of a scope's log, and its due time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// The last revision; 0 without a record.
    pub(crate) last: u64,
    /// The scope's entry in the due-time index.
    pub(crate) due: Option<Millis>,
}

/// Heads by scope; when they take too much, all are forgotten.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    heads: BTreeMap<ScopeKey, Head>,
    bytes: usize,
}

impl Heads {
    pub(crate) fn recall(&self, key: &ScopeKey) -> Option<Head> {
        self.heads.get(key).copied()
    }

    pub(crate) fn remember(&mut self, key: ScopeKey, head: Head) {
        let bytes = key.execution.len() + key.scope.len() + ENTRY_BYTES;
        if self.heads.insert(key, head).is_some() {
            return;
        }
        self.bytes += bytes;
        if self.bytes > BYTES_MAX {
            self.heads.clear();
            self.bytes = 0;
        }
    }
}
