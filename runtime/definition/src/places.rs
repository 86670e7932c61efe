//! Where the states of a lowered flow stand in its text.
//!
//! **Invariant:** only for drawing and for editors; nothing that runs needs it.

use std::collections::BTreeMap;

use stepwell_model::{BlockPath, StateIndex};

use crate::source::Span;

/// Where a state stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatePlace {
    /// Its name.
    pub name: Span,
    /// The value of its TaskMode, or else its name.
    pub mode: Span,
}

/// Where all states stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places(BTreeMap<BlockPath, BTreeMap<StateIndex, StatePlace>>);

impl Places {
    /// Where a state stands; the start of the text where that is not known.
    #[must_use]
    pub fn state(&self, block: &BlockPath, state: StateIndex) -> StatePlace {
        self.0
            .get(block)
            .and_then(|states| states.get(&state))
            .copied()
            .unwrap_or_default()
    }

    pub(crate) fn state_mut(&mut self, block: &BlockPath, state: StateIndex) -> &mut StatePlace {
        self.0.entry(block.clone()).or_default().entry(state).or_default()
    }
}
