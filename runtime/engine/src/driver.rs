//! A driver: one scope, carried as far as it can go.

use std::sync::Arc;

use futures::channel::mpsc::UnboundedReceiver;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use stepwell_core::{Duty, Event, Millis, Revision, ScopeId, Snapshot, Stage, Status, Turn, WakeId, duties};
use stepwell_expression::Value;
use stepwell_model::Kind;
use stepwell_ports::Due;

use crate::busy::Working;
use crate::commit::{Durable, Pending, Weight, births};
use crate::cutting::Standing;
use crate::dealing::Dealing;
use crate::mail::{Answer, Mail, Message};
use crate::session::{Halt, Shared, work};
use crate::sharing::Announced;

/// Delays up to this are slept through; a wake would be dearer.
pub(crate) const SLEEP_THROUGH_MS: u64 = 2_000;

/// One scope, carried as far as it can go.
pub(crate) struct Driver {
    pub(crate) shared: Arc<Shared>,
    pub(crate) id: ScopeId,
    pub(crate) snapshot: Snapshot,
    /// The last record that is known to be durable.
    pub(crate) durable: Option<Durable>,
    /// What was open after it.
    pub(crate) standing: Standing,
    /// What was folded since.
    pub(crate) pending: Pending,
    /// Stamps must be later than this: what the scope was forked by, or what it joins.
    pub(crate) after: Millis,
    /// Where a lane gets its items from.
    pub(crate) dealing: Option<Arc<Dealing>>,
    /// The driver came by a claim: nothing is fused until the next outcome.
    pub(crate) unfused: bool,
    /// How many items the lane's last reservation held.
    pub(crate) reserved: u64,
    /// The items that the lane was dealt last ended in the record that dealt them, and did not make it large.
    pub(crate) ran_through: bool,
    /// The submitted attempt whose child flow was handed to be driven.
    pub(crate) roused: Option<stepwell_core::AttemptNumber>,
    /// The scope is driven by nobody here: somebody outside has something appended, and a wake drives what follows.
    pub(crate) called: bool,
    /// The wake that was sent before the record in the making, whose driver it will be.
    pub(crate) announced: Option<Announced>,
    /// The wake that the record in the making leaves the scope to.
    pub(crate) handed_to: Option<WakeId>,
    /// How often it went on from a record of somebody else's.
    pub(crate) adopted: u32,
    /// The record whose wake was sent.
    pub(crate) armed: Option<Revision>,
    /// All children are to be looked at, not only those that mail comes for.
    pub(crate) descend: bool,
    pub(crate) inbox: UnboundedReceiver<Mail>,
    pub(crate) working: Option<Working>,
}

/// How a scope ended.
#[derive(Debug)]
pub(crate) struct EndedScope {
    pub(crate) status: Status,
    pub(crate) stamp: Millis,
    /// What it wrote into `$Global`; of a lane, nothing.
    pub(crate) writes: Value,
    pub(crate) lane: Option<EndedLane>,
    /// The number that a failure is known by: a branch's, or the failed item's.
    pub(crate) index: u64,
}

/// What a lane's items came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EndedLane {
    pub(crate) ended: u64,
    pub(crate) bytes: u64,
    pub(crate) wrote: bool,
}

/// What the driver does next.
enum Move {
    Ended,
    Continue,
    Attempt(stepwell_core::Attempt),
    Children,
    Deal,
    Blocked,
}

impl Driver {
    /// The root of an execution; nothing where it does not exist.
    pub(crate) async fn load_root(shared: &Arc<Shared>) -> Result<Option<Self>, Halt> {
        let Some(record) = shared.last(&ScopeId::root()).await? else {
            return Ok(None);
        };
        Ok(Some(Self::resumed(shared, ScopeId::root(), record, None)))
    }

    /// A scope that has a record.
    pub(crate) fn resumed(
        shared: &Arc<Shared>,
        id: ScopeId,
        record: stepwell_core::Record,
        dealing: Option<Arc<Dealing>>,
    ) -> Self {
        shared.arm_unknown(&id);
        let durable = Durable {
            revision: record.revision,
            stamp: record.stamp,
            mine: shared.engine.wrote(&record),
            drive: record.drive,
            attempts: record.snapshot.attempts,
        };
        shared.remember(births(&id, record.revision, record.values));
        let mut driver = Self::fresh(shared, id, record.snapshot, record.stamp, dealing);
        driver.durable = Some(durable);
        driver.standing = Standing::of(&shared.flow, &driver.snapshot);
        driver
    }

    /// A scope without a record.
    pub(crate) fn fresh(
        shared: &Arc<Shared>,
        id: ScopeId,
        snapshot: Snapshot,
        after: Millis,
        dealing: Option<Arc<Dealing>>,
    ) -> Self {
        let inbox = shared.open_route(&id);
        Self {
            shared: shared.clone(),
            id,
            snapshot,
            durable: None,
            standing: Standing::default(),
            pending: Pending::default(),
            after,
            dealing,
            unfused: false,
            reserved: 1,
            ran_through: false,
            roused: None,
            called: false,
            announced: None,
            handed_to: None,
            adopted: 0,
            armed: None,
            descend: false,
            inbox,
            working: Some(work(shared)),
        }
    }

    /// Carries the scope to its end. Parks while there is nothing to do; dropping it cancels whatever runs.
    pub(crate) fn run(mut self) -> BoxFuture<'static, Result<EndedScope, Halt>> {
        async move {
            if self.durable.is_none() {
                self.fold(Event::Started, Weight::Light).await?;
            }
            loop {
                self.fire_timers().await?;
                match self.next_move() {
                    Move::Ended => {
                        self.commit().await?;
                        if !self.snapshot.status.is_running() {
                            return Ok(self.ended());
                        }
                        // The append lost: another process has gone on with the scope.
                    }
                    Move::Continue => self.go_on().await?,
                    Move::Attempt(attempt) => Box::pin(self.attempt(attempt)).await?,
                    Move::Children => Box::pin(self.children()).await?,
                    Move::Deal => self.deal().await?,
                    Move::Blocked => self.park().await?,
                }
            }
        }
        .boxed()
    }

    fn next_move(&self) -> Move {
        let duties = self.duties();
        let first = duties.into_iter().find(|duty| !matches!(duty, Duty::WakeAt(_)));
        match first {
            None | Some(Duty::WakeAt(_)) => Move::Blocked,
            Some(Duty::TellParent) => Move::Ended,
            Some(Duty::Continue) => Move::Continue,
            Some(Duty::Children) => Move::Children,
            Some(Duty::Deal) => Move::Deal,
            Some(Duty::Attempt(attempt)) if attempt.scheduled_ms > self.time() => Move::Blocked,
            Some(Duty::Attempt(_)) if matches!(self.turn(), Turn::Later(_)) => Move::Blocked,
            Some(Duty::Attempt(attempt)) => Move::Attempt(attempt),
        }
    }

    /// Whether nothing but a timer or mail moves the scope on.
    pub(crate) fn rests(&self) -> bool {
        matches!(self.next_move(), Move::Blocked)
    }

    fn duties(&self) -> Vec<Duty> {
        duties(&self.shared.flow, &self.shared.pins, &self.snapshot)
    }

    /// When the scope is to be looked at again: its timer, or the attempt that is scheduled for later.
    pub(crate) fn due(&self) -> Option<Millis> {
        let dues = self.duties().into_iter().filter_map(|duty| match duty {
            Duty::WakeAt(at) => Some(at),
            Duty::Attempt(attempt) if attempt.scheduled_ms > self.time() => Some(attempt.scheduled_ms),
            Duty::Attempt(_) | Duty::Continue | Duty::Children | Duty::Deal | Duty::TellParent => None,
        });
        dues.min()
    }

    /// When a timer of the scope fires; a scheduled attempt is no timer.
    pub(crate) fn timer(&self) -> Option<Millis> {
        let timers = self.duties().into_iter().filter_map(|duty| match duty {
            Duty::WakeAt(at) => Some(at),
            Duty::Attempt(_) | Duty::Continue | Duty::Children | Duty::Deal | Duty::TellParent => None,
        });
        timers.min()
    }

    /// The time in this scope: the clock's, or that of its last record where that is ahead.
    pub(crate) fn time(&self) -> Millis {
        self.shared
            .now()
            .max(self.durable.as_ref().map_or(0, |durable| durable.stamp))
            .max(self.pending.stamp())
    }

    async fn fire_timers(&mut self) -> Result<(), Halt> {
        if self.timer().is_some_and(|due| due <= self.time()) {
            self.fold(Event::TimerFired, Weight::Heavy).await?;
        }
        Ok(())
    }

    /// Appends what has become much, and lets everything else have a turn.
    pub(crate) async fn breathe(&mut self) -> Result<(), Halt> {
        if self.pending.is_full() {
            self.commit().await?;
        }
        yield_once().await;
        if self.shared.is_closing() {
            self.commit().await?;
            return Err(Halt::Closing);
        }
        Ok(())
    }

    /// A bound cut the step: append what has become much, and go on.
    async fn go_on(&mut self) -> Result<(), Halt> {
        self.breathe().await?;
        while let Ok(mail) = self.inbox.try_recv() {
            self.read(Some(mail)).await?;
        }
        self.fold(Event::Continued, Weight::Light).await?;
        Ok(())
    }

    /// Nothing to do until a moment, or until mail comes.
    async fn park(&mut self) -> Result<(), Halt> {
        self.commit().await?;
        if !self.rests() {
            // Time has passed in the meantime.
            return Ok(());
        }
        self.rouse_child().await?;
        let due = self.due();
        if self.is_left_alone(due) {
            self.shared.wants(&self.id, due.map_or(Due::Never, Due::At));
            self.leave_to_wakes(due).await?;
            self.working = None;
        }
        let mut sleep = self.sleep_until(due).fuse();
        let mut closing = self.shared.closing().fuse();
        let mail = futures::select_biased! {
            mail = self.inbox.next() => Some(mail),
            () = closing => return Err(Halt::Closing),
            () = sleep => None,
        };
        self.working.get_or_insert_with(|| work(&self.shared));
        match mail {
            Some(mail) => self.read(mail).await,
            None => Ok(()),
        }
    }

    /// Completes at that moment; without one, never.
    pub(crate) fn sleep_until(&self, due: Option<Millis>) -> BoxFuture<'static, ()> {
        match due {
            Some(due) => self.shared.engine.ports.clock.sleep_until(due),
            None => futures::future::pending().boxed(),
        }
    }

    /// Reads mail outside a fork; a message for an inner scope is for one that no longer counts.
    pub(crate) async fn read(&mut self, mail: Option<Mail>) -> Result<(), Halt> {
        let Some(mut mail) = mail else {
            return Err(Halt::Closing);
        };
        self.working.get_or_insert_with(|| work(&self.shared));
        if mail.target != self.id {
            self.shared.wants(&mail.target, Due::Never);
            self.shared.arm_unknown(&mail.target);
            mail.refuse(Answer::Gone);
            // What the mail was for may be what this scope owes now.
            self.descend = true;
            return Ok(());
        }
        match std::mem::replace(&mut mail.message, Message::Look) {
            Message::Look => self.descend = true,
            Message::Refresh => self.reload_if_newer().await?,
            // The fork is over.
            Message::Crowded => {}
            Message::Event(event, reply) => {
                let answer = self.fold_and_commit(event).await?;
                // Whoever asked may be gone.
                let _ = reply.send(answer);
            }
        }
        Ok(())
    }

    async fn fold_and_commit(&mut self, event: Event) -> Result<Answer, Halt> {
        if !self.fold(event, Weight::Heavy).await? {
            return Ok(Answer::Late);
        }
        let stands = self.commit_event().await?;
        Ok(if stands { Answer::Folded } else { Answer::Late })
    }

    fn ended(&self) -> EndedScope {
        ended(
            &self.snapshot,
            self.durable.as_ref().map_or(self.after, |durable| durable.stamp),
        )
    }

    /// The name of the state that the scope stands at.
    pub(crate) fn state(&self) -> Option<&stepwell_model::State> {
        let block = self.shared.flow.block(&self.snapshot.scope.block)?;
        block.state(self.snapshot.at.as_ref()?.state)
    }

    /// The Task that the scope stands at.
    pub(crate) fn task(&self) -> Option<&stepwell_model::Task> {
        match &self.state()?.kind {
            Kind::Task(task) => Some(task),
            Kind::Pass | Kind::Wait(_) | Kind::Choice(_) | Kind::Parallel(_) | Kind::Map(_) | Kind::Succeed => None,
            Kind::Fail(_) => None,
        }
    }

    /// The number of the record in the making.
    pub(crate) fn next_revision(&self) -> Revision {
        self.durable
            .as_ref()
            .map_or(Revision(1), |durable| durable.revision.next())
    }

    /// Whether that attempt is still the one under way.
    pub(crate) fn is_current(&self, attempt: stepwell_core::AttemptNumber) -> bool {
        let current = self.snapshot.attempt();
        current.is_some_and(|current| current.number == attempt && current.stage == Stage::Owed)
    }
}

/// Lets everything else have a turn.
pub(crate) async fn yield_once() {
    let mut yielded = false;
    futures::future::poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.shared.close_route(&self.id);
    }
}

/// How a scope with that snapshot ended.
pub(crate) fn ended(snapshot: &Snapshot, stamp: Millis) -> EndedScope {
    use stepwell_core::Kind as Scope;
    let (lane, index) = match &snapshot.scope.kind {
        Scope::Root => (None, 0),
        Scope::Branch { index, .. } => (None, u64::from(*index)),
        Scope::Lane(lane) => (
            Some(EndedLane {
                ended: lane.ended,
                bytes: lane.bytes,
                wrote: lane.wrote,
            }),
            lane.item,
        ),
    };
    EndedScope {
        status: snapshot.status.clone(),
        stamp,
        writes: snapshot.globals.writes.clone(),
        lane,
        index,
    }
}
