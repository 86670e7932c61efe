//! `FNF:StartExecution`: starting a child flow.

use std::sync::Arc;

use stepwell_actions::{START_EXECUTION, StartExecution};
use stepwell_core::{AttemptNumber, Event, Failure, Parent, Pins, Stage, Telemetry};
use stepwell_expression::Value;
use stepwell_model::{Flow, Mode, Task};

use crate::attempt::event;
use crate::driver::Driver;
use crate::engine::Inner;
use crate::session::{Halt, Shared};
use crate::start::{Begun, begin, is_name};

/// How many executions may start each other.
const DEPTH_MAX: u32 = 100;

/// Starts the child; the event is the attempt's outcome, or that it was submitted.
pub(crate) async fn start(
    shared: Arc<Shared>,
    start: StartExecution,
    mode: Mode,
    attempt: AttemptNumber,
    attempt_key: Arc<str>,
    token: String,
) -> Result<Event, Halt> {
    let name = start
        .name
        .clone()
        .unwrap_or_else(|| attempt_key.chars().take(16).collect::<String>().into());
    let waits = mode == Mode::WaitForSystemCallback;
    let parent = Parent {
        execution: shared.execution.clone(),
        attempt_key,
        token: waits.then(|| token.into()),
        depth: shared.pins.parent.as_ref().map_or(0, |parent| parent.depth) + 1,
    };
    Ok(match run(&shared, &start, name.clone(), parent).await? {
        Ok(()) if waits => Event::TaskSubmitted { attempt },
        Ok(()) => {
            let result = Value::object([
                ("FlowName", Value::String(start.flow.clone())),
                ("ExecutionName", Value::String(name.clone())),
                ("RequestID", Value::String(format!("{}/{name}", start.flow).into())),
            ]);
            event(mode, attempt, Ok(result), Telemetry::default())
        }
        Err(failure) if waits => Event::TaskSubmitFailed { attempt, failure },
        Err(failure) => event(mode, attempt, Err(failure), Telemetry::default()),
    })
}

/// The child's name: as asked for, or from the attempt's key.
fn name(start: &StartExecution, attempt_key: &str) -> Arc<str> {
    let generated = || attempt_key.chars().take(16).collect::<String>().into();
    start.name.clone().unwrap_or_else(generated)
}

/// Whether a flow may start others.
pub(crate) fn may_start_others(flow: &Flow) -> bool {
    flow.body.tasks().any(|task| *task.action == *START_EXECUTION)
}

impl Inner {
    /// Has an execution driven that a driven one started, directly or through others, and nobody drives any more.
    pub(crate) async fn adopt(self: &Arc<Self>, execution: &Arc<str>) -> Result<(), Halt> {
        let mut above = execution.clone();
        for _ in 0..=DEPTH_MAX {
            let parent = self.pins_of(&above).await?.and_then(|pins| pins.parent);
            let Some(parent) = parent else { return Ok(()) };
            if self.drives(&parent.execution) {
                self.drive(execution);
                return Ok(());
            }
            above = parent.execution;
        }
        Ok(())
    }
}

impl Driver {
    /// Has the child driven that a submitted attempt waits for: after a restart nobody else may know of it.
    pub(crate) async fn rouse_child(&mut self) -> Result<(), Halt> {
        let waits = |task: &&Task| *task.action == *START_EXECUTION && task.mode == Mode::WaitForSystemCallback;
        let submitted = self
            .snapshot
            .attempt()
            .filter(|attempt| attempt.stage == Stage::Submitted);
        let (Some(attempt), Some(_)) = (submitted.cloned(), self.task().filter(waits)) else {
            return Ok(());
        };
        if self.roused.replace(attempt.number) == Some(attempt.number) {
            return Ok(());
        }
        let parameters = crate::gather::resolve(&self.shared, &attempt.parameters).await?;
        if let Ok(start) = StartExecution::read(&parameters) {
            let key = stepwell_core::attempt_key(&self.shared.pins.seed, &self.id, attempt.number);
            let execution: Arc<str> = format!("{}/{}", start.flow, name(&start, &key)).into();
            self.shared.engine.drive_with_parent(&execution, &self.shared.execution);
        }
        Ok(())
    }
}

async fn run(
    shared: &Arc<Shared>,
    start: &StartExecution,
    name: Arc<str>,
    parent: Parent,
) -> Result<Result<(), Failure>, Halt> {
    if parent.depth > DEPTH_MAX {
        let detail = format!("more than {DEPTH_MAX} executions started each other");
        return Ok(Err(Failure::not_retryable("FNF.DepthLimitExceeded", detail)));
    }
    if !is_name(&start.flow) || !is_name(&name) {
        let detail = format!("`{}/{name}` cannot name an execution", start.flow);
        return Ok(Err(Failure::not_retryable("FNF.InvalidArgument", detail)));
    }
    let version = match shared.pins.flows.get(&start.flow) {
        Some(version) => Some(version.clone()),
        None => shared.engine.newest(&start.flow).await?,
    };
    let Some(version) = version else {
        let detail = format!("flow `{}` is neither beside the flow nor in the store", start.flow);
        return Ok(Err(Failure::not_retryable("FNF.FlowNotExists", detail)));
    };
    let pins = pins_of_child(shared, start, name, version, parent);
    match begin(&shared.engine, pins).await? {
        Begun::New(execution) | Begun::Repeated(execution) | Begun::Same(execution) => {
            shared.engine.drive_with_parent(&execution, &shared.execution);
            Ok(Ok(()))
        }
        Begun::Other(execution) => {
            let detail = format!("execution `{execution}` exists already");
            Ok(Err(Failure::not_retryable("FNF.ExecutionAlreadyExists", detail)))
        }
    }
}

fn pins_of_child(
    shared: &Shared,
    start: &StartExecution,
    name: Arc<str>,
    version: stepwell_core::FlowVersion,
    parent: Parent,
) -> Pins {
    Pins {
        flow: start.flow.clone(),
        name,
        version,
        input: start.input.clone(),
        seed: shared.engine.seed().into(),
        started_ms: shared.now(),
        parent: Some(parent),
        nonce: None,
        ..(*shared.pins).clone()
    }
}
