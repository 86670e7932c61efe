//! The step function, as it is deployed, on a local cloud: an unmodified `bootstrap` behind a runtime API, a real queue
//! and its poller, a table, a bucket, and a scheduler that fires.
//!
//! **Invariant:** nothing of the function is linked in; it is started as Lambda would start it, and everything that a test
//! learns of an execution stands in the table.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

mod cloud;
mod costs;
mod crowd;
mod doors;
mod examples;
mod faults;
mod http_function;
mod local;
mod package;
mod programs;
mod start_up;
mod waiting;
