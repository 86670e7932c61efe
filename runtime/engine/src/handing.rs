//! Handing children out: those that wait too long for room here go on in other processes.
//!
//! ```text
//!   a child waits for room ── tells its parent ──> the parent asks half of those that wait to leave
//!                                                       │
//!   each appends a record that owes its attempt  <──────┘
//!   and names the wake of the hand-out
//!       └─ when all have: the wake is sent, with their numbers ──> another process looks at them, and does the same
//! ```
//!
//! A lane that was handed out goes on with its items where it went. Nothing else is written down: who holds the message by
//! which it came answers for every child that it has not handed out, and the messages of the hand-outs answer for the others.
//!
//! **Invariant:** an attempt that has begun is never handed out, and the wake that a session came by is acknowledged after
//! the wakes of what it handed out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures::channel::{mpsc, oneshot};
use futures::future::{BoxFuture, Either, Fuse, select};
use futures::{FutureExt, StreamExt};
use stepwell_core::{Event, Millis, Revision, ScopeId, WakeId};
use stepwell_ports::Wake;

use crate::commit::Weight;
use crate::driver::Driver;
use crate::engine::lock;
use crate::mail::{Mail, Message};
use crate::session::{Halt, Shared};

/// Children that have left, with the wake that their records name; terminated where none was asked to.
pub(crate) type Leaving = Fuse<BoxFuture<'static, HandOut>>;

/// What a wake hands out.
pub(crate) struct HandOut {
    wake: WakeId,
    children: Vec<u32>,
}

/// The scopes of a session that wait for room.
#[derive(Debug, Default)]
pub(crate) struct Waiting(Mutex<BTreeMap<ScopeId, Waiter>>);

#[derive(Debug)]
struct Waiter {
    since: Millis,
    asked: oneshot::Sender<Leave>,
}

/// Asks a scope to leave. Whoever keeps it has not answered yet.
#[derive(Debug)]
pub(crate) struct Leave {
    wake: WakeId,
    gone: mpsc::UnboundedSender<u32>,
}

/// Stands in the line until dropped.
struct InLine {
    shared: Arc<Shared>,
    id: ScopeId,
}

impl Drop for InLine {
    fn drop(&mut self) {
        lock(&self.shared.waiting.0).remove(&self.id);
    }
}

impl Waiting {
    /// Takes out of the line the later half of a fork's children that have waited long enough.
    fn half(&self, parent: &ScopeId, fork: Revision, before: Millis) -> Vec<Waiter> {
        let mut line = lock(&self.0);
        let mut waiting: Vec<(u32, ScopeId)> = line
            .iter()
            .filter(|(_, waiter)| waiter.since <= before)
            .filter_map(|(id, _)| match id.parent()? {
                (above, its, index) if above == *parent && its == fork => Some((index, id.clone())),
                _ => None,
            })
            .collect();
        waiting.sort();
        let stay = (waiting.len() / 2).max(waiting.len().saturating_sub(Wake::CHILDREN_MAX));
        let leave = waiting.into_iter().skip(stay);
        leave.filter_map(|(_, id)| line.remove(&id)).collect()
    }
}

impl Shared {
    /// How long a child waits for room before others may have it.
    fn patience(&self) -> Millis {
        let sharing = self.engine.sharing.as_ref();
        sharing.map_or(Millis::MAX, |sharing| sharing.room.patience_ms.max(1))
    }
}

impl Driver {
    /// Completes when the scope is asked to leave; until then its parent is told, now and then, that it waits for room.
    pub(crate) fn asked_to_leave(&self) -> Fuse<BoxFuture<'static, Leave>> {
        let is_mine = !self.pending.is_empty() || self.durable.as_ref().is_none_or(|durable| durable.mine);
        let parent = self.id.parent().filter(|_| is_mine && self.shared.woken.is_some());
        let Some((parent, _, _)) = parent else {
            return Fuse::terminated();
        };
        in_line(self.shared.clone(), self.id.clone(), parent).boxed().fuse()
    }

    /// Leaves the attempt to the wake of a hand-out; whether it is so.
    pub(crate) async fn hand_over(&mut self, leave: Leave) -> Result<bool, Halt> {
        self.handed_to = Some(leave.wake.clone());
        if self.fold(Event::HandedOver, Weight::Heavy).await? {
            self.commit().await?;
        }
        self.handed_to = None;
        let named = self.durable.as_ref().and_then(|durable| durable.drive.wake.as_ref());
        let has_left = named == Some(&leave.wake);
        if let Some((_, _, index)) = self.id.parent().filter(|_| has_left) {
            // The parent may have given up the fork.
            let _ = leave.gone.unbounded_send(index);
        }
        Ok(has_left)
    }

    /// Asks half of the children that wait for room to leave.
    pub(crate) fn ask_half(&self, fork: Revision) -> Leaving {
        let before = self.shared.now().saturating_sub(self.shared.patience());
        let half = self.shared.waiting.half(&self.id, fork, before);
        if half.is_empty() {
            return Fuse::terminated();
        }
        let wake = self.shared.engine.new_wake();
        let (gone, numbers) = mpsc::unbounded();
        for waiter in half {
            let leave = Leave {
                wake: wake.clone(),
                gone: gone.clone(),
            };
            // Whoever waits no longer stays.
            let _ = waiter.asked.send(leave);
        }
        let gone = numbers.collect().map(|children| HandOut { wake, children });
        gone.boxed().fuse()
    }

    /// Sends the wake of those that have left.
    pub(crate) async fn hand_out(&self, fork: Revision, out: HandOut) -> Result<(), Halt> {
        if out.children.is_empty() {
            return Ok(());
        }
        let mut children = out.children;
        children.sort_unstable();
        let (key, now) = (self.shared.key(&self.id), self.shared.now());
        let engine = &self.shared.engine;
        engine.send_for(&out.wake, key, fork, children.into(), now).await
    }
}

async fn in_line(shared: Arc<Shared>, id: ScopeId, parent: ScopeId) -> Leave {
    let clock = shared.engine.ports.clock.clone();
    let (sender, mut asked) = oneshot::channel();
    let waiter = Waiter {
        since: clock.now(),
        asked: sender,
    };
    lock(&shared.waiting.0).insert(id.clone(), waiter);
    let in_line = InLine { shared, id };
    loop {
        let long = clock.sleep_until(clock.now() + in_line.shared.patience());
        match select(asked, long).await {
            Either::Left((Ok(leave), _)) => return leave,
            // Asked, and then no longer.
            Either::Left((Err(oneshot::Canceled), _)) => return futures::future::pending().await,
            Either::Right(((), still)) => asked = still,
        }
        in_line.shared.send(Mail {
            target: parent.clone(),
            message: Message::Crowded,
            working: None,
        });
    }
}
