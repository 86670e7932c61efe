//! A world in which time, chance and the disk belong to the test.
//!
//! The real engine runs over the memory store, one thread, and a seed that decides which ready future is polled next,
//! when the disk acknowledges, and how long a task takes. A crash drops every future and every append that the disk has
//! not taken yet; the next process goes on from the store.
//!
//! **Invariant:** nothing here reads a real clock or draws real randomness: a seed reproduces a run exactly.

mod causes;
pub mod checks;
mod cloud;
mod expiring;
mod functions;
pub mod plan;
mod queue;
pub mod reference;
mod reports;
mod tasks;
mod world;

pub use causes::Causes;
pub use functions::{Functions, Trouble};
pub use queue::{Queue, QueueFaults, QueueStruck, Received};
pub use reports::{Reported, Reports};
pub use stepwell_simulator::{Chance, Faults};
pub use tasks::{Ran, WorldTasks, answer, lines, number};
pub use world::{Begin, World, flow};
