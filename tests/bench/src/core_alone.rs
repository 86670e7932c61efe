//! The core without an engine: one fold from the start through all pure states.
//!
//! **Invariant:** the flow and the pins are those of an execution that was run; nothing is appended.

use stepwell_core::{
    AttemptNumber, Duty, Event, Moment, Pins, Program, Revision, ScopeId, Tokens, advance, decode, duties, root,
};
use stepwell_expression::Memory;
use stepwell_model::Flow;

use crate::House;

/// An execution's beginning, to be folded again and again.
#[derive(Debug)]
pub struct CoreAlone {
    flow: Flow,
    pins: Pins,
}

/// Nobody asks for one.
struct NoTokens;

impl Tokens for NoTokens {
    fn token(&self, _scope: &ScopeId, _attempt: AttemptNumber) -> String {
        String::new()
    }
}

impl CoreAlone {
    /// As that execution of that definition was begun.
    pub async fn of(house: &House, execution: &str, definition: &str) -> Self {
        let records = house.records(execution).await;
        let first = decode(&records.first().unwrap().body).unwrap();
        Self {
            flow: stepwell_definition::check(definition.as_bytes(), "flow.yaml")
                .flow
                .unwrap(),
            pins: first.pins.unwrap(),
        }
    }

    /// Folds from the beginning as far as it goes without the world; how many entries of history came of it.
    #[must_use]
    pub fn fold(&self) -> usize {
        let scope = ScopeId::root();
        let program = Program {
            scope: &scope,
            flow: &self.flow,
            pins: &self.pins,
            tokens: &NoTokens,
        };
        let (mut snapshot, mut event, mut entries) = (root(), Event::Started, 0);
        for revision in 1.. {
            let moment = Moment {
                now: self.pins.started_ms + revision,
                revision: Revision(revision),
            };
            let advanced = advance(program, &snapshot, &event, moment, &Memory::default()).unwrap();
            entries += advanced.entries.len();
            (snapshot, event) = (advanced.snapshot, Event::Continued);
            if duties(&self.flow, &self.pins, &snapshot).first() != Some(&Duty::Continue) {
                break;
            }
        }
        entries
    }
}
