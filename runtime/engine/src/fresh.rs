//! First records that this process has just appended, so that the session which goes on from one reads nothing.
//!
//! **Invariant:** nobody is given a first record that is not durable, or behind which anything may stand: whoever is about
//! to append behind it, or looks at it otherwise, takes its place away first, and it is not kept where that is gone.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use stepwell_core::{Pins, Record};

use crate::engine::lock;

/// So many are kept; when they become more, all are forgotten.
const KEPT_MAX: usize = 256;

/// Larger ones are read again.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// First records by execution. Held only to look up, add and remove.
#[derive(Default)]
pub(crate) struct Fresh(Mutex<Places>);

#[derive(Default)]
struct Places {
    places: BTreeMap<Arc<str>, Place>,
    tickets: u64,
}

/// A place for a record that is being appended, or was.
struct Place {
    ticket: u64,
    record: Option<Record>,
}

impl Fresh {
    /// A first record is about to be appended: the ticket for its place.
    pub(crate) fn expect(&self, execution: &Arc<str>) -> u64 {
        let mut fresh = lock(&self.0);
        if fresh.places.len() >= KEPT_MAX {
            fresh.places.clear();
        }
        fresh.tickets += 1;
        let ticket = fresh.tickets;
        fresh.places.insert(execution.clone(), Place { ticket, record: None });
        ticket
    }

    /// It is durable.
    pub(crate) fn keep(&self, execution: &str, ticket: u64, record: Record, body_bytes: usize) {
        let mut fresh = lock(&self.0);
        let place = fresh.places.get_mut(execution).filter(|place| place.ticket == ticket);
        if let Some(place) = place.filter(|_| body_bytes <= BODY_BYTES_MAX) {
            place.record = Some(record);
        }
    }

    /// Whether the execution's first record is here, and has nothing left to do.
    pub(crate) fn is_over(&self, execution: &str) -> Option<bool> {
        let fresh = lock(&self.0);
        let record = fresh.places.get(execution)?.record.as_ref()?;
        let is_waited_for = record.pins.as_ref().is_some_and(Pins::is_waited_for);
        Some(!record.snapshot.status.is_running() && !is_waited_for)
    }

    /// Somebody goes on from the record, or behind it.
    pub(crate) fn take(&self, execution: &str) -> Option<Record> {
        lock(&self.0).places.remove(execution)?.record
    }
}
