//! The system's time, chance and threads, as a host gives them to the engine.
//!
//! **Invariant:** seeds are numbered, so that two runs name and draw the same.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::FutureExt;
use futures::future::BoxFuture;
use stepwell_ports::{Clock, Millis, Seeds, Spawn};
use tokio::runtime::{Builder, Handle, Runtime};

/// Clock, seeds and threads.
#[derive(Debug)]
pub struct System {
    runtime: Handle,
    seeds: AtomicU64,
}

/// The runtime of a host: threads for every core.
#[must_use]
pub fn runtime() -> Runtime {
    Builder::new_multi_thread().enable_all().build().unwrap()
}

/// A runtime in which the engine has one thread, the caller's.
#[must_use]
pub fn runtime_of_one_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

impl System {
    /// On that runtime.
    #[must_use]
    pub fn new(runtime: Handle) -> Self {
        Self {
            runtime,
            seeds: AtomicU64::new(0),
        }
    }
}

fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl Clock for System {
    fn now(&self) -> Millis {
        now()
    }

    fn sleep_until(&self, until: Millis) -> BoxFuture<'static, ()> {
        async move {
            let left = Duration::from_millis(until.saturating_sub(now()));
            if !left.is_zero() {
                tokio::time::sleep(left).await;
            }
        }
        .boxed()
    }
}

impl Seeds for System {
    fn seed(&self) -> [u8; 32] {
        let number = self.seeds.fetch_add(1, Ordering::Relaxed);
        let mut seed = [7; 32];
        seed.iter_mut()
            .zip(number.to_le_bytes())
            .for_each(|(place, byte)| *place = byte);
        seed
    }
}

impl Spawn for System {
    fn spawn(&self, future: BoxFuture<'static, ()>) {
        drop(self.runtime.spawn(future));
    }
}
