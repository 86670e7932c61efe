//! What differs.

use std::fmt::{self, Display, Formatter};

/// A difference between the reference and the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The scope's path.
    pub path: String,
    /// The history's EventId, where one differs; 0 where none does.
    pub event: u64,
    /// What the reference says.
    pub expected: String,
    /// What the engine did.
    pub got: String,
}

impl Display for Mismatch {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "in scope `{}`, event {}:\n  expected {}\n  got      {}",
            self.path, self.event, self.expected, self.got
        )
    }
}

impl std::error::Error for Mismatch {}
