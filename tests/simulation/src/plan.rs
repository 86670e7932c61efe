//! A plan of one simulated run: a valid flow with its children, an input, settings, and what happens outside.
//!
//! ```text
//!   generate ── seed, size ──> Plan ──> render: flow.yaml, input, schedule
//!                               │ └──> shrink: smaller plans that are still valid
//!                               v
//!                           reference: what must come out
//! ```
//!
//! The tree here is the simulation's own, so that what reads and runs it shares no mistake with the checker and the core.
//!
//! **Invariant:** nothing here knows `stepwell_model`; a plan says everything that its run depends on but chance.

mod begin;
mod expression;
mod features;
mod generate;
mod render;
mod shrink;

use stepwell_expression::Value;

pub(crate) use expression::json;
pub use expression::{Comparison, Expr, Function, Root, Template};
pub use features::{Feature, features};
pub use generate::Generator;
pub(crate) use generate::{DATA_BYTES_MAX, RING, RINGER, STATES_MAX};
pub(crate) use render::CHILD_NAME;
pub use shrink::{smaller, smallest};

/// Everything that a run needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The seed that it was made from.
    pub seed: u64,
    /// The flow.
    pub flow: PlanFlow,
    /// Flows that its tasks start.
    pub children: Vec<PlanFlow>,
    /// Functions with prepared answers.
    pub stubs: Vec<Stub>,
    /// The input, an object.
    pub input: Value,
    /// `tasks.fuse`.
    pub fuse: bool,
    /// `limits.data`.
    pub data_bytes_max: u64,
    /// `limits.states`.
    pub states_max: u64,
    /// `wait.max_seconds`.
    pub wait_seconds_max: Option<u64>,
    /// What happens outside, in the order of its times.
    pub schedule: Vec<Outside>,
}

/// One flow.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanFlow {
    /// Its name.
    pub name: String,
    /// Its Timeout in seconds.
    pub timeout: Option<u64>,
    /// Its InputConstructor.
    pub input: Option<Template>,
    /// Its OutputConstructor.
    pub output: Option<Template>,
    /// Its states.
    pub block: Block,
}

/// A list of states, never empty; the first is where it starts.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// The states.
    pub states: Vec<State>,
}

/// One state.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Its name, unique in its block.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// InputConstructor.
    pub input: Option<Template>,
    /// OutputConstructor.
    pub output: Option<Template>,
    /// GlobalConstructor.
    pub global: Option<Template>,
    /// Retry.
    pub retry: Vec<Retry>,
    /// Catch.
    pub catch: Vec<Catch>,
    /// Timeout in seconds.
    pub timeout: Option<u64>,
    /// Next; without it End.
    pub next: Option<String>,
}

/// What a state is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Task.
    Task(Task),
    /// Pass.
    Pass,
    /// Wait.
    Wait(Wait),
    /// Choice.
    Choice {
        /// Conditions with the states that they lead to.
        branches: Vec<(Expr, String)>,
        /// Default.
        default: Option<String>,
    },
    /// Parallel.
    Parallel(Vec<Block>),
    /// Map.
    Map(Map),
    /// Succeed.
    Succeed,
    /// Fail.
    Fail {
        /// Code.
        code: Option<String>,
        /// Detail.
        detail: Option<String>,
    },
}

/// How long a Wait waits.
#[derive(Clone, Debug, PartialEq)]
pub enum Wait {
    /// Seconds.
    Seconds(u64),
    /// Seconds that are computed.
    Computed(Expr),
    /// Until so many milliseconds after the world began.
    Until(u64),
}

/// A Map's own fields.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// ItemsPath.
    pub items: Expr,
    /// ItemConstructor.
    pub constructor: Option<Template>,
    /// MaxConcurrency.
    pub concurrency: Option<u64>,
    /// Processor.
    pub block: Block,
}

/// A Task's own fields.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// What is called.
    pub action: Action,
    /// TaskMode.
    pub mode: Mode,
    /// AtMostOnce.
    pub at_most_once: bool,
    /// Whether the flow that it starts gets a name, always the same.
    pub is_named: bool,
    /// The event of the call, or the child's input: an object.
    pub body: Template,
}

/// What a Task calls.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A function of that name: `effect…` is an effect, a stub's name is a stub, any other is pure.
    Function(String),
    /// `HTTP:Request` to the world.
    Http,
    /// `FNF:StartExecution` of that flow.
    Child(String),
}

/// TaskMode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The answer is the result.
    RequestComplete,
    /// The system's answer is the result.
    WaitForSystemCallback,
    /// Somebody reports.
    WaitForCustomCallback,
}

/// A rule of Retry.
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// Errors.
    pub errors: Vec<String>,
    /// MaxAttempts.
    pub attempts: u64,
    /// IntervalSeconds.
    pub interval: u64,
    /// BackoffRate in tenths.
    pub rate: Option<u64>,
    /// MaxBackoffSeconds.
    pub interval_max: Option<u64>,
}

/// A rule of Catch.
#[derive(Clone, Debug, PartialEq)]
pub struct Catch {
    /// Errors.
    pub errors: Vec<String>,
    /// OutputConstructor.
    pub output: Option<Template>,
    /// Next.
    pub next: String,
}

/// A function with prepared answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Stub {
    /// Its name.
    pub name: String,
    /// Its answers: a result, or the code of a failure; after so many milliseconds.
    pub answers: Vec<(Result<Value, String>, u64)>,
}

/// Something that happens outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outside {
    /// So many milliseconds after the start.
    pub at_ms: u64,
    /// What.
    pub what: Happening,
}

/// What happens outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// The same start is asked for again.
    StartAgain,
    /// The execution is stopped with the error `Enough`.
    Stop,
}

impl Plan {
    /// Its flows, its own last.
    pub fn flows(&self) -> impl Iterator<Item = &PlanFlow> {
        self.children.iter().chain([&self.flow])
    }

    /// The flow of that name, the plan's own or a child.
    #[must_use]
    pub fn flow_named(&self, name: &str) -> Option<&PlanFlow> {
        self.children.iter().find(|flow| flow.name == name)
    }

    /// The stub of that name.
    #[must_use]
    pub fn stub(&self, name: &str) -> Option<&Stub> {
        self.stubs.iter().find(|stub| stub.name == name)
    }

    /// How many states there are, those inside others included.
    #[must_use]
    pub fn states(&self) -> usize {
        let flows = self.flows();
        flows.map(|flow| flow.block.count()).sum()
    }
}

impl Block {
    /// The state of that name.
    #[must_use]
    pub fn state(&self, name: &str) -> Option<&State> {
        self.states.iter().find(|state| state.name == name)
    }

    /// Whether a state of it, or inside it, starts that flow.
    #[must_use]
    pub fn starts(&self, flow: &str) -> bool {
        self.states.iter().any(|state| {
            let is_it = matches!(&state.kind, Kind::Task(task) if task.action == Action::Child(flow.to_owned()));
            is_it || state.kind.blocks().into_iter().any(|block| block.starts(flow))
        })
    }

    /// How many states there are, those inside others included.
    #[must_use]
    pub fn count(&self) -> usize {
        self.states
            .iter()
            .map(|state| 1 + state.kind.blocks().iter().map(|block| block.count()).sum::<usize>())
            .sum()
    }
}

impl Kind {
    /// The blocks inside.
    #[must_use]
    pub fn blocks(&self) -> Vec<&Block> {
        match self {
            Self::Parallel(branches) => branches.iter().collect(),
            Self::Map(map) => vec![&map.block],
            Self::Task(_) | Self::Pass | Self::Wait(_) | Self::Choice { .. } | Self::Succeed | Self::Fail { .. } => {
                Vec::new()
            }
        }
    }

    /// The same, to change them.
    pub fn blocks_mut(&mut self) -> Vec<&mut Block> {
        match self {
            Self::Parallel(branches) => branches.iter_mut().collect(),
            Self::Map(map) => vec![&mut map.block],
            Self::Task(_) | Self::Pass | Self::Wait(_) | Self::Choice { .. } | Self::Succeed | Self::Fail { .. } => {
                Vec::new()
            }
        }
    }

    /// CloudFlow's name of the type.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Task(_) => "Task",
            Self::Pass => "Pass",
            Self::Wait(_) => "Wait",
            Self::Choice { .. } => "Choice",
            Self::Parallel(_) => "Parallel",
            Self::Map(_) => "Map",
            Self::Succeed => "Succeed",
            Self::Fail { .. } => "Fail",
        }
    }
}

impl Mode {
    /// CloudFlow's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RequestComplete => "RequestComplete",
            Self::WaitForSystemCallback => "WaitForSystemCallback",
            Self::WaitForCustomCallback => "WaitForCustomCallback",
        }
    }
}

impl State {
    /// A state of that kind without anything else, which ends its scope.
    #[must_use]
    pub fn new(name: impl Into<String>, kind: Kind) -> Self {
        Self {
            name: name.into(),
            kind,
            input: None,
            output: None,
            global: None,
            retry: Vec::new(),
            catch: Vec::new(),
            timeout: None,
            next: None,
        }
    }
}
