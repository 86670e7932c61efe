//! The command line: verbs and what they print.
//!
//! ```text
//!   arguments ── Verb ──┬─ verbs/run ── files ── Host::run ──► Progress (live tree, plain lines, JSON lines)
//!                       ├─ verbs/validate, verbs/graph ── files
//!                       └─ verbs/history, describe, list, stop, report ── Host::call
//! ```
//!
//! A verb is one file: its arguments, its help, what it does, its tests. What needs a store goes through the [`Host`];
//! [`service`] is the other end of that: it answers requests with an engine.
//!
//! **Invariant:** no store, no runtime and no socket is named here. Standard output carries results and nothing else.

mod arguments;
mod console;
mod exit;
mod files;
mod host;
mod name;
mod progress;
pub mod service;
mod store;
mod verbs;

pub use arguments::main;
pub use console::{Console, Style};
pub use exit::Exit;
pub use host::{Component, EditorEnd, Host, HostError, Rehearsal, Rehearsed, RunEnd, Weather};
pub use progress::{Driven, Kept, Progress};
