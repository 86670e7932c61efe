//! One attempt, from the call to its outcome.
//!
//! ```text
//!   call ──► component (loaded, or compiled) ──► a free place ──► fresh instance ──► run ──► outcome
//!            └────────── until the call's deadline ─────────┘     └─ until the guest's time ─┘
//! ```
//!
//! **Invariant:** the guest and everything that it holds are gone before its place is given to another, however the
//! attempt ended.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use stepwell_expression::Value;
use stepwell_ports::{Call, Millis, Outcome, TaskFailure, Work};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};
use wasmtime::{Engine, Store};

use crate::components::Components;
use crate::failure::{failure, final_failure, of_component, of_guest, of_trap};
use crate::guest::{Bounds, Guest, HANDLES_MAX, Reach};
use crate::linking::Loaded;
use crate::objects::CHUNK_BYTES_MAX;
use crate::observed::Observed;
use crate::pace::Pace;
use crate::ticker::Ticker;
use crate::world::{Context, Failure};
use crate::{Digest, MEMORY_MB_DEFAULT, TIMEOUT_SECONDS_DEFAULT};

/// What a guest may hand to the host at once beside its result: a chunk of an object and what goes with it.
const HOSTCALL_BYTES_MIN: usize = 2 * CHUNK_BYTES_MAX;
/// What cannot be reached anyway, for deadlines that overflow.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);

/// Everything that attempts share.
pub(crate) struct Host {
    pub(crate) engine: Engine,
    pub(crate) components: Arc<Components>,
    pub(crate) reach: Reach,
    pub(crate) places: Arc<Semaphore>,
    pub(crate) ticker: Ticker,
}

/// What is asked of a component.
struct Asked {
    digest: Arc<str>,
    operation: Arc<str>,
    input: Value,
}

impl Host {
    /// The pace of what is called, once it is loaded.
    pub(crate) fn pace(&self, call: &Call) -> Option<Arc<Pace>> {
        match &call.work {
            Work::Component { digest, .. } => self.components.pace(digest),
            Work::HttpFunction { .. } | Work::HttpRequest { .. } => None,
        }
    }
}

/// Runs the attempt to its outcome.
pub(crate) async fn carry_out(host: Arc<Host>, mut call: Call) -> Outcome {
    let observed = Arc::new(Observed::default());
    let result = match take_work(&mut call) {
        Ok(asked) => run(&host, &call, asked, &observed).await,
        Err(failure) => Err(failure),
    };
    Outcome {
        result,
        telemetry: observed.telemetry(),
    }
}

fn take_work(call: &mut Call) -> Result<Asked, TaskFailure> {
    match &call.work {
        Work::Component {
            digest,
            operation,
            input,
        } => Ok(Asked {
            digest: Arc::clone(digest),
            operation: Arc::clone(operation),
            input: input.clone(),
        }),
        Work::HttpFunction { .. } | Work::HttpRequest { .. } => {
            let detail = format!("`{}` is not done by a component", call.action);
            Err(final_failure("FnF.ActionNotSupported", detail))
        }
    }
}

async fn run(host: &Host, call: &Call, asked: Asked, observed: &Arc<Observed>) -> Result<Value, TaskFailure> {
    let deadline = instant_of(call.deadline_ms);
    let input = asked
        .input
        .to_json()
        .map_err(|error| final_failure("FnF.HostError", error.to_string()))?;
    let prepared = timeout_at(deadline, prepare(host, &asked.digest)).await;
    let (loaded, place) = prepared.unwrap_or_else(|_| Err(too_late()))?;
    if Instant::now() >= deadline {
        return Err(too_late());
    }
    let entry = Entry {
        loaded,
        operation: asked.operation,
        input,
        hostcall_bytes_max: hostcall_bytes_max(call),
    };
    let text = inside(host, call, &entry, deadline, observed).await;
    drop(place);
    output(&text?, call.result_bytes_max)
}

/// Runs the guest until its time or the deadline is over; it is gone when this returns.
async fn inside(
    host: &Host,
    call: &Call,
    entry: &Entry,
    deadline: Instant,
    observed: &Arc<Observed>,
) -> Result<String, TaskFailure> {
    let seconds = call.granted.timeout_seconds.unwrap_or(TIMEOUT_SECONDS_DEFAULT);
    let end = deadline.min(after(Duration::from_secs(seconds.into())));
    let bounds = bounds(call, end);
    let guest = Guest::new(call, &entry.operation, host.reach.clone(), bounds, Arc::clone(observed));
    let _running = host.ticker.running();
    let entered = timed(enter(&host.engine, entry, guest, context(call)), observed);
    match timeout_at(end, entered).await {
        Ok(Ok(answer)) => answer.map_err(of_guest),
        Ok(Err(error)) => Err(of_trap(&error, observed, entry.hostcall_bytes_max)),
        Err(_) if end < deadline => Err(too_slow(seconds)),
        Err(_) => Err(too_late()),
    }
}

async fn prepare(host: &Host, digest: &str) -> Result<(Loaded, OwnedSemaphorePermit), TaskFailure> {
    let digest = Digest::parse(digest).ok_or_else(|| {
        final_failure(
            "FnF.ComponentUnavailable",
            format!("`{digest}` is no SHA-256 of a component"),
        )
    })?;
    let loaded = host
        .components
        .load(&digest)
        .await
        .map_err(|error| of_component(&error))?;
    let place = Arc::clone(&host.places).acquire_many_owned(loaded.memories).await;
    let place = place.map_err(|_| failure("FnF.HostError", "this host is closing"))?;
    Ok((loaded, place))
}

/// What goes into an instance.
struct Entry {
    loaded: Loaded,
    operation: Arc<str>,
    input: String,
    hostcall_bytes_max: usize,
}

async fn enter(
    engine: &Engine,
    entry: &Entry,
    guest: Guest,
    context: Context,
) -> wasmtime::Result<Result<String, Failure>> {
    let mut store = Store::new(engine, guest);
    store.limiter(|guest| &mut guest.memory);
    store.set_hostcall_fuel(entry.hostcall_bytes_max);
    store.set_max_component_handles(HANDLES_MAX);
    store.set_epoch_deadline(1);
    store.epoch_deadline_async_yield_and_update(1);
    let instance = entry.loaded.pre.instantiate_async(&mut store).await?;
    instance
        .call_run(&mut store, &entry.operation, &entry.input, &context)
        .await
}

/// Counts the time that `future` computes, not the time that it waits.
async fn timed<T>(future: impl Future<Output = T>, observed: &Observed) -> T {
    let mut future = pin!(future);
    poll_fn(|cx| {
        let before = std::time::Instant::now();
        let polled = future.as_mut().poll(cx);
        observed.spent(before.elapsed());
        polled
    })
    .await
}

fn bounds(call: &Call, end: Instant) -> Bounds {
    let memory_mb = call.granted.memory_mb.unwrap_or(MEMORY_MB_DEFAULT);
    let left = end.saturating_duration_since(Instant::now());
    Bounds {
        memory_bytes: usize::try_from(u64::from(memory_mb) << 20).unwrap_or(usize::MAX),
        time_ms: u64::try_from(left.as_millis()).unwrap_or(u64::MAX),
    }
}

/// Room for the result with some white space, and for a chunk in any case.
fn hostcall_bytes_max(call: &Call) -> usize {
    usize::try_from(call.result_bytes_max)
        .unwrap_or(usize::MAX)
        .saturating_mul(2)
        .max(HOSTCALL_BYTES_MIN)
}

fn context(call: &Call) -> Context {
    Context {
        flow: call.flow.to_string(),
        execution: call.execution.to_string(),
        state: call.state.to_string(),
        attempt: call.attempt,
        visit_key: call.visit_key.to_string(),
        attempt_key: call.attempt_key.to_string(),
        deadline_ms: call.deadline_ms,
    }
}

fn too_slow(seconds: u32) -> TaskFailure {
    failure(
        "FnF.TaskTimeout",
        format!("the task took longer than its {seconds} seconds"),
    )
}

fn too_late() -> TaskFailure {
    failure("FnF.TaskTimeout", "the task was not done at its deadline")
}

fn output(text: &str, bytes_max: u64) -> Result<Value, TaskFailure> {
    let value = Value::parse_json(text)
        .map_err(|error| failure("FnF.InvalidOutput", format!("the task's result is no JSON: {error}")))?;
    let bytes = value.bytes();
    if bytes > bytes_max {
        let detail = format!("the task's result takes {bytes} bytes; the limit is {bytes_max}");
        return Err(final_failure("FnF.DataLimitExceeded", detail));
    }
    Ok(value)
}

fn instant_of(deadline_ms: Option<Millis>) -> Instant {
    let Some(deadline_ms) = deadline_ms else {
        return after(FOREVER);
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    after(Duration::from_millis(deadline_ms).saturating_sub(now))
}

fn after(time: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(time.min(FOREVER)).unwrap_or(now)
}
