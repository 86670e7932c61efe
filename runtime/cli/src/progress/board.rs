//! What is known of every state of a flow while it runs.
//!
//! One entry for each state of the definition, however many items run through it: what is drawn is bounded by the flow,
//! not by its data.
//!
//! **Invariant:** folding is forgiving: an event told twice, or one whose beginning was not seen, never counts below
//! zero.

use std::collections::BTreeMap;
use std::sync::Arc;

use stepwell_model::{Block, BlockPath, Flow, Kind, State, StateIndex};
use stepwell_wire::output::EventLine;

/// A state's place in the flow.
pub(super) type Place = (BlockPath, StateIndex);

/// Everything that is known of a running flow.
#[derive(Clone, Debug)]
pub(super) struct Board {
    flow: Arc<Flow>,
    states: BTreeMap<Place, Doings>,
}

/// What one state has done and does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Doings {
    /// Visits that are under way.
    pub(super) open: u64,
    /// Visits that ended well.
    pub(super) done: u64,
    /// Visits that were cut off.
    pub(super) cut_off: u64,
    /// Visits that failed.
    pub(super) failed: u64,
    /// Attempts that failed.
    pub(super) failed_attempts: u64,
    /// The last attempt's number.
    pub(super) attempt: u32,
    /// When the last visit or, once it has one, its attempt begins, which may lie ahead.
    pub(super) since_ms: u64,
    /// How long the last visit took.
    pub(super) took_ms: Option<u64>,
    /// What the last attempt is doing.
    pub(super) phase: Phase,
    /// How the last visit was left, if it was left at all and did not fail.
    pub(super) way_out: WayOut,
    /// The last failure.
    pub(super) note: Option<String>,
    /// Of a Map: items that have begun, and ended.
    pub(super) items: (u64, u64),
    /// When the last visit began.
    pub(super) entered_ms: u64,
}

/// What an attempt is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// There is none, or it runs.
    #[default]
    Working,
    /// It was submitted, and somebody will report.
    Waiting,
    /// One failed, and another follows or may follow.
    Retrying,
}

/// How a state was left that did not fail its scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum WayOut {
    /// It was done.
    #[default]
    Well,
    /// A Catch took its failure.
    Caught,
    /// What is around it ended first.
    CutOff,
}

/// How the state was left that an event says was left.
///
/// A failure's note has a colon behind its code, so that no failure looks like a cut, whatever its code.
pub(super) fn way_out(event: &EventLine) -> WayOut {
    match event.note.as_deref() {
        None => WayOut::Well,
        Some("FnF.Canceled") => WayOut::CutOff,
        Some(_) => WayOut::Caught,
    }
}

impl Board {
    pub(super) fn new(flow: Arc<Flow>) -> Self {
        Self {
            flow,
            states: BTreeMap::new(),
        }
    }

    /// What is known of a state; nothing if it was never entered.
    pub(super) fn doings(&self, place: &Place) -> Option<&Doings> {
        self.states.get(place)
    }

    /// Folds what happened.
    pub(super) fn fold(&mut self, event: &EventLine) {
        let place = match event.event.as_str() {
            "BranchEntered" | "BranchExited" | "IterationEntered" | "IterationExited" => owner(&self.flow, event),
            _ => state_at(&self.flow, &event.scope, &event.state),
        };
        if let Some(place) = place {
            self.states.entry(place).or_default().fold(event);
        }
    }
}

/// The state that an event speaks of, as the flow has it.
pub(super) fn state<'f>(flow: &'f Flow, event: &EventLine) -> Option<&'f State> {
    let (path, index) = state_at(flow, &event.scope, &event.state)?;
    flow.block(&path)?.state(index)
}

impl Doings {
    fn fold(&mut self, event: &EventLine) {
        match event.event.as_str() {
            "StepEntered" => self.enter(event),
            "TaskScheduled" => {
                // A retry is scheduled when its delay begins, not when it ends.
                self.phase = if event.attempt > 1 {
                    Phase::Retrying
                } else {
                    Phase::Working
                };
                (self.attempt, self.since_ms) = (event.attempt, event.at_ms);
            }
            "TaskSubmitted" => self.phase = Phase::Waiting,
            "TaskFailed" | "TaskSubmitFailed" | "TaskTimedOut" => {
                self.failed_attempts += 1;
                self.phase = Phase::Retrying;
                self.note = event.note.clone();
            }
            "StepExited" => {
                self.leave(event);
                self.way_out = way_out(event);
                match self.way_out {
                    WayOut::Well | WayOut::Caught => self.done += 1,
                    WayOut::CutOff => self.cut_off += 1,
                }
            }
            "StepFailed" => {
                self.leave(event);
                self.failed += 1;
                self.note = event.note.clone().or_else(|| self.note.take());
            }
            "IterationEntered" => self.items.0 += 1,
            "IterationExited" => self.items.1 += 1,
            _ => {}
        }
    }

    fn enter(&mut self, event: &EventLine) {
        self.open += 1;
        (self.since_ms, self.entered_ms, self.attempt) = (event.at_ms, event.at_ms, 0);
        (self.phase, self.note, self.took_ms, self.way_out) = (Phase::Working, None, None, WayOut::Well);
    }

    fn leave(&mut self, event: &EventLine) {
        self.open = self.open.saturating_sub(1);
        self.took_ms = Some(event.at_ms.saturating_sub(self.entered_ms));
        self.phase = Phase::Working;
    }
}

/// The place of the state `name` in the scope `scope`.
fn state_at(flow: &Flow, scope: &str, name: &str) -> Option<Place> {
    let walked = walk(flow, scope)?;
    let index = walked.block.states.iter().position(|state| &*state.name == name)?;
    Some((walked.path, StateIndex(u32::try_from(index).ok()?)))
}

/// The Parallel or Map whose branch or item an event speaks of.
fn owner(flow: &Flow, event: &EventLine) -> Option<Place> {
    walk(flow, &event.scope)
        .and_then(|walked| walked.owner)
        .or_else(|| state_at(flow, &event.scope, &event.state))
}

/// Where a scope leads.
struct Walked<'a> {
    block: &'a Block,
    path: BlockPath,
    owner: Option<Place>,
}

/// Follows a scope's text, `Map1/17/Inner/0`, through the flow.
fn walk<'a>(flow: &'a Flow, scope: &str) -> Option<Walked<'a>> {
    let mut at = Walked {
        block: &flow.body,
        path: BlockPath::default(),
        owner: None,
    };
    let mut rest = scope;
    while !rest.is_empty() {
        let (index, number, behind) = at.block.states.iter().enumerate().find_map(|(index, state)| {
            let (number, behind) = step(state, rest)?;
            Some((StateIndex(u32::try_from(index).ok()?), number, behind))
        })?;
        let inner = at.path.inner(index, number);
        at = Walked {
            block: flow.block(&inner)?,
            owner: Some((at.path, index)),
            path: inner,
        };
        rest = behind;
    }
    Some(at)
}

/// Which of the state's blocks the text enters, and what is left of the text. Names may hold slashes themselves.
fn step<'t>(state: &State, text: &'t str) -> Option<(u32, &'t str)> {
    let number_first = text.strip_prefix(&*state.name)?.strip_prefix('/')?;
    let (number, rest) = number_first.split_once('/').unwrap_or((number_first, ""));
    let number: u64 = number.parse().ok()?;
    match &state.kind {
        Kind::Parallel(_) => Some((u32::try_from(number).ok()?, rest)),
        Kind::Map(_) => Some((0, rest)),
        Kind::Task(_) | Kind::Pass | Kind::Wait(_) | Kind::Choice(_) | Kind::Succeed | Kind::Fail(_) => None,
    }
}
