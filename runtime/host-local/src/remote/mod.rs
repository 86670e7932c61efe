//! Executions behind a server: verbs become requests to its API.
//!
//! ```text
//!   Request ──► verbs ──┐
//!                       ├─► Exchange ──► the server
//!   Run ──────► runs ───┘
//! ```

mod exchange;
mod runs;
mod verbs;

pub(crate) use exchange::Exchange;
