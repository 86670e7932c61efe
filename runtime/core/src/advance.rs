//! The fold: one event into one snapshot.

use alloc::string::String;
use alloc::vec::Vec;

use stepwell_expression::{Memory, Needs};
use stepwell_model::Flow;

use crate::step::Step;
use crate::{AttemptNumber, Entry, Event, Millis, Pins, Revision, ScopeId, Snapshot};

/// What does not change while a scope runs.
#[derive(Clone, Copy)]
pub struct Program<'a> {
    /// The scope.
    pub scope: &'a ScopeId,
    /// The flow.
    pub flow: &'a Flow,
    /// What the execution was started with.
    pub pins: &'a Pins,
    /// Signs task tokens.
    pub tokens: &'a dyn Tokens,
}

impl core::fmt::Debug for Program<'_> {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter
            .debug_struct("Program")
            .field("scope", self.scope)
            .field("flow", &self.flow.name)
            .finish_non_exhaustive()
    }
}

/// Signs task tokens: the same token for the same attempt, always.
pub trait Tokens: Send + Sync {
    /// The token of an attempt.
    fn token(&self, scope: &ScopeId, attempt: AttemptNumber) -> String;
}

/// The record in the making.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Its stamp, which is what "now" means.
    pub now: Millis,
    /// Its number.
    pub revision: Revision,
}

/// What folding led to.
#[derive(Clone, Debug, PartialEq)]
pub struct Advanced {
    /// The snapshot after it.
    pub snapshot: Snapshot,
    /// What happened, in order.
    pub entries: Vec<Entry>,
    /// The bytes of JSON that are new in them, about.
    pub bytes: u64,
}

/// Why folding did not happen. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// These values are needed in memory first.
    Needs(Needs),
    /// The event is not acceptable.
    Rejected(Rejected),
}

/// Why an event is not acceptable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// It speaks of something that is over: an earlier attempt, an abandoned fork, an ended scope.
    #[error("the event is late: what it speaks of is over")]
    Late,
    /// Nothing is due yet.
    #[error("nothing is due yet")]
    NotDue,
    /// The snapshot and the definition do not fit together; the execution must be parked.
    #[error("a broken invariant: {what}")]
    Bug {
        /// What is broken.
        what: &'static str,
    },
}

impl From<Needs> for Stop {
    fn from(needs: Needs) -> Self {
        Self::Needs(needs)
    }
}

impl From<Rejected> for Stop {
    fn from(rejected: Rejected) -> Self {
        Self::Rejected(rejected)
    }
}

/// Folds `event` into `snapshot` and goes on through pure states to the next thing that needs the world.
///
/// # Errors
///
/// [`Stop::Needs`] where a stored value must be in `memory` first, [`Stop::Rejected`] where the event is not acceptable.
pub fn advance(
    program: Program<'_>,
    snapshot: &Snapshot,
    event: &Event,
    moment: Moment,
    memory: &Memory,
) -> Result<Advanced, Stop> {
    let mut step = Step::new(program, snapshot.clone(), moment, memory)?;
    step.fold(event)?;
    step.run()?;
    Ok(step.done())
}
