//! Executions of which earlier sessions may have left something undone, so that whoever drives them looks at everything.
//!
//! A session that does not come to rest leaves its root in the due-time index. The next one takes that entry away when it
//! rests, so it must not rest before it has looked where the entry points: at everything.
//!
//! **Invariant:** an execution is noted before anybody else can begin a session of it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::engine::lock;

/// What is known of them.
#[derive(Default)]
pub(crate) struct Leftovers {
    /// Whether what earlier processes left was found: the index was read up to now.
    found: AtomicBool,
    /// Where a session of this process gave up. Held only to add and remove.
    given_up: Mutex<BTreeSet<Arc<str>>>,
}

impl Leftovers {
    /// Everything that was due when this process began is known to its sessions.
    pub(crate) fn all_found(&self) {
        self.found.store(true, Ordering::SeqCst);
    }

    /// A session gives up.
    pub(crate) fn give_up(&self, execution: &Arc<str>) {
        lock(&self.given_up).insert(execution.clone());
    }

    /// Whether the last session of an execution gave up.
    pub(crate) fn is_given_up(&self, execution: &str) -> bool {
        lock(&self.given_up).contains(execution)
    }

    /// A session begins: whether it is to look at everything.
    pub(crate) fn begin(&self, execution: &str) -> bool {
        lock(&self.given_up).remove(execution) || !self.found.load(Ordering::SeqCst)
    }
}
