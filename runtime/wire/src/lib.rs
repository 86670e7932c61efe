//! What processes and programs say to each other about executions.
//!
//! Three vocabularies live here. [`Request`] and [`Answer`] travel as JSON lines over the socket beside a store: one
//! process drives the store, others hand it their verbs. [`output`] holds what `--json` prints, which is frozen. [`api`]
//! holds the bodies that go over HTTP.
//!
//! ```text
//! server ── Hello ───────────────────────────► client      which protocol, and whether executions are driven here
//! client ── Request ─────────────────────────► server      one for each connection
//! server ── Answer, Answer … ────────────────► client      the last one is final
//! ```
//!
//! A connection that ends before the final answer means that the driving process has gone; whoever still needs an
//! answer drives the store then, or asks the one who does.
//!
//! **Invariant:** types and their JSON alone: no sockets, no files, nothing that an engine computes with.

mod answer;
pub mod api;
mod deployment;
mod hello;
mod line;
mod name;
pub mod output;
mod request;
mod scope;

pub use answer::{Answer, Begun, Class, Refusal};
pub use deployment::Deployment;
pub use hello::{Hello, PROTOCOL};
pub use line::{LINE_BYTES_MAX, LineError, read_line, write_line};
pub use name::{NAME_CHARACTERS_MAX, check_name};
pub use request::{FlowText, Naming, Report, Request, Run, Standing};
pub use scope::Scope;
