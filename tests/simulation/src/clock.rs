//! Virtual time: it stands still until somebody moves it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::BoxFuture;
use stepwell_ports::{Clock, Millis};

/// When every simulation begins: 2026-01-01T00:00:00Z.
const BEGIN: Millis = 1_767_225_600_000;

/// A clock that only [`VirtualClock::skip`] moves.
#[derive(Debug)]
pub(crate) struct VirtualClock(Mutex<State>);

#[derive(Debug)]
struct State {
    now: Millis,
    count: u64,
    sleepers: BTreeMap<(Millis, u64), oneshot::Sender<()>>,
}

impl VirtualClock {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(State {
            now: BEGIN,
            count: 0,
            sleepers: BTreeMap::new(),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves to the next moment at which somebody wakes, if there is one up to `until`.
    pub(crate) fn skip(&self, until: Millis) -> bool {
        let mut state = self.state();
        state.sleepers.retain(|_, sleeper| !sleeper.is_canceled());
        let Some(due) = state
            .sleepers
            .keys()
            .next()
            .map(|(due, _)| *due)
            .filter(|due| *due <= until)
        else {
            return false;
        };
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
    pub(crate) fn advance(&self, by: Millis) {
        let until = self.state().now + by;
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
