//! What the interpreter asks and tells.

use stepwell_expression::Value;

use super::Mismatch;

/// A moment, and by how much causal order may have moved it.
///
/// Units: milliseconds since the execution began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Time {
    /// At the earliest.
    pub ms: u64,
    /// So much later at most.
    pub slack: u64,
}

/// A failure of the flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its code.
    pub code: String,
    /// Its detail; nothing where the words are the engine's own.
    pub detail: Option<String>,
    /// Whether Retry may take it.
    pub retryable: bool,
}

/// How a block ended.
pub type Outcome = Result<Value, Failure>;

/// Something that happens in a scope, as the history would tell it.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// The scope's path.
    pub path: String,
    /// The history's Type.
    pub kind: &'static str,
    /// The state.
    pub state: String,
    /// The details beside `scope`.
    pub detail: Vec<(&'static str, Value)>,
}

/// Why the interpreter goes no further in a scope.
#[derive(Debug)]
pub enum Halt {
    /// The scope was ended from outside; or nothing ever happens in it again.
    Cut,
    /// The history is not what the specification says.
    Wrong(Box<Mismatch>),
}

/// An attempt of a task that is under way.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The scope's path.
    pub path: String,
    /// The state.
    pub state: String,
    /// Its number in the visit.
    pub number: u64,
    /// When it was scheduled.
    pub at: Time,
    /// Milliseconds that it may take.
    pub timeout_ms: Option<u64>,
    /// Whether it may begin once only.
    pub at_most_once: bool,
    /// Milliseconds until it is submitted; nothing where it is not.
    pub submitted_ms: Option<u64>,
    /// Milliseconds until it is answered; nothing where it never is.
    pub answered_ms: Option<u64>,
    /// Milliseconds until its submission fails; nothing where it does not.
    pub refused_ms: Option<u64>,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptEnd {
    /// As it should; by a report, where it waits for one.
    Answered,
    /// Its submission failed.
    Refused,
    /// Its time was up.
    TimedOut,
    /// The process died three times while it ran alone.
    Crashed,
    /// It may run once only, and its driver died.
    Unknown,
}

/// A fork whose children have run.
#[derive(Clone, Debug)]
pub struct Fork {
    /// The forking scope's path.
    pub path: String,
    /// The state.
    pub state: String,
    /// How the children ended, and when; nothing for one that did not, or was cut off.
    pub ends: Vec<(Option<Outcome>, Time)>,
    /// For each child whether Retry takes its failure.
    pub retried: Vec<bool>,
    /// When the fork was made.
    pub at: Time,
    /// When the state's time is up.
    pub deadline: Option<Time>,
}

/// How a fork ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForkEnd {
    /// All children ended well.
    Joined(Time),
    /// That child failed it.
    Failed(usize, Time),
    /// The state's time was up.
    TimedOut(Time),
}

/// How a Map's lanes come to their items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dealing {
    /// A lane takes every so many-th item, as where several processes drive.
    Strides,
    /// The lane that is free first takes the lowest item.
    Lowest,
    /// A lane may have reserved some: nothing is said of when an item begins.
    Reserved,
}

/// Answers what depends on chance.
pub trait Oracle {
    /// Something happens, at that time at the earliest; says when it did.
    ///
    /// # Errors
    ///
    /// [`Halt::Cut`] where the scope was ended from outside before.
    fn tell(&mut self, fact: Fact, at: Time) -> Result<Time, Halt>;

    /// Whether an attempt's submission was acknowledged before the attempt ended.
    ///
    /// # Errors
    ///
    /// As for [`Oracle::tell`].
    fn is_submitted(&mut self, attempt: &Attempt) -> Result<bool, Halt>;

    /// How an attempt ended.
    ///
    /// # Errors
    ///
    /// As for [`Oracle::tell`]; also where it never ends.
    fn attempt(&mut self, attempt: &Attempt) -> Result<AttemptEnd, Halt>;

    /// Milliseconds from the execution's beginning to a moment so long after the world's; 0 where it was before.
    fn moment(&self, ms: u64) -> u64;

    /// Whether a scope that may have entered too many states has.
    fn is_exhausted(&mut self, path: &str) -> bool;

    /// How a Map's lanes come to their items.
    fn dealing(&self) -> Dealing;

    /// Whether the name that a task gives to the flow that it starts is taken.
    fn is_name_taken(&mut self, path: &str) -> bool;

    /// A fork at `path` begins a generation of children.
    fn fork_begins(&mut self, path: &str, children: &[String]);

    /// Whether a child of the current generation began.
    fn begins(&mut self, child: &str) -> bool;

    /// How a fork ended.
    ///
    /// # Errors
    ///
    /// As for [`Oracle::tell`]; also where it never ends.
    fn fork(&mut self, fork: &Fork) -> Result<ForkEnd, Halt>;

    /// How a child flow ended that was started with that input, where that can be read; otherwise it is computed.
    ///
    /// # Errors
    ///
    /// As for [`Oracle::tell`].
    fn child(&mut self, path: &str, flow: &str, input: &Value) -> Result<Option<Outcome>, Halt>;
}

impl Time {
    /// So many milliseconds later.
    #[must_use]
    pub fn after(self, ms: u64) -> Self {
        Self {
            ms: self.ms.saturating_add(ms),
            ..self
        }
    }

    /// The same moment, a record later.
    #[must_use]
    pub fn record(self) -> Self {
        Self {
            slack: self.slack + 2,
            ..self
        }
    }

    /// The later of two.
    #[must_use]
    pub fn later(self, other: Self) -> Self {
        Self {
            ms: self.ms.max(other.ms),
            slack: self.slack.max(other.slack),
        }
    }

    /// Never.
    #[must_use]
    pub fn never() -> Self {
        Self { ms: u64::MAX, slack: 0 }
    }

    /// Whether it is certainly before another.
    #[must_use]
    pub fn is_before(self, other: Self) -> bool {
        self.ms.saturating_add(self.slack) < other.ms
    }
}

impl Failure {
    /// A failure in the engine's own words, which Retry does not take.
    #[must_use]
    pub fn of_the_engine(code: &str) -> Self {
        Self {
            code: code.to_owned(),
            detail: None,
            retryable: false,
        }
    }
}
