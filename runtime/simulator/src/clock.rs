//! Virtual time: it stands still until somebody moves it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::BoxFuture;
use stepwell_ports::{Clock, Millis};

/// When every simulation begins: 2026-01-01T00:00:00Z.
const BEGIN: Millis = 1_767_225_600_000;

/// A clock that only [`VirtualClock::skip`] and [`VirtualClock::advance`] move.
#[derive(Debug)]
pub struct VirtualClock(Mutex<State>);

#[derive(Debug)]
struct State {
    now: Millis,
    count: u64,
    sleepers: BTreeMap<(Millis, u64), oneshot::Sender<()>>,
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self::at(BEGIN)
    }
}

impl VirtualClock {
    /// A clock that stands at that time.
    #[must_use]
    pub fn at(now: Millis) -> Self {
        Self(Mutex::new(State {
            now,
            count: 0,
            sleepers: BTreeMap::new(),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When somebody wakes next; nothing where nobody sleeps.
    pub fn next(&self) -> Option<Millis> {
        let mut state = self.state();
        state.sleepers.retain(|_, sleeper| !sleeper.is_canceled());
        state.sleepers.keys().next().map(|(due, _)| *due)
    }

    /// Moves to the next moment at which somebody wakes, if there is one up to `until`.
    pub fn skip(&self, until: Millis) -> bool {
        let Some(due) = self.next().filter(|due| *due <= until) else {
            return false;
        };
        let mut state = self.state();
        state.now = state.now.max(due);
        while let Some(entry) = state.sleepers.first_entry() {
            if entry.key().0 > due {
                break;
            }
            // Whoever slept may be gone.
            let _ = entry.remove().send(());
        }
        true
    }

    /// Moves by so much, waking whoever is due.
    pub fn advance(&self, by: Millis) {
        let until = self.state().now.saturating_add(by);
        while self.skip(until) {}
        self.state().now = until;
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Millis {
        self.state().now
    }

    fn sleep_until(&self, until: Millis) -> BoxFuture<'static, ()> {
        let mut state = self.state();
        if until <= state.now {
            return futures::future::ready(()).boxed();
        }
        let (sender, receiver) = oneshot::channel();
        state.count += 1;
        let number = state.count;
        state.sleepers.insert((until, number), sender);
        receiver.map(drop).boxed()
    }
}

/// The clock of one process: ahead of the world's time or behind it. Clones share how much.
#[derive(Clone, Debug)]
pub struct ProcessClock {
    world: Arc<VirtualClock>,
    /// Milliseconds ahead of the world's time.
    ahead: Arc<AtomicI64>,
}

impl ProcessClock {
    /// A clock that is right.
    #[must_use]
    pub fn new(world: Arc<VirtualClock>) -> Self {
        Self {
            world,
            ahead: Arc::default(),
        }
    }

    /// From now on the clock is so many milliseconds ahead of the world's time. Sleepers keep the moment of the world
    /// that they asked for.
    pub fn set_ahead(&self, ms: i64) {
        self.ahead.store(ms, Ordering::SeqCst);
    }
}

impl Clock for ProcessClock {
    fn now(&self) -> Millis {
        self.world
            .now()
            .saturating_add_signed(self.ahead.load(Ordering::SeqCst))
    }

    fn sleep_until(&self, until: Millis) -> BoxFuture<'static, ()> {
        let clock = self.clone();
        async move {
            // Set back meanwhile, it is not yet the time that was asked for.
            while clock.now() < until {
                let ahead = clock.ahead.load(Ordering::SeqCst);
                clock.world.sleep_until(until.saturating_add_signed(-ahead)).await;
            }
        }
        .boxed()
    }
}
