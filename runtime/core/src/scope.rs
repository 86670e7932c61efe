//! What a scope is: the root, a branch or a lane; and how children come out of a fork.

use alloc::format;
use alloc::sync::Arc;

use serde::{Deserialize, Serialize};
use stepwell_expression::Value;
use stepwell_model::BlockPath;

use crate::{AttemptNumber, Failure, Fork, Forked, Globals, Position, Snapshot, Status};

/// What a scope is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Which block of the flow it runs.
    pub block: BlockPath,
    /// The path that a person reads; of a lane without the item's number.
    pub path: Arc<str>,
    /// Root, branch or lane.
    pub kind: Kind,
}

/// Root, branch or lane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The execution itself.
    Root,
    /// One branch of a Parallel.
    Branch {
        /// The Parallel's name.
        state: Arc<str>,
        /// The branch's number, from 0.
        index: u32,
        /// The effective input of the Parallel.
        input: Value,
        /// How often the Parallel was retried.
        #[serde(default, skip_serializing_if = "is_zero")]
        retries: u32,
        /// The number of the innermost Map's item around it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        item: Option<u64>,
        /// The error that is readable in the Parallel.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caught: Option<Failure>,
    },
    /// One of the scopes that run a Map's items in turn.
    Lane(Lane),
}

/// A lane's own data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lane {
    /// The Map's name.
    pub state: Arc<str>,
    /// The effective input of the Map, for `ItemConstructor`.
    pub input: Value,
    /// All items of the Map: an array.
    pub items: Value,
    /// `$Global` as it was at the fork; each item starts from it.
    pub globals: Value,
    /// How often the Map was retried, for `ItemConstructor`.
    #[serde(default)]
    pub retries: u32,
    /// The error that is readable in the Map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caught: Option<Failure>,
    /// The item that runs.
    pub item: u64,
    /// Whether it does, or is still to begin.
    pub begun: bool,
    /// Behind the last item that is reserved for this lane; those after `item` run next.
    pub reserved_end: u64,
    /// How many of its items ended.
    pub ended: u64,
    /// The bytes of their outputs together, as compact JSON with commas between.
    pub bytes: u64,
    /// Whether any item wrote into `$Global`.
    pub wrote: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Kind {
    /// How often the Parallel or Map was retried that forked it.
    #[must_use]
    pub fn retries(&self) -> u32 {
        match self {
            Self::Root => 0,
            Self::Branch { retries, .. } => *retries,
            Self::Lane(lane) => lane.retries,
        }
    }

    /// The error that is readable in here where no Catch of this scope led to the state.
    pub(crate) fn caught(&self) -> Option<&Failure> {
        match self {
            Self::Root => None,
            Self::Branch { caught, .. } => caught.as_ref(),
            Self::Lane(lane) => lane.caught.as_ref(),
        }
    }
}

impl Scope {
    /// The path that a person reads; of a lane with the number of its item.
    #[must_use]
    pub fn path(&self) -> Arc<str> {
        match &self.kind {
            Kind::Root | Kind::Branch { .. } => self.path.clone(),
            Kind::Lane(lane) => format!("{}/{}", self.path, lane.item).into(),
        }
    }

    /// The number of the innermost Map's item.
    #[must_use]
    pub fn item(&self) -> Option<u64> {
        match &self.kind {
            Kind::Root => None,
            Kind::Branch { item, .. } => *item,
            Kind::Lane(lane) => Some(lane.item),
        }
    }
}

/// The snapshot of a root before its first record.
#[must_use]
pub fn root() -> Snapshot {
    fresh(
        Scope {
            block: BlockPath::default(),
            path: "".into(),
            kind: Kind::Root,
        },
        Globals::default(),
    )
}

/// How many children a snapshot's fork has; 0 without a fork.
#[must_use]
pub fn child_count(snapshot: &Snapshot) -> u32 {
    snapshot.fork().map_or(0, Fork::count)
}

/// The snapshot of child `index` before its first record; nothing where `parent` has no such child.
///
/// `name` is the forking state's name.
#[must_use]
pub fn child(parent: &Snapshot, name: &Arc<str>, index: u32) -> Option<Snapshot> {
    let position = parent.at.as_ref()?;
    let fork = parent.fork().filter(|fork| index < fork.count())?;
    Some(match &fork.children {
        Forked::Branches { .. } => branch(parent, position, name, index),
        Forked::Lanes { items, .. } => lane(parent, position, name, index, items),
    })
}

fn branch(parent: &Snapshot, position: &Position, name: &Arc<str>, index: u32) -> Snapshot {
    let scope = Scope {
        block: parent.scope.block.inner(position.state, index),
        path: format!("{}/{index}", below(parent, name)).into(),
        kind: Kind::Branch {
            state: name.clone(),
            index,
            input: position.input.clone(),
            retries: position.retries,
            item: parent.scope.item(),
            caught: parent.caught.clone(),
        },
    };
    fresh(scope, parent.globals.forked())
}

fn lane(parent: &Snapshot, position: &Position, name: &Arc<str>, index: u32, items: &Value) -> Snapshot {
    let lane = Lane {
        state: name.clone(),
        input: position.input.clone(),
        items: items.clone(),
        globals: parent.globals.view.clone(),
        retries: position.retries,
        caught: parent.caught.clone(),
        item: u64::from(index),
        begun: false,
        reserved_end: u64::from(index) + 1,
        ended: 0,
        bytes: 0,
        wrote: false,
    };
    let scope = Scope {
        block: parent.scope.block.inner(position.state, 0),
        path: below(parent, name),
        kind: Kind::Lane(lane),
    };
    fresh(scope, parent.globals.forked())
}

/// The path of a state in `parent`.
fn below(parent: &Snapshot, name: &str) -> Arc<str> {
    let path = parent.path();
    let separator = if path.is_empty() { "" } else { "/" };
    format!("{path}{separator}{name}").into()
}

fn fresh(scope: Scope, globals: Globals) -> Snapshot {
    let caught = scope.kind.caught().cloned();
    Snapshot {
        scope,
        status: Status::Running,
        at: None,
        globals,
        caught,
        attempts: AttemptNumber(0),
        visits: 0,
        draws: 0,
        states: 0,
    }
}

#[cfg(test)]
mod tests;
