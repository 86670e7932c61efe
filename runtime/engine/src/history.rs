//! One history from many logs, and how an execution stands.
//!
//! Entries are ordered by (stamp, scope, revision, index): causal, total, stable. What a scope logged after the record
//! that ended or abandoned it is left out; states that were open then are closed here, innermost first, just before that
//! record's entries.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use stepwell_core::{Entry, Fact, Kind, Millis, Pins, Record, Revision, ScopeId, Snapshot, Stage};
use stepwell_expression::{Number, Value};
use stepwell_model::Flow;
use stepwell_ports::ScopeKey;

use crate::api::{Description, EngineError, HistoryEvent, Observed, OpenState};
use crate::engine::{Engine, Inner};
use crate::gather;
use crate::session::Halt;
use crate::token::{Named, Signer};
use crate::tree;

/// The place of an entry in the one history.
type Place = (Millis, ScopeId, Revision, Rank);

/// The place of an entry within a record: what one of its entries cuts off is closed just before it, innermost scopes
/// first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    entry: usize,
    side: Side,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    /// A state, branch or item that the entry cuts off.
    Closed {
        /// Less is further in.
        height: usize,
        scope: ScopeId,
        index: usize,
    },
    /// The entry itself.
    Own,
}

/// One entry with what is known of its scope.
struct Told {
    path: Arc<str>,
    at: Millis,
    kind: &'static str,
    state: Arc<str>,
    detail: Value,
}

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
fn path(snapshot: &Snapshot, entry: &Entry) -> Arc<str> {
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

impl Engine {
    /// The whole history of an execution, in order.
    ///
    /// # Errors
    ///
    /// [`EngineError::ExecutionNotExists`] where there is none of that name.
    pub async fn history(&self, execution: &str) -> Result<Vec<HistoryEvent>, EngineError> {
        let execution: Arc<str> = execution.into();
        self.inner.expect(&execution).await?;
        let mut reading = Reading {
            engine: &self.inner,
            execution: execution.clone(),
            told: BTreeMap::new(),
        };
        reading.scope(ScopeId::root(), None).await?;
        let told = reading.told;
        let mut events = Vec::with_capacity(told.len());
        let mut causes = Causes::default();
        let mut loaded = gather::Loaded::default();
        for told in told.into_values() {
            let event_id = events.len() as u64 + 1;
            let schedule_event_id = causes.of(&told.path, told.kind, event_id);
            let detail = loaded.resolve(&*self.inner.ports.log, &execution, &told.detail).await?;
            let event_detail = detail.to_json().map_err(|error| EngineError::Unreadable {
                what: error.to_string(),
            })?;
            events.push(HistoryEvent {
                event_id,
                schedule_event_id,
                kind: told.kind.into(),
                step_name: told.state,
                time: rfc3339(told.at),
                event_detail: event_detail.into(),
            });
        }
        Ok(events)
    }

    /// How an execution stands, for a person.
    ///
    /// # Errors
    ///
    /// [`EngineError::ExecutionNotExists`] where there is none of that name.
    pub async fn describe(&self, execution: &str) -> Result<Description, EngineError> {
        let execution: Arc<str> = execution.into();
        let record = self.inner.expect(&execution).await?;
        let pins = self.inner.pins_of(&execution).await?;
        let pins = pins.ok_or_else(|| EngineError::Unreadable {
            what: format!("the beginning of `{execution}`"),
        })?;
        let end = self.inner.ended(&execution, &record.snapshot).await?;
        let flow = self.inner.flow(&pins.version).await?;
        let mut open = Vec::new();
        let is_running = record.snapshot.status.is_running();
        let ended_ms = (!is_running).then_some(record.stamp);
        self.inner
            .open_states(&execution, &flow, ScopeId::root(), record, &mut open)
            .await?;
        Ok(described(pins, end, ended_ms, open))
    }
}

fn described(pins: Pins, end: crate::api::Ended, ended_ms: Option<Millis>, open: Vec<OpenState>) -> Description {
    let Pins {
        flow,
        name,
        input,
        started_ms,
        ..
    } = pins;
    Description {
        flow,
        name,
        end,
        input,
        started_ms,
        ended_ms,
        open,
    }
}

impl Inner {
    /// Collects the open states of a scope and of those inside.
    fn open_states<'a>(
        &'a self,
        execution: &'a Arc<str>,
        flow: &'a Flow,
        id: ScopeId,
        record: Record,
        open: &'a mut Vec<OpenState>,
    ) -> BoxFuture<'a, Result<(), Halt>> {
        async move {
            let children = stepwell_core::child_count(&record.snapshot);
            if let Some(state) = open_state(self, execution, flow, &id, &record.snapshot).filter(|_| children == 0) {
                open.push(state);
            }
            let Some(fork) = record.snapshot.fork().map(|fork| fork.revision) else {
                return Ok(());
            };
            for index in 0..children {
                let child = id.child(fork, index);
                let key = ScopeKey {
                    execution: execution.clone(),
                    scope: child.0.clone(),
                };
                if let Some(record) = tree::last(&*self.ports.log, &key).await? {
                    self.open_states(execution, flow, child, record, open).await?;
                }
            }
            Ok(())
        }
        .boxed()
    }
}

fn open_state(
    engine: &Inner,
    execution: &Arc<str>,
    flow: &Flow,
    id: &ScopeId,
    snapshot: &Snapshot,
) -> Option<OpenState> {
    let position = snapshot.at.as_ref()?;
    let state = flow.block(&snapshot.scope.block)?.state(position.state)?;
    let attempt = snapshot.attempt();
    let waits = attempt.filter(|attempt| attempt.stage == Stage::Submitted);
    let signer = Signer {
        key: engine.key.clone(),
        execution: execution.clone(),
    };
    let token = waits.map(|attempt| {
        signer
            .key
            .sign(&Named {
                execution: execution.to_string(),
                scope: id.clone(),
                attempt: attempt.number,
            })
            .into()
    });
    Some(OpenState {
        scope: snapshot.path(),
        state: state.name.clone(),
        attempt: attempt.map_or(0, |_| position.retries + 1),
        since_ms: position.since_ms,
        token,
    })
}

/// Reading the logs of an execution into one history.
struct Reading<'a> {
    engine: &'a Inner,
    execution: Arc<str>,
    told: BTreeMap<Place, Told>,
}

/// States that are open in a scope, for closing them where it is cut off.
#[derive(Default)]
struct Open {
    /// The innermost state, with its path, if one is open.
    state: Option<(Arc<str>, Arc<str>)>,
    /// The branch or item around it, with its number.
    around: Option<(Arc<str>, Arc<str>, &'static str, u64)>,
}

impl Reading<'_> {
    /// Reads a scope and those inside, up to the record that cut it off.
    fn scope(&mut self, id: ScopeId, cut: Option<Place>) -> BoxFuture<'_, Result<(), Halt>> {
        async move {
            let key = ScopeKey {
                execution: self.execution.clone(),
                scope: id.0.clone(),
            };
            let records = tree::all(&*self.engine.ports.log, &key).await?;
            let mut open = Open::default();
            for (position, record) in records.iter().enumerate() {
                let place = place(&id, record, 0);
                if cut.as_ref().is_some_and(|cut| place >= *cut) {
                    break;
                }
                self.record(&id, record, &mut open);
                if let Some(fork) = record.snapshot.fork().filter(|fork| fork.revision == record.revision) {
                    let over = over(&id, &records, position, cut.as_ref());
                    for index in 0..fork.count() {
                        self.scope(id.child(fork.revision, index), over.clone()).await?;
                    }
                }
            }
            if let Some(cut) = cut {
                self.close(&id, open, &cut);
            }
            Ok(())
        }
        .boxed()
    }

    fn record(&mut self, id: &ScopeId, record: &Record, open: &mut Open) {
        for (index, entry) in record.entries.iter().enumerate() {
            if let Fact::ExecutionStopped { .. } | Fact::ExecutionTimedOut { .. } = &entry.fact {
                self.close(id, std::mem::take(open), &place(id, record, index));
            }
            let path = path(&record.snapshot, entry);
            open.follow(&path, &entry.fact);
            let told = Told {
                at: entry.at,
                kind: entry.fact.name(),
                state: entry.fact.state().cloned().unwrap_or_else(|| "".into()),
                detail: detail(&path, entry, &record.snapshot),
                path,
            };
            self.told.insert(place(id, record, index), told);
        }
    }

    /// Closes what was open in a scope that was cut off, just before the entry that did.
    fn close(&mut self, id: &ScopeId, open: Open, cut: &Place) {
        let height = usize::MAX
            - if id.0.is_empty() {
                0
            } else {
                1 + id.0.matches('/').count()
            };
        let state = open.state.map(|(path, state)| (path, state, "StepExited", None));
        let around = open
            .around
            .map(|(path, state, kind, index)| (path, state, kind, Some(index)));
        for (index, (path, state, kind, number)) in state.into_iter().chain(around).enumerate() {
            let rank = Rank {
                entry: cut.3.entry,
                side: Side::Closed {
                    height,
                    scope: id.clone(),
                    index,
                },
            };
            let told = Told {
                at: cut.0,
                kind,
                state,
                detail: canceled(&path, number),
                path,
            };
            self.told.insert((cut.0, cut.1.clone(), cut.2, rank), told);
        }
    }
}

/// The details of what was cut off.
fn canceled(path: &Arc<str>, number: Option<u64>) -> Value {
    let scope = [("scope", Value::String(path.clone()))];
    let index = number.map(|number| ("index", Value::Number(Number::from(number))));
    Value::object(
        scope
            .into_iter()
            .chain(index)
            .chain([("error", Value::from("FnF.Canceled"))]),
    )
}

/// The place of one of a record's entries.
fn place(id: &ScopeId, record: &Record, entry: usize) -> Place {
    (
        record.stamp,
        id.clone(),
        record.revision,
        Rank { entry, side: Side::Own },
    )
}

impl Open {
    fn follow(&mut self, path: &Arc<str>, fact: &Fact) {
        match fact {
            Fact::StepEntered { state, .. } => self.state = Some((path.clone(), state.clone())),
            Fact::StepExited { .. } | Fact::StepFailed { .. } => self.state = None,
            Fact::BranchEntered { state, .. } => {
                self.around = Some((path.clone(), state.clone(), "BranchExited", number(path)))
            }
            Fact::IterationEntered { state, .. } => {
                self.around = Some((path.clone(), state.clone(), "IterationExited", number(path)));
            }
            Fact::BranchExited { .. } | Fact::IterationExited { .. } => self.around = None,
            Fact::ExecutionStarted { .. }
            | Fact::ExecutionSucceeded { .. }
            | Fact::ExecutionFailed { .. }
            | Fact::ExecutionStopped { .. }
            | Fact::ExecutionTimedOut { .. }
            | Fact::TaskScheduled { .. }
            | Fact::TaskSubmitted { .. }
            | Fact::TaskSubmitFailed { .. }
            | Fact::TaskSucceeded { .. }
            | Fact::TaskFailed { .. }
            | Fact::TaskTimedOut { .. } => {}
        }
    }
}

/// The number of the branch or item that a path ends with.
fn number(path: &str) -> u64 {
    path.rsplit('/')
        .next()
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

/// The record that ended or abandoned the fork that record `position` made, or what cut the forking scope off.
fn over(id: &ScopeId, records: &[Record], position: usize, cut: Option<&Place>) -> Option<Place> {
    let fork = records.get(position)?.revision;
    let later = records.iter().skip(position + 1);
    let mut ends = later.filter(|record| record.snapshot.fork().is_none_or(|current| current.revision != fork));
    let end = ends.next().map(|record| place(id, record, 0));
    match (end, cut) {
        (Some(end), Some(cut)) => Some(end.min(cut.clone())),
        (end, cut) => end.or_else(|| cut.cloned()),
    }
}

/// Which event caused which: the one before it in its scope; for a scope's first, the last one around it.
#[derive(Default)]
struct Causes {
    last: BTreeMap<Arc<str>, u64>,
}

impl Causes {
    fn of(&mut self, path: &Arc<str>, kind: &str, event: u64) -> u64 {
        // A branch or item that runs again has the path of the one before, and not its cause.
        let begins = matches!(kind, "BranchEntered" | "IterationEntered");
        let before = self.last.get(path).copied().filter(|_| !begins);
        let cause = before.or_else(|| self.around(path)).unwrap_or(0);
        self.last.insert(path.clone(), event);
        cause
    }

    fn around(&self, path: &str) -> Option<u64> {
        let mut path = path;
        loop {
            path = path.rsplit_once('/').map_or("", |(around, _)| around);
            if let Some(last) = self.last.get(path) {
                return Some(*last);
            }
            if path.is_empty() {
                return None;
            }
        }
    }
}

fn rfc3339(at: Millis) -> Arc<str> {
    let at = i64::try_from(at)
        .ok()
        .and_then(|at| Timestamp::from_millisecond(at).ok())
        .unwrap_or_default();
    format!("{at:.3}").into()
}

/// The details of an entry: a JSON object, with the scope first.
fn detail(path: &Arc<str>, entry: &Entry, snapshot: &Snapshot) -> Value {
    let mut detail: Vec<(&str, Value)> = vec![("scope", Value::String(path.clone()))];
    if let (Some(item), Fact::IterationEntered { .. } | Fact::IterationExited { .. }) = (entry.item, &entry.fact) {
        detail.push(("index", Value::Number(Number::from(item))));
    }
    if let (Fact::BranchEntered { .. } | Fact::BranchExited { .. }, Kind::Branch { index, .. }) =
        (&entry.fact, &snapshot.scope.kind)
    {
        detail.push(("index", Value::Number(Number::from(u64::from(*index)))));
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
