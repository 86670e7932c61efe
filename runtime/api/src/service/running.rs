//! A run: its execution is started or found, driven, and watched to its end.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::channel::mpsc::UnboundedReceiver;
use futures::future::{BoxFuture, Either, select};
use futures::{FutureExt, StreamExt};
use stepwell_core::FlowVersion;
use stepwell_engine::{Ended, Engine, EngineError, Observed, Start, Started};
use stepwell_expression::Value;
use stepwell_wire::output::{End, EventLine};
use stepwell_wire::{Begun, FlowText, Naming, Refusal, Run, Standing};

use super::Unanswered;
use crate::told::{earlier, end, history_event, line};

/// How many past events are told to somebody who joins; the newest.
const EARLIER_MAX: usize = 50_000;

/// How often another name is tried for a fresh execution.
const NAMES_MAX: u32 = 100_000;

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
            Started::New | Started::Repeated(Ended::Running) => Standing::New,
            Started::Existing(Ended::Running) => Standing::Running,
            Started::Repeated(_) | Started::Existing(_) => Standing::Ended,
        };
        let earlier = match standing == Standing::Running && recount {
            true => recounted(engine, &execution, &name).await?,
            false => Vec::new(),
        };
        let ended = match started {
            Started::New | Started::Repeated(Ended::Running) | Started::Existing(Ended::Running) => {
                engine.drive(&execution).await?;
                None
            }
            Started::Repeated(ended) | Started::Existing(ended) => Some(Ok(ended)),
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

/// Keeps the flows, starts the execution or finds the same one, and has it driven; its name as `<flow>/<name>`.
///
/// # Errors
///
/// [`Unanswered`] where the start is refused, or the store fails.
pub async fn join(engine: &Engine, run: Run, environment: Value) -> Result<Arc<str>, Unanswered> {
    let start = Start {
        environment,
        ..prepare(engine, run).await?
    };
    let execution: Arc<str> = format!("{}/{}", start.flow, start.name).into();
    engine.start(start).await?;
    engine.drive(&execution).await?;
    Ok(execution)
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
        nonce,
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
        nonce: nonce.map(Arc::from),
    })
}

async fn keep(engine: &Engine, flow: &FlowText) -> Result<FlowVersion, Unanswered> {
    let model = stepwell_model::decode(flow.model.as_bytes()).map_err(|error| not_read("flow", error))?;
    Ok(engine.keep_flow(&model, flow.definition.as_bytes()).await?)
}

fn read<T: serde::de::DeserializeOwned>(what: &str, text: &str) -> Result<T, Unanswered> {
    serde_json::from_str(text).map_err(|error| not_read(what, error))
}

fn not_read(what: &str, error: impl std::error::Error + Send + Sync + 'static) -> Unanswered {
    let error = anyhow::Error::new(error);
    Unanswered::Refused(Refusal::host(format!(
        "the {what} of the run could not be read: {error:#}"
    )))
}

/// What has happened so far.
async fn recounted(engine: &Engine, execution: &str, name: &str) -> Result<Vec<EventLine>, Unanswered> {
    let history = engine.history(execution).await?;
    let from = history.len().saturating_sub(EARLIER_MAX);
    Ok(history
        .iter()
        .skip(from)
        .filter_map(|event| earlier(name, &history_event(event)))
        .collect())
}

/// The functions of a run.
///
/// # Errors
///
/// [`Unanswered`] where they cannot be read.
pub fn registry(run: &Run) -> Result<stepwell_actions::Registry, Unanswered> {
    read("functions", &run.registry)
}
