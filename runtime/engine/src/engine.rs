//! The engine: what callers ask of it, and the sessions that it keeps.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::FutureExt;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender};
use futures::channel::oneshot;
use futures::future::{BoxFuture, Shared as SharedFuture};
use stepwell_core::{Event, Failure, FlowVersion, Report, ScopeId};
use stepwell_model::{Flow, digest};
use stepwell_ports::{ExecutionRow, Wakes};

use crate::api::{Ended, EngineError, Observed, Ports, Start, Started};
use crate::inner::halted;
use crate::mail::{Answer, Mail};
use crate::places::{Places, Room};
use crate::sharing::Sharing;
use crate::start::{Begun, begin, is_name};
use crate::token::TokenKey;
use crate::watchers::Watchers;

/// Which executions a process drives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driving {
    /// Every execution of the store.
    All,
    /// Those that were handed to [`Engine::drive`], and those that they start.
    Named,
    /// None: it only appends.
    Nothing,
}

/// The step engine over its ports. Clones share everything.
#[derive(Clone, Debug)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

/// What an engine's sessions share.
pub(crate) struct Inner {
    pub(crate) ports: Ports,
    pub(crate) driving: Driving,
    /// Where several processes may drive: how they wake each other.
    pub(crate) sharing: Option<Sharing>,
    /// This process in the records that it writes.
    pub(crate) writer: Arc<str>,
    pub(crate) key: TokenKey,
    /// Lets an attempt whose drivers died run alone.
    pub(crate) places: Places,
    /// Live sessions. Held only to look up, add and remove.
    pub(crate) sessions: Mutex<BTreeMap<Arc<str>, UnboundedSender<Mail>>>,
    /// Who watches which execution. Held only to look up, add and remove.
    pub(crate) watchers: Mutex<BTreeMap<Arc<str>, Watchers>>,
    /// What is driven where not everything is. Held only to look up and add.
    pub(crate) named: Mutex<BTreeSet<Arc<str>>>,
    /// Flows by digest of their model. Held only to look up and add.
    pub(crate) flows: Mutex<BTreeMap<Arc<str>, Arc<Flow>>>,
    /// Whether something driven may start others; only then is it asked of what is due who started it.
    pub(crate) parents: AtomicBool,
    pub(crate) is_closing: AtomicBool,
    close: Mutex<Option<oneshot::Sender<()>>>,
    pub(crate) closed: SharedFuture<BoxFuture<'static, ()>>,
    cut: Mutex<Option<oneshot::Sender<()>>>,
    pub(crate) cut_off: SharedFuture<BoxFuture<'static, ()>>,
    /// Tells the dispatcher of a new due time.
    pub(crate) dues: crate::dispatch::Dues,
    pub(crate) leftovers: crate::leftovers::Leftovers,
    pub(crate) fresh: crate::fresh::Fresh,
    pub(crate) pinned: crate::pinned::Pinned,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Engine")
            .field("writer", &self.writer)
            .field("driving", &self.driving)
            .finish_non_exhaustive()
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    /// Opens the engine over a store; a new store gets its key for task tokens.
    ///
    /// # Errors
    ///
    /// [`EngineError::Log`] where the store fails.
    pub async fn open(ports: Ports, driving: Driving) -> Result<Self, EngineError> {
        Self::with(ports, driving, None).await
    }

    /// Opens the engine over a table that other processes drive, too: it carries out what a wake asks for (see
    /// [`Engine::invoke`]), and every verb sends a wake for what follows. What finds no room here for a while is handed to
    /// another process.
    ///
    /// # Errors
    ///
    /// [`EngineError::Log`] where the table fails.
    pub async fn share(ports: Ports, wakes: Arc<dyn Wakes>, room: Room) -> Result<Self, EngineError> {
        Self::with(ports, Driving::Nothing, Some(Sharing { wakes, room })).await
    }

    async fn with(ports: Ports, driving: Driving, sharing: Option<Sharing>) -> Result<Self, EngineError> {
        let key = token_key(&ports).await?;
        let writer = ports
            .seeds
            .seed()
            .iter()
            .take(8)
            .fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        let places = sharing.as_ref().map(|sharing| Places::within(sharing.room));
        let (close, closed) = oneshot::channel();
        let (cut, cut_off) = oneshot::channel();
        let inner = Inner {
            ports,
            driving,
            sharing,
            writer: writer.into(),
            key,
            places: places.unwrap_or_default(),
            sessions: Mutex::default(),
            watchers: Mutex::default(),
            named: Mutex::default(),
            flows: Mutex::default(),
            parents: AtomicBool::new(false),
            is_closing: AtomicBool::new(false),
            close: Mutex::new(Some(close)),
            closed: closed.map(drop).boxed().shared(),
            cut: Mutex::new(Some(cut)),
            cut_off: cut_off.map(drop).boxed().shared(),
            dues: crate::dispatch::Dues::default(),
            leftovers: crate::leftovers::Leftovers::default(),
            fresh: crate::fresh::Fresh::default(),
            pinned: crate::pinned::Pinned::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Keeps a flow and its text in the store, as the newest version of its name.
    ///
    /// # Errors
    ///
    /// [`EngineError::Log`] where the store fails, [`EngineError::InvalidArgument`] for a name that cannot be kept.
    pub async fn keep_flow(&self, flow: &Flow, definition: &[u8]) -> Result<FlowVersion, EngineError> {
        if !is_name(&flow.name) {
            return Err(EngineError::InvalidArgument {
                what: format!("`{}` cannot name a flow", flow.name),
            });
        }
        let encoded = stepwell_model::encode(flow).map_err(|error| EngineError::InvalidArgument {
            what: error.to_string(),
        })?;
        let version = FlowVersion {
            model: digest(&encoded).into(),
            definition: digest(definition).into(),
        };
        let catalogue = &self.inner.ports.catalogue;
        catalogue
            .put(&format!("model/{}", version.model), encoded.into())
            .await?;
        catalogue
            .put(
                &format!("definition/{}", version.definition),
                Bytes::copy_from_slice(definition),
            )
            .await?;
        self.inner.publish_version(&flow.name, &version).await?;
        Ok(version)
    }

    /// Starts an execution: appends its first record, and no more. Repeating a start is harmless.
    ///
    /// # Errors
    ///
    /// [`EngineError::ExecutionAlreadyExists`] where the name is taken by an execution of another flow version, other
    /// functions or another input; [`EngineError::InvalidArgument`] for a name or input that cannot be.
    pub async fn start(&self, start: Start) -> Result<Started, EngineError> {
        let pins = self.inner.pins(start)?;
        match begin(&self.inner, pins.clone()).await? {
            Begun::New(_) => Ok(Started::New),
            Begun::Repeated(execution) => Ok(Started::Repeated(self.ended(&execution).await?)),
            Begun::Same(execution) => Ok(Started::Existing(self.ended(&execution).await?)),
            Begun::Other(execution) => {
                let differs = self.inner.difference(&execution, &pins).await?;
                Err(EngineError::ExecutionAlreadyExists { execution, differs })
            }
        }
    }

    /// Has an execution driven from now on, in the background.
    ///
    /// # Errors
    ///
    /// [`EngineError::ExecutionNotExists`] where there is none of that name.
    pub async fn drive(&self, execution: &str) -> Result<(), EngineError> {
        let execution: Arc<str> = execution.into();
        let drives_all = self.inner.driving == Driving::All;
        let is_done_here = match self.inner.fresh.is_over(&execution) {
            Some(is_over) => is_over,
            // Who drives everything is at it.
            None if drives_all && self.inner.is_live(&execution) => true,
            None => {
                let record = self.inner.expect(&execution).await?;
                // And has brought to an end what has ended, or finds it among what is due.
                let is_over = !record.snapshot.status.is_running();
                drives_all && is_over && !self.inner.leftovers.is_given_up(&execution)
            }
        };
        if !is_done_here {
            self.inner.drive(&execution);
        }
        Ok(())
    }

    /// The due-time loop: has executed what comes due. Returns only when the store fails or the engine closes.
    pub async fn dispatch(&self) -> EngineError {
        crate::dispatch::run(&self.inner).await
    }

    /// What becomes durable of an execution from now on.
    #[must_use]
    pub fn observe(&self, execution: &str) -> UnboundedReceiver<Observed> {
        let (sender, receiver) = futures::channel::mpsc::unbounded();
        lock(&self.inner.watchers)
            .entry(execution.into())
            .or_default()
            .observers
            .push(sender);
        receiver
    }

    /// Forgets who observes an execution and has gone, before anything more happens in it.
    pub fn forget_gone(&self, execution: &str) {
        self.inner.forget_gone(&execution.into());
    }

    /// Waits until an execution has ended.
    ///
    /// # Errors
    ///
    /// [`EngineError`] where there is no such execution, its driver gave up, or the engine closes.
    pub async fn wait(&self, execution: &str) -> Result<Ended, EngineError> {
        let execution: Arc<str> = execution.into();
        loop {
            let (sender, receiver) = oneshot::channel();
            if let Some(halt) = self.inner.watch(&execution, sender) {
                return Err(halted(&execution, &halt));
            }
            // The session that is there tells how it ends.
            let ended = match self.inner.is_live(&execution) {
                true => Ended::Running,
                false => self.ended(&execution).await?,
            };
            if ended != Ended::Running {
                drop(receiver);
                self.inner.forget_gone(&execution);
                return Ok(ended);
            }
            match receiver.await {
                Ok(Ok(Some(status))) => return self.inner.ended(&execution, &status).await,
                Ok(Ok(None)) => {}
                Ok(Err(halt)) => return Err(halted(&execution, &halt)),
                Err(oneshot::Canceled) => return Err(EngineError::Closing),
            }
        }
    }

    /// How an execution stands.
    ///
    /// # Errors
    ///
    /// [`EngineError::ExecutionNotExists`] where there is none of that name.
    pub async fn ended(&self, execution: &str) -> Result<Ended, EngineError> {
        let execution: Arc<str> = execution.into();
        let record = self.inner.expect(&execution).await?;
        self.inner.ended(&execution, &record.snapshot.status).await
    }

    /// Stops an execution.
    ///
    /// # Errors
    ///
    /// [`EngineError::ExecutionNotExists`] or [`EngineError::ExecutionAlreadyCompleted`].
    pub async fn stop(&self, execution: &str, failure: Failure) -> Result<(), EngineError> {
        let execution: Arc<str> = execution.into();
        self.inner.expect(&execution).await?;
        let event = Event::StopRequested { failure };
        match self.inner.deliver(&execution, &ScopeId::root(), event).await? {
            Answer::Folded => Ok(()),
            Answer::Late | Answer::Gone => Err(EngineError::ExecutionAlreadyCompleted { execution }),
        }
    }

    /// Reports the outcome of a waiting task.
    ///
    /// # Errors
    ///
    /// [`EngineError::InvalidArgument`] for a token that this store did not give, [`EngineError::TaskAlreadyCompleted`]
    /// or [`EngineError::TaskInvalidState`] where its attempt does not wait.
    pub async fn report(&self, token: &str, report: Report) -> Result<(), EngineError> {
        let Some(named) = self.inner.key.check(token) else {
            return Err(EngineError::InvalidArgument {
                what: "this is no task token of this store".to_owned(),
            });
        };
        match self.inner.report(&named, report).await? {
            Answer::Folded => Ok(()),
            Answer::Late | Answer::Gone => Err(self.inner.late(&named).await?),
        }
    }

    /// The index of executions, by name.
    ///
    /// # Errors
    ///
    /// [`EngineError::Log`] where the store fails.
    pub async fn list(&self) -> Result<Vec<ExecutionRow>, EngineError> {
        self.rows(|_| true).await
    }

    /// The executions whose own name that is, whatever their flow.
    ///
    /// # Errors
    ///
    /// [`EngineError::Log`] where the store fails.
    pub async fn named(&self, name: &str) -> Result<Vec<Arc<str>>, EngineError> {
        let is_named = |execution: &str| execution.rsplit_once('/').is_some_and(|(_, own)| own == name);
        let rows = self.rows(is_named).await?;
        Ok(rows.into_iter().map(|row| row.execution).collect())
    }

    /// The rows of those executions, as they stand now.
    async fn rows(&self, wanted: impl Fn(&str) -> bool + Send + Sync) -> Result<Vec<ExecutionRow>, EngineError> {
        const PAGE: usize = 1_000;
        let mut rows = Vec::new();
        let mut after: Option<Arc<str>> = None;
        loop {
            let page = self.page(after.as_deref(), PAGE, &wanted).await?;
            rows.extend(page.rows);
            after = page.last;
            if after.is_none() {
                return Ok(rows);
            }
        }
    }

    /// How many executions are being driven at this moment; one that only waits is not among them.
    #[must_use]
    pub fn live(&self) -> usize {
        lock(&self.inner.sessions).len()
    }

    /// Lets attempts that are under way end, for at most so long; nothing new begins. Dropping the future is harmless.
    pub async fn drain(&self, ms_max: u64) {
        self.begin_closing();
        let drained = self.sessions_over();
        let waited = self
            .inner
            .ports
            .clock
            .sleep_until(self.inner.ports.clock.now().saturating_add(ms_max));
        futures::future::select(Box::pin(drained), waited).await;
    }

    /// Stops cleanly: running attempts are released, and nothing is driven any more.
    pub async fn close(&self) {
        self.begin_closing();
        drop(lock(&self.inner.cut).take());
        self.sessions_over().await;
        // Whoever waits for something that rests is told by the end of the channel.
        lock(&self.inner.watchers).clear();
    }

    fn begin_closing(&self) {
        self.inner.is_closing.store(true, Ordering::SeqCst);
        drop(lock(&self.inner.close).take());
    }

    /// Waits until no session is live.
    async fn sessions_over(&self) {
        loop {
            let live = lock(&self.inner.sessions).keys().next().cloned();
            let Some(execution) = live else { break };
            let (sender, gone) = oneshot::channel();
            lock(&self.inner.watchers)
                .entry(execution.clone())
                .or_default()
                .waiting
                .push(sender);
            if lock(&self.inner.sessions).contains_key(&execution) {
                // An error says the same: the session is over.
                let _ = gone.await;
            }
        }
    }
}

/// Reads the store's key for task tokens, or makes one.
async fn token_key(ports: &Ports) -> Result<TokenKey, EngineError> {
    const NAME: &str = "key/task-token";
    loop {
        if let Some(bytes) = ports.catalogue.get(NAME).await? {
            let key = <[u8; 32]>::try_from(&*bytes);
            return key.map(TokenKey).map_err(|_| EngineError::Unreadable {
                what: "the key for task tokens".to_owned(),
            });
        }
        ports
            .catalogue
            .put(NAME, Bytes::copy_from_slice(&ports.seeds.seed()))
            .await?;
    }
}
