//! The due-time loop: what comes due becomes mail.
//!
//! The index is read once for each stretch of time: at start everything up to now, then what has come due since. What is
//! armed for the past is known to whoever armed it, which drives it itself; so nothing is polled, and a million waiting
//! executions cost nothing here.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender};
use futures::{FutureExt, StreamExt};
use stepwell_core::ScopeId;
use stepwell_ports::{DueEntry, LogError, Millis, ScopeKey};

use crate::api::EngineError;
use crate::engine::{Inner, lock};
use crate::inner::halted;
use crate::session::Halt;

/// Entries that are read at once.
const PAGE: usize = 256;

/// What the dispatcher is told.
enum News {
    Due(Millis),
    /// What was passed over may be somebody's child.
    LookAgain,
    Failed(Arc<Halt>),
}

/// Tells the dispatcher of new due times.
pub(crate) struct Dues {
    sender: UnboundedSender<News>,
    /// The earliest time that the dispatcher knows of or was told: what is due later need not be told.
    next: AtomicU64,
    /// Taken by the one dispatcher.
    receiver: Mutex<Option<UnboundedReceiver<News>>>,
}

impl Default for Dues {
    fn default() -> Self {
        let (sender, receiver) = futures::channel::mpsc::unbounded();
        Self {
            sender,
            next: AtomicU64::new(Millis::MAX),
            receiver: Mutex::new(Some(receiver)),
        }
    }
}

impl Dues {
    /// Something is due at that time.
    pub(crate) fn add(&self, at: Millis) {
        if at < self.next.fetch_min(at, Ordering::SeqCst) {
            // Without a dispatcher nobody is to be told.
            let _ = self.sender.unbounded_send(News::Due(at));
        }
    }

    /// The index is about to be read: what is added from now on may be missed there.
    fn read_begins(&self) {
        self.next.store(Millis::MAX, Ordering::SeqCst);
    }

    /// The index was read; that is the next time in it.
    fn read_ends(&self, next: Option<Millis>) {
        self.next.fetch_min(next.unwrap_or(Millis::MAX), Ordering::SeqCst);
    }

    /// What is driven now may have started others that are due.
    pub(crate) fn look_again(&self) {
        // Without a dispatcher nobody is to be told.
        let _ = self.sender.unbounded_send(News::LookAgain);
    }

    /// A session gave up for a reason that concerns the whole process.
    pub(crate) fn fail(&self, halt: Arc<Halt>) {
        // What is too large concerns that execution alone.
        if matches!(&*halt, Halt::Log(error) if !matches!(error, LogError::TooLarge { .. })) {
            let _ = self.sender.unbounded_send(News::Failed(halt));
        }
    }
}

pub(crate) async fn run(engine: &Arc<Inner>) -> EngineError {
    let receiver = lock(&engine.dues.receiver).take();
    let Some(mut news) = receiver else {
        return EngineError::Closing;
    };
    let mut done: Option<DueEntry> = None;
    loop {
        let now = engine.ports.clock.now();
        engine.dues.read_begins();
        let mut next = match due_now(engine, &mut done, now).await {
            Ok(next) => next,
            Err(error) => return error,
        };
        engine.dues.read_ends(next);
        engine.leftovers.all_found();
        loop {
            let mut sleep = match next {
                Some(at) => engine.ports.clock.sleep_until(at),
                None => futures::future::pending().boxed(),
            }
            .fuse();
            let mut closing = engine.closing().fuse();
            futures::select_biased! {
                () = closing => return EngineError::Closing,
                heard = news.next() => match heard {
                    Some(News::Due(at)) => {
                        if done.as_ref().is_some_and(|done| at <= done.at) {
                            // It became due while it was being written.
                            done = Some(DueEntry { at: at.saturating_sub(1), key: end() });
                        }
                        next = Some(next.map_or(at, |next| next.min(at)));
                    }
                    Some(News::LookAgain) => {
                        done = None;
                        break;
                    }
                    Some(News::Failed(halt)) => return halted(&"".into(), &halt),
                    None => return EngineError::Closing,
                },
                () = sleep => break,
            }
        }
    }
}

/// Sends a look for everything that has come due, and returns when the next thing does.
async fn due_now(engine: &Arc<Inner>, done: &mut Option<DueEntry>, now: Millis) -> Result<Option<Millis>, EngineError> {
    loop {
        let page = engine.ports.log.due(done.as_ref(), now, PAGE).await?;
        for entry in &page {
            let execution = &entry.key.execution;
            if !engine.drives(execution) && engine.has_parents() {
                engine.adopt(execution).await.map_err(|halt| halted(execution, &halt))?;
            }
            engine.look(execution, ScopeId(entry.key.scope.clone()));
        }
        let is_last = page.len() < PAGE;
        if is_last {
            break;
        }
        *done = page.last().cloned();
    }
    *done = Some(DueEntry { at: now, key: end() });
    let next = engine.ports.log.due(done.as_ref(), Millis::MAX, 1).await?;
    Ok(next.first().map(|entry| entry.at))
}

/// Behind every key.
fn end() -> ScopeKey {
    ScopeKey {
        execution: "\u{10ffff}".into(),
        scope: "".into(),
    }
}
