//! States: what they have in common, and what each kind adds.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use stepwell_expression::{Expr, Template, Value};

use crate::{Block, Recovery};

/// A state's place in its block's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StateIndex(pub u32);

/// A node of the definition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Unique in its block.
    pub name: Arc<str>,
    /// What it does.
    pub kind: Kind,
    /// Where it goes afterwards; `End` for Succeed and Fail, without meaning for Choice.
    pub exit: Exit,
    /// Builds the effective input from the raw one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Template>,
    /// Builds the output from the raw result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Template>,
    /// Builds what is written into `$Global`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub global: Option<Template>,
    /// What happens on errors.
    #[serde(default, skip_serializing_if = "Recovery::is_empty")]
    pub recovery: Recovery,
    /// Seconds: of one attempt of a Task; of the whole state for Parallel and Map. Absent or 0 = none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Scalar>,
}

/// Where a state goes afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// To that state.
    Next(StateIndex),
    /// Out of the scope.
    End,
}

/// A field that is written down or computed: `Seconds: 5` or `Seconds.$: $Input.pause`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scalar {
    /// Written down.
    Fixed(Value),
    /// Computed when the state needs it.
    Computed(Expr),
}

/// What a state does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Outside work.
    Task(Task),
    /// Nothing but its constructors.
    Pass,
    /// Waits.
    Wait(Wait),
    /// Goes where the first true condition says.
    Choice(Choice),
    /// Runs its branches beside each other.
    Parallel(Parallel),
    /// Runs its processor for every item.
    Map(Map),
    /// Ends its scope well.
    Succeed,
    /// Ends its scope badly.
    Fail(Fail),
}

/// Outside work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// `Product:Operation`.
    pub action: Arc<str>,
    /// How it is integrated.
    pub mode: Mode,
    /// Evaluated at every attempt; absent = `{}`.
    pub parameters: Template,
    /// Claims before it acts; a dead driver's attempt fails instead of running again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_most_once: bool,
}

/// How a task is integrated: CloudFlow's `TaskMode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// The response is the result.
    RequestComplete,
    /// Submitted; the system reports completion.
    WaitForSystemCallback,
    /// Submitted; somebody reports with the task token.
    WaitForCustomCallback,
}

/// When a Wait ends. `Seconds` wins where a definition has both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// After that many seconds.
    Seconds(Scalar),
    /// At that moment, RFC 3339; already past = at once.
    Until(Scalar),
}

/// Conditions in order, and where to go if none is true.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The first true one wins.
    pub branches: Vec<ChoiceBranch>,
    /// Where to go if none is true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<StateIndex>,
}

/// One branch of a Choice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChoiceBranch {
    /// When it is taken.
    pub condition: Expr,
    /// Where it leads.
    pub next: StateIndex,
}

/// Branches that run beside each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parallel {
    /// At least one.
    pub branches: Vec<Block>,
}

/// A processor that runs for every item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Map {
    /// Yields the items.
    pub items: Expr,
    /// `ItemConstructor`: builds an item's input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<Template>,
    /// At most that many items run at once; at least 1.
    pub concurrency: u32,
    /// What runs for every item.
    pub processor: Block,
}

/// The error of a Fail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fail {
    /// Absent = `FnF.Fail`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Scalar>,
    /// Absent = empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Scalar>,
}

impl Mode {
    /// The name in a definition.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RequestComplete => "RequestComplete",
            Self::WaitForSystemCallback => "WaitForSystemCallback",
            Self::WaitForCustomCallback => "WaitForCustomCallback",
        }
    }
}
