//! A disk between the engine and the memory store: takes appends in the order in which they are handed over, when chance
//! wills, and forgets in a crash what it has not taken yet.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::BoxFuture;
use stepwell_ports::{Clock, Due, DueEntry, Log, LogEntry, LogError, Millis, ScopeKey, Spawn};
use stepwell_store_memory::MemoryStore;

use crate::Chance;
use crate::clock::VirtualClock;
use crate::executor::Executor;

/// The log as a process sees it.
pub(crate) struct Disk {
    store: MemoryStore,
    clock: Arc<VirtualClock>,
    executor: Executor,
    chance: Chance,
    queue: Arc<Mutex<VecDeque<Operation>>>,
}

/// Something that was handed over.
struct Operation {
    write: Write,
    done: oneshot::Sender<Result<(), LogError>>,
}

enum Write {
    Append(LogEntry, Due),
    Arm(ScopeKey, Due),
}

fn lock(queue: &Mutex<VecDeque<Operation>>) -> MutexGuard<'_, VecDeque<Operation>> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Disk {
    pub(crate) fn new(store: MemoryStore, clock: Arc<VirtualClock>, executor: Executor, chance: Chance) -> Self {
        Self {
            store,
            clock,
            executor,
            chance,
            queue: Arc::default(),
        }
    }

    fn hand_over(&self, write: Write) -> BoxFuture<'static, Result<(), LogError>> {
        let (done, outcome) = oneshot::channel();
        lock(&self.queue).push_back(Operation { write, done });
        self.executor
            .spawn(take_one(self.queue.clone(), self.store.clone(), self.pause()).boxed());
        async move { outcome.await.unwrap_or(Err(LogError::Closed)) }.boxed()
    }

    /// Mostly none, sometimes some milliseconds.
    fn pause(&self) -> BoxFuture<'static, ()> {
        let delay = if self.chance.once_in(4) {
            self.chance.below(20)
        } else {
            0
        };
        self.clock.sleep_until(self.clock.now() + delay)
    }
}

/// Takes the oldest write, after a pause.
async fn take_one(queue: Arc<Mutex<VecDeque<Operation>>>, store: MemoryStore, pause: BoxFuture<'static, ()>) {
    pause.await;
    let Some(Operation { write, done }) = lock(&queue).pop_front() else {
        return;
    };
    let outcome = match write {
        Write::Append(entry, due) => store.append(entry, due).await,
        Write::Arm(key, due) => store.arm(key, due).await,
    };
    // Whoever wrote may be gone.
    let _ = done.send(outcome);
}

impl Log for Disk {
    fn append(&self, entry: LogEntry, due: Due) -> BoxFuture<'static, Result<(), LogError>> {
        self.hand_over(Write::Append(entry, due))
    }

    fn arm(&self, key: ScopeKey, due: Due) -> BoxFuture<'static, Result<(), LogError>> {
        self.hand_over(Write::Arm(key, due))
    }

    fn last(&self, key: &ScopeKey) -> BoxFuture<'static, Result<Option<LogEntry>, LogError>> {
        self.store.last(key)
    }

    fn range(
        &self,
        key: &ScopeKey,
        from: u64,
        count_max: usize,
    ) -> BoxFuture<'static, Result<Vec<LogEntry>, LogError>> {
        self.store.range(key, from, count_max)
    }

    fn due(
        &self,
        after: Option<&DueEntry>,
        until: Millis,
        count_max: usize,
    ) -> BoxFuture<'static, Result<Vec<DueEntry>, LogError>> {
        self.store.due(after, until, count_max)
    }
}
