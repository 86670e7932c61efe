//! What executions were started with, by execution: it never changes, and every wake asks for it.
//!
//! **Invariant:** nothing is kept that is not durable.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use stepwell_core::Pins;

use crate::engine::lock;

/// So many are kept; when they become more, all are forgotten.
const KEPT_MAX: usize = 64;

/// Pins by execution. Held only to look up and add.
#[derive(Default)]
pub(crate) struct Pinned(Mutex<BTreeMap<Arc<str>, Arc<Pins>>>);

impl Pinned {
    pub(crate) fn find(&self, execution: &str) -> Option<Arc<Pins>> {
        lock(&self.0).get(execution).cloned()
    }

    pub(crate) fn keep(&self, execution: &Arc<str>, pins: &Arc<Pins>) {
        let mut pinned = lock(&self.0);
        if pinned.len() >= KEPT_MAX {
            pinned.clear();
        }
        pinned.insert(execution.clone(), pins.clone());
    }
}
