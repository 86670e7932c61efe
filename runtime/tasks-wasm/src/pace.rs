//! Whether the calls of a component are short: then handing one to another thread costs more than the call itself.
//!
//! **Invariant:** a component is called on its caller's thread only while the call before it ended there and then; one that
//! does not is taken away at its next tick, with all calls that follow.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What computes no longer is short.
const SHORT: Duration = Duration::from_micros(500);

#[derive(Debug, Default)]
pub(crate) struct Pace {
    short: AtomicBool,
}

impl Pace {
    pub(crate) fn is_short(&self) -> bool {
        self.short.load(Ordering::Relaxed)
    }

    /// A guest gave its thread to others: it computes for long, or waits.
    pub(crate) fn paused(&self) {
        self.short.store(false, Ordering::Relaxed);
    }

    /// A guest that never paused ended after that time.
    pub(crate) fn ended(&self, after: Duration) {
        self.short.store(after < SHORT, Ordering::Relaxed);
    }
}
