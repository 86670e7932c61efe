//! Somebody outside who reports with the token of a waiting task: in time, late, twice or never.
//!
//! A submission's event says what will be reported: `token`, `report_after_ms` milliseconds after the submission began,
//! the output `report` or the failure `report_code`, `report_times` times (once without it). Whoever reports goes on
//! trying until the answer is known, unless there is `report_gives_up`: the process that was asked may die, and the table
//! may refuse.
//!
//! **Invariant:** who reports outlives every process.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use stepwell_core::{Failure, Report};
use stepwell_engine::EngineError;
use stepwell_expression::Value;
use stepwell_ports::{Clock, Millis, Spawn};
use stepwell_simulator::{Process, VirtualClock};

use crate::tasks::{field, number};

/// How long somebody waits who was not answered.
const AGAIN_MS: Millis = 50;

/// A way to the engine.
pub(crate) trait Door: Clone + Send + Sync + 'static {
    /// Reports once; nothing where whoever was asked died before it answered.
    fn report(&self, token: &str, report: Report) -> BoxFuture<'static, Option<Result<(), EngineError>>>;
}

/// A report that is to be made.
#[derive(Clone, Debug)]
struct Due {
    at: Millis,
    token: Arc<str>,
    report: Report,
    gives_up: bool,
}

/// Stands where an error's name would: nobody answered, and nobody asked again.
pub(crate) const GAVE_UP: &str = "gave up";

/// What became of a report.
#[derive(Clone, Debug, PartialEq)]
pub struct Reported {
    /// The token.
    pub token: Arc<str>,
    /// What was reported.
    pub report: Report,
    /// The answer: nothing where it was accepted, otherwise the error's name.
    pub refused: Option<&'static str>,
    /// Whether a try before got no answer, so that the refusal may be of what was accepted then.
    pub is_unsure: bool,
}

/// Everybody who reports. Clones are the same.
#[derive(Clone, Debug)]
pub struct Reports {
    sender: UnboundedSender<Due>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    waiting: Option<UnboundedReceiver<Due>>,
    open: usize,
    made: Vec<Reported>,
}

impl Default for Reports {
    fn default() -> Self {
        let (sender, receiver) = unbounded();
        let state = State {
            waiting: Some(receiver),
            ..State::default()
        };
        Self {
            sender,
            state: Arc::new(Mutex::new(state)),
        }
    }
}

impl Reports {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What became of every report.
    #[must_use]
    pub fn made(&self) -> Vec<Reported> {
        self.state().made.clone()
    }

    /// Whether every report has its answer.
    #[must_use]
    pub fn are_made(&self) -> bool {
        self.state().open == 0
    }

    /// Whether somebody gave up, who may not have been heard.
    #[must_use]
    pub fn is_unheard(&self) -> bool {
        self.state().made.iter().any(|made| made.refused == Some(GAVE_UP))
    }

    /// A task began with that event: what it asks for will be reported.
    pub(crate) fn expect(&self, event: &Value, now: Millis) {
        let Some((token, after, report)) = asked(event) else {
            return;
        };
        for _ in 0..number(event, "report_times").unwrap_or(1) {
            self.state().open += 1;
            // Whoever reports lives as long as the world.
            let _ = self.sender.unbounded_send(Due {
                at: now + after,
                token: token.clone(),
                report: report.clone(),
                gives_up: number(event, "report_gives_up").is_some(),
            });
        }
    }

    /// From now on reports are made through that door.
    pub(crate) fn begin(&self, door: impl Door, outside: &Process, clock: Arc<VirtualClock>) {
        let Some(mut waiting) = self.state().waiting.take() else {
            return;
        };
        let (reports, spawn) = (self.clone(), outside.clone());
        let listen = async move {
            while let Some(due) = waiting.next().await {
                spawn.spawn(reports.clone().make(due, door.clone(), clock.clone()).boxed());
            }
        };
        outside.spawn(listen.boxed());
    }

    async fn make(self, due: Due, door: impl Door, clock: Arc<VirtualClock>) {
        clock.sleep_until(due.at).await;
        let mut is_unsure = false;
        let refused = loop {
            match door.report(&due.token, due.report.clone()).await {
                Some(Ok(())) => break None,
                None | Some(Err(EngineError::Log(_) | EngineError::Unreadable { .. } | EngineError::Closing)) => {
                    is_unsure = true;
                    if due.gives_up {
                        break Some(GAVE_UP);
                    }
                    clock.sleep_until(clock.now() + AGAIN_MS).await;
                }
                Some(Err(error)) => break Some(error.name()),
            }
        };
        let mut state = self.state();
        state.open -= 1;
        state.made.push(Reported {
            token: due.token,
            report: due.report,
            refused,
            is_unsure,
        });
    }
}

/// The token, after how long, and what.
fn asked(event: &Value) -> Option<(Arc<str>, Millis, Report)> {
    let token = field(event, "token")?.as_str()?.into();
    let after = number(event, "report_after_ms")?;
    let report = match field(event, "report_code").and_then(Value::as_str) {
        Some(code) => Report::Failed(Failure::new(code, "")),
        None => Report::Succeeded(field(event, "report").cloned().unwrap_or_default()),
    };
    Some((token, after, report))
}
