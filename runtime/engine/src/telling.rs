//! How an entry of the history is told: its details for a reader, and its line for whoever watches.

use std::sync::Arc;

use jiff::Timestamp;
use stepwell_core::{Entry, Fact, Kind, Millis, Snapshot};
use stepwell_expression::{Number, Value};

use crate::api::Observed;

/// An entry that became durable, for whoever watches.
pub(crate) fn observed(execution: &Arc<str>, snapshot: &Snapshot, entry: &Entry) -> Observed {
    let status = match &entry.fact {
        Fact::ExecutionSucceeded { .. } => "Succeeded",
        Fact::ExecutionFailed { .. } => "Failed",
        Fact::ExecutionStopped { .. } => "Stopped",
        Fact::ExecutionTimedOut { .. } => "TimedOut",
        Fact::ExecutionStarted { .. }
        | Fact::BranchEntered { .. }
        | Fact::BranchExited { .. }
        | Fact::IterationEntered { .. }
        | Fact::IterationExited { .. }
        | Fact::StepEntered { .. }
        | Fact::StepExited { .. }
        | Fact::StepFailed { .. }
        | Fact::TaskScheduled { .. }
        | Fact::TaskSubmitted { .. }
        | Fact::TaskSubmitFailed { .. }
        | Fact::TaskSucceeded { .. }
        | Fact::TaskFailed { .. }
        | Fact::TaskTimedOut { .. } => "Running",
    };
    Observed {
        event: entry.fact.name().into(),
        execution: execution.clone(),
        scope: path(snapshot, entry),
        state: entry.fact.state().cloned().unwrap_or_else(|| "".into()),
        status: status.into(),
        attempt: entry.fact.attempt().unwrap_or(0),
        at_ms: entry.at,
        note: note(&entry.fact),
        guest_us: crate::cost::guest_us(&entry.fact),
    }
}

/// The scope's path when the entry was made.
pub(crate) fn path(snapshot: &Snapshot, entry: &Entry) -> Arc<str> {
    match entry.item {
        Some(item) => format!("{}/{item}", snapshot.scope.path).into(),
        None => snapshot.scope.path.clone(),
    }
}

fn note(fact: &Fact) -> Option<Arc<str>> {
    let failure = failure(fact)?;
    Some(format!("{}: {}", failure.code, failure.detail).into())
}

fn failure(fact: &Fact) -> Option<&stepwell_core::Failure> {
    match fact {
        Fact::ExecutionFailed { failure }
        | Fact::ExecutionStopped { failure }
        | Fact::ExecutionTimedOut { failure }
        | Fact::StepFailed { failure, .. }
        | Fact::TaskSubmitFailed { failure, .. }
        | Fact::TaskFailed { failure, .. } => Some(failure),
        Fact::BranchExited { failure, .. } | Fact::IterationExited { failure, .. } => failure.as_ref(),
        Fact::StepExited { caught, .. } => caught.as_ref(),
        Fact::ExecutionStarted { .. }
        | Fact::ExecutionSucceeded { .. }
        | Fact::BranchEntered { .. }
        | Fact::IterationEntered { .. }
        | Fact::StepEntered { .. }
        | Fact::TaskScheduled { .. }
        | Fact::TaskSubmitted { .. }
        | Fact::TaskSucceeded { .. }
        | Fact::TaskTimedOut { .. } => None,
    }
}

/// The details of an entry: a JSON object, with the scope first.
pub(crate) fn detail(path: &Arc<str>, entry: &Entry, snapshot: &Snapshot) -> Value {
    let mut detail: Vec<(&str, Value)> = vec![("scope", Value::String(path.clone()))];
    if let (Some(item), Fact::IterationEntered { .. } | Fact::IterationExited { .. }) = (entry.item, &entry.fact) {
        detail.push(("index", Value::Number(Number::from(item))));
    }
    if let (Fact::BranchEntered { .. } | Fact::BranchExited { .. }, Kind::Branch { index, .. }) =
        (&entry.fact, &snapshot.scope.kind)
    {
        detail.push(("index", Value::Number(Number::from(u64::from(*index)))));
    }
    let retries = snapshot.scope.kind.retries();
    if let (Fact::BranchEntered { .. } | Fact::IterationEntered { .. }, 1..) = (&entry.fact, retries) {
        // As of a task: from 1, and told where the Parallel or Map runs again.
        detail.push(("attempt", Value::Number(Number::from(u64::from(retries) + 1))));
    }
    detail.extend(specifics(&entry.fact));
    if let Some(failure) = failure(&entry.fact) {
        detail.push(("error", Value::String(failure.code.clone())));
        detail.push(("cause", Value::String(failure.detail.clone())));
    }
    if !entry.missing.is_empty() {
        detail.push((
            "missing",
            Value::array(entry.missing.iter().cloned().map(Value::String)),
        ));
    }
    Value::object(detail)
}

fn specifics(fact: &Fact) -> Vec<(&'static str, Value)> {
    let mut specifics = Vec::new();
    if let Some(attempt) = fact.attempt() {
        specifics.push(("attempt", Value::Number(Number::from(u64::from(attempt)))));
    }
    match fact {
        Fact::ExecutionStarted { input }
        | Fact::BranchEntered { input, .. }
        | Fact::IterationEntered { input, .. }
        | Fact::StepEntered { input, .. } => specifics.push(("input", input.clone())),
        Fact::ExecutionSucceeded { output } | Fact::StepExited { output, .. } => {
            specifics.push(("output", output.clone()));
        }
        Fact::BranchExited {
            output, failure: None, ..
        }
        | Fact::IterationExited {
            output, failure: None, ..
        } => {
            specifics.push(("output", output.clone()));
        }
        Fact::TaskScheduled {
            action,
            parameters,
            timeout_ms,
            pure,
            ..
        } => {
            specifics.push(("action", Value::String(action.clone())));
            specifics.push(("parameters", parameters.clone()));
            specifics.extend(timeout_ms.map(|timeout| ("timeoutMs", Value::Number(Number::from(timeout)))));
            specifics.extend(pure.then_some(("pure", Value::Bool(true))));
        }
        Fact::TaskSucceeded { output, log, .. } => {
            specifics.push(("output", output.clone()));
            specifics.extend(logged(log));
        }
        Fact::TaskFailed { log, .. } => specifics.extend(logged(log)),
        Fact::BranchExited { .. }
        | Fact::IterationExited { .. }
        | Fact::ExecutionFailed { .. }
        | Fact::ExecutionStopped { .. }
        | Fact::ExecutionTimedOut { .. }
        | Fact::StepFailed { .. }
        | Fact::TaskSubmitted { .. }
        | Fact::TaskSubmitFailed { .. } => {}
        Fact::TaskTimedOut { .. } => specifics.push(("error", Value::from("FnF.TaskTimeout"))),
    }
    specifics
}

fn logged(log: &[Arc<str>]) -> Option<(&'static str, Value)> {
    (!log.is_empty()).then(|| ("log", Value::array(log.iter().cloned().map(Value::String))))
}

pub(crate) fn rfc3339(at: Millis) -> Arc<str> {
    let at = i64::try_from(at)
        .ok()
        .and_then(|at| Timestamp::from_millisecond(at).ok())
        .unwrap_or_default();
    format!("{at:.3}").into()
}
