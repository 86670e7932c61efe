//! What processes and programs say to each other about executions.
//!
//! Two vocabularies live here. [`Request`] and [`Answer`] travel as JSON lines over the socket beside a store: one
//! process drives the store, others hand it their verbs. [`output`] holds what `--json` prints, which is frozen.
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
mod hello;
mod line;
pub mod output;
mod request;

pub use answer::{Answer, Begun, Class, Refusal};
pub use hello::{Hello, PROTOCOL};
pub use line::{LINE_BYTES_MAX, LineError, read_line, write_line};
pub use request::{FlowText, Naming, Report, Request, Run, Standing};
