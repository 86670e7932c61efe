//! The one thread that changes the store.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use stepwell_ports::LogError;

use crate::error::{Failure, SharedFailure, catching};
use crate::group;
use crate::heads::Heads;
use crate::queue::{Change, Ended, Request, Taken};
use crate::store::{Opened, Shared};

/// Writes until the queue is closed and empty, or a commit fails.
pub(crate) fn run(shared: &Shared, settle_after: Duration) {
    let ending = Ending { shared };
    if let Some(mut writer) = Writer::new(shared) {
        while writer.turn(settle_after).is_some() {}
    }
    drop(ending);
}

/// However the thread ends: nothing more is accepted, nobody waits for ever, the file is let go.
struct Ending<'a> {
    shared: &'a Shared,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.shared.queue.abandon();
        self.shared.release();
    }
}

/// What the thread goes round with.
pub(crate) struct Writer<'a> {
    shared: &'a Shared,
    opened: Arc<Opened>,
    heads: Heads,
    settled: bool,
}

impl<'a> Writer<'a> {
    /// `None` where the store is closed.
    pub(crate) fn new(shared: &'a Shared) -> Option<Self> {
        Some(Self {
            opened: shared.opened()?,
            shared,
            heads: Heads::default(),
            settled: true,
        })
    }

    /// Does what comes next; `None` at the end.
    pub(crate) fn turn(&mut self, settle_after: Duration) -> Option<()> {
        match self.shared.queue.take((!self.settled).then_some(settle_after)) {
            Taken::Group(requests) => self.write(requests),
            Taken::Idle => self.settle(),
            Taken::Closed => None,
        }
    }

    fn write(&mut self, requests: Vec<Request>) -> Option<()> {
        let changes = requests.iter().map(|request| &request.change);
        match catching(|| group::commit(&self.opened.database, &mut self.heads, changes)) {
            Ok((ended, committed)) => {
                self.settled &= !committed;
                self.shared
                    .counters
                    .commits
                    .fetch_add(u64::from(committed), Ordering::Relaxed);
                self.acknowledge(requests, ended);
                Some(())
            }
            Err(failure) => {
                self.refuse(requests, failure);
                None
            }
        }
    }

    fn acknowledge(&self, requests: Vec<Request>, ended: Vec<Ended>) {
        for (request, ended) in requests.into_iter().zip(ended) {
            if let (Change::Append { entry, .. }, Ok(())) = (&request.change, &ended) {
                self.shared.counters.records.fetch_add(1, Ordering::Relaxed);
                self.shared
                    .counters
                    .bytes
                    .fetch_add(entry.body.len() as u64, Ordering::Relaxed);
            }
            // Nobody has to wait for an acknowledgement.
            let _unwaited = request.acknowledge.send(ended);
        }
    }

    /// Whether the group is on the disk is not known. Nothing may follow it, so the store closes before anybody hears.
    fn refuse(&self, requests: Vec<Request>, failure: Failure) {
        self.shared.queue.abandon();
        self.shared.release();
        let failure = SharedFailure(Arc::new(failure));
        for request in requests {
            let error = LogError::Store {
                during: "committing a group",
                source: Box::new(failure.clone()),
            };
            let _unwaited = request.acknowledge.send(Err(error));
        }
    }

    fn settle(&mut self) -> Option<()> {
        self.settled = true;
        catching(|| group::settle(&self.opened.database)).ok()
    }
}
