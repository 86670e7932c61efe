//! How many processes a function may have.
//!
//! **Invariant:** a seat is taken as long as its value lives, and never by two.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The seats of a function.
#[derive(Debug)]
pub(super) struct Seats {
    taken: Arc<AtomicUsize>,
    max: usize,
}

/// One process may be.
#[derive(Debug)]
pub(super) struct Seat(Arc<AtomicUsize>);

impl Seats {
    pub(super) fn new(max: usize) -> Self {
        Self {
            taken: Arc::default(),
            max,
        }
    }

    /// A seat, if there is one.
    pub(super) fn take(&self) -> Option<Seat> {
        let one_more = |taken| (taken < self.max).then_some(taken + 1);
        self.taken
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_more)
            .ok()?;
        Some(Seat(Arc::clone(&self.taken)))
    }
}

impl Seat {
    /// How many are taken at this moment.
    pub(super) fn taken(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
