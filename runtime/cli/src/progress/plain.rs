//! Progress as plain lines, for pipes and log files.

use std::collections::BTreeMap;
use std::sync::Arc;

use stepwell_model::{Flow, Kind};
use stepwell_wire::output::EventLine;
use stepwell_wire::{Begun, Standing};

use super::board::{WayOut, state, way_out};
use super::duration;
use crate::console::one_line;

/// Characters of a failure that stand in a line.
const NOTE_CHARACTERS_MAX: usize = 300;

/// Progress as plain lines.
#[derive(Debug)]
pub(super) struct Plain {
    flow: Arc<Flow>,
    /// When what is open began, by scope and state.
    open: BTreeMap<(String, String), Times>,
    /// When the execution started, if it was watched from its beginning.
    started_ms: Option<u64>,
    is_whole: bool,
}

/// When a visit of a state began, and its attempt.
#[derive(Clone, Copy, Debug)]
struct Times {
    entered_ms: u64,
    attempt_ms: u64,
    /// When the last attempt failed.
    failed_ms: u64,
}

impl Plain {
    pub(super) fn new(flow: Arc<Flow>) -> Self {
        Self {
            flow,
            open: BTreeMap::new(),
            started_ms: None,
            is_whole: false,
        }
    }

    pub(super) fn begin(&mut self, begun: &Begun) {
        self.is_whole = begun.standing == Standing::New;
    }

    /// The line for an event; most have none.
    pub(super) fn event(&mut self, event: &EventLine) -> Option<String> {
        if self.is_whole {
            self.started_ms.get_or_insert(event.at_ms);
        }
        let times = self.follow(event);
        let attempt = event.attempt;
        let what = match event.event.as_str() {
            "StepEntered" if stays_open(state(&self.flow, event).map(|state| &state.kind)) => "begun".to_owned(),
            "TaskSubmitted" => format!("attempt {attempt} waits for a report"),
            "TaskFailed" => format!(
                "attempt {attempt} failed{}{}",
                after(times.map(|t| t.attempt_ms), event),
                note(event)
            ),
            "TaskSubmitFailed" => format!("attempt {attempt} could not be submitted{}", note(event)),
            "TaskTimedOut" => format!(
                "attempt {attempt} timed out{}",
                after(times.map(|t| t.attempt_ms), event)
            ),
            "TaskScheduled" if attempt > 1 => {
                format!("attempt {attempt} follows{}", after(times.map(|t| t.failed_ms), event))
            }
            "StepExited" => left(times, event),
            "StepFailed" => format!("failed{}{}", after(times.map(|t| t.entered_ms), event), note(event)),
            _ => return self.execution_event(event),
        };
        Some(format!("{}: {what}", place(event)))
    }

    /// Notes when things begin; answers what was known of the visit that the event speaks of.
    fn follow(&mut self, event: &EventLine) -> Option<Times> {
        let key = (event.scope.clone(), event.state.clone());
        let known = self.open.get(&key).copied();
        let at_ms = event.at_ms;
        let now = match (event.event.as_str(), known) {
            ("StepEntered", _) => Some(Times {
                entered_ms: at_ms,
                attempt_ms: at_ms,
                failed_ms: at_ms,
            }),
            ("TaskScheduled", Some(times)) => Some(Times {
                attempt_ms: at_ms,
                ..times
            }),
            ("TaskFailed" | "TaskSubmitFailed" | "TaskTimedOut", Some(times)) => Some(Times {
                failed_ms: at_ms,
                ..times
            }),
            ("StepExited" | "StepFailed", _) => None,
            _ => known,
        };
        match now {
            Some(times) => _ = self.open.insert(key, times),
            None => _ = self.open.remove(&key),
        }
        known
    }

    fn execution_event(&self, event: &EventLine) -> Option<String> {
        let what = match event.event.as_str() {
            "ExecutionSucceeded" => "succeeded",
            "ExecutionFailed" => "failed",
            "ExecutionStopped" => "was stopped",
            "ExecutionTimedOut" => "timed out",
            _ => return None,
        };
        Some(format!(
            "{}/{}: {what}{}",
            self.flow.name,
            event.execution,
            after(self.started_ms, event)
        ))
    }
}

fn left(times: Option<Times>, event: &EventLine) -> String {
    let took = after(times.map(|times| times.entered_ms), event);
    match way_out(event) {
        WayOut::Well => format!("done{took}"),
        WayOut::Caught => format!("left by Catch{took}{}", note(event)),
        WayOut::CutOff => format!("cut off{took}"),
    }
}

/// Whether a state stays open long enough to say so when it is entered.
fn stays_open(kind: Option<&Kind>) -> bool {
    match kind {
        Some(Kind::Wait(_) | Kind::Parallel(_) | Kind::Map(_)) => true,
        Some(Kind::Task(_) | Kind::Pass | Kind::Choice(_) | Kind::Succeed | Kind::Fail(_)) | None => false,
    }
}

fn after(since_ms: Option<u64>, event: &EventLine) -> String {
    let took = since_ms.map(|since| duration(event.at_ms.saturating_sub(since)));
    took.map(|took| format!(" after {took}")).unwrap_or_default()
}

fn place(event: &EventLine) -> String {
    let separator = if event.scope.is_empty() { "" } else { "/" };
    format!("{}{separator}{}", event.scope, event.state)
}

fn note(event: &EventLine) -> String {
    event
        .note
        .as_deref()
        .map(|note| format!(": {}", one_line(note, NOTE_CHARACTERS_MAX)))
        .unwrap_or_default()
}
