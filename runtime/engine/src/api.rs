//! What callers ask of the engine, and what they get.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use stepwell_actions::{Grants, Registry};
use stepwell_core::{Failure, FlowVersion};
use stepwell_expression::Value;
use stepwell_model::Settings;
use stepwell_ports::{Catalogue, Clock, Log, LogError, Millis, Seeds, Spawn, Tasks};

/// The doors that the engine works through.
#[derive(Clone)]
pub struct Ports {
    /// Logs of scopes.
    pub log: Arc<dyn Log>,
    /// Flows and the index of executions.
    pub catalogue: Arc<dyn Catalogue>,
    /// Carrying out attempts.
    pub tasks: Arc<dyn Tasks>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub seeds: Arc<dyn Seeds>,
    /// Futures beside each other.
    pub spawn: Arc<dyn Spawn>,
}

impl std::fmt::Debug for Ports {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Ports").finish_non_exhaustive()
    }
}

/// What an execution is started with.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// The flow's name.
    pub flow: Arc<str>,
    /// The flow's version; its blobs are in the catalogue (see [`crate::Engine::keep_flow`]).
    pub version: FlowVersion,
    /// The execution's name, unique among those of the flow.
    pub name: Arc<str>,
    /// The input, an object.
    pub input: Value,
    /// The functions that its tasks may call.
    pub registry: Registry,
    /// What its tasks may touch.
    pub grants: Grants,
    /// Limits and switches.
    pub settings: Settings,
    /// `$Environment`, an object.
    pub environment: Value,
    /// Child flows by name; a name that is not here is looked up in the store.
    pub flows: BTreeMap<Arc<str>, FlowVersion>,
    /// Makes the start one that is begun once, whatever else has its name: asked for again with the same text it finds
    /// what it began. Without it, the same flow, functions and input find each other.
    pub nonce: Option<Arc<str>>,
}

/// What became of a start.
#[derive(Clone, Debug, PartialEq)]
pub enum Started {
    /// It runs now.
    New,
    /// This very start was asked for before; this is how it stands.
    Repeated(Ended),
    /// It was there, started with the same; this is how it stands.
    Existing(Ended),
}

/// How an execution stands, with its output or failure.
#[derive(Clone, Debug, PartialEq)]
pub enum Ended {
    /// It goes on.
    Running,
    /// It ended well; the output is without pointers.
    Succeeded(Value),
    /// It ended badly.
    Failed(Failure),
    /// It was stopped.
    Stopped(Failure),
    /// It took too long.
    TimedOut(Failure),
}

impl Ended {
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
}

/// Something that became durable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observed {
    /// The history's Type.
    pub event: Arc<str>,
    /// `<flow>/<execution name>`.
    pub execution: Arc<str>,
    /// `""`, or `Map1/17/Inner/0`: state, then branch or item number.
    pub scope: Arc<str>,
    /// The state's name, or `""`.
    pub state: Arc<str>,
    /// The execution's status.
    pub status: Arc<str>,
    /// From 1; 0 where the event speaks of no attempt.
    pub attempt: u32,
    /// When it happened.
    pub at_ms: Millis,
    /// `CODE: detail` of a failure, or the guest's log; for a person only.
    pub note: Option<Arc<str>>,
    /// Microseconds inside a guest.
    pub guest_us: u64,
}

/// One entry of the history as CloudFlow shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct HistoryEvent {
    /// From 1, without a gap.
    pub event_id: u64,
    /// The event that caused this one; 0 for the first.
    pub schedule_event_id: u64,
    /// Its type.
    #[serde(rename = "Type")]
    pub kind: Arc<str>,
    /// The state's name; of Branch… and Iteration… the Parallel's or Map's; `""` for the execution's own.
    pub step_name: Arc<str>,
    /// RFC 3339, UTC, milliseconds.
    pub time: Arc<str>,
    /// JSON text.
    pub event_detail: Arc<str>,
}

/// An execution, for a person.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// The flow's name.
    pub flow: Arc<str>,
    /// The execution's name.
    pub name: Arc<str>,
    /// How it stands.
    pub end: Ended,
    /// Its input.
    pub input: Value,
    /// When it started.
    pub started_ms: Millis,
    /// When it ended.
    pub ended_ms: Option<Millis>,
    /// The states that are open now, innermost scopes only.
    pub open: Vec<OpenState>,
}

/// What an execution has cost, and what its logs would cost in a table of DynamoDB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Records in its logs.
    pub records: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Microseconds inside guests.
    pub guest_us: u64,
    /// What writing the records takes in a table that bills by the KB, at most: there, bodies are deflated.
    pub write_units: u64,
    /// States that were entered, and retries of tasks.
    pub transitions: u64,
}

/// A state that is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenState {
    /// The scope's path.
    pub scope: Arc<str>,
    /// The state's name.
    pub state: Arc<str>,
    /// The attempt from 1, or 0.
    pub attempt: u32,
    /// Since when.
    pub since_ms: Millis,
    /// The token of a task that waits for a report.
    pub token: Option<Arc<str>>,
}

/// Why the engine did not do it.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// `ExecutionNotExists`.
    #[error("execution `{execution}` does not exist")]
    ExecutionNotExists {
        /// `<flow>/<execution name>`.
        execution: Arc<str>,
    },
    /// `ExecutionAlreadyExists`: the same name with other contents.
    #[error("execution `{execution}` exists already, started with another {differs}")]
    ExecutionAlreadyExists {
        /// `<flow>/<execution name>`.
        execution: Arc<str>,
        /// `flow`, `functions` or `input`.
        differs: &'static str,
    },
    /// `ExecutionAlreadyCompleted`.
    #[error("execution `{execution}` has ended already")]
    ExecutionAlreadyCompleted {
        /// `<flow>/<execution name>`.
        execution: Arc<str>,
    },
    /// `TaskAlreadyCompleted`: the token's attempt is over.
    #[error("the task of this token is completed already")]
    TaskAlreadyCompleted,
    /// `TaskInvalidState`: the token's attempt no longer waits, or does not wait yet.
    #[error("the task of this token does not wait for a report")]
    TaskInvalidState,
    /// `InvalidArgument`.
    #[error("{what}")]
    InvalidArgument {
        /// What is wrong with it.
        what: String,
    },
    /// A stored record or flow cannot be read by this version.
    #[error("the store holds something that this version cannot read: {what}")]
    Unreadable {
        /// What.
        what: String,
    },
    /// The execution was parked: the engine found a broken invariant.
    #[error("execution `{execution}` was parked: {what}")]
    Parked {
        /// `<flow>/<execution name>`.
        execution: Arc<str>,
        /// What is broken.
        what: String,
    },
    /// The store failed.
    #[error("the store failed")]
    Log(#[from] LogError),
    /// The engine was closed.
    #[error("the engine is closing")]
    Closing,
}

impl EngineError {
    /// The name under which CloudFlow's API gives this error.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::ExecutionNotExists { .. } => "ExecutionNotExists",
            Self::ExecutionAlreadyExists { .. } => "ExecutionAlreadyExists",
            Self::ExecutionAlreadyCompleted { .. } => "ExecutionAlreadyCompleted",
            Self::TaskAlreadyCompleted => "TaskAlreadyCompleted",
            Self::TaskInvalidState => "TaskInvalidState",
            Self::InvalidArgument { .. } => "InvalidArgument",
            Self::Unreadable { .. } | Self::Parked { .. } | Self::Log(_) | Self::Closing => "InternalServerError",
        }
    }
}
