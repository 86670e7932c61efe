//! All durable data of a scope at one moment.

use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use stepwell_expression::Value;
use stepwell_model::StateIndex;

use crate::{AttemptNumber, Failure, Globals, Millis, Revision, Scope};

/// All durable data of a scope at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// What this scope is; fixed but for a lane's items.
    pub scope: Scope,
    /// How it stands.
    pub status: Status,
    /// Where it stands; nothing when it ended, or when a lane asks for an item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Position>,
    /// `$Global`.
    pub globals: Globals,
    /// The error of the last Catch, until the state that it led to exits; then that of the state that forked this scope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caught: Option<Failure>,
    /// Attempts so far.
    pub attempts: AttemptNumber,
    /// Visits of states so far.
    pub visits: u32,
    /// Random numbers drawn so far.
    pub draws: u64,
    /// States since the last effect, Wait or fork.
    pub states: u64,
}

/// How a scope stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It goes on.
    Running,
    /// It ended well, with that output (null for a lane, whose items have outputs of their own).
    Succeeded(Value),
    /// It ended badly.
    Failed(Failure),
    /// Somebody stopped it.
    Stopped(Failure),
    /// It took too long.
    TimedOut(Failure),
}

/// A visit of a state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// The state.
    pub state: StateIndex,
    /// The raw input.
    pub raw: Value,
    /// The effective input.
    pub input: Value,
    /// The number of the visit in this scope, from 1.
    pub visit: u32,
    /// Since when.
    pub since_ms: Millis,
    /// All retries of this visit.
    pub retries: u32,
    /// Retries by rule, in the order of the rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retries_by_rule: Vec<u32>,
    /// How far the visit is.
    pub phase: Phase,
}

/// How far a visit is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// About to be entered: the step before was cut at a bound.
    Entering,
    /// An attempt of a Task.
    Attempt(Attempt),
    /// A Wait until that moment.
    Waiting(Millis),
    /// A Parallel or Map whose children run.
    Forked(Fork),
    /// A Parallel or Map that runs again.
    Delayed {
        /// When.
        until_ms: Millis,
        /// When the state's time is up.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deadline_ms: Option<Millis>,
    },
}

/// One attempt of a Task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// Its number in the scope.
    pub number: AttemptNumber,
    /// What its parameters yielded.
    pub parameters: Value,
    /// When it is scheduled; not before.
    pub scheduled_ms: Millis,
    /// When it is given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<Millis>,
    /// How far it is.
    pub stage: Stage,
    /// A repeat of it would be invisible.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub pure: bool,
    /// How often a driver claimed it from a dead one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub claims: u32,
    /// How many drivers died while it ran alone in their process.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lone_deaths: u32,
    /// Its last driver stopped cleanly; the next claim counts nothing.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub released: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// How far an attempt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It is to be run, or submitted.
    Owed,
    /// It was submitted; somebody reports.
    Submitted,
}

/// Children that run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fork {
    /// The record that forked them; part of their ids.
    pub revision: Revision,
    /// What they are.
    pub children: Forked,
    /// When the state's time is up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<Millis>,
}

/// What the children of a fork are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Forked {
    /// The branches of a Parallel.
    Branches {
        /// How many.
        count: u32,
    },
    /// The lanes of a Map.
    Lanes {
        /// How many.
        count: u32,
        /// The items: an array.
        items: Value,
        /// How many items.
        total: u64,
    },
}

impl Fork {
    /// How many children there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        match self.children {
            Forked::Branches { count } | Forked::Lanes { count, .. } => count,
        }
    }
}

impl Attempt {
    /// Whether it runs alone in its process: from its second claim on.
    #[must_use]
    pub fn is_lone(&self) -> bool {
        self.claims >= 2
    }
}

impl Status {
    /// Whether it goes on.
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(self, Self::Running)
    }

    /// The public name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Succeeded(_) => "Succeeded",
            Self::Failed(_) => "Failed",
            Self::Stopped(_) => "Stopped",
            Self::TimedOut(_) => "TimedOut",
        }
    }

    /// The failure that ended it, if one did.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Running | Self::Succeeded(_) => None,
            Self::Failed(failure) | Self::Stopped(failure) | Self::TimedOut(failure) => Some(failure),
        }
    }
}

impl Snapshot {
    /// The attempt that is under way, if one is.
    #[must_use]
    pub fn attempt(&self) -> Option<&Attempt> {
        match &self.at.as_ref()?.phase {
            Phase::Attempt(attempt) => Some(attempt),
            Phase::Entering | Phase::Waiting(_) | Phase::Forked(_) | Phase::Delayed { .. } => None,
        }
    }

    /// The fork whose children run, if one does.
    #[must_use]
    pub fn fork(&self) -> Option<&Fork> {
        match &self.at.as_ref()?.phase {
            Phase::Forked(fork) => Some(fork),
            Phase::Entering | Phase::Waiting(_) | Phase::Attempt(_) | Phase::Delayed { .. } => None,
        }
    }

    /// The path that a person reads: `Map1/17/Inner/0`; empty for the root.
    #[must_use]
    pub fn path(&self) -> Arc<str> {
        self.scope.path()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_its_public_name() {
        let failure = || Failure::new("E", "");
        let all = [
            Status::Running,
            Status::Succeeded(Value::Null),
            Status::Failed(failure()),
            Status::Stopped(failure()),
            Status::TimedOut(failure()),
        ];
        let names = ["Running", "Succeeded", "Failed", "Stopped", "TimedOut"];
        assert_eq!(all.each_ref().map(Status::name), names);
    }
}
