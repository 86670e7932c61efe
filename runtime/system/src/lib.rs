//! The system's time, chance, threads and secrets, as the hosts give them to the engine.
//!
//! **Invariant:** nothing is decided here; whoever simulates replaces the whole of it.

mod secrets;

pub use secrets::EnvironmentSecrets;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::FutureExt;
use futures::future::BoxFuture;
use rand::TryRngCore;
use rand::rngs::OsRng;
use stepwell_ports::{Clock, Millis, Seeds, Spawn};
use tokio::runtime::Handle;

/// The longest single sleep: a clock that was set, or a machine that slept, is noticed after it.
const SLEEP_MAX: Duration = Duration::from_secs(30);

/// The system's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

/// The system's random numbers.
#[derive(Clone, Copy, Debug)]
pub struct SystemSeeds;

/// The threads of tokio's runtime.
#[derive(Clone, Debug)]
pub struct RuntimeSpawn(pub Handle);

/// Milliseconds since the Unix epoch.
#[must_use]
pub fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl Clock for SystemClock {
    fn now(&self) -> Millis {
        now()
    }

    fn sleep_until(&self, until: Millis) -> BoxFuture<'static, ()> {
        async move {
            loop {
                let left = Duration::from_millis(until.saturating_sub(now()));
                if left.is_zero() {
                    return;
                }
                tokio::time::sleep(left.min(SLEEP_MAX)).await;
            }
        }
        .boxed()
    }
}

impl Seeds for SystemSeeds {
    #[expect(
        clippy::expect_used,
        reason = "a system without random numbers cannot name executions or sign tokens"
    )]
    fn seed(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        OsRng
            .try_fill_bytes(&mut bytes)
            .expect("the system gives random numbers");
        bytes
    }
}

impl Spawn for RuntimeSpawn {
    fn spawn(&self, future: BoxFuture<'static, ()>) {
        // Nobody waits for it: the engine knows what it spawned, and closes it.
        drop(self.0.spawn(future));
    }
}
