//! What a bearer of a token may do.

use serde::{Deserialize, Serialize};

/// What a bearer of a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Reads executions, histories and flows.
    Read,
    /// Starts executions.
    Start,
    /// Completes waiting tasks, and sees their tokens.
    Report,
    /// Everything: registers flows and stops executions, too.
    Admin,
}

impl Scope {
    /// Every scope that there is.
    pub const ALL: [Self; 4] = [Self::Read, Self::Start, Self::Report, Self::Admin];

    /// Its name in a file of tokens.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Start => "start",
            Self::Report => "report",
            Self::Admin => "admin",
        }
    }

    /// The scope of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }

    /// Whether who may do this may do the other, too.
    #[must_use]
    pub fn includes(self, other: Self) -> bool {
        self == other || self == Self::Admin
    }
}
