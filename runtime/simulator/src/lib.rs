//! A small world in which time, chance and the disk belong to whoever made it.
//!
//! ```text
//!   Chance ── a seed's stream of numbers
//!   VirtualClock ── stands still until it is moved ── ProcessClock: one process's view, which may be wrong
//!   Executor ── Process: the futures of one process, polled one at a time; killed, they are dropped where they stand
//!   Disk ── one process's log: in the order in which it was handed over, when chance wills, with the faults it is told
//! ```
//!
//! The engine names no runtime, no clock and no store, so it runs in here as it is: in the simulation that tests it, and
//! where a person tests a flow.
//!
//! **Invariant:** nothing here reads a real clock or draws real randomness: a seed reproduces a run exactly.

mod chance;
mod clock;
mod disk;
mod executor;

pub use chance::Chance;
pub use clock::{ProcessClock, VirtualClock};
pub use disk::{Disk, Faults, READING, Struck};
pub use executor::{Executor, Process};
