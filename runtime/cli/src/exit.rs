//! How the program ends.

use stepwell_wire::output::Status;
use stepwell_wire::{Class, Refusal};

use crate::host::HostError;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// What was asked for is done; the execution succeeded.
    Succeeded,
    /// The execution failed.
    Failed,
    /// The user asked for what cannot be had, or the definition was refused.
    Usage,
    /// The execution took too long.
    TimedOut,
    /// The execution was stopped.
    Stopped,
    /// Something here is broken.
    Host,
    /// Ctrl-C.
    Interrupted,
}

impl Exit {
    /// The exit code; the only place that knows the numbers.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Succeeded => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::TimedOut => 3,
            Self::Stopped => 4,
            Self::Host => 5,
            Self::Interrupted => 130,
        }
    }

    /// The exit for an execution that ended so. One that still runs has not ended.
    pub(crate) fn of_status(status: Status) -> Self {
        match status {
            Status::Succeeded => Self::Succeeded,
            Status::Failed => Self::Failed,
            Status::TimedOut => Self::TimedOut,
            Status::Stopped => Self::Stopped,
            Status::Running => Self::Host,
        }
    }
}

/// Why a verb did not do it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// A mistake of the user that was not told yet.
    #[error("{0}")]
    Mistake(String),
    /// A mistake of the user that was told already, drawn in its place.
    #[error("refused")]
    Told,
    /// What the holder of the store refused, or the host could not do.
    #[error(transparent)]
    Host(#[from] HostError),
}

impl Trouble {
    pub(crate) fn mistake(message: impl Into<String>) -> Self {
        Self::Mistake(message.into())
    }

    /// The last words, if something is left to say.
    pub(crate) fn message(&self) -> Option<String> {
        match self {
            Self::Mistake(message) => Some(format!("error: {message}")),
            Self::Told => None,
            Self::Host(HostError::Refused(Refusal { name, message, .. })) => Some(format!("{name}: {message}")),
            Self::Host(HostError::Broken(error)) => Some(format!("error: {error:#}")),
        }
    }

    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Mistake(_) | Self::Told => Exit::Usage,
            Self::Host(HostError::Refused(Refusal { class: Class::User, .. })) => Exit::Usage,
            Self::Host(HostError::Refused(Refusal { class: Class::Host, .. }) | HostError::Broken(_)) => Exit::Host,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_frozen() {
        let exits = [
            Exit::Succeeded,
            Exit::Failed,
            Exit::Usage,
            Exit::TimedOut,
            Exit::Stopped,
            Exit::Host,
            Exit::Interrupted,
        ];
        assert_eq!(exits.map(Exit::code), [0, 1, 2, 3, 4, 5, 130]);
    }

    #[test]
    fn whose_fault_it_is_decides() {
        let refused = Trouble::Host(HostError::Refused(Refusal::user(
            "TaskInvalidState",
            "the task does not wait",
        )));
        assert_eq!(refused.exit(), Exit::Usage);
        assert_eq!(refused.message().unwrap(), "TaskInvalidState: the task does not wait");
        let broken = anyhow::anyhow!("disk full").context("while opening the store");
        let broken = Trouble::Host(HostError::Broken(broken));
        assert_eq!(broken.exit(), Exit::Host);
        assert_eq!(broken.message().unwrap(), "error: while opening the store: disk full");
    }
}
