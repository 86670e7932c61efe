//! One history from many logs, and how an execution stands.
//!
//! Entries are ordered by (stamp, scope, revision, index): causal, total, stable. What a scope logged after the record
//! that ended or abandoned it is left out; states that were open then are closed here, innermost first, just before that
//! record's entries.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use stepwell_core::{CLOCKS_DIFFER_MS, Fact, Millis, Record, Revision, ScopeId};
use stepwell_expression::{Number, Value};
use stepwell_ports::ScopeKey;

use crate::api::{EngineError, HistoryEvent};
use crate::commit::PURE_WAIT_MS;
use crate::engine::{Engine, Inner};
use crate::gather;
use crate::session::Halt;
use crate::telling::{detail, path, rfc3339};
use crate::tree;

/// After how long an entry has its place for good: it was folded by a clock that was behind, waited for what follows from
/// it, and took two puts, one of them for a marker.
const SETTLES_MS: Millis = CLOCKS_DIFFER_MS + PURE_WAIT_MS + 2 * PUT_MS_MAX;

/// How long a put takes at most.
const PUT_MS_MAX: Millis = 2_000;

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

impl Engine {
    /// The whole history of an execution, in order. While several scopes are open its last seconds may still change.
    ///
    /// # Errors
    ///
    /// [`EngineError::ExecutionNotExists`] where there is none of that name.
    pub async fn history(&self, execution: &str) -> Result<Vec<HistoryEvent>, EngineError> {
        let reading = self.reading(execution).await?;
        reading.tell(Millis::MAX).await
    }

    /// The history as far as it no longer changes, which is what a page may show: where branches or items are open, or
    /// were cut off, what is younger than six seconds is held back. Clocks that differ by more than a second, a put that
    /// takes longer than two, or one that has to be made again, would change it still.
    ///
    /// # Errors
    ///
    /// As [`Engine::history`].
    pub async fn settled_history(&self, execution: &str) -> Result<Vec<HistoryEvent>, EngineError> {
        // Read before the logs: what is appended while they are read belongs to a later page.
        let now = self.inner.ports.clock.now();
        let reading = self.reading(execution).await?;
        let until = match reading.unended {
            0 => Millis::MAX,
            _ => now.saturating_sub(SETTLES_MS),
        };
        reading.tell(until).await
    }

    async fn reading(&self, execution: &str) -> Result<Reading<'_>, EngineError> {
        let execution: Arc<str> = execution.into();
        self.inner.expect(&execution).await?;
        let mut reading = Reading {
            engine: &self.inner,
            execution,
            told: BTreeMap::new(),
            unended: 0,
        };
        reading.scope(ScopeId::root(), None).await?;
        Ok(reading)
    }
}

/// Reading the logs of an execution into one history.
struct Reading<'a> {
    engine: &'a Inner,
    execution: Arc<str>,
    told: BTreeMap<Place, Told>,
    /// How many scopes may still log something while others do.
    unended: usize,
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
    /// The events up to that moment.
    async fn tell(self, until: Millis) -> Result<Vec<HistoryEvent>, EngineError> {
        let mut events = Vec::with_capacity(self.told.len());
        let mut causes = Causes::default();
        let mut loaded = gather::Loaded::default();
        let told = self.told.into_iter().take_while(|(place, _)| place.0 <= until);
        for (_, told) in told {
            let event_id = events.len() as u64 + 1;
            let schedule_event_id = causes.of(&told.path, told.kind, event_id);
            let detail = loaded
                .resolve(&*self.engine.ports.log, &self.execution, &told.detail)
                .await?;
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

    /// Reads a scope and those inside, up to the record that cut it off.
    fn scope(&mut self, id: ScopeId, cut: Option<Place>) -> BoxFuture<'_, Result<(), Halt>> {
        async move {
            let key = ScopeKey {
                execution: self.execution.clone(),
                scope: id.0.clone(),
            };
            let records = tree::all(&*self.engine.ports.log, &key).await?;
            self.unended += usize::from(is_of_several(&id, records.last()));
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

/// Whether a scope goes on, and is not the only one: it has one around it, or waits for children.
fn is_of_several(id: &ScopeId, last: Option<&Record>) -> bool {
    last.is_none_or(|last| {
        let is_forked = *id != ScopeId::root() || last.snapshot.fork().is_some();
        last.snapshot.status.is_running() && is_forked
    })
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
