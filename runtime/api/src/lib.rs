//! Executions for programs: routes over HTTP, and the other end of the socket beside a store.
//!
//! ```text
//!   http::Request ──► Router ── routes ── Gate ── executions │ flows │ reports ──► Engine
//!                                 └────── openapi                                Deployment: what a start needs
//!   socket ─────────► service ──────────────────────────────────────────────────► Engine
//! ```
//!
//! Both hosts answer the same requests with the same [`Router`]: `stepwell serve`, and the function behind a URL. One
//! table of routes is what requests are matched with, and what the OpenAPI document is made of.
//!
//! **Invariant:** no socket, no store and no host is named; nothing is driven here but by the engine. Whatever comes,
//! of any shape, is answered by JSON and a status.

mod access;
mod body;
mod deployment;
mod executions;
mod fault;
mod flows;
mod history;
mod listing;
mod openapi;
mod pages;
mod query;
mod reports;
mod router;
mod routes;
pub mod service;
#[cfg(test)]
mod tests;
mod told;

pub use access::{Gate, NewToken, Tokens, TokensError};
pub use deployment::{Asked, Deployment, Equipment};
pub use fault::Cause;
pub use openapi::openapi;
pub use router::{BODY_BYTES_MAX, Router};
pub use told::{earlier, end};

/// The code and the detail that `stop` ends an execution with.
pub const STOPPED: (&str, &str) = ("FnF.ExecutionStopped", "stopped by `stepwell stop`");
