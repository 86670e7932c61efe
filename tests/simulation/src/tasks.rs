//! Tasks of the world: what they answer is a function of what they are asked, and every run is counted.
//!
//! A function's event may hold `fails` (so many attempts of a visit fail with `Flaky`, or with what `code` says; for good
//! where `final` stands beside it), `takes` (so many milliseconds; chance decides without it), `log` (lines of a guest),
//! `bytes` (the answer is a text of so many letters) and `answers` (that is the answer). Otherwise the answer is
//! `{"of": <event>, "by": <function>}`. What is reported later with its `token` is told in `reports.rs`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use stepwell_expression::Value;
use stepwell_ports::{Call, Clock, Millis, Outcome, TaskFailure, Tasks, Telemetry, Work};

use stepwell_simulator::{Chance, VirtualClock};
use stepwell_store_memory::MemoryStore;

use crate::checks::Logs;
use crate::reports::Reports;

/// What a guest takes, in µs.
pub(crate) const GUEST_US: u64 = 70;

/// From which claim on an attempt runs alone in its process.
const ALONE_FROM: u32 = 2;

/// One attempt that ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// The execution that it is of.
    pub execution: Arc<str>,
    /// The state that it is of.
    pub state: Arc<str>,
    /// The key of the visit.
    pub visit: Arc<str>,
    /// Its number in the visit.
    pub attempt: u32,
    /// How often it began.
    pub begun: u32,
    /// Whether it was an effect.
    pub is_effect: bool,
    /// When it began, time by time.
    pub at: Vec<Millis>,
}

/// The world's tasks.
#[derive(Clone)]
pub struct WorldTasks {
    clock: Arc<VirtualClock>,
    chance: Chance,
    /// How long a task takes at most that does not say.
    takes_ms: Millis,
    ran: Arc<Mutex<BTreeMap<Arc<str>, Ran>>>,
    watch: Arc<Mutex<Watch>>,
    /// Who reports with the tokens of waiting tasks.
    pub reports: Reports,
}

/// Whether every effect is looked up in the logs when it begins.
#[derive(Default)]
struct Watch {
    store: Option<MemoryStore>,
    complaints: Vec<String>,
    /// Attempts that run, and whether each must run alone; nothing where there are several processes.
    under_way: Option<BTreeMap<Arc<str>, bool>>,
}

/// An attempt that runs, until this is dropped.
struct UnderWay {
    watch: Arc<Mutex<Watch>>,
    key: Arc<str>,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(under_way) = &mut watch.under_way {
            under_way.remove(&self.key);
        }
    }
}

impl std::fmt::Debug for WorldTasks {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("WorldTasks").finish_non_exhaustive()
    }
}

/// How long a task takes at most that does not say, where there is room for all of them.
pub(crate) const TAKES_MS: Millis = 200;
/// The same where there is not: then some wait.
pub(crate) const TAKES_LONG_MS: Millis = 900;

impl WorldTasks {
    pub(crate) fn new(clock: Arc<VirtualClock>, chance: Chance, takes_ms: Millis) -> Self {
        Self {
            clock,
            chance,
            takes_ms,
            ran: Arc::default(),
            watch: Arc::default(),
            reports: Reports::default(),
        }
    }

    /// From now on every effect is looked up in the logs when it begins: a durable record must owe it, and nothing around
    /// it may have ended long ago.
    pub fn watch(&self, store: &MemoryStore) {
        self.watching().store = Some(store.clone());
    }

    /// The same where one process drives: an attempt that was claimed twice must run alone in it.
    pub fn watch_one_process(&self, store: &MemoryStore) {
        self.watch(store);
        self.watching().under_way = Some(BTreeMap::new());
    }

    /// What was wrong with effects that began.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        self.watching().complaints.clone()
    }

    fn watching(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look_up(&self, call: &Call) {
        let mut watch = self.watching();
        let Some(store) = watch
            .store
            .as_ref()
            .filter(|_| !matches!(call.work, Work::Component { .. }))
        else {
            return;
        };
        let logs = Logs::read(store, &format!("{}/{}", call.flow, call.execution));
        if let Err(what) = logs.check_attempt(&call.attempt_key, self.clock.now()) {
            watch.complaints.push(format!("{} in `{}`", what, call.state));
        }
        let is_lone = logs.claims(&call.attempt_key) >= ALONE_FROM;
        let Some(under_way) = &mut watch.under_way else { return };
        let is_beside = !under_way.is_empty() && (is_lone || under_way.values().any(|is_lone| *is_lone));
        under_way.insert(call.attempt_key.clone(), is_lone);
        if is_beside {
            let complaint = format!("one of the attempts {under_way:?} was claimed twice and does not run alone");
            watch.complaints.push(complaint);
        }
    }

    fn count(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Ran>> {
        self.ran.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every attempt that ran, by its key.
    #[must_use]
    pub fn ran(&self) -> BTreeMap<Arc<str>, Ran> {
        self.count().clone()
    }

    fn begin(&self, call: &Call) {
        let mut ran = self.count();
        let ran = ran.entry(call.attempt_key.clone()).or_insert_with(|| Ran {
            execution: format!("{}/{}", call.flow, call.execution).into(),
            state: call.state.clone(),
            visit: call.visit_key.clone(),
            attempt: call.attempt,
            begun: 0,
            is_effect: !matches!(call.work, Work::Component { .. }),
            at: Vec::new(),
        });
        ran.begun += 1;
        ran.at.push(self.clock.now());
    }

    fn duration(&self, event: &Value) -> Millis {
        let asked = number(event, "takes");
        asked.unwrap_or_else(|| {
            if self.chance.once_in(3) {
                self.chance.below(self.takes_ms)
            } else {
                0
            }
        })
    }
}

impl Tasks for WorldTasks {
    fn run(&self, call: Call) -> BoxFuture<'static, Outcome> {
        self.look_up(&call);
        self.begin(&call);
        let (function, event) = match call.work {
            Work::Component { operation, input, .. } => (operation, input),
            Work::HttpFunction { url, body } | Work::HttpRequest { url, body, .. } => {
                (url, body.unwrap_or(Value::Null))
            }
        };
        self.reports.expect(&event, self.clock.now());
        let sleep = self.clock.sleep_until(self.clock.now() + self.duration(&event));
        let telemetry = Telemetry {
            log: lines(&event),
            guest_us: GUEST_US,
            ..Telemetry::default()
        };
        let result = answer(&function, event, call.attempt);
        let under_way = UnderWay {
            watch: self.watch.clone(),
            key: call.attempt_key,
        };
        async move {
            sleep.await;
            drop(under_way);
            Outcome { result, telemetry }
        }
        .boxed()
    }
}

/// What a task of that name answers to that event at that attempt of its visit.
///
/// # Errors
///
/// The failure that the event asks for.
pub fn answer(function: &str, event: Value, attempt: u32) -> Result<Value, TaskFailure> {
    if number(&event, "fails").is_some_and(|fails| u64::from(attempt) <= fails) {
        let detail = format!("attempt {attempt}").into();
        let code = field(&event, "code").and_then(Value::as_str).unwrap_or("Flaky").into();
        return Err(TaskFailure {
            code,
            detail,
            retryable: field(&event, "final").is_none(),
        });
    }
    if let Some(letters) = number(&event, "bytes") {
        return Ok(Value::from("x".repeat(usize::try_from(letters).unwrap_or(0))));
    }
    match field(&event, "answers") {
        Some(answer) => Ok(answer.clone()),
        None => Ok(Value::object([("of", event), ("by", Value::from(function))])),
    }
}

/// The lines that a guest says.
#[must_use]
pub fn lines(event: &Value) -> Vec<Arc<str>> {
    let lines = field(event, "log").and_then(Value::as_array).unwrap_or_default();
    lines.iter().filter_map(Value::as_str).map(Arc::from).collect()
}

pub(crate) fn field<'v>(event: &'v Value, key: &str) -> Option<&'v Value> {
    event.as_object()?.get(key)
}

/// A whole number that the event holds.
#[must_use]
pub fn number(event: &Value, key: &str) -> Option<u64> {
    let number = field(event, key)?.as_number()?.as_i64()?;
    u64::try_from(number).ok()
}
