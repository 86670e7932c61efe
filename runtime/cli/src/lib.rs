//! The command line: verbs and what they print.
//!
//! ```text
//!   arguments ── Verb ──┬─ verbs/run ── files ── Host::run ──► Progress (live tree, plain lines, JSON lines)
//!                       ├─ verbs/validate, verbs/graph ── files
//!                       ├─ verbs/history, describe, list, stop, report ── Host::call
//!                       └─ verbs/serve ── files ── Host::serve
//! ```
//!
//! A verb is one file: its arguments, its help, what it does, its tests. What needs executions goes through the [`Host`], which
//! finds them in their [`Place`]: a store, or a server.
//!
//! **Invariant:** no store, no runtime and no socket is named here. Standard output carries results and nothing else.

mod account;
mod arguments;
mod console;
mod exit;
mod files;
mod host;
mod name;
mod place;
mod progress;
mod verbs;

pub use account::{Account, Entered};
pub use arguments::main;
pub use console::{Console, Style};
pub use exit::Exit;
pub use host::{Component, EditorEnd, Host, HostError, MadeToken, Rehearsal, Rehearsed, RunEnd, Serving, Weather};
pub use place::{Endpoint, Place};
pub use progress::{Driven, Kept, Progress};
