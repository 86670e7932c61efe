//! A clock that runs faster than the world's, for parts that can follow it.
//!
//! **Invariant:** it begins at the real time and never goes back.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures::FutureExt;
use futures::future::BoxFuture;
use stepwell_ports::{Clock, Millis};

/// Time that passes `factor` times as fast as usual.
#[derive(Clone, Copy, Debug)]
pub struct FastClock {
    began: Instant,
    began_ms: Millis,
    factor: u32,
}

impl FastClock {
    /// Begins now; a factor of 1 is the usual time.
    #[must_use]
    pub fn new(factor: u32) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            began: Instant::now(),
            began_ms: millis(since),
            factor: factor.max(1),
        }
    }
}

impl Clock for FastClock {
    fn now(&self) -> Millis {
        let passed = self.began.elapsed().saturating_mul(self.factor);
        self.began_ms.saturating_add(millis(passed))
    }

    fn sleep_until(&self, until: Millis) -> BoxFuture<'static, ()> {
        let clock = *self;
        async move {
            loop {
                let left = Duration::from_millis(until.saturating_sub(clock.now())) / clock.factor;
                if left.is_zero() {
                    return;
                }
                tokio::time::sleep(left.max(Duration::from_millis(1))).await;
            }
        }
        .boxed()
    }
}

fn millis(duration: Duration) -> Millis {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
