//! Several processes over one table: an invocation is what one process does about one wake.
//!
//! ```text
//!   a wake ──> Engine::invoke ── a session that knows which wake it came by
//!                                  │   a scope that owes an effect: whose turn is it?   act, claim, or later
//!                                  │   a scope that is blocked: its record names the wake that is sent
//!                                  └─> Handled: acknowledge the wake, or have it handed out again
//! ```
//!
//! Events may be appended by anybody: an append that loses is folded again. What ends or abandons a subtree puts a marker
//! beside the root first, because another process may be running tasks of it.
//!
//! **Invariant:** a wake is acknowledged only after every record that it caused, and every wake that those name.

use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::channel::mpsc;
use futures::future::Either;
use stepwell_core::{
    AttemptNumber, Event, Found, Looker, Millis, Receipt, Record, Rest, Revision, SENDER_LIFE_MS, ScopeId, Turn, WakeId,
};
use stepwell_ports::{LogEntry, LogError, Remedy, ScopeKey, Wake, Wakes};

use crate::api::EngineError;
use crate::commit::{TRIES_EVERY_MS, TRIES_MAX};
use crate::driver::{Driver, SLEEP_THROUGH_MS};
use crate::engine::{Engine, Inner, lock};
use crate::inner::halted;
use crate::mail::Mail;
use crate::places::Room;
use crate::renewing::RENEWING;
use crate::session::{Came, Halt, Shared, drive};
use crate::tree;

/// When a wake is handed out again whose invocation failed for a reason that passes.
const AGAIN_MS: Millis = 1_000;

/// How long an invocation stays that was begun before its record is there, from look to look.
const EARLY_MS: [Millis; 4] = [20, 40, 80, 160];

/// How long attempts that are under way may go on after the invocation's deadline; others act some seconds later.
const CUT_MS: Millis = 2_000;

/// How processes that drive the same executions wake each other.
pub(crate) struct Sharing {
    pub(crate) wakes: Arc<dyn Wakes>,
    /// How much runs at once in this process.
    pub(crate) room: Room,
}

/// What becomes of a wake that was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handled {
    /// Everything that it asked for is durable: it is to be acknowledged.
    Done,
    /// It is to be handed out again, at that time or later: something is due then, or its record is not there yet.
    Later(Millis),
    /// It is to be handed out again, at that time or later: the invocation was cut short, by its deadline or by a table or
    /// queue that failed. What was under way begins anew.
    Again(Millis),
}

/// The wake that a session came by.
#[derive(Debug)]
pub(crate) struct Woken {
    pub(crate) scope: ScopeId,
    /// The children of that scope's fork that were handed out by the wake, if it names any.
    pub(crate) children: Arc<[u32]>,
    pub(crate) receipt: Receipt,
    /// From when on nothing is begun; what is under way is let go two seconds later.
    pub(crate) deadline_ms: Millis,
    /// When the wake is to be handed out again. Held only to change it.
    later: Mutex<Option<Millis>>,
}

impl Woken {
    /// The wake is to be handed out again at that time, or earlier.
    pub(crate) fn again(&self, at: Millis) {
        let mut later = self.later.lock().unwrap_or_else(PoisonError::into_inner);
        *later = Some(later.map_or(at, |other| other.min(at)));
    }

    /// Whether it hands children out: then it answers for nothing else.
    pub(crate) fn is_hand_out(&self) -> bool {
        !self.children.is_empty()
    }

    /// What is to be looked at.
    fn targets(&self) -> Vec<ScopeId> {
        if !self.is_hand_out() {
            return Vec::from([self.scope.clone()]);
        }
        let child = |index: &u32| self.scope.child(self.receipt.expects, *index);
        self.children.iter().map(child).collect()
    }

    fn handled(&self) -> Handled {
        let later = self.later.lock().unwrap_or_else(PoisonError::into_inner);
        later.map_or(Handled::Done, Handled::Later)
    }
}

/// A wake that was sent before its record.
#[derive(Clone, Debug)]
pub(crate) struct Announced {
    pub(crate) wake: WakeId,
    pub(crate) sent_ms: Millis,
}

impl Engine {
    /// Carries out what a wake asks for; `times` is how often it was handed out, this time included. Nothing is begun from
    /// `deadline_ms` on; it answers some seconds later at the latest, when what was under way has been let go.
    ///
    /// # Errors
    ///
    /// [`EngineError`] where the execution was parked, or its records cannot be read by this version: the wake is to be
    /// put back, never dropped.
    pub async fn invoke(&self, wake: &Wake, times: u32, deadline_ms: Millis) -> Result<Handled, EngineError> {
        let execution = &wake.key.execution;
        let handled = match &**execution {
            RENEWING => self.inner.renew_all(wake, deadline_ms).await,
            _ => self.inner.invoke(wake, times, deadline_ms).await,
        };
        handled
            .or_else(|halt| self.inner.passing(halt))
            .map_err(|halt| halted(execution, &halt))
    }
}

impl Inner {
    async fn invoke(self: &Arc<Self>, wake: &Wake, times: u32, deadline_ms: Millis) -> Result<Handled, Halt> {
        let receipt = Receipt {
            wake: WakeId(wake.id.clone()),
            expects: Revision(wake.expects),
            sent_ms: wake.sent_ms,
            times,
            received_ms: self.ports.clock.now(),
        };
        let last = match self.look_for(&wake.key, &receipt).await {
            Ok((Found::Record, last)) => last,
            Ok((Found::NotYet(at), _)) => return Ok(Handled::Later(at)),
            Ok((Found::Never, _)) => return Ok(Handled::Done),
            Err(error) => return Err(error.into()),
        };
        let woken = Arc::new(Woken {
            scope: ScopeId(wake.key.scope.clone()),
            children: wake.children.clone(),
            receipt,
            deadline_ms,
            later: Mutex::default(),
        });
        let root = last.filter(|_| wake.key.scope.is_empty());
        let root = root.map(|root| tree::decoded(&root)).transpose()?;
        self.carry_out(&wake.key.execution, Came::ByWake(woken.clone(), root), &woken)
            .await
    }

    /// What a wake finds, and the last record that is there; it may have overtaken its own by a moment.
    async fn look_for(&self, key: &ScopeKey, receipt: &Receipt) -> Result<(Found, Option<LogEntry>), LogError> {
        let mut patience = EARLY_MS.into_iter();
        loop {
            let last = self.ports.log.last(key).await?;
            let now = self.ports.clock.now();
            let found = receipt.found(last.as_ref().map(|last| Revision(last.revision)), now);
            match (found, patience.next()) {
                (Found::NotYet(_), Some(ms)) => self.ports.clock.sleep_until(now + ms).await,
                (found, _) => return Ok((found, last)),
            }
        }
    }

    async fn carry_out(
        self: &Arc<Self>,
        execution: &Arc<str>,
        came: Came,
        woken: &Arc<Woken>,
    ) -> Result<Handled, Halt> {
        let (sender, mut inbox) = mpsc::unbounded();
        for target in woken.targets() {
            // The receiver is at hand: the mail is taken.
            let _ = sender.unbounded_send(Mail::look(target));
        }
        if lock(&self.sessions).insert(execution.clone(), sender).is_some() {
            return Err(Halt::Bug(
                "two wakes of one execution at once in one process".to_owned(),
            ));
        }
        let outcome = drive(self, execution, &mut inbox, came).await;
        lock(&self.sessions).remove(execution);
        // Whoever waits took this for a session that would tell how it ends.
        self.notify(execution, &Ok(None));
        outcome.map(|_| woken.handled())
    }

    /// What passes by itself is tried again later.
    fn passing(&self, halt: Halt) -> Result<Handled, Halt> {
        let now = self.ports.clock.now();
        match halt {
            Halt::Closing | Halt::Overtaken | Halt::HandedOut => Ok(Handled::Again(now)),
            Halt::Log(error) if error.remedy() == Remedy::Retry => Ok(Handled::Again(now + AGAIN_MS)),
            other @ (Halt::Log(_) | Halt::Unreadable(_) | Halt::Bug(_)) => Err(other),
        }
    }

    /// Whether this process wrote a record, and it is its to go on from there. Where others drive, too, it is so only for
    /// the driver that wrote it: what a process left when it was done with one wake is anybody's by the next.
    pub(crate) fn wrote(&self, record: &Record) -> bool {
        self.sharing.is_none() && record.writer == self.writer
    }

    /// Who asks again for what is there already wakes it again: who asked before may have died half-way.
    pub(crate) async fn wake_again(&self, key: ScopeKey, revision: Revision) -> Result<(), Halt> {
        if self.sharing.is_none() {
            return Ok(());
        }
        self.send(&self.new_wake(), key, revision, self.ports.clock.now()).await
    }

    /// Sends the wake of a record that is appended next. Whoever stood still while it was sent sends another: one that is
    /// old may be given up before its record is there.
    pub(crate) async fn announce_record(&self, key: &ScopeKey, revision: Revision) -> Result<Announced, Halt> {
        loop {
            let announced = Announced {
                wake: self.new_wake(),
                sent_ms: self.ports.clock.now(),
            };
            self.send(&announced.wake, key.clone(), revision, announced.sent_ms)
                .await?;
            if !self.is_old(&announced) {
                return Ok(announced);
            }
        }
    }

    /// Sends a wake again whose record may have been taken so late that it was given up: its sender stood still while it
    /// put the record.
    pub(crate) async fn announce_again(
        &self,
        announced: &Announced,
        key: ScopeKey,
        revision: Revision,
    ) -> Result<(), Halt> {
        match self.is_old(announced) {
            true => self.send(&announced.wake, key, revision, self.ports.clock.now()).await,
            false => Ok(()),
        }
    }

    fn is_old(&self, announced: &Announced) -> bool {
        self.ports.clock.now() >= announced.sent_ms.saturating_add(SENDER_LIFE_MS / 2)
    }

    /// The name of a wake that was not sent yet.
    pub(crate) fn new_wake(&self) -> WakeId {
        WakeId(self.seed().chars().take(32).collect::<String>().into())
    }

    /// Sends a wake, if there are wakes; one process that drives alone needs none. One whose answer was lost is sent again
    /// under its name, and may then be handed out twice.
    pub(crate) async fn send(&self, id: &WakeId, key: ScopeKey, expects: Revision, at: Millis) -> Result<(), Halt> {
        self.send_for(id, key, expects, [].into(), at).await
    }

    /// The same for children of the fork in that record.
    pub(crate) async fn send_for(
        &self,
        id: &WakeId,
        key: ScopeKey,
        expects: Revision,
        children: Arc<[u32]>,
        at: Millis,
    ) -> Result<(), Halt> {
        let Some(sharing) = &self.sharing else { return Ok(()) };
        let wake = Wake {
            id: id.0.clone(),
            key,
            expects: expects.0,
            children,
            sent_ms: self.ports.clock.now(),
        };
        let clock = &self.ports.clock;
        for _ in 0..TRIES_MAX {
            if sharing.wakes.send(wake.clone(), at).await.is_ok() {
                return Ok(());
            }
            clock.sleep_until(clock.now() + TRIES_EVERY_MS).await;
        }
        sharing.wakes.send(wake, at).await.map_err(|error| {
            Halt::Log(LogError::Store {
                during: "sending a wake",
                source: Box::new(error),
            })
        })
    }
}

impl Driver {
    /// What this session may do about the effect that the scope owes.
    pub(crate) fn turn(&self) -> Turn {
        match &self.durable {
            Some(durable) if self.pending.is_empty() => durable.drive.turn(self.looker(), self.shared.now()),
            // What is owed will stand in a record of its own.
            Some(_) | None => Turn::Act,
        }
    }

    fn looker(&self) -> Looker<'_> {
        let Some(durable) = &self.durable else {
            return Looker::Writer;
        };
        match &self.shared.woken {
            // A process that lives on may be handed the very wake that it named.
            Some(woken) if durable.drive.wake.as_ref() == Some(&woken.receipt.wake) => Looker::Woken(&woken.receipt),
            Some(_) | None if durable.mine => Looker::Writer,
            Some(woken) => Looker::Woken(&woken.receipt),
            None => Looker::Sole,
        }
    }

    /// Whether nobody stays here until `due`: it is far, or somebody else is named for it.
    pub(crate) fn is_left_alone(&self, due: Option<Millis>) -> bool {
        match (&self.shared.engine.sharing, &self.durable) {
            (Some(_), Some(durable)) => !durable.mine || durable.drive.wake.is_some() || due.is_none(),
            (Some(_) | None, _) => due.is_none_or(|due| due > self.shared.now() + SLEEP_THROUGH_MS),
        }
    }

    /// Nothing more is done here: whoever is named goes on.
    pub(crate) async fn leave_to_wakes(&mut self, due: Option<Millis>) -> Result<(), Halt> {
        let (Some(woken), Some(durable)) = (&self.shared.woken, &self.durable) else {
            return Ok(());
        };
        if let Turn::Later(at) = self.turn()
            && self.owes_an_effect()
        {
            woken.again(at);
        }
        let Some(due) = due else { return Ok(()) };
        match durable.drive.rest(self.looker(), durable.stamp) {
            Rest::Arm(wake) if self.armed != Some(durable.revision) => {
                let (key, revision) = (self.shared.key(&self.id), durable.revision);
                self.shared.engine.send(wake, key, revision, due).await?;
                self.armed = Some(revision);
            }
            Rest::Keep => woken.again(due),
            Rest::Arm(_) | Rest::Leave => {}
        }
        Ok(())
    }

    /// Whether an attempt is to be run or submitted now.
    fn owes_an_effect(&self) -> bool {
        let owed = |attempt: &stepwell_core::Attempt| {
            attempt.stage == stepwell_core::Stage::Owed && attempt.scheduled_ms <= self.time()
        };
        self.snapshot.attempt().is_some_and(owed)
    }

    /// Sends the wake of a call before its record, whose driver it will be.
    pub(crate) async fn announce(&mut self) -> Result<(), Halt> {
        if !self.called {
            return Ok(());
        }
        let (key, revision) = (self.shared.key(&self.id), self.next_revision());
        self.announced = Some(self.shared.engine.announce_record(&key, revision).await?);
        Ok(())
    }

    /// Sends it again where the record was put late, whether or not it was taken.
    pub(crate) async fn announce_late(&mut self, revision: Revision) -> Result<(), Halt> {
        let Some(announced) = self.announced.take() else {
            return Ok(());
        };
        let key = self.shared.key(&self.id);
        self.shared.engine.announce_again(&announced, key, revision).await
    }
}

/// What of the events is folded again where their append lost: facts. What a driver decided for itself it decides anew, and
/// what came of an attempt that no record owed, the last being `owed`, came of nothing: another has its number now.
pub(crate) fn is_fact(event: &Event, owed: AttemptNumber) -> bool {
    match event {
        Event::TaskSucceeded { attempt, .. }
        | Event::TaskFailed { attempt, .. }
        | Event::TaskSubmitted { attempt }
        | Event::TaskSubmitFailed { attempt, .. }
        | Event::CallbackReported { attempt, .. } => *attempt <= owed,
        Event::TimerFired
        | Event::ChildFailed { .. }
        | Event::BranchesEnded { .. }
        | Event::LanesEnded { .. }
        | Event::StopRequested { .. } => true,
        Event::Started | Event::Continued | Event::ItemsDealt { .. } => false,
        Event::Claimed | Event::Released | Event::HandedOver => false,
    }
}

impl Shared {
    /// Completes when nothing more is to be begun: the engine closes, or the invocation's time is up.
    pub(crate) fn closing(&self) -> impl Future<Output = ()> + Send + Unpin + use<> {
        self.or_at(self.engine.closing(), 0)
    }

    /// Completes when attempts that are under way are to be released.
    pub(crate) fn cutting(&self) -> impl Future<Output = ()> + Send + Unpin + use<> {
        self.or_at(self.engine.cutting(), CUT_MS)
    }

    /// Whether an attempt that began then has had most of an invocation, and will not end in another either.
    pub(crate) fn has_had_its_time(&self, began: Millis) -> bool {
        let half = |woken: &Arc<Woken>| {
            let received = woken.receipt.received_ms;
            began <= received + woken.deadline_ms.saturating_sub(received) / 2
        };
        !self.engine.is_closing() && self.woken.as_ref().is_some_and(half)
    }

    /// Whether nothing more is to be begun.
    pub(crate) fn is_closing(&self) -> bool {
        let is_late = |woken: &Arc<Woken>| woken.deadline_ms <= self.now();
        self.engine.is_closing() || self.woken.as_ref().is_some_and(is_late)
    }

    /// Completes with `closed`, or so long after the invocation's deadline.
    fn or_at<F>(&self, closed: F, ms: Millis) -> impl Future<Output = ()> + Send + Unpin + use<F>
    where
        F: Future<Output = ()> + Send + Unpin,
    {
        match &self.woken {
            None => Either::Left(closed),
            Some(woken) => {
                let deadline = self
                    .engine
                    .ports
                    .clock
                    .sleep_until(woken.deadline_ms.saturating_add(ms));
                Either::Right(futures::future::select(closed, deadline).map(drop))
            }
        }
    }
}
