//! Messages that wait to be sent: those that wait at once go together.
//!
//! A message that comes alone is sent at once, by a request of its own. Up to ten that come in the same moment, or while
//! others are under way, share one request, which costs as much as one of theirs.
//!
//! **Invariant:** whoever waits is answered for its own message.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::channel::oneshot;

use crate::error::{AwsWakesError, Meaning};
use crate::queue::{Letter, Queue};

/// How many messages share a request at most.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>
const TOGETHER_MAX: usize = 10;

/// How many requests are under way at once.
const CLERKS_MAX: usize = 4;

/// Sends messages into a queue. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Outbox {
    queue: Queue,
    /// Held only to change it.
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Debug, Default)]
struct Waiting {
    letters: VecDeque<Posted>,
    /// How many carry letters away.
    clerks: usize,
}

/// A message and who waits for what becomes of it.
#[derive(Debug)]
struct Posted {
    letter: Letter,
    sender: oneshot::Sender<Result<(), AwsWakesError>>,
}

/// The process is ending.
#[derive(Debug, thiserror::Error)]
#[error("nobody is left to send it")]
struct Closing;

impl Outbox {
    pub(crate) fn new(queue: Queue) -> Self {
        Self {
            queue,
            waiting: Arc::default(),
        }
    }

    /// Sends a message, with others if there are any.
    pub(crate) async fn send(&self, letter: Letter) -> Result<(), AwsWakesError> {
        let (sender, answer) = oneshot::channel();
        if self.post(Posted { letter, sender }) {
            // Nobody waits for it: it ends when nothing is left to send.
            drop(tokio::spawn(self.clone().carry()));
        }
        let closing = |_| {
            Err(AwsWakesError::meant(
                Meaning::Failed,
                "sending a message",
                Box::new(Closing),
            ))
        };
        answer.await.unwrap_or_else(closing)
    }

    /// Whether somebody more is to carry letters away.
    fn post(&self, posted: Posted) -> bool {
        let mut waiting = self.lock();
        waiting.letters.push_back(posted);
        let is_wanted = waiting.clerks < CLERKS_MAX;
        waiting.clerks += usize::from(is_wanted);
        is_wanted
    }

    async fn carry(self) {
        // Whoever sends in the same moment comes first.
        tokio::task::yield_now().await;
        while let Some(posted) = self.take() {
            let letters: Vec<&Letter> = posted.iter().map(|posted| &posted.letter).collect();
            let outcomes = match letters.as_slice() {
                [alone] => vec![self.queue.send(alone).await],
                together => self.queue.send_together(together).await,
            };
            for (posted, outcome) in posted.into_iter().zip(outcomes) {
                // Whoever is gone need not know.
                posted.sender.send(outcome).ok();
            }
        }
    }

    fn take(&self) -> Option<Vec<Posted>> {
        let mut waiting = self.lock();
        let count = waiting.letters.len().min(TOGETHER_MAX);
        if count == 0 {
            waiting.clerks -= 1;
            return None;
        }
        Some(waiting.letters.drain(..count).collect())
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
