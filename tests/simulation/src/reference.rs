//! A small interpreter of plans, written from the specification alone.
//!
//! It walks a plan's tree and says what happens in every scope. What depends on chance (whether an attempt timed out
//! because its process was dead, which of several failing branches was seen first, whether a stop came before the end) it
//! asks of an [`Oracle`]: [`predict`] computes the answers for a calm world; [`verify`] reads them off the engine's own
//! history and checks that each was allowed.
//!
//! **Invariant:** nothing here evaluates, matches or counts by means of the engine: only `Value` and its JSON are shared.

mod calm;
mod edges;
mod effects;
mod effort;
mod evaluate;
mod fork;
mod history;
mod lanes;
mod mismatch;
mod names;
mod oracle;
mod reports;
mod rules;
mod run;
mod task;
mod verify;
mod wait;
mod witness;
mod world;

pub use calm::{Expected, Prediction, predict};
pub use edges::at_a_limit;
pub use mismatch::Mismatch;
pub use oracle::{Attempt, AttemptEnd, Dealing, Fact, Failure, Fork, ForkEnd, Halt, Oracle, Outcome, Time};
pub use verify::{Verified, verify};
pub use witness::{ChildWitness, FromHistory, StopAnswer, Witness};
