//! JSON text: reading it with its numbers as written, writing it compactly, and measuring what would be written.
//!
//! **Invariant:** what is measured is what is written, to the byte. Text of any shape gives a value or a [`JsonError`]:
//! nesting is bounded, so that nobody can make the reader run out of stack.

mod read;
mod text;
mod write;

use crate::pointer::Pointer;

pub(crate) use read::{parse, parse_within};
pub(crate) use text::{Raw, read_string, write_string};
pub(crate) use write::{measure, measure_until, parts, write};

/// Why a text is not one JSON value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} at line {line}, column {column}")]
pub struct JsonError {
    /// Where, in bytes from the start.
    pub offset: usize,
    /// The line, from 1.
    pub line: usize,
    /// The column, in characters, from 1.
    pub column: usize,
    /// What is wrong there.
    pub message: String,
}

/// A value cannot be written as JSON, because a part of it is stored elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the value at `{0}` is not loaded")]
pub struct NotLoaded(pub Pointer);

#[cfg(test)]
mod tests;
