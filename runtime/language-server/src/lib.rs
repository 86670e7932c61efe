//! The language server: what an editor is told about flows, functions and grants while they are written.
//!
//! ```text
//!   editor ══ frames ── transport ── server ──┬─ documents (texts, one reading each)
//!                          │                  └─ answers: completion, hover, definition, references, rename, symbols
//!                          └───────── checking: a thread that checks the latest texts and publishes diagnostics
//! ```
//!
//! All that is known of the language comes from `stepwell-definition`; here it meets the Language Server Protocol. The
//! server names no async runtime: it reads and writes whatever streams its host gives it.
//!
//! **Invariant:** messages are answered one after another, in their order, and a check never keeps one waiting; however
//! fast a text changes, only its latest state is checked.
//!
//! Source: the Language Server Protocol, 3.17.

mod checking;
mod completion;
mod diagnostics;
mod documents;
mod frames;
mod functions;
mod positions;
mod server;
mod symbols;
mod transport;

#[cfg(test)]
mod tests;

pub use frames::{Lost, MESSAGE_BYTES_MAX};
pub use transport::{End, serve};
