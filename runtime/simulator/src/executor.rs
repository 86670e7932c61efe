//! Polls ready futures one at a time, in an order that chance decides; in a calm world, in the order in which they
//! became ready.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use futures::future::BoxFuture;
use futures::task::{ArcWake, waker};
use stepwell_ports::Spawn;

use crate::Chance;

/// One thread of futures, which belong to processes. Clones share them.
#[derive(Clone)]
pub struct Executor {
    state: Arc<Mutex<State>>,
    chance: Chance,
}

/// Spawns futures of one process, which live as long as it. Clones are the same process.
#[derive(Clone)]
pub struct Process {
    number: u64,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    processes: u64,
    count: u64,
    futures: BTreeMap<u64, (u64, BoxFuture<'static, ()>)>,
    ready: Vec<u64>,
    /// Those of processes that stand still.
    held: Vec<u64>,
    /// Processes that stand still.
    paused: BTreeSet<u64>,
    /// After how many further polls a process dies.
    doomed: BTreeMap<u64, u64>,
    /// Who waits for something to become ready.
    watcher: Option<Waker>,
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
    /// An executor whose order that chance decides.
    #[must_use]
    pub fn new(chance: Chance) -> Self {
        Self {
            state: Arc::default(),
            chance,
        }
    }

    /// A new process.
    #[must_use]
    pub fn process(&self) -> Process {
        let mut state = lock(&self.state);
        state.processes += 1;
        self.numbered(state.processes)
    }

    /// Polls one ready future; whether there was one.
    pub fn poll_one(&self) -> bool {
        let Some((number, process, mut future)) = self.take_ready() else {
            return false;
        };
        let waker = waker(Arc::new(Ready {
            number,
            state: self.state.clone(),
        }));
        if future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            lock(&self.state).futures.insert(number, (process, future));
        }
        self.count_down(process);
        true
    }

    /// Counts a poll of a process that is to die.
    fn count_down(&self, process: u64) {
        let mut state = lock(&self.state);
        let Some(left) = state.doomed.get_mut(&process) else {
            return;
        };
        *left = left.saturating_sub(1);
        if *left == 0 {
            state.doomed.remove(&process);
            drop(state);
            self.numbered(process).kill();
        }
    }

    fn numbered(&self, number: u64) -> Process {
        Process {
            number,
            state: self.state.clone(),
        }
    }

    /// Every process dies, so that nothing is left that holds the executor itself.
    pub fn end(&self) {
        loop {
            // Dropped outside the lock: a dropped future may wake another, or spawn one.
            let futures = std::mem::take(&mut lock(&self.state).futures);
            if futures.is_empty() {
                return;
            }
        }
    }

    /// Whether a future is ready; where none is, `context` is woken when one becomes so.
    pub fn is_ready_or_wakes(&self, context: &Context<'_>) -> bool {
        let mut state = lock(&self.state);
        if state.ready.is_empty() {
            state.watcher = Some(context.waker().clone());
        }
        !state.ready.is_empty()
    }

    fn take_ready(&self) -> Option<(u64, u64, BoxFuture<'static, ()>)> {
        loop {
            let mut state = lock(&self.state);
            if state.ready.is_empty() {
                return None;
            }
            let place = usize::try_from(self.chance.below(state.ready.len() as u64)).unwrap_or(0);
            let number = state.ready.remove(place);
            let process = state.futures.get(&number).map(|(process, _)| *process);
            if process.is_some_and(|process| state.paused.contains(&process)) {
                state.held.push(number);
                continue;
            }
            if let Some((process, future)) = state.futures.remove(&number) {
                return Some((number, process, future));
            }
        }
    }
}

impl Process {
    /// The process stands still, as one whose machine is suspended, until it is resumed.
    pub fn pause(&self) {
        lock(&self.state).paused.insert(self.number);
    }

    /// The process goes on where it stood.
    pub fn resume(&self) {
        let mut state = lock(&self.state);
        state.paused.remove(&self.number);
        let held = std::mem::take(&mut state.held);
        state.ready.extend(held);
    }

    /// The process dies after so many polls of its futures.
    pub fn die_after(&self, polls: u64) {
        lock(&self.state).doomed.insert(self.number, polls.max(1));
    }

    /// The process dies: every future of it is dropped where it stands.
    pub fn kill(&self) {
        loop {
            let mut dead = Vec::new();
            let mut state = lock(&self.state);
            let numbers: Vec<u64> = state
                .futures
                .iter()
                .filter(|(_, (process, _))| *process == self.number)
                .map(|(number, _)| *number)
                .collect();
            dead.extend(numbers.iter().filter_map(|number| state.futures.remove(number)));
            drop(state);
            if dead.is_empty() {
                return;
            }
            // Dropped outside the lock: a dropped future may wake another, or spawn one.
            drop(dead);
        }
    }
}

impl ArcWake for Ready {
    fn wake_by_ref(ready: &Arc<Self>) {
        let mut state = lock(&ready.state);
        if !state.ready.contains(&ready.number) {
            state.ready.push(ready.number);
        }
        if let Some(watcher) = state.watcher.take() {
            watcher.wake();
        }
    }
}

impl Spawn for Process {
    fn spawn(&self, future: BoxFuture<'static, ()>) {
        let mut state = lock(&self.state);
        state.count += 1;
        let number = state.count;
        state.futures.insert(number, (self.number, future));
        state.ready.push(number);
        if let Some(watcher) = state.watcher.take() {
            watcher.wake();
        }
    }
}

impl std::fmt::Debug for Executor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Executor").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Process {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Process")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}
