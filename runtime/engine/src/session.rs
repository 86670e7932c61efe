//! A session: everything that this process does for one live execution.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender};
use futures::{FutureExt, StreamExt};
use stepwell_core::{Failure, Pins, Record, Revision, ScopeId, Status};
use stepwell_expression::{Birth, Memory, Needs};
use stepwell_model::Flow;
use stepwell_ports::{Due, LogError, Millis, ScopeKey};

use crate::busy::{Busy, Working};
use crate::child_flow::may_start_others;
use crate::driver::Driver;
use crate::engine::Inner;
use crate::handing::Waiting;
use crate::mail::{Answer, Mail, Message};
use crate::markers::Markers;
use crate::sharing::Woken;
use crate::stub::Stubs;
use crate::token::Signer;

/// Loaded values are forgotten above this; they are read again when they are needed.
pub(crate) const MEMORY_BYTES_MAX: u64 = 16 << 20;

/// Why a driver gave up. The log is as it was; whoever drives next goes on from it.
#[derive(Debug)]
pub(crate) enum Halt {
    /// The store failed.
    Log(LogError),
    /// A stored record cannot be read.
    Unreadable(String),
    /// A broken invariant; the execution is parked.
    Bug(String),
    /// The engine closes.
    Closing,
    /// Another process has ended or abandoned what is driven here.
    Overtaken,
    /// A child was handed out; its parent knows.
    HandedOut,
}

impl From<LogError> for Halt {
    fn from(error: LogError) -> Self {
        Self::Log(error)
    }
}

/// What the drivers of a session share.
pub(crate) struct Shared {
    pub(crate) engine: Arc<Inner>,
    pub(crate) execution: Arc<str>,
    pub(crate) pins: Arc<Pins>,
    pub(crate) flow: Arc<Flow>,
    pub(crate) signer: Signer,
    pub(crate) busy: Arc<Busy>,
    pub(crate) stubs: Stubs,
    /// The wake that this session came by, where several processes drive.
    pub(crate) woken: Option<Arc<Woken>>,
    pub(crate) markers: Markers,
    /// Children that wait for room.
    pub(crate) waiting: Waiting,
    /// How many records were appended here.
    pub(crate) appends: AtomicU64,
    /// Values that were born or loaded here. Held only while folding, never across an await.
    memory: Mutex<Memory>,
    /// Where the mail of live scopes goes. Held only to look up.
    routes: Mutex<BTreeMap<ScopeId, UnboundedSender<Mail>>>,
    /// What the due-time index has and should have when the session ends. Held only to change it.
    arms: Mutex<BTreeMap<ScopeId, Arm>>,
}

/// A scope's entry in the due-time index: what is known to stand there, and what should stand there at rest.
#[derive(Clone, Copy, Debug)]
struct Arm {
    has: Option<Due>,
    wants: Due,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn new(
        engine: Arc<Inner>,
        execution: Arc<str>,
        pins: Arc<Pins>,
        flow: Arc<Flow>,
        woken: Option<Arc<Woken>>,
    ) -> Arc<Self> {
        let signer = Signer {
            key: engine.key.clone(),
            execution: execution.clone(),
        };
        Arc::new(Self {
            engine,
            execution,
            pins,
            flow,
            signer,
            busy: Arc::default(),
            stubs: Stubs::default(),
            woken,
            markers: Markers::default(),
            waiting: Waiting::default(),
            appends: AtomicU64::new(0),
            memory: Mutex::default(),
            routes: Mutex::default(),
            arms: Mutex::default(),
        })
    }

    pub(crate) fn key(&self, scope: &ScopeId) -> ScopeKey {
        ScopeKey {
            execution: self.execution.clone(),
            scope: scope.0.clone(),
        }
    }

    pub(crate) fn now(&self) -> Millis {
        self.engine.ports.clock.now()
    }

    /// Reads the last record of a scope.
    pub(crate) async fn last(&self, scope: &ScopeId) -> Result<Option<Record>, Halt> {
        crate::tree::last(&*self.engine.ports.log, &self.key(scope)).await
    }

    /// Works with what is loaded.
    pub(crate) fn with_memory<T>(&self, work: impl FnOnce(&Memory) -> T) -> T {
        work(&lock(&self.memory))
    }

    pub(crate) fn remember(&self, births: impl IntoIterator<Item = (Birth, stepwell_expression::Value)>) {
        let mut memory = lock(&self.memory);
        for (birth, value) in births {
            memory.insert(birth, value);
        }
    }

    /// Forgets loaded values if they have become too many; never while somebody needs them.
    pub(crate) fn trim_memory(&self) {
        let mut memory = lock(&self.memory);
        if memory.bytes() > MEMORY_BYTES_MAX {
            memory.clear();
        }
    }

    /// Loads values into memory.
    pub(crate) async fn load(&self, needs: &Needs) -> Result<(), Halt> {
        for birth in &needs.0 {
            let value = crate::gather::born(&*self.engine.ports.log, &self.execution, birth).await?;
            self.remember([(birth.clone(), value)]);
        }
        Ok(())
    }

    /// Opens a scope's letter box.
    pub(crate) fn open_route(&self, scope: &ScopeId) -> UnboundedReceiver<Mail> {
        let (sender, receiver) = futures::channel::mpsc::unbounded();
        lock(&self.routes).insert(scope.clone(), sender);
        receiver
    }

    /// Has every scope that is driven here read whether another process has gone on with it.
    fn refresh(self: &Arc<Self>) {
        for (target, route) in &*lock(&self.routes) {
            // Whoever is gone needs none.
            let _ = route.unbounded_send(Mail {
                target: target.clone(),
                message: Message::Refresh,
                working: Some(self.busy.start()),
            });
        }
    }

    pub(crate) fn close_route(&self, scope: &ScopeId) {
        lock(&self.routes).remove(scope);
    }

    /// Sends mail to its scope, or to the nearest live one around it; the session does not retire before it is read.
    pub(crate) fn send(&self, mut mail: Mail) {
        mail.working.get_or_insert_with(|| self.busy.start());
        let routes = lock(&self.routes);
        let mut scope = mail.target.clone();
        loop {
            if let Some(route) = routes.get(&scope) {
                if let Err(error) = route.unbounded_send(mail) {
                    error.into_inner().refuse(Answer::Gone);
                }
                return;
            }
            match scope.parent() {
                Some((parent, _, _)) => scope = parent,
                None => return mail.refuse(Answer::Gone),
            }
        }
    }

    /// Whether a scope is driven here now.
    pub(crate) fn is_live(&self, scope: &ScopeId) -> bool {
        lock(&self.routes).contains_key(scope)
    }

    /// While the session lives, its root stands in the due-time index: whoever finds it after a death finds everything.
    fn stand_in_the_index(&self) {
        if self.engine.sharing.is_some() {
            // The message that is held is what would be found.
            return;
        }
        let (root, due) = (ScopeId::root(), Due::At(self.pins.started_ms));
        // Handed over now: whatever this session appends is durable later.
        drop(self.engine.ports.log.arm(self.key(&root), due));
        self.armed(&root, due);
    }

    /// Notes what the due-time index has for a scope.
    pub(crate) fn armed(&self, scope: &ScopeId, has: Due) {
        let mut arms = lock(&self.arms);
        let wants = arms.get(scope).map_or(Due::Never, |arm| arm.wants);
        arms.insert(scope.clone(), Arm { has: Some(has), wants });
    }

    /// Notes what the due-time index should have for a scope when the session ends.
    pub(crate) fn wants(&self, scope: &ScopeId, wants: Due) {
        let mut arms = lock(&self.arms);
        let has = arms.get(scope).and_then(|arm| arm.has);
        arms.insert(scope.clone(), Arm { has, wants });
    }

    /// Notes that nothing is known of a scope's entry.
    pub(crate) fn arm_unknown(&self, scope: &ScopeId) {
        lock(&self.arms).entry(scope.clone()).or_insert(Arm {
            has: None,
            wants: Due::Never,
        });
    }

    /// A fork is over: nothing below it is to be looked at any more.
    pub(crate) fn abandon(&self, scope: &ScopeId, fork: stepwell_core::Revision) {
        let first = scope.child(fork, 0);
        let prefix = first.0.strip_suffix('0').unwrap_or(&first.0);
        let mut arms = lock(&self.arms);
        let below = arms
            .range_mut(ScopeId(prefix.into())..)
            .take_while(|(id, _)| id.0.starts_with(prefix));
        below.for_each(|(_, arm)| arm.wants = Due::Never);
    }

    /// Lists an execution that rests for the first time, where several processes drive: the wake of its first record
    /// owes that, and is acknowledged behind it. One that ends without a rest is listed at its end.
    async fn list_at_rest(&self) -> Result<(), Halt> {
        let came_by_first = |woken: &Arc<Woken>| {
            woken.scope == ScopeId::root() && woken.receipt.expects == Revision(1) && !woken.is_hand_out()
        };
        if !self.woken.as_ref().is_some_and(came_by_first) {
            return Ok(());
        }
        let started_ms = self.pins.started_ms;
        self.engine
            .index(&self.execution, &self.pins, &Status::Running, started_ms)
            .await
    }

    /// Brings the due-time index to rest.
    async fn settle(&self) -> Result<(), LogError> {
        if self.engine.sharing.is_some() {
            return Ok(());
        }
        let arms = lock(&self.arms).clone();
        let mut changes: Vec<_> = arms.into_iter().filter(|(_, arm)| arm.has != Some(arm.wants)).collect();
        // What is armed first cannot be lost between two groups.
        changes.sort_by_key(|(_, arm)| at(arm.wants).is_none());
        let dues: Vec<_> = changes.iter().filter_map(|(_, arm)| at(arm.wants)).collect();
        let changes: Vec<_> = changes
            .into_iter()
            .map(|(scope, arm)| self.engine.ports.log.arm(self.key(&scope), arm.wants))
            .collect();
        futures::future::try_join_all(changes).await?;
        // Should mail still come, what rests goes on resting; of the others nothing stands there.
        let mut arms = lock(&self.arms);
        arms.retain(|_, arm| at(arm.wants).is_some());
        arms.values_mut().for_each(|arm| arm.has = Some(arm.wants));
        drop(arms);
        for due in dues {
            self.engine.dues.add(due);
        }
        Ok(())
    }
}

/// The time of a due that has one.
fn at(due: Due) -> Option<Millis> {
    match due {
        Due::At(at) => Some(at),
        Due::Keep | Due::Never => None,
    }
}

/// Drives an execution until nothing of it has anything to do.
pub(crate) async fn run(engine: Arc<Inner>, execution: Arc<str>, mut inbox: UnboundedReceiver<Mail>) {
    let first = engine.fresh.take(&execution);
    let outcome = drive(&engine, &execution, &mut inbox, Came::Here(first)).await;
    engine.retire(&execution, inbox, outcome);
}

/// How a session ended.
pub(crate) enum Outcome {
    /// Nothing has anything to do.
    Idle,
    /// The execution has ended.
    Ended,
    /// There is no such execution.
    Unknown,
}

/// How a session came about, with a record of its root that is at hand.
pub(crate) enum Came {
    /// This process drives alone; that is the first record, with nothing behind it.
    Here(Option<Record>),
    /// By a wake; that was the last record when it came.
    ByWake(Arc<Woken>, Option<Record>),
}

pub(crate) async fn drive(
    engine: &Arc<Inner>,
    execution: &Arc<str>,
    inbox: &mut UnboundedReceiver<Mail>,
    came: Came,
) -> Result<Outcome, Halt> {
    let (woken, root) = match came {
        Came::Here(first) => (None, first),
        Came::ByWake(woken, last) => (Some(woken), last),
    };
    let Some(shared) = engine.shared(execution, root.as_ref(), woken).await? else {
        return Ok(Outcome::Unknown);
    };
    shared.stand_in_the_index();
    let root = match root {
        Some(record) => Some(Driver::resumed(&shared, ScopeId::root(), record, None)),
        None => Driver::load_root(&shared).await?,
    };
    let Some(mut root) = root else {
        return Ok(Outcome::Unknown);
    };
    root.descend = engine.sharing.is_none() && engine.leftovers.begin(execution);
    let was_left = root.durable.as_ref().is_some_and(|durable| !durable.mine);
    if was_left && may_start_others(&shared.flow) {
        engine.has_parent();
    }
    let mut root = root.run().fuse();
    let mut refreshed_at = None;
    loop {
        let idle = shared.busy.idle().fuse();
        futures::pin_mut!(idle);
        futures::select_biased! {
            ended = root => {
                if let Err(Halt::Closing) = &ended {
                    // It may never rest, and is to be found all the same.
                    shared.list_at_rest().await?;
                }
                let ended = ended?;
                while let Ok(mail) = inbox.try_recv() {
                    shared.wants(&mail.target, Due::Never);
                    mail.refuse(Answer::Gone);
                }
                engine.index(execution, &shared.pins, &ended.status, ended.stamp).await?;
                tell_parent(&shared, &ended.status).await?;
                shared.settle().await?;
                return Ok(Outcome::Ended);
            }
            mail = inbox.next() => match mail {
                Some(mail) => shared.send(mail),
                None => return Ok(Outcome::Idle),
            },
            () = idle => {
                // Where others drive, too, children may have ended elsewhere after they were looked at; whoever appends
                // last sees all ends.
                let appends = Some(shared.appends.load(Ordering::SeqCst)).filter(|_| shared.woken.is_some());
                if appends != refreshed_at {
                    refreshed_at = appends;
                    shared.refresh();
                    continue;
                }
                shared.list_at_rest().await?;
                shared.settle().await?;
                match engine.retire_idle(execution, inbox) {
                    Some(mail) => {
                        shared.stand_in_the_index();
                        shared.send(mail);
                    }
                    None => return Ok(Outcome::Idle),
                }
            }
        }
    }
}

/// Tells the task that waits for this execution how it ended.
async fn tell_parent(shared: &Arc<Shared>, status: &Status) -> Result<(), Halt> {
    let Some(token) = shared.pins.parent.as_ref().and_then(|parent| parent.token.as_ref()) else {
        return Ok(());
    };
    let report = match status {
        Status::Succeeded(output) => stepwell_core::Report::Succeeded(crate::gather::resolve(shared, output).await?),
        Status::Failed(failure) | Status::Stopped(failure) | Status::TimedOut(failure) => {
            stepwell_core::Report::Failed(Failure {
                retryable: true,
                ..failure.clone()
            })
        }
        Status::Running => return Ok(()),
    };
    shared.engine.tell(token, report).await?;
    shared.wants(&ScopeId::root(), Due::Never);
    Ok(())
}

/// A token that keeps the session alive.
pub(crate) fn work(shared: &Shared) -> Working {
    shared.busy.start()
}
