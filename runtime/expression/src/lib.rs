//! Paths, conditions, functions and constructors over JSON values.
//!
//! An [`Expr`] is parsed once, checked without values, and evaluated over the variables that a [`Context`] lets it see,
//! within a budget of steps. A [`Template`] is a map or list with expressions at its leaves. A [`Value`] may be *stored
//! elsewhere*: large parts travel as [`Pointer`]s, and an evaluation that must look behind one that is not in the
//! [`Memory`] answers with all that it [`Needs`].
//!
//! ```text
//! text ── lexer ── parser ── Tree ── evaluate ── Value ── json, stored_form
//!                    │                  │  └── operators, functions
//!                 ParseError          Context: Variables, Memory, draws, budget
//! ```
//!
//! **Invariant:** nothing here reads a clock, the environment, a file or a source of randomness, and no order depends on
//! a hash: two evaluations over the same values give the same result, to the byte. Every input, of any size or shape,
//! gives a value or a clear error.
//!
//! Source: specification 1.5.1, 1.5.2, 1.6 and 1.9.

mod context;
mod equality;
mod error;
mod evaluate;
mod expr;
mod functions;
mod json;
mod lexer;
mod memory;
mod number;
mod operators;
mod parser;
mod pattern;
mod pointer;
mod stored_form;
mod suggestion;
mod template;
mod tree;
mod value;
mod yields;

pub use context::{BUDGET, Context, MISSING_MAX, TEXT_BYTES_MAX, Variables};
pub use equality::deep_equal;
pub use error::{EvalError, Note, ParseError};
pub use expr::{Expr, function_names, is_call_of_known_function};
pub use functions::{FunctionDoc, function_docs};
pub use json::{JsonError, NotLoaded};
pub use memory::{INLINE_BYTES_MAX, Memory, Needs};
pub use number::Number;
pub use parser::{CALLS_MAX, NESTING_MAX, SOURCE_BYTES_MAX, Trials};
pub use pointer::{Birth, Pointer, Slot, Step};
pub use stored_form::Plain;
pub use template::Template;
pub use tree::{Path, PathStep};
pub use value::{DEPTH_MAX, Object, Value};
pub use yields::Yields;
