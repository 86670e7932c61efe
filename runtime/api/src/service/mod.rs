//! The other end of the verbs: what comes through the socket beside a store is answered with an engine.
//!
//! ```text
//!   Request::Run ──► Running::begin ──► next, next … ──► End        running
//!   any other   ──► answer ──► Answer, Answer …                     answers
//!   a rehearsal ──► join                                            running
//! ```
//!
//! **Invariant:** no socket and no store is named; whoever holds them sends the answers where they belong.

mod answers;
mod running;

use stepwell_engine::EngineError;
use stepwell_wire::{Class, Refusal};

pub use answers::{answer, only};
pub use running::{Next, Running, join, registry};

/// Why a request has no answer of its own.
#[derive(Debug)]
pub enum Unanswered {
    /// It is refused.
    Refused(Refusal),
    /// The engine closes; whoever drives next can answer.
    Closing,
}

impl From<EngineError> for Unanswered {
    fn from(error: EngineError) -> Self {
        let class = match &error {
            EngineError::Closing => return Self::Closing,
            EngineError::ExecutionNotExists { .. }
            | EngineError::ExecutionAlreadyExists { .. }
            | EngineError::ExecutionAlreadyCompleted { .. }
            | EngineError::TaskAlreadyCompleted
            | EngineError::TaskInvalidState
            | EngineError::InvalidArgument { .. } => Class::User,
            EngineError::Unreadable { .. } | EngineError::Parked { .. } | EngineError::Log(_) => Class::Host,
        };
        let name = error.name().to_owned();
        Self::Refused(Refusal {
            name,
            message: format!("{:#}", anyhow::Error::from(error)),
            class,
        })
    }
}
