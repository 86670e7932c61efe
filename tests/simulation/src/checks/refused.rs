//! What a scope refuses after each of its records: events that come too early, too late, or from somewhere else.
//!
//! Nobody who keeps the time and the rules sends them, so that no world shows whether they would be folded.

use std::sync::Arc;

use stepwell_core::{
    AttemptNumber, Duty, Event, Failure, Items, Kind, Moment, Phase, Pins, Program, Record, Report, Revision, ScopeId,
    Snapshot, Stop, Telemetry, Tokens, advance, child, duties,
};
use stepwell_expression::{Memory, Value};
use stepwell_model::Flow;

/// What is the same for every scope of an execution.
#[derive(Clone, Copy)]
pub(super) struct Execution<'a> {
    pub(super) flow: &'a Flow,
    pub(super) pins: &'a Pins,
}

struct NoTokens;

impl Tokens for NoTokens {
    fn token(&self, _: &ScopeId, _: AttemptNumber) -> String {
        String::new()
    }
}

impl Execution<'_> {
    /// Whether everything is refused after a record that is to be.
    pub(super) fn check(self, scope: &ScopeId, record: &Record) -> Result<(), String> {
        let snapshot = &record.snapshot;
        let count = snapshot.fork().map_or(0, stepwell_core::Fork::count);
        if child(snapshot, &"one more".into(), count).is_some() {
            return Err(format!("record {} has a child more than it forked", record.revision.0));
        }
        let mut events: Vec<_> = untimely(snapshot)
            .into_iter()
            .map(|event| (record.stamp + 1, event))
            .collect();
        events.extend(self.early(record).map(|at| (at, Event::TimerFired)));
        for (now, event) in events {
            let program = Program {
                scope,
                flow: self.flow,
                pins: self.pins,
                tokens: &NoTokens,
            };
            let moment = Moment {
                now,
                revision: record.revision.next(),
            };
            match advance(program, snapshot, &event, moment, &Memory::default()) {
                Err(Stop::Rejected(_)) => {}
                other => {
                    return Err(format!(
                        "after record {}, {event:?} leads to {other:?}",
                        record.revision.0
                    ));
                }
            }
        }
        Ok(())
    }

    /// The last moment before anything is due.
    fn early(self, record: &Record) -> Option<u64> {
        let dues = duties(self.flow, self.pins, &record.snapshot).into_iter();
        let timers = dues.filter_map(|duty| match duty {
            Duty::WakeAt(at) => Some(at),
            Duty::Continue | Duty::Attempt(_) | Duty::Children | Duty::Deal | Duty::TellParent => None,
        });
        let before = timers.min()?.checked_sub(1)?;
        (before > record.stamp && record.snapshot.status.is_running()).then_some(before)
    }
}

/// Events that a scope is not waiting for, whatever the time.
fn untimely(snapshot: &Snapshot) -> Vec<Event> {
    if !snapshot.status.is_running() {
        let mut events = vec![
            Event::Continued,
            Event::TimerFired,
            Event::Claimed,
            Event::Released,
            Event::HandedOver,
        ];
        events.extend(of_an_attempt(snapshot.attempts));
        return events;
    }
    let mut events = Vec::new();
    let fork = snapshot.fork().map(|fork| fork.revision.0);
    let numbers = [
        fork.map_or(1, |fork| fork + 1),
        fork.map_or(2, |fork| fork.wrapping_sub(1)),
    ];
    events.extend(numbers.into_iter().flat_map(|number| of_a_fork(Revision(number))));
    let attempt = snapshot.attempt().map(|attempt| attempt.number.0);
    events.extend(of_an_attempt(AttemptNumber(
        attempt.map_or(snapshot.attempts.0, |number| number + 1),
    )));
    events.extend(
        attempt
            .into_iter()
            .flat_map(|number| of_an_attempt(AttemptNumber(number.wrapping_sub(1)))),
    );
    if attempt.is_none() {
        events.extend([Event::Claimed, Event::Released, Event::HandedOver]);
    }
    if !matches!(snapshot.at.as_ref().map(|at| &at.phase), Some(Phase::Entering)) {
        events.push(Event::Continued);
    }
    if matches!(&snapshot.scope.kind, Kind::Lane(lane) if lane.begun) {
        events.push(Event::ItemsDealt { from: 0, end: 1 });
    }
    events
}

fn of_a_fork(fork: Revision) -> [Event; 3] {
    [
        Event::ChildFailed {
            fork,
            index: 0,
            failure: failure(),
        },
        Event::BranchesEnded {
            fork,
            branches: Vec::new(),
        },
        Event::LanesEnded {
            fork,
            items: Items {
                outputs: Value::array([]),
                writes: Value::Object(Arc::default()),
            },
        },
    ]
}

fn of_an_attempt(attempt: AttemptNumber) -> [Event; 5] {
    [
        Event::TaskSucceeded {
            attempt,
            output: Value::Null,
            telemetry: Telemetry::default(),
        },
        Event::TaskFailed {
            attempt,
            failure: failure(),
            telemetry: Telemetry::default(),
        },
        Event::TaskSubmitted { attempt },
        Event::TaskSubmitFailed {
            attempt,
            failure: failure(),
        },
        Event::CallbackReported {
            attempt,
            report: Report::Succeeded(Value::Null),
        },
    ]
}

fn failure() -> Failure {
    Failure::new("Untimely", "nobody waits for this")
}
