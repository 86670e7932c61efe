//! What an execution was started with; record 1 of the root holds it for ever.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;

use serde::{Deserialize, Serialize};
use stepwell_actions::{Grants, Registry};
use stepwell_expression::Value;
use stepwell_model::Settings;

use crate::Millis;

/// Everything that an execution depends on beside its events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pins {
    /// The meaning of flows that this execution runs with; see [`Pins::SEMANTICS`].
    pub semantics: u32,
    /// The flow's name.
    pub flow: Arc<str>,
    /// The execution's name.
    pub name: Arc<str>,
    /// Which version of the flow it runs.
    pub version: FlowVersion,
    /// Child flows by name, besides those in the store.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub flows: BTreeMap<Arc<str>, FlowVersion>,
    /// The functions it may call; components by digest.
    pub registry: Registry,
    /// What its tasks may touch.
    pub grants: Grants,
    /// Limits and switches.
    pub settings: Settings,
    /// `$Environment`, an object.
    pub environment: Value,
    /// The execution's input.
    pub input: Value,
    /// What its random numbers come from, 64 hex digits.
    pub seed: Arc<str>,
    /// When it started.
    pub started_ms: Millis,
    /// The task that started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// By which a start that is asked for twice is known, where its name is chosen on the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Arc<str>>,
}

/// A version of a flow, by its contents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowVersion {
    /// SHA-256 of the stored model.
    pub model: Arc<str>,
    /// SHA-256 of the definition's text.
    pub definition: Arc<str>,
}

/// The task of another execution that started this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parent {
    /// The execution whose task it is, `<flow>/<name>`.
    pub execution: Arc<str>,
    /// The key of its attempt, by which a repeated start is known.
    pub attempt_key: Arc<str>,
    /// The token of its attempt, if it waits for this execution's end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Arc<str>>,
    /// How many executions are above this one.
    pub depth: u32,
}

impl Pins {
    /// Whether a task of another execution waits for this one's end.
    #[must_use]
    pub fn is_waited_for(&self) -> bool {
        self.parent.as_ref().is_some_and(|parent| parent.token.is_some())
    }

    /// Raised when the meaning of a flow changes; executions keep the number that they started with.
    pub const SEMANTICS: u32 = 1;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::Story;

    #[test]
    fn only_a_parent_that_left_its_token_waits() {
        let mut pins = Story::begin("StartAt: A\nStates: [{Type: Succeed, Name: A}]\n", "{}").pins;
        let parent = |token: Option<&str>| Parent {
            execution: "f/e".into(),
            attempt_key: "key".into(),
            token: token.map(Arc::from),
            depth: 1,
        };
        let waited_for = [None, Some(parent(None)), Some(parent(Some("token")))].map(|parent| {
            pins.parent = parent;
            pins.is_waited_for()
        });
        assert_eq!(waited_for, [false, false, true]);
    }
}
