//! A clock that is moved ahead by hand, and else follows the system's: what waits for a month is over at once.
//!
//! **Invariant:** it begins at the real time and never goes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::FutureExt;
use futures::future::BoxFuture;
use stepwell_ports::{Clock, Millis};

/// How long after it was moved whoever sleeps notices.
const LOOK_EVERY_MS: Millis = 20;

/// Time that is moved. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct MovedClock {
    ahead_ms: Arc<AtomicU64>,
}

impl MovedClock {
    /// Moves it to a time, if that is ahead.
    pub fn move_to(&self, at: Millis) {
        let by = at.saturating_sub(self.now());
        self.ahead_ms.fetch_add(by, Ordering::SeqCst);
    }
}

impl Clock for MovedClock {
    fn now(&self) -> Millis {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let real = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        real.saturating_add(self.ahead_ms.load(Ordering::SeqCst))
    }

    fn sleep_until(&self, until: Millis) -> BoxFuture<'static, ()> {
        let clock = self.clone();
        async move {
            loop {
                let left = until.saturating_sub(clock.now());
                if left == 0 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(left.min(LOOK_EVERY_MS))).await;
            }
        }
        .boxed()
    }
}
