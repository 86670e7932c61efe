//! One writer thread: whatever has been handed over becomes one group, one commit, then its acknowledgements in order.

use std::sync::mpsc;
use std::thread::JoinHandle;

use futures::channel::oneshot;

use crate::operation::{Append, Candidate, Failure};

struct Handed {
    append: Append,
    acknowledge: oneshot::Sender<bool>,
}

/// The appenders' end.
#[derive(Clone)]
pub struct Queue(mpsc::Sender<Handed>);

/// What the writer did until the last appender went.
pub struct Written {
    /// Groups committed.
    pub commits: u64,
}

impl Queue {
    /// Starts the writer thread over `store`.
    pub fn start(store: Box<dyn Candidate>) -> (Self, JoinHandle<Result<Written, Failure>>) {
        let (sender, receiver) = mpsc::channel();
        (Self(sender), std::thread::spawn(move || drain(store, &receiver)))
    }

    /// Hands over at once; the receiver gets the acknowledgement.
    pub fn append(&self, append: Append) -> oneshot::Receiver<bool> {
        let (acknowledge, acknowledged) = oneshot::channel();
        // A writer that is gone drops the sender, which the receiver sees.
        let _gone = self.0.send(Handed { append, acknowledge });
        acknowledged
    }
}

fn drain(mut store: Box<dyn Candidate>, receiver: &mpsc::Receiver<Handed>) -> Result<Written, Failure> {
    let mut commits = 0;
    while let Ok(first) = receiver.recv() {
        let (group, waiting): (Vec<_>, Vec<_>) = std::iter::once(first)
            .chain(receiver.try_iter())
            .take(1024)
            .map(|handed| (handed.append, handed.acknowledge))
            .unzip();
        let written = store.commit(&group)?;
        commits += 1;
        for (waiter, written) in waiting.into_iter().zip(written) {
            let _impatient = waiter.send(written);
        }
    }
    Ok(Written { commits })
}
