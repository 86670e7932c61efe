//! A root that is stopped while an invocation elsewhere runs tasks of an inner scope.
//!
//! Nobody tells that invocation anything: it reads the markers beside the root before its first task, and every two
//! seconds. Time moves second by second, and a task takes one.

use stateright::{Model, Property};
use stepwell_core::{
    Failure, Fork, Forked, Marker, Millis, Phase, Position, Revision, ScopeId, Snapshot, Status, root,
};
use stepwell_expression::Value;
use stepwell_model::StateIndex;

use crate::Repairs;

/// How often markers are read while tasks run.
const LOOKS_EVERY_MS: Millis = 2_000;
/// How late a task may begin after the end of what is around it.
const LATE_MS: Millis = 2_000;

/// The model.
#[derive(Clone, Debug)]
pub struct StopBelow {
    /// How many tasks the inner scope runs, one after another.
    pub tasks: u8,
    /// How many programs die.
    pub deaths: u8,
    /// Whether the root's own driver appends something else meanwhile, so that the stop's append may lose.
    pub rival: bool,
    /// The repairs.
    pub repairs: Repairs,
}

/// Everything at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    now: Millis,
    /// The root's records after the one that forked: whether each is the stop.
    root: Vec<bool>,
    rival: bool,
    markers: Vec<Marker>,
    caller: Caller,
    /// When the stop became durable.
    stopped_at: Option<Millis>,
    inner: Inner,
    deaths: u8,
    began_late: bool,
}

/// Whoever stops the execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Caller {
    /// Reads the root's last record.
    Reads,
    /// Puts the marker there, expecting that record.
    Marks(u64),
    /// Appends that record.
    Appends(u64),
    /// Puts the marker there afterwards.
    MarksLate(u64),
    /// Is done, or dead.
    Gone,
}

/// The invocation that drives the inner scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Inner {
    /// About to begin that task, having read the markers then.
    Between(u8, Option<Millis>),
    /// Runs that task until then, having read the markers then.
    Runs(u8, Millis, Millis),
    /// Has seen that it is cut off.
    Canceled,
    /// Has run all tasks.
    Done,
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The caller makes a step.
    Call,
    /// The caller dies.
    CallerDies,
    /// The root's own driver appends something else.
    Rival,
    /// The inner driver makes a step.
    Drive,
    /// A second passes.
    Second,
}

impl Model for StopBelow {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            now: 0,
            root: Vec::new(),
            rival: self.rival,
            markers: Vec::new(),
            caller: Caller::Reads,
            stopped_at: None,
            inner: Inner::Between(0, None),
            deaths: 0,
            began_late: false,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.caller != Caller::Gone {
            actions.push(Action::Call);
            if state.deaths < self.deaths {
                actions.push(Action::CallerDies);
            }
        }
        if state.rival && state.stopped_at.is_none() {
            actions.push(Action::Rival);
        }
        match state.inner {
            Inner::Between(..) => actions.push(Action::Drive),
            // A task takes its time: the next step is when it is over.
            Inner::Runs(_, until, _) if until <= state.now => actions.push(Action::Drive),
            Inner::Runs(..) => actions.push(Action::Second),
            Inner::Canceled | Inner::Done => {}
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Call => self.call(&mut state),
            Action::CallerDies => {
                state.deaths += 1;
                state.caller = Caller::Gone;
            }
            Action::Rival => {
                state.rival = false;
                state.root.push(false);
            }
            Action::Drive => self.drive(&mut state),
            Action::Second => state.now += 1_000,
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("no task begins late", |_: &Self, state: &State| !state.began_late),
            Property::always("only an end cancels", |_: &Self, state: &State| {
                state.inner != Inner::Canceled || state.stopped_at.is_some()
            }),
        ]
    }
}

impl StopBelow {
    fn call(&self, state: &mut State) {
        let expects = state.root.len() as u64 + 1;
        state.caller = match state.caller {
            Caller::Reads if self.repairs.marker_first => Caller::Marks(expects),
            Caller::Reads => Caller::Appends(expects),
            Caller::Marks(expects) => {
                state.mark(expects);
                Caller::Appends(expects)
            }
            Caller::Appends(its) if its != expects => Caller::Reads,
            Caller::Appends(its) => {
                state.root.push(true);
                state.stopped_at = Some(state.now);
                match self.repairs.marker_first {
                    true => Caller::Gone,
                    false => Caller::MarksLate(its),
                }
            }
            Caller::MarksLate(its) => {
                state.mark(its);
                Caller::Gone
            }
            Caller::Gone => Caller::Gone,
        };
    }

    fn drive(&self, state: &mut State) {
        state.inner = match state.inner {
            Inner::Between(task, _) if task == self.tasks => Inner::Done,
            Inner::Between(task, Some(looked)) if state.now < looked + LOOKS_EVERY_MS => {
                state.begin();
                Inner::Runs(task, state.now + 1_000, looked)
            }
            Inner::Between(task, _) => match self.is_cut_off(state) {
                true => Inner::Canceled,
                false => Inner::Between(task, Some(state.now)),
            },
            Inner::Runs(task, _, looked) => Inner::Between(task + 1, Some(looked)),
            other @ (Inner::Canceled | Inner::Done) => other,
        };
    }

    /// What the inner driver reads off the markers.
    fn is_cut_off(&self, state: &State) -> bool {
        let inner = ScopeId::root().child(Revision(1), 0);
        let (revision, snapshot) = (Revision(state.root.len() as u64), state.snapshot());
        state
            .markers
            .iter()
            .any(|marker| !self.repairs.reads_the_marked_record || marker.cuts_off(&inner, revision, &snapshot))
    }
}

impl State {
    fn mark(&mut self, expects: u64) {
        self.markers.push(Marker {
            scope: ScopeId::root(),
            expects: Revision(expects),
        });
    }

    fn begin(&mut self) {
        self.began_late |= self.stopped_at.is_some_and(|at| self.now > at + LATE_MS);
    }

    /// The root's snapshot after its last record.
    fn snapshot(&self) -> Snapshot {
        let mut snapshot = root();
        if self.root.contains(&true) {
            snapshot.status = Status::Stopped(Failure::new("StopExecution", ""));
            return snapshot;
        }
        let fork = Fork {
            revision: Revision(1),
            children: Forked::Branches { count: 1 },
            deadline_ms: None,
        };
        snapshot.at = Some(Position {
            state: StateIndex(0),
            raw: Value::Null,
            input: Value::Null,
            visit: 1,
            since_ms: 0,
            retries: 0,
            retries_by_rule: Vec::new(),
            phase: Phase::Forked(fork),
        });
        snapshot
    }
}
