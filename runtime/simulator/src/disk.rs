//! A disk between the engine and a store: takes writes when chance wills, and forgets in a crash what it has not taken
//! yet; a faulty one refuses some, or takes them and says that it did not.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::BoxFuture;
use stepwell_ports::{Clock, Due, DueEntry, Log, LogEntry, LogError, Millis, ScopeKey, Spawn};

use crate::Chance;
use crate::clock::VirtualClock;
use crate::executor::Process;

/// What may go wrong between a request and its answer.
///
/// Each number means once in so many writes, or reads; 0 is never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Writes are taken in any order, as a table does; without it in the order in which they were handed over.
    pub any_order: bool,
    /// The write fails and was not taken: throttling.
    pub refused: u64,
    /// The write was taken, and its answer is lost.
    pub unanswered: u64,
    /// A record is not read: throttling.
    pub unread: u64,
}

/// What a store was doing when a read failed.
pub const READING: &str = "reading";

/// How often each fault has struck.
#[derive(Debug, Default)]
pub struct Struck {
    /// Writes that were refused.
    pub refused: AtomicU64,
    /// Writes whose answer was lost.
    pub unanswered: AtomicU64,
    /// Reads that failed.
    pub unread: AtomicU64,
}

/// The log as one process sees it.
pub struct Disk {
    store: Arc<dyn Log>,
    clock: Arc<VirtualClock>,
    process: Process,
    chance: Chance,
    faults: Faults,
    struck: Arc<Struck>,
    queue: Arc<Mutex<VecDeque<Operation>>>,
}

/// Something that was handed over.
struct Operation {
    write: Write,
    fault: Option<Fault>,
    done: oneshot::Sender<Result<(), LogError>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    Refused,
    Unanswered,
}

enum Write {
    Append(LogEntry, Due),
    Arm(ScopeKey, Due),
}

fn lock(queue: &Mutex<VecDeque<Operation>>) -> MutexGuard<'_, VecDeque<Operation>> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Disk {
    /// The disk of one process over a store that outlives it.
    #[must_use]
    pub fn new(store: Arc<dyn Log>, clock: Arc<VirtualClock>, process: Process, chance: Chance) -> Self {
        Self {
            store,
            clock,
            process,
            chance,
            faults: Faults::default(),
            struck: Arc::default(),
            queue: Arc::default(),
        }
    }

    /// The same with faults, which are counted.
    #[must_use]
    pub fn with(self, faults: Faults, struck: Arc<Struck>) -> Self {
        Self { faults, struck, ..self }
    }

    fn hand_over(&self, write: Write) -> BoxFuture<'static, Result<(), LogError>> {
        let (done, outcome) = oneshot::channel();
        let fault = self.fault();
        lock(&self.queue).push_back(Operation { write, fault, done });
        let place = match self.faults.any_order {
            true => self.chance.draw(),
            false => 0,
        };
        self.process
            .spawn(take_one(self.queue.clone(), place, self.store.clone(), self.pause()).boxed());
        async move { outcome.await.unwrap_or(Err(LogError::Closed)) }.boxed()
    }

    fn happens(&self, once_in: u64) -> bool {
        once_in > 0 && self.chance.once_in(once_in)
    }

    /// What a read of records answers, unless it fails.
    fn read<T: Send + 'static>(
        &self,
        answer: BoxFuture<'static, Result<T, LogError>>,
    ) -> BoxFuture<'static, Result<T, LogError>> {
        if !self.happens(self.faults.unread) {
            return answer;
        }
        self.struck.unread.fetch_add(1, Ordering::Relaxed);
        std::future::ready(Err(failed(READING, "the table is throttled"))).boxed()
    }

    fn fault(&self) -> Option<Fault> {
        if self.happens(self.faults.refused) {
            self.struck.refused.fetch_add(1, Ordering::Relaxed);
            Some(Fault::Refused)
        } else if self.happens(self.faults.unanswered) {
            self.struck.unanswered.fetch_add(1, Ordering::Relaxed);
            Some(Fault::Unanswered)
        } else {
            None
        }
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

/// Takes one write, after a pause: the oldest for place 0.
async fn take_one(
    queue: Arc<Mutex<VecDeque<Operation>>>,
    place: u64,
    store: Arc<dyn Log>,
    pause: BoxFuture<'static, ()>,
) {
    pause.await;
    let taken = {
        let mut queue = lock(&queue);
        let place = place.checked_rem(queue.len() as u64).unwrap_or(0);
        queue.remove(usize::try_from(place).unwrap_or(0))
    };
    let Some(Operation { write, fault, done }) = taken else {
        return;
    };
    let outcome = match (fault, write) {
        (Some(Fault::Refused), _) => Ok(()),
        (_, Write::Append(entry, due)) => store.append(entry, due).await,
        (_, Write::Arm(key, due)) => store.arm(key, due).await,
    };
    let outcome = match fault {
        None => outcome,
        Some(Fault::Refused) => Err(failed("writing", "the table is throttled")),
        Some(Fault::Unanswered) => Err(failed("writing", "the answer is lost")),
    };
    // Whoever wrote may be gone.
    let _ = done.send(outcome);
}

fn failed(during: &'static str, what: &'static str) -> LogError {
    LogError::Store {
        during,
        source: what.into(),
    }
}

impl Log for Disk {
    fn append(&self, entry: LogEntry, due: Due) -> BoxFuture<'static, Result<(), LogError>> {
        self.hand_over(Write::Append(entry, due))
    }

    fn arm(&self, key: ScopeKey, due: Due) -> BoxFuture<'static, Result<(), LogError>> {
        self.hand_over(Write::Arm(key, due))
    }

    fn last(&self, key: &ScopeKey) -> BoxFuture<'static, Result<Option<LogEntry>, LogError>> {
        self.read(self.store.last(key))
    }

    fn range(
        &self,
        key: &ScopeKey,
        from: u64,
        count_max: usize,
    ) -> BoxFuture<'static, Result<Vec<LogEntry>, LogError>> {
        self.read(self.store.range(key, from, count_max))
    }

    fn renew(&self, key: &ScopeKey) -> BoxFuture<'static, Result<(), LogError>> {
        self.read(self.store.renew(key))
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

impl std::fmt::Debug for Disk {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Disk")
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}
