//! First records that this process has just appended, so that the session which goes on from one reads nothing.
//!
//! **Invariant:** nobody is given a first record that is not durable, or behind which anything may stand: whoever is about
//! to append behind it takes its place away first, and it is not kept where that is gone.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use stepwell_core::{Pins, Record};

use crate::engine::lock;

/// So many are kept; when they become more, all are forgotten.
const KEPT_MAX: usize = 256;

/// Larger ones are read again.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Which of several beginnings of one name a place is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

/// First records by execution. Held only to look up, add and remove.
#[derive(Default)]
pub(crate) struct Fresh(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    firsts: BTreeMap<Arc<str>, First>,
    tickets: u64,
}

/// A record that is being appended, or was.
struct First {
    ticket: Ticket,
    record: Option<Record>,
}

impl Fresh {
    /// A first record is about to be appended: the ticket for its place.
    pub(crate) fn expect(&self, execution: &Arc<str>) -> Ticket {
        let mut fresh = lock(&self.0);
        if fresh.firsts.len() >= KEPT_MAX {
            fresh.firsts.clear();
        }
        fresh.tickets += 1;
        let ticket = Ticket(fresh.tickets);
        fresh.firsts.insert(execution.clone(), First { ticket, record: None });
        ticket
    }

    /// It is durable.
    pub(crate) fn keep(&self, execution: &str, ticket: Ticket, record: Record, body_bytes: usize) {
        let mut fresh = lock(&self.0);
        let first = fresh.firsts.get_mut(execution).filter(|first| first.ticket == ticket);
        if let Some(first) = first.filter(|_| body_bytes <= BODY_BYTES_MAX) {
            first.record = Some(record);
        }
    }

    /// Whether the execution's first record is here, and has nothing left to do.
    pub(crate) fn is_over(&self, execution: &str) -> Option<bool> {
        let fresh = lock(&self.0);
        let record = fresh.firsts.get(execution)?.record.as_ref()?;
        let is_waited_for = record.pins.as_ref().is_some_and(Pins::is_waited_for);
        Some(!record.snapshot.status.is_running() && !is_waited_for)
    }

    /// Somebody goes on from the record, or behind it.
    pub(crate) fn take(&self, execution: &str) -> Option<Record> {
        lock(&self.0).firsts.remove(execution)?.record
    }
}
