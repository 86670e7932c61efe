//! The other end of the verbs: requests are answered with an engine.
//!
//! ```text
//!   Request::Run ──► Running::begin ──► next, next … ──► End
//!   any other   ──► answer ──► Answer, Answer …
//! ```
//!
//! **Invariant:** no socket and no store is named; whoever holds them sends the answers where they belong.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::channel::mpsc::UnboundedReceiver;
use futures::future::{BoxFuture, Either, select};
use futures::{FutureExt, StreamExt};
use stepwell_core::{Failure, FlowVersion};
use stepwell_engine::{Ended, Engine, EngineError, Observed, Start, Started};
use stepwell_expression::{Plain, Value};
use stepwell_ports::ExecutionRow;
use stepwell_wire::output::{Cost, Description, End, EventLine, HistoryEvent, OpenState, Outcome, Row, Status};
use stepwell_wire::{Answer, Begun, Class, FlowText, Naming, Refusal, Report, Request, Run, Standing};

/// Entries of a history or of the index in one answer.
const PART: usize = 1000;
/// Bytes of them after which an answer is full.
const PART_BYTES: usize = 1 << 20;

/// How many past events are told to somebody who joins; the newest.
const EARLIER_MAX: usize = 50_000;

/// How often another name is tried for a fresh execution.
const NAMES_MAX: u32 = 100_000;

/// What `stop` ends an execution with.
const STOPPED_CODE: &str = "FnF.ExecutionStopped";
const STOPPED_DETAIL: &str = "stopped by `stepwell stop`";

/// Why a request has no answer of its own.
#[derive(Debug)]
pub enum Unanswered {
    /// It is refused.
    Refused(Refusal),
    /// The engine closes; whoever drives next can answer.
    Closing,
}

impl From<EngineError> for Unanswered {
    fn from(error: EngineError) -> Self {
        let class = match &error {
            EngineError::Closing => return Self::Closing,
            EngineError::ExecutionNotExists { .. }
            | EngineError::ExecutionAlreadyExists { .. }
            | EngineError::ExecutionAlreadyCompleted { .. }
            | EngineError::TaskAlreadyCompleted
            | EngineError::TaskInvalidState
            | EngineError::InvalidArgument { .. } => Class::User,
            EngineError::Unreadable { .. } | EngineError::Parked { .. } | EngineError::Log(_) => Class::Host,
        };
        Self::Refused(Refusal {
            name: error.name().to_owned(),
            message: with_causes(&error),
            class,
        })
    }
}

/// The error with what caused it.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

/// One execution that is run and watched.
pub struct Running {
    /// How it began.
    pub begun: Begun,
    /// `<flow>/<name>`.
    pub execution: Arc<str>,
    events: UnboundedReceiver<Observed>,
    waiting: BoxFuture<'static, Result<Ended, EngineError>>,
    ended: Option<Result<Ended, EngineError>>,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Running")
            .field("begun", &self.begun)
            .finish_non_exhaustive()
    }
}

/// What comes next of a running execution.
#[derive(Debug)]
pub enum Next {
    /// Something became durable.
    Event(EventLine),
    /// It has ended.
    Ended(End),
}

impl Running {
    /// Keeps the flows, starts the execution or finds it, and has it driven.
    ///
    /// # Errors
    ///
    /// [`Unanswered`] where the name is taken by another execution, or the store fails.
    pub async fn begin(engine: &Engine, run: Run) -> Result<Self, Unanswered> {
        let recount = run.recount;
        let (name, execution, events, started) = start(engine, run).await?;
        let standing = match &started {
            Started::New => Standing::New,
            Started::Existing(Ended::Running) => Standing::Running,
            Started::Existing(_) => Standing::Ended,
        };
        let earlier = match standing == Standing::Running && recount {
            true => recounted(engine, &execution, &name).await?,
            false => Vec::new(),
        };
        let ended = match started {
            Started::New | Started::Existing(Ended::Running) => {
                engine.drive(&execution).await?;
                None
            }
            Started::Existing(ended) => Some(Ok(ended)),
        };
        let waiting = wait(engine.clone(), execution.clone());
        Ok(Self {
            begun: Begun {
                name,
                standing,
                earlier,
            },
            execution,
            events,
            waiting,
            ended,
        })
    }

    /// What comes next; every event before the end. Dropping the future loses nothing.
    ///
    /// # Errors
    ///
    /// [`Unanswered`] where the execution was given up, or the engine closes.
    pub async fn next(&mut self) -> Result<Next, Unanswered> {
        if self.ended.is_none() {
            match select(self.events.next(), &mut self.waiting).await {
                Either::Left((Some(event), _)) => return Ok(Next::Event(line(&event))),
                Either::Left((None, waiting)) => self.ended = Some(waiting.await),
                Either::Right((ended, _)) => self.ended = Some(ended),
            }
        }
        if let Ok(event) = self.events.try_recv() {
            return Ok(Next::Event(line(&event)));
        }
        match self.ended.take() {
            Some(Ok(ended)) => Ok(Next::Ended(end(ended))),
            Some(Err(error)) => Err(error.into()),
            None => Err(Unanswered::Closing),
        }
    }
}

fn wait(engine: Engine, execution: Arc<str>) -> BoxFuture<'static, Result<Ended, EngineError>> {
    async move { engine.wait(&execution).await }.boxed()
}

type Begins = (String, Arc<str>, UnboundedReceiver<Observed>, Started);

/// Starts the execution under its name, or under the first free one after it.
async fn start(engine: &Engine, run: Run) -> Result<Begins, Unanswered> {
    let base = run.name.clone();
    let naming = run.naming;
    let start = prepare(engine, run).await?;
    for number in 1..=NAMES_MAX {
        let name = if number == 1 {
            base.clone()
        } else {
            format!("{base}-{number}")
        };
        let execution: Arc<str> = format!("{}/{name}", start.flow).into();
        let events = engine.observe(&execution);
        let started = engine
            .start(Start {
                name: name.as_str().into(),
                ..start.clone()
            })
            .await;
        match (naming, started) {
            (Naming::Fresh, Ok(Started::Existing(_)) | Err(EngineError::ExecutionAlreadyExists { .. })) => {}
            (_, started) => return Ok((name, execution, events, started?)),
        }
    }
    let message = format!("there are {NAMES_MAX} executions of the name `{base}` already");
    Err(Unanswered::Refused(Refusal::user("ExecutionAlreadyExists", message)))
}

/// Keeps the flows in the store and reads the rest.
async fn prepare(engine: &Engine, run: Run) -> Result<Start, Unanswered> {
    let Run {
        name,
        flow,
        children,
        registry,
        grants,
        settings,
        input,
        ..
    } = run;
    let version = keep(engine, &flow).await?;
    let mut flows = BTreeMap::from([(Arc::from(flow.name.as_str()), version.clone())]);
    for child in &children {
        flows.insert(child.name.as_str().into(), keep(engine, child).await?);
    }
    Ok(Start {
        flow: flow.name.into(),
        version,
        name: name.into(),
        input: input.0,
        registry: read("functions", &registry)?,
        grants: read("grants", &grants)?,
        settings: read("settings", &settings)?,
        environment: Value::Object(Arc::default()),
        flows,
    })
}

async fn keep(engine: &Engine, flow: &FlowText) -> Result<FlowVersion, Unanswered> {
    let model = stepwell_model::decode(flow.model.as_bytes()).map_err(|error| not_read("flow", &error))?;
    Ok(engine.keep_flow(&model, flow.definition.as_bytes()).await?)
}

fn read<T: serde::de::DeserializeOwned>(what: &str, text: &str) -> Result<T, Unanswered> {
    serde_json::from_str(text).map_err(|error| not_read(what, &error))
}

fn not_read(what: &str, error: &dyn std::error::Error) -> Unanswered {
    Unanswered::Refused(Refusal::host(format!(
        "the {what} of the run could not be read: {}",
        with_causes(error)
    )))
}

/// Answers every request but a run, whose answers come one by one from [`Running`].
///
/// # Errors
///
/// [`Unanswered`] where the request is refused, or the engine closes.
pub async fn answer(engine: &Engine, request: Request) -> Result<Vec<Answer>, Unanswered> {
    match request {
        Request::Run(_) => Err(Unanswered::Refused(Refusal::host(
            "a run was asked for as a single answer",
        ))),
        Request::History { execution } => {
            let events = engine.history(&find(engine, &execution).await?).await?;
            let events = events.iter().map(history_event).collect();
            Ok(in_parts(events, |event| event.event_detail.len(), Answer::HistoryPart))
        }
        Request::Describe { execution } => {
            let execution = find(engine, &execution).await?;
            let description = engine.describe(&execution).await?;
            Ok(vec![Answer::Description(Box::new(described(
                description,
                engine.cost(&execution).await?,
            )))])
        }
        Request::List => {
            let mut rows: Vec<Row> = engine.list().await?.iter().map(row).collect();
            rows.sort_by(|left, right| (right.started_ms, &left.name).cmp(&(left.started_ms, &right.name)));
            Ok(in_parts(rows, |row| row.name.len(), Answer::RowsPart))
        }
        Request::Stop { execution } => {
            engine
                .stop(
                    &find(engine, &execution).await?,
                    Failure::new(STOPPED_CODE, STOPPED_DETAIL),
                )
                .await?;
            Ok(vec![Answer::Done])
        }
        Request::Report { token, report } => {
            engine.report(&token, reported(report)).await?;
            Ok(vec![Answer::Done])
        }
    }
}

/// Cuts what is told into answers that are neither too many nor too large.
fn in_parts<T>(all: Vec<T>, bytes: fn(&T) -> usize, part: fn(Vec<T>) -> Answer) -> Vec<Answer> {
    let mut answers = Vec::new();
    let (mut current, mut size) = (Vec::new(), 0);
    for one in all {
        size += bytes(&one);
        current.push(one);
        if current.len() >= PART || size >= PART_BYTES {
            answers.push(part(std::mem::take(&mut current)));
            size = 0;
        }
    }
    answers.push(part(current));
    answers.push(Answer::Done);
    answers
}

/// The one execution that a user's name means: `flow/name`, or a name that only one flow has.
async fn find(engine: &Engine, name: &str) -> Result<Arc<str>, Unanswered> {
    if name.contains('/') {
        return Ok(name.into());
    }
    let rows = engine.list().await?;
    let named = |row: &ExecutionRow| row.execution.rsplit_once('/').is_some_and(|(_, own)| own == name);
    let mut found: Vec<Arc<str>> = rows.into_iter().filter(named).map(|row| row.execution).collect();
    match found.pop() {
        None => Err(EngineError::ExecutionNotExists { execution: name.into() }.into()),
        Some(only) if found.is_empty() => Ok(only),
        Some(last) => {
            found.push(last);
            let all = found.join("`, `");
            let message = format!("several flows have an execution `{name}`; say which: `{all}`");
            Err(Unanswered::Refused(Refusal::user("InvalidArgument", message)))
        }
    }
}

fn reported(report: Report) -> stepwell_core::Report {
    match report {
        Report::Output(Plain(output)) => stepwell_core::Report::Succeeded(output),
        Report::Error { code, cause } => stepwell_core::Report::Failed(Failure::new(code, cause)),
    }
}

/// The execution's own name.
fn own_name(execution: &str) -> (&str, &str) {
    execution.rsplit_once('/').unwrap_or(("", execution))
}

fn line(event: &Observed) -> EventLine {
    EventLine {
        event: event.event.to_string(),
        execution: own_name(&event.execution).1.to_owned(),
        scope: event.scope.to_string(),
        state: event.state.to_string(),
        status: event.status.to_string(),
        attempt: event.attempt,
        at_ms: event.at_ms,
        note: event.note.as_deref().map(str::to_owned),
        guest_us: event.guest_us,
    }
}

/// What has happened so far.
async fn recounted(engine: &Engine, execution: &str, name: &str) -> Result<Vec<EventLine>, Unanswered> {
    let history = engine.history(execution).await?;
    let from = history.len().saturating_sub(EARLIER_MAX);
    Ok(history
        .iter()
        .skip(from)
        .filter_map(|event| earlier(name, event))
        .collect())
}

/// An entry of the history as an event that is past.
fn earlier(name: &str, event: &stepwell_engine::HistoryEvent) -> Option<EventLine> {
    let detail = Value::parse_json(&event.event_detail).ok()?;
    let detail = detail.as_object()?;
    let text = |key: &str| detail.get(key).and_then(Value::as_str);
    let attempt = detail
        .get("attempt")
        .and_then(Value::as_number)
        .and_then(|number| number.as_i64());
    let at: jiff::Timestamp = event.time.parse().ok()?;
    Some(EventLine {
        event: event.kind.to_string(),
        execution: name.to_owned(),
        scope: text("scope").unwrap_or_default().to_owned(),
        state: event.step_name.to_string(),
        status: Status::Running.name().to_owned(),
        attempt: attempt
            .and_then(|attempt| u32::try_from(attempt).ok())
            .unwrap_or_default(),
        at_ms: u64::try_from(at.as_millisecond()).ok()?,
        note: text("error").map(|error| format!("{error}: {}", text("cause").unwrap_or_default())),
        guest_us: 0,
    })
}

/// How an execution ended, as it travels.
#[must_use]
pub fn end(ended: Ended) -> End {
    let (status, result) = match ended {
        Ended::Running => (Status::Running, None),
        Ended::Succeeded(output) => (Status::Succeeded, Some(Outcome::Output(Plain(output)))),
        Ended::Failed(failure) => (Status::Failed, Some(error(&failure))),
        Ended::Stopped(failure) => (Status::Stopped, Some(error(&failure))),
        Ended::TimedOut(failure) => (Status::TimedOut, Some(error(&failure))),
    };
    End { status, result }
}

fn error(failure: &Failure) -> Outcome {
    let Failure { code, detail, .. } = failure;
    Outcome::Error(stepwell_wire::output::Failure {
        code: code.to_string(),
        detail: detail.to_string(),
    })
}

fn history_event(event: &stepwell_engine::HistoryEvent) -> HistoryEvent {
    HistoryEvent {
        event_id: event.event_id,
        schedule_event_id: event.schedule_event_id,
        kind: event.kind.to_string(),
        step_name: event.step_name.to_string(),
        time: event.time.to_string(),
        event_detail: event.event_detail.to_string(),
    }
}

fn row(row: &ExecutionRow) -> Row {
    let (flow, name) = own_name(&row.execution);
    Row {
        name: name.to_owned(),
        flow: flow.to_owned(),
        status: status(&row.status),
        started_ms: row.started_ms,
        ended_ms: row.ended_ms,
    }
}

/// A status by its public name; the index holds no other.
fn status(name: &str) -> Status {
    let all = [Status::Succeeded, Status::Failed, Status::Stopped, Status::TimedOut];
    all.into_iter()
        .find(|status| status.name() == name)
        .unwrap_or(Status::Running)
}

fn described(description: stepwell_engine::Description, cost: stepwell_engine::Cost) -> Description {
    let stepwell_engine::Description {
        flow,
        name,
        end: ended,
        input,
        started_ms,
        ended_ms,
        open,
    } = description;
    let End { status, result } = end(ended);
    let row = Row {
        name: name.to_string(),
        flow: flow.to_string(),
        status,
        started_ms,
        ended_ms,
    };
    let open_state = |state: stepwell_engine::OpenState| OpenState {
        scope: state.scope.to_string(),
        state: state.state.to_string(),
        attempt: state.attempt,
        since_ms: state.since_ms,
        token: state.token.as_deref().map(str::to_owned),
    };
    let stepwell_engine::Cost {
        records,
        bytes,
        guest_us,
    } = cost;
    let cost = Cost {
        records,
        bytes,
        guest_us,
    };
    Description {
        row,
        input: Plain(input),
        result,
        open: open.into_iter().map(open_state).collect(),
        cost,
    }
}

/// The digests of the components that a run's functions name.
///
/// # Errors
///
/// [`Unanswered`] where the functions cannot be read.
pub fn components(run: &Run) -> Result<Vec<Arc<str>>, Unanswered> {
    let registry: stepwell_actions::Registry = read("functions", &run.registry)?;
    let digest = |function: stepwell_actions::Function| match function.target {
        stepwell_actions::Target::Component { digest } => Some(digest),
        stepwell_actions::Target::Http { .. } | stepwell_actions::Target::Stub(_) => None,
    };
    let mut digests: Vec<Arc<str>> = registry.functions.into_iter().filter_map(digest).collect();
    digests.sort();
    digests.dedup();
    Ok(digests)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_cut_by_number_and_by_size() {
        let lengths = |sizes: Vec<usize>| -> Vec<usize> {
            let row = |size: usize| Row {
                name: "x".repeat(size),
                flow: String::new(),
                status: Status::Running,
                started_ms: 0,
                ended_ms: None,
            };
            let parts = in_parts(
                sizes.into_iter().map(row).collect(),
                |row| row.name.len(),
                Answer::RowsPart,
            );
            let length = |part: &Answer| {
                if let Answer::RowsPart(rows) = part {
                    rows.len()
                } else {
                    0
                }
            };
            parts.iter().map(length).collect()
        };
        assert_eq!(lengths(vec![]), [0, 0]);
        assert_eq!(lengths(vec![1; 2500]), [1000, 1000, 500, 0]);
        assert_eq!(lengths(vec![600_000; 5]), [2, 2, 1, 0]);
    }
}
