//! Who comes from outside: reports to tasks that wait for them, and the stop.
//!
//! **Invariant:** whoever was not answered, because the process died, comes again.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::FutureExt;
use futures::channel::oneshot;
use stepwell_api::STOPPED;
use stepwell_core::{Failure, Report};
use stepwell_definition::PlannedReport;
use stepwell_engine::{Engine, EngineError, OpenState};
use stepwell_ports::{Millis, Spawn};
use stepwell_simulator::{Chance, Process};

/// Everybody who comes.
pub(super) struct Visitors {
    /// Those who wait for a task that waits for them.
    planned: Vec<PlannedReport>,
    /// Tasks that were seen, by their tokens.
    seen: BTreeSet<Arc<str>>,
    due: Vec<Visit>,
    /// Why a report can be given to no task at all.
    refused: Option<String>,
}

/// One visit, perhaps made several times.
struct Visit {
    at: Millis,
    purpose: Purpose,
    left: u64,
    /// Answered when it was made.
    under_way: Option<oneshot::Receiver<Answer>>,
}

/// What a visitor was answered: why what it brought is nothing for anybody, if it is.
type Answer = Option<String>;

#[derive(Clone)]
enum Purpose {
    Report(Arc<str>, Report),
    Stop,
}

impl Visitors {
    pub(super) fn new(reports: &[PlannedReport], stop_at: Option<Millis>) -> Self {
        let stop = stop_at.map(|at| Visit {
            at,
            purpose: Purpose::Stop,
            left: 1,
            under_way: None,
        });
        Self {
            planned: reports.to_vec(),
            seen: BTreeSet::new(),
            due: stop.into_iter().collect(),
            refused: None,
        }
    }

    /// Whether somebody waits for a task.
    pub(super) fn are_planned(&self) -> bool {
        !self.planned.is_empty()
    }

    /// A task waits for a report: the first who was planned for it comes.
    pub(super) fn see(&mut self, open: &OpenState, now: Millis, chance: &Chance) {
        let Some(token) = &open.token else { return };
        if !self.seen.insert(token.clone()) {
            return;
        }
        let Some(place) = self.planned.iter().position(|planned| is_for(planned, open)) else {
            return;
        };
        let planned = self.planned.remove(place);
        self.due.push(Visit {
            at: now.saturating_add(planned.after_ms),
            left: planned.times + u64::from(chance.once_in(3)),
            purpose: Purpose::Report(token.clone(), reported(planned)),
            under_way: None,
        });
    }

    /// Those who are due come; whether somebody did.
    pub(super) fn come(&mut self, now: Millis, engine: &Engine, execution: &str, process: &Process) -> bool {
        let mut came = false;
        for visit in &mut self.due {
            self.refused = visit.settle().or(self.refused.take());
            if visit.at <= now && visit.left > 0 && visit.under_way.is_none() {
                let (sender, answer) = oneshot::channel();
                visit.under_way = Some(answer);
                process.spawn(carry_out(engine.clone(), execution.into(), visit.purpose.clone(), sender).boxed());
                came = true;
            }
        }
        self.due.retain(|visit| visit.left > 0);
        came
    }

    /// Why a report was nothing for anybody, if one was.
    pub(super) fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    /// When the next one comes.
    pub(super) fn next(&self) -> Option<Millis> {
        let waiting = self
            .due
            .iter()
            .filter(|visit| visit.left > 0 && visit.under_way.is_none());
        waiting.map(|visit| visit.at).min()
    }
}

impl Visit {
    fn settle(&mut self) -> Answer {
        match self.under_way.as_mut().map(oneshot::Receiver::try_recv) {
            Some(Ok(Some(answer))) => {
                self.left = self.left.saturating_sub(1);
                self.under_way = None;
                answer
            }
            Some(Err(oneshot::Canceled)) => {
                self.under_way = None;
                None
            }
            Some(Ok(None)) | None => None,
        }
    }
}

fn is_for(planned: &PlannedReport, open: &OpenState) -> bool {
    let state = &*planned.state.text;
    let in_scope = || state.strip_prefix(&*open.scope)?.strip_prefix('/');
    state == &*open.state || in_scope() == Some(&*open.state)
}

fn reported(planned: PlannedReport) -> Report {
    match planned.outcome {
        Ok(output) => Report::Succeeded(output),
        Err((code, detail)) => Report::Failed(Failure::new(code, detail)),
    }
}

async fn carry_out(engine: Engine, execution: Arc<str>, purpose: Purpose, done: oneshot::Sender<Answer>) {
    let answered = match purpose {
        Purpose::Report(token, report) => engine.report(&token, report).await,
        Purpose::Stop => engine.stop(&execution, Failure::new(STOPPED.0, STOPPED.1)).await,
    };
    let answer = match answered {
        Err(EngineError::Closing | EngineError::Log(_)) => return,
        Err(EngineError::InvalidArgument { what }) => Some(what),
        // That the task or the execution was over is an answer too.
        Ok(()) | Err(_) => None,
    };
    // Whoever came may be gone.
    _ = done.send(answer);
}
