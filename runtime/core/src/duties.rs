//! What a snapshot owes.

use alloc::vec::Vec;

use stepwell_model::Flow;

use crate::scope::Kind;
use crate::snapshot::{Attempt, Phase, Stage};
use crate::states::{milliseconds, seconds};
use crate::{Millis, Pins, Snapshot};

/// Something that is owed to the world.
#[derive(Clone, Debug, PartialEq)]
pub enum Duty {
    /// Go on: a bound cut the step.
    Continue,
    /// Run or submit this attempt.
    Attempt(Attempt),
    /// Start the children of the fork that have not begun, and join when all have ended.
    Children,
    /// Deal the lane its next items.
    Deal,
    /// Look again at that time.
    WakeAt(Millis),
    /// Tell whoever waits that the scope has ended.
    TellParent,
}

/// Reads off what a snapshot owes, in the order in which it is to be done.
#[must_use]
pub fn duties(flow: &Flow, pins: &Pins, snapshot: &Snapshot) -> Vec<Duty> {
    if !snapshot.status.is_running() {
        return Vec::from([Duty::TellParent]);
    }
    let state = match &snapshot.at {
        None => Some(Duty::Deal),
        Some(position) => match &position.phase {
            Phase::Entering => Some(Duty::Continue),
            Phase::Attempt(attempt) if attempt.stage == Stage::Owed => Some(Duty::Attempt(attempt.clone())),
            Phase::Forked(_) => Some(Duty::Children),
            Phase::Attempt(_) | Phase::Waiting(_) | Phase::Delayed { .. } => None,
        },
    };
    let timer = [execution_deadline(flow, pins, snapshot), state_due(snapshot)]
        .into_iter()
        .flatten()
        .min();
    state.into_iter().chain(timer.map(Duty::WakeAt)).collect()
}

/// When the state's own time is up, or its wait over.
fn state_due(snapshot: &Snapshot) -> Option<Millis> {
    match &snapshot.at.as_ref()?.phase {
        Phase::Entering => None,
        Phase::Attempt(attempt) => attempt.deadline_ms,
        Phase::Waiting(until) => Some(*until),
        Phase::Delayed { until_ms, deadline_ms } => Some(deadline_ms.map_or(*until_ms, |at| at.min(*until_ms))),
        Phase::Forked(fork) => fork.deadline_ms,
    }
}

/// When the execution's time is up; only the root has one.
pub(crate) fn execution_deadline(flow: &Flow, pins: &Pins, snapshot: &Snapshot) -> Option<Millis> {
    if !matches!(snapshot.scope.kind, Kind::Root) {
        return None;
    }
    let stepwell_model::Scalar::Fixed(timeout) = flow.timeout.as_ref()? else {
        return None;
    };
    let timeout = seconds(timeout).filter(|seconds| *seconds > 0.0)?;
    Some(pins.started_ms.saturating_add(milliseconds(timeout)))
}
