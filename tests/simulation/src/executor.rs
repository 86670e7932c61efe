//! Polls ready futures one at a time, in an order that chance decides; in a calm world, in the order in which they
//! became ready.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Context;

use futures::future::BoxFuture;
use futures::task::{ArcWake, waker};
use stepwell_ports::Spawn;

use crate::Chance;

/// One thread of futures.
#[derive(Clone)]
pub(crate) struct Executor {
    state: Arc<Mutex<State>>,
    chance: Chance,
}

#[derive(Default)]
struct State {
    count: u64,
    futures: BTreeMap<u64, BoxFuture<'static, ()>>,
    ready: Vec<u64>,
}

/// Makes one future ready again.
struct Ready {
    number: u64,
    state: Arc<Mutex<State>>,
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Executor {
    pub(crate) fn new(chance: Chance) -> Self {
        Self {
            state: Arc::default(),
            chance,
        }
    }

    /// Polls one ready future; whether there was one.
    pub(crate) fn poll_one(&self) -> bool {
        let Some((number, mut future)) = self.take_ready() else {
            return false;
        };
        let waker = waker(Arc::new(Ready {
            number,
            state: self.state.clone(),
        }));
        if future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            lock(&self.state).futures.insert(number, future);
        }
        true
    }

    fn take_ready(&self) -> Option<(u64, BoxFuture<'static, ()>)> {
        loop {
            let mut state = lock(&self.state);
            if state.ready.is_empty() {
                return None;
            }
            let place = usize::try_from(self.chance.below(state.ready.len() as u64)).unwrap_or(0);
            let number = state.ready.remove(place);
            if let Some(future) = state.futures.remove(&number) {
                return Some((number, future));
            }
        }
    }

    /// The process dies: every future is dropped where it stands.
    pub(crate) fn kill(&self) {
        loop {
            let futures = std::mem::take(&mut lock(&self.state).futures);
            if futures.is_empty() {
                return;
            }
            // Dropped outside the lock: a dropped future may wake another.
            drop(futures);
        }
    }
}

impl ArcWake for Ready {
    fn wake_by_ref(ready: &Arc<Self>) {
        let mut state = lock(&ready.state);
        if !state.ready.contains(&ready.number) {
            state.ready.push(ready.number);
        }
    }
}

impl Spawn for Executor {
    fn spawn(&self, future: BoxFuture<'static, ()>) {
        let mut state = lock(&self.state);
        state.count += 1;
        let number = state.count;
        state.futures.insert(number, future);
        state.ready.push(number);
    }
}
