//! The world of one rehearsal: its time, its order of things, its disk.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures::FutureExt;
use futures::channel::oneshot;
use stepwell_cli::Weather;
use stepwell_engine::Ports;
use stepwell_ports::{Clock, Millis, Spawn};
use stepwell_simulator::{Chance, Disk, Executor, Process, VirtualClock};
use stepwell_store_memory::MemoryStore;

use super::outside::Outside;
use super::wakes::DoubledWakes;
use crate::router::Router;

/// How many steps a rehearsal takes at most.
const STEPS_MAX: u64 = 2_000_000;
/// How much of its own time a rehearsal takes at most: ten years.
const TIME_MS_MAX: Millis = 10 * 365 * 86_400_000;
/// How long work outside may take without an answer.
const OUTSIDE_MAX: Duration = Duration::from_secs(60);
/// After so many steps other futures of the program have a turn.
const STEPS_IN_A_ROW: u64 = 128;

/// The world of one rehearsal.
pub(super) struct World {
    pub(super) clock: Arc<VirtualClock>,
    pub(super) chance: Chance,
    pub(super) steps: u64,
    begun_ms: Millis,
    executor: Executor,
    process: Process,
    store: MemoryStore,
    outside: Outside,
}

/// What a moment of the world was.
pub(super) enum Tick {
    /// Something that was ready went on, or somebody outside has answered.
    Went,
    /// Nothing is ready now, and nothing outside is waited for: time may move.
    Idle,
    /// The world goes on for too long.
    Endless(String),
}

impl World {
    pub(super) fn new(clock: Arc<VirtualClock>, weather: Weather, router: Arc<Router>) -> Self {
        let chance = match weather {
            Weather::Calm => Chance::calm(0),
            Weather::Rough { seed, .. } => Chance::new(seed),
        };
        let executor = Executor::new(chance.clone());
        Self {
            outside: Outside::new(router, clock.clone()),
            begun_ms: clock.now(),
            process: executor.process(),
            executor,
            chance,
            clock,
            steps: 0,
            store: MemoryStore::new(),
        }
    }

    pub(super) fn now(&self) -> Millis {
        self.clock.now()
    }

    /// How long the world has been there, in its own time.
    pub(super) fn age_ms(&self) -> Millis {
        self.now().saturating_sub(self.begun_ms)
    }

    pub(super) fn process(&self) -> Process {
        self.process.clone()
    }

    /// The doors of the process that lives now.
    pub(super) fn ports(&self) -> Ports {
        let store = Arc::new(self.store.clone());
        let disk = Disk::new(
            store.clone(),
            self.clock.clone(),
            self.process.clone(),
            self.chance.clone(),
        );
        Ports {
            log: Arc::new(DoubledWakes {
                disk,
                chance: self.chance.clone(),
            }),
            catalogue: store,
            tasks: Arc::new(self.outside.clone()),
            clock: self.clock.clone(),
            seeds: Arc::new(self.chance.clone()),
            spawn: Arc::new(self.process.clone()),
        }
    }

    /// The process dies, and after a while there is another one.
    pub(super) fn die(&mut self, down_ms: Millis) {
        self.process.kill();
        self.process = self.executor.process();
        self.clock.advance(down_ms);
    }

    /// One moment: what is ready goes on, or else what is under way outside is waited for.
    pub(super) async fn tick(&mut self) -> Tick {
        if self.steps >= STEPS_MAX {
            return Tick::Endless(format!("it has not ended after {STEPS_MAX} steps"));
        }
        if self.executor.poll_one() {
            self.steps += 1;
            if self.steps.is_multiple_of(STEPS_IN_A_ROW) {
                tokio::task::yield_now().await;
            }
            return Tick::Went;
        }
        let Some(state) = self.outside.under_way() else {
            return Tick::Idle;
        };
        match tokio::time::timeout(OUTSIDE_MAX, self.ready()).await {
            Ok(()) => Tick::Went,
            Err(_) => Tick::Endless(format!(
                "the task of `{state}` has not answered for {} s",
                OUTSIDE_MAX.as_secs()
            )),
        }
    }

    async fn ready(&self) {
        futures::future::poll_fn(|context| match self.executor.is_ready_or_wakes(context) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
    }

    /// Moves time to the next moment at which somebody in the world wakes, or to `next` where that is earlier.
    pub(super) fn pass(&mut self, next: Option<Millis>) -> Passed {
        let moment = match (self.clock.next(), next) {
            (Some(first), Some(second)) => first.min(second),
            (Some(only), None) | (None, Some(only)) => only,
            (None, None) => return Passed::Still,
        };
        self.steps += 1;
        self.clock.advance(moment.saturating_sub(self.now()));
        if self.age_ms() > TIME_MS_MAX {
            return Passed::Endless("it has not ended after ten years of its time".to_owned());
        }
        Passed::Moved
    }

    /// Runs a future in the process that lives now.
    pub(super) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.process.spawn(future.boxed());
    }

    /// Asks something of the process where nothing else is ready, without letting time pass; nothing where that would
    /// take time.
    pub(super) fn ask<T: Send + 'static>(&mut self, future: impl Future<Output = T> + Send + 'static) -> Option<T> {
        let (sender, mut answer) = oneshot::channel();
        // Who asked reads the answer below.
        self.process
            .spawn(async move { drop(sender.send(future.await)) }.boxed());
        loop {
            if let Ok(Some(answer)) = answer.try_recv() {
                return Some(answer);
            }
            if !self.executor.poll_one() {
                return None;
            }
        }
    }
}

/// What became of time.
pub(super) enum Passed {
    /// It is later now.
    Moved,
    /// Nobody waits for any moment.
    Still,
    /// It is too late.
    Endless(String),
}
