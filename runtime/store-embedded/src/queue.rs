//! What waits for the writer: in the order of the calls, bounded by bytes.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::channel::oneshot;
use futures::future::{BoxFuture, FutureExt};
use stepwell_ports::{Due, ExecutionRow, LogEntry, LogError, ScopeKey};

use crate::options::QUEUE_BYTES_MAX;

/// The most that one commit takes together; a larger change goes alone.
const GROUP_BYTES_MAX: usize = 1 << 20;
/// The most changes that one commit takes together.
const GROUP_COUNT_MAX: usize = 1024;
/// What a change takes beside its names and body, roughly.
const CHANGE_BYTES: usize = 256;

/// A change to the store.
#[derive(Debug)]
pub(crate) enum Change {
    Append { entry: LogEntry, due: Due },
    Arm { key: ScopeKey, due: Due },
    Put { name: String, body: Bytes },
    Index { row: ExecutionRow, json: Vec<u8> },
}

impl Change {
    fn bytes(&self) -> usize {
        let own = match self {
            Self::Append { entry, .. } => entry.key.execution.len() + entry.key.scope.len() + entry.body.len(),
            Self::Arm { key, .. } => key.execution.len() + key.scope.len(),
            Self::Put { name, body } => name.len() + body.len(),
            Self::Index { row, json } => row.execution.len() + json.len(),
        };
        own + CHANGE_BYTES
    }
}

/// How a change ended.
pub(crate) type Ended = Result<(), LogError>;

/// A change, and who waits for it.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) change: Change,
    pub(crate) acknowledge: oneshot::Sender<Ended>,
}

/// What the writer gets.
#[derive(Debug)]
pub(crate) enum Taken {
    /// The next changes.
    Group(Vec<Request>),
    /// Nothing came for as long as the writer wanted to wait.
    Idle,
    /// Nothing will come any more.
    Closed,
}

#[derive(Debug, Default)]
struct Waiting {
    requests: VecDeque<Request>,
    bytes: usize,
    closed: bool,
}

/// The queue; its mutex guards a list that is never touched while waiting for the disk.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    filled: Condvar,
    drained: Condvar,
}

impl Queue {
    /// Hands a change over; the future waits for its acknowledgement.
    pub(crate) fn hand_over(&self, change: Change) -> BoxFuture<'static, Ended> {
        let bytes = change.bytes();
        let mut waiting = self.waiting();
        while !waiting.closed && !waiting.requests.is_empty() && waiting.bytes + bytes > QUEUE_BYTES_MAX {
            waiting = self.drained.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        if waiting.closed {
            return futures::future::ready(Err(LogError::Closed)).boxed();
        }
        let (acknowledge, acknowledged) = oneshot::channel();
        waiting.bytes += bytes;
        waiting.requests.push_back(Request { change, acknowledge });
        self.filled.notify_one();
        // A writer that ends drops what it did not do.
        acknowledged.map(|ended| ended.unwrap_or(Err(LogError::Closed))).boxed()
    }

    /// Waits for changes, for at most `patience`.
    pub(crate) fn take(&self, patience: Option<Duration>) -> Taken {
        let waiting = self.waiting();
        let nothing = |waiting: &mut Waiting| waiting.requests.is_empty() && !waiting.closed;
        let mut waiting = match patience {
            None => self
                .filled
                .wait_while(waiting, nothing)
                .unwrap_or_else(PoisonError::into_inner),
            Some(patience) => {
                let waited = self.filled.wait_timeout_while(waiting, patience, nothing);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        let group = next_group(&mut waiting);
        let closed = waiting.closed;
        drop(waiting);
        if group.is_empty() {
            return if closed { Taken::Closed } else { Taken::Idle };
        }
        self.drained.notify_all();
        Taken::Group(group)
    }

    /// Accepts nothing more; what waits is still done.
    pub(crate) fn close(&self) {
        self.waiting().closed = true;
        self.filled.notify_all();
        self.drained.notify_all();
    }

    /// Accepts nothing more and drops what waits.
    pub(crate) fn abandon(&self) {
        let mut waiting = self.waiting();
        waiting.closed = true;
        let dropped = std::mem::take(&mut waiting.requests);
        drop(waiting);
        self.drained.notify_all();
        drop(dropped);
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Every change of the list is a single step, so a panic elsewhere leaves it whole.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn next_group(waiting: &mut Waiting) -> Vec<Request> {
    let mut group = Vec::new();
    let mut group_bytes = 0;
    while let Some(request) = waiting.requests.front() {
        let bytes = request.change.bytes();
        if !group.is_empty() && (group_bytes + bytes > GROUP_BYTES_MAX || group.len() == GROUP_COUNT_MAX) {
            break;
        }
        group_bytes += bytes;
        group.extend(waiting.requests.pop_front());
    }
    waiting.bytes -= group_bytes;
    group
}
