//! The system's clock, only faster: a second of a flow takes some milliseconds, in every process alike.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::FutureExt;
use futures::future::BoxFuture;
use stepwell_ports::{Clock, Millis, Seeds, Spawn};
use stepwell_simulator::Chance;

/// Time, numbers and threads of a process.
#[derive(Debug)]
pub(crate) struct System {
    /// When the round began, by the system's clock: before it both clocks are the same.
    begun_ms: Millis,
    /// How much faster it goes.
    factor: u64,
    chance: Chance,
}

impl System {
    pub(crate) fn new(begun_ms: Millis, factor: u64) -> Self {
        // Two processes of a round never begin at the same nanosecond.
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let seed = u64::try_from(nanos % u128::from(u64::MAX)).unwrap() ^ u64::from(std::process::id()) << 40;
        let chance = Chance::new(seed);
        Self {
            begun_ms,
            factor,
            chance,
        }
    }
}

/// Milliseconds since the epoch by the system's clock.
pub(crate) fn system_ms() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_millis().try_into().unwrap()
}

impl Clock for System {
    fn now(&self) -> Millis {
        self.begun_ms + system_ms().saturating_sub(self.begun_ms) * self.factor
    }

    fn sleep_until(&self, until: Millis) -> BoxFuture<'static, ()> {
        let left = until.saturating_sub(self.now()).div_ceil(self.factor);
        // Nothing here waits for longer than a round can last.
        let left = Duration::from_millis(left.min(3_600_000));
        async move { tokio::time::sleep(left).await }.boxed()
    }
}

impl Seeds for System {
    fn seed(&self) -> [u8; 32] {
        self.chance.seed()
    }
}

impl Spawn for System {
    fn spawn(&self, future: BoxFuture<'static, ()>) {
        drop(tokio::spawn(future));
    }
}
