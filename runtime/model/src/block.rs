//! Flows and the lists of states in them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use stepwell_expression::Template;

use crate::{Exit, Kind, Scalar, State, StateIndex, Task};

/// A whole flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// The flow's name.
    pub name: Arc<str>,
    /// The execution's own timeout in seconds; absent or 0 = none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Scalar>,
    /// Builds the input of the first state from the execution's input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Template>,
    /// Builds the execution's output from the output of the last state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Template>,
    /// The states of the root scope.
    pub body: Block,
}

/// One list of states: the program of a scope.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// Where it starts.
    pub start: StateIndex,
    /// The states, in the definition's order.
    pub states: Vec<State>,
}

/// Leads from the root's block to an inner one: a state that contains blocks, and which of its blocks (0 for a Map).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BlockPath(pub Vec<(StateIndex, u32)>);

impl BlockPath {
    /// The path of block `index` of the state `state` in this block.
    #[must_use]
    pub fn inner(&self, state: StateIndex, index: u32) -> Self {
        let mut path = self.0.clone();
        path.push((state, index));
        Self(path)
    }
}

impl Flow {
    /// The block that `path` leads to, if there is one.
    #[must_use]
    pub fn block(&self, path: &BlockPath) -> Option<&Block> {
        path.0.iter().try_fold(&self.body, |block, (state, index)| {
            block.state(*state)?.blocks().nth(*index as usize)
        })
    }
}

impl Block {
    /// The state at `index`, if there is one.
    #[must_use]
    pub fn state(&self, index: StateIndex) -> Option<&State> {
        self.states.get(index.0 as usize)
    }
}

impl Block {
    /// Every task in it, those of inner blocks included.
    pub fn tasks(&self) -> Box<dyn Iterator<Item = &Task> + '_> {
        Box::new(self.states.iter().flat_map(|state| {
            let own = match &state.kind {
                Kind::Task(task) => Some(task),
                Kind::Pass
                | Kind::Wait(_)
                | Kind::Choice(_)
                | Kind::Parallel(_)
                | Kind::Map(_)
                | Kind::Succeed
                | Kind::Fail(_) => None,
            };
            own.into_iter().chain(state.blocks().flat_map(Self::tasks))
        }))
    }
}

impl State {
    /// The blocks that the state contains: a Parallel's branches, a Map's processor.
    pub fn blocks(&self) -> impl Iterator<Item = &Block> {
        let (branches, processor) = match &self.kind {
            Kind::Parallel(parallel) => (parallel.branches.as_slice(), None),
            Kind::Map(map) => (Default::default(), Some(&map.processor)),
            Kind::Task(_) | Kind::Pass | Kind::Wait(_) | Kind::Choice(_) | Kind::Succeed | Kind::Fail(_) => {
                (Default::default(), None)
            }
        };
        branches.iter().chain(processor)
    }

    /// Where it can lead: its own ways in their order, then those that errors take.
    #[must_use]
    pub fn targets(&self) -> Vec<StateIndex> {
        let mut targets = Vec::new();
        match (&self.kind, self.exit) {
            (Kind::Choice(choice), _) => {
                targets.extend(choice.branches.iter().map(|branch| branch.next));
                targets.extend(choice.default);
            }
            (_, Exit::Next(next)) => targets.push(next),
            (_, Exit::End) => {}
        }
        targets.extend(self.recovery.catches().map(|catch| catch.next));
        targets
    }
}
