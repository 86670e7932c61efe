//! For tests: one scope's log, told event by event.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use alloc::{format, vec};

use stepwell_actions::{Grants, Registry};
use stepwell_expression::{Birth, Memory, Slot, Value};
use stepwell_model::{Flow, Settings};

use crate::{
    AttemptNumber, Entry, Event, FlowVersion, Moment, Pins, Program, Revision, ScopeId, Snapshot, Stop, Tokens,
    advance, child, root, seal,
};

/// Tokens that say what they are for.
struct Plain;

impl Tokens for Plain {
    fn token(&self, scope: &ScopeId, attempt: AttemptNumber) -> String {
        format!("{}#{}", scope.0, attempt.0)
    }
}

/// One scope, with every value that was born in it at hand.
pub(crate) struct Story {
    pub(crate) flow: Flow,
    pub(crate) pins: Pins,
    pub(crate) scope: ScopeId,
    pub(crate) snapshot: Snapshot,
    pub(crate) revision: Revision,
    pub(crate) now: u64,
    pub(crate) memory: Memory,
}

/// JSON that a test writes down.
pub(crate) fn json(text: &str) -> Value {
    Value::parse_json(text).unwrap()
}

/// A flow from its states, which must be accepted.
pub(crate) fn flow(states: &str) -> Flow {
    let text = format!("Type: StateMachine\nSpecVersion: v1\nName: f\n{states}");
    let checked = stepwell_definition::check(text.as_bytes(), "flow.yaml");
    checked
        .flow
        .unwrap_or_else(|| panic!("the flow is refused: {:?}", checked.diagnostics))
}

impl Story {
    /// The root of an execution of that flow, begun.
    pub(crate) fn begin(states: &str, input: &str) -> Self {
        let mut story = Self {
            flow: flow(states),
            pins: pins(json(input)),
            scope: ScopeId::root(),
            snapshot: root(),
            revision: Revision(0),
            now: 1_000,
            memory: Memory::default(),
        };
        story.tell(&Event::Started).unwrap();
        story
    }

    /// The story of a child of the fork that this scope stands at, not begun.
    pub(crate) fn child(&self, name: &str, index: u32) -> Self {
        Self {
            flow: self.flow.clone(),
            pins: self.pins.clone(),
            scope: self.scope.child(self.snapshot.fork().unwrap().revision, index),
            snapshot: child(&self.snapshot, &name.into(), index).unwrap(),
            revision: Revision(0),
            now: self.now,
            memory: self.memory.clone(),
        }
    }

    /// Folds an event into the next record; the types of its entries with their items.
    pub(crate) fn tell(&mut self, event: &Event) -> Result<Vec<String>, Stop> {
        let revision = self.revision.next();
        let moment = Moment {
            now: self.now,
            revision,
        };
        let program = Program {
            scope: &self.scope,
            flow: &self.flow,
            pins: &self.pins,
            tokens: &Plain,
        };
        let mut advanced = advance(program, &self.snapshot, event, moment, &self.memory)?;
        let told = advanced.entries.iter().map(shown).collect();
        let values = seal(&self.scope, revision, &mut advanced.entries, &mut advanced.snapshot);
        for (value, slot) in values.into_iter().zip(0..) {
            let birth = Birth {
                scope: self.scope.0.clone(),
                revision: revision.0,
                slot: Slot::Born(slot),
            };
            self.memory.insert(birth, value);
        }
        (self.snapshot, self.revision) = (advanced.snapshot, revision);
        Ok(told)
    }
}

fn shown(entry: &Entry) -> String {
    let state = entry.fact.state().map(|state| format!(" {state}")).unwrap_or_default();
    let item = entry.item.map(|item| format!(" of item {item}")).unwrap_or_default();
    format!("{}{state}{item}", entry.fact.name())
}

fn pins(input: Value) -> Pins {
    Pins {
        semantics: Pins::SEMANTICS,
        flow: "f".into(),
        name: "e".into(),
        version: FlowVersion {
            model: "m".into(),
            definition: "d".into(),
        },
        flows: BTreeMap::new(),
        registry: Registry { functions: vec![] },
        grants: Grants::default(),
        settings: Settings::default(),
        environment: json("{}"),
        input,
        seed: "seed".to_string().into(),
        started_ms: 1_000,
        parent: None,
        nonce: None,
    }
}
