//! Whether the attempts of a component are short: then handing one to another thread costs more than the attempt itself.
//!
//! **Invariant:** an attempt runs on its caller's thread only where the last one to end was short from its input to its
//! output; one that pauses there is taken away, and sends those that follow to the guests' threads until one is short again.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What takes no longer is short. It bounds what a component costs its caller's thread as long as it is as it was.
const SHORT: Duration = Duration::from_micros(100);

#[derive(Debug, Default)]
pub(crate) struct Pace {
    short: AtomicBool,
}

impl Pace {
    pub(crate) fn is_short(&self) -> bool {
        self.short.load(Ordering::Relaxed)
    }

    /// Carries an attempt out and notes whether it was short.
    pub(crate) async fn note<T>(&self, attempt: impl Future<Output = T>) -> T {
        let mut attempt = pin!(attempt);
        let mut paused = false;
        poll_fn(|cx| {
            let before = Instant::now();
            let polled = attempt.as_mut().poll(cx);
            paused |= polled.is_pending();
            let is_short = !paused && before.elapsed() < SHORT;
            self.short.store(is_short, Ordering::Relaxed);
            polled
        })
        .await
    }
}
