//! What the types of states are for, in a sentence each.

use crate::states::StateType;

impl StateType {
    /// What a state of this type does.
    #[must_use]
    pub fn doc(self) -> &'static str {
        match self {
            Self::Task => "Has outside work done: calls a function, a service or another flow.",
            Self::Pass => "Builds its output by its constructors alone.",
            Self::Wait => "Waits for a number of seconds, or until a moment.",
            Self::Choice => "Goes where the first true condition says.",
            Self::Parallel => "Runs branches beside each other, and goes on when all have ended.",
            Self::Map => "Runs its Processor for every item of a list.",
            Self::Succeed => "Ends its scope well.",
            Self::Fail => "Ends its scope with an error.",
        }
    }
}
