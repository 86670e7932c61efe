//! What can go wrong with an expression: when it is parsed, and when it is evaluated.
//!
//! **Invariant:** messages are for the author of the flow: lower case, user text in backticks, no Rust types.

use std::borrow::Cow;

use crate::context::{Halt, Waits};
use crate::memory::Needs;

/// An expression that is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// Where the mistake begins, in bytes from the start of the source.
    pub offset: usize,
    /// How many bytes it covers; 0 where something is missing.
    pub length: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// Something that works but is not documented for the language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where it begins, in bytes from the start of the source.
    pub offset: usize,
    /// How many bytes it covers.
    pub length: usize,
    /// What it is, such as ``the operator `+` is not documented``.
    pub message: String,
}

/// Why an evaluation gave no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// Stored values must be loaded first; then the evaluation is repeated from its start.
    #[error("{0}")]
    Needs(Needs),
    /// The expression cannot be evaluated over these values.
    #[error("{message} (in `{}`)", .r#source)]
    Failed {
        /// What went wrong.
        message: String,
        /// The text of the expression.
        r#source: String,
    },
    /// A condition gave what is neither true nor false.
    #[error("the condition `{}` gave {found}, which is neither true nor false", .r#source)]
    NotBoolean {
        /// What it gave.
        found: String,
        /// The text of the expression.
        r#source: String,
    },
    /// The evaluation took more steps than it may.
    #[error("evaluating `{}` takes too many steps", .r#source)]
    Budget {
        /// The text of the expression.
        r#source: String,
    },
}

impl EvalError {
    /// The name under which the flow sees the error; `None` where nothing failed yet.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            EvalError::Needs(_) => None,
            EvalError::Failed { .. } | EvalError::Budget { .. } => Some("FnF.RuntimeError"),
            EvalError::NotBoolean { .. } => Some("FnF.ConditionError"),
        }
    }

    pub(crate) fn of(halt: Halt, source: &str) -> EvalError {
        let source = source.to_owned();
        match halt {
            Halt::Needs(needs) => EvalError::Needs(needs),
            Halt::Failed(message) => EvalError::Failed { message, source },
            Halt::Budget => EvalError::Budget { source },
        }
    }
}

impl Waits for EvalError {
    fn wait(needs: Needs) -> EvalError {
        EvalError::Needs(needs)
    }

    fn into_needs(self) -> Result<Needs, EvalError> {
        if let EvalError::Needs(needs) = self {
            Ok(needs)
        } else {
            Err(self)
        }
    }
}

/// The beginning of a text, short enough for a message.
pub(crate) fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(40) {
        Some((end, _)) => Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default())),
        None => Cow::Borrowed(text),
    }
}
