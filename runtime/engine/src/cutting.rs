//! What a record cuts off, for whoever watches: the history closes it for its reader, and nothing else says so.
//!
//! **Invariant:** read only where somebody watches, and only when children are abandoned.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use stepwell_core::{Event, Fact, Kind, Millis, Phase, Record, Revision, ScopeId, Snapshot};
use stepwell_model::Flow;

use crate::api::Observed;
use crate::driver::Driver;
use crate::session::{Halt, Shared};
use crate::telling::observed;

/// What was open in a scope itself after its last durable record.
#[derive(Clone, Debug, Default)]
pub(crate) struct Standing {
    state: Option<Arc<str>>,
    fork: Option<(Revision, u32)>,
}

impl Standing {
    /// Whether there were children that no longer count after `snapshot`.
    pub(crate) fn cut_off_by(&self, snapshot: &Snapshot) -> bool {
        let is_over = |fork: Revision| snapshot.fork().is_none_or(|current| current.revision != fork);
        self.fork.is_some_and(|(fork, _)| is_over(fork))
    }

    pub(crate) fn of(flow: &Flow, snapshot: &Snapshot) -> Self {
        Self {
            state: open_state(flow, snapshot),
            fork: snapshot.fork().map(|fork| (fork.revision, fork.count())),
        }
    }
}

/// Whether an event may end a fork before its children have ended.
pub(crate) fn cuts(event: &Event) -> bool {
    matches!(
        event,
        Event::ChildFailed { .. } | Event::TimerFired | Event::StopRequested { .. }
    )
}

impl Driver {
    /// What those who watch are told of a record: what it cuts off, and its entries.
    pub(crate) async fn told(&self, record: &Record, events: &[Event]) -> Result<Vec<Observed>, Halt> {
        if !self.shared.engine.is_watched(&self.shared.execution) {
            return Ok(Vec::new());
        }
        let mut told = Vec::new();
        if let Some((fork, count)) = self.standing.fork
            && self.standing.cut_off_by(&record.snapshot)
            && events.iter().any(cuts)
        {
            told = self.cut_off(fork, count, record.stamp).await?;
        }
        let mut state = self.standing.state.clone();
        for entry in &record.entries {
            if let Fact::ExecutionStopped { .. } | Fact::ExecutionTimedOut { .. } = &entry.fact {
                let path = record.snapshot.path();
                told.extend(
                    state
                        .take()
                        .map(|state| self.canceled("StepExited", path, state, record.stamp)),
                );
            }
            if let Fact::StepEntered { state: entered, .. } = &entry.fact {
                state = Some(entered.clone());
            } else if matches!(entry.fact, Fact::StepExited { .. } | Fact::StepFailed { .. }) {
                state = None;
            }
            told.push(observed(&self.shared.execution, &record.snapshot, entry));
        }
        Ok(told)
    }

    /// What is open below a fork, innermost scopes first.
    async fn cut_off(&self, fork: Revision, count: u32, at: Millis) -> Result<Vec<Observed>, Halt> {
        let mut found = Vec::new();
        open_below(&self.shared, &self.id, (fork, count), &mut found).await?;
        found.sort_by_key(|(id, _)| (usize::MAX - id.0.matches('/').count(), id.clone()));
        let closed = found
            .iter()
            .flat_map(|(_, snapshot)| self.closed(snapshot, at))
            .collect();
        Ok(closed)
    }

    /// The closings of a scope: its state, then the branch or item around it.
    fn closed(&self, snapshot: &Snapshot, at: Millis) -> Vec<Observed> {
        let path = snapshot.path();
        let around = match &snapshot.scope.kind {
            Kind::Root => None,
            Kind::Branch { state, .. } => Some(("BranchExited", state)),
            Kind::Lane(lane) => lane.begun.then_some(("IterationExited", &lane.state)),
        };
        let state = open_state(&self.shared.flow, snapshot);
        let state = state.map(|state| self.canceled("StepExited", path.clone(), state, at));
        let around = around.map(|(event, state)| self.canceled(event, path.clone(), state.clone(), at));
        state.into_iter().chain(around).collect()
    }

    fn canceled(&self, event: &str, scope: Arc<str>, state: Arc<str>, at_ms: Millis) -> Observed {
        Observed {
            event: event.into(),
            execution: self.shared.execution.clone(),
            scope,
            state,
            status: "Running".into(),
            attempt: 0,
            at_ms,
            note: Some("FnF.Canceled".into()),
            guest_us: 0,
        }
    }
}

/// The state that a scope has entered and not left.
fn open_state(flow: &Flow, snapshot: &Snapshot) -> Option<Arc<str>> {
    let position = snapshot.at.as_ref()?;
    if let Phase::Entering = position.phase {
        return None;
    }
    let block = flow.block(&snapshot.scope.block)?;
    Some(block.state(position.state)?.name.clone())
}

type Found = Vec<(ScopeId, Snapshot)>;

/// Collects the scopes below a fork that have not ended.
fn open_below<'a>(
    shared: &'a Shared,
    id: &'a ScopeId,
    (fork, count): (Revision, u32),
    found: &'a mut Found,
) -> BoxFuture<'a, Result<(), Halt>> {
    async move {
        for index in 0..count {
            let child = id.child(fork, index);
            let Some(record) = shared.last(&child).await? else {
                continue;
            };
            if let Some(inner) = record.snapshot.fork() {
                open_below(shared, &child, (inner.revision, inner.count()), found).await?;
            }
            if record.snapshot.status.is_running() {
                found.push((child, record.snapshot));
            }
        }
        Ok(())
    }
    .boxed()
}
