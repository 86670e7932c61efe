//! The engine's doors to the world: small traits, their errors, and one public conformance suite for each.
//!
//! **Invariant:** no implementation lives here, and no async runtime is named: futures are boxed, time comes through
//! [`Clock`].

mod catalogue;
mod clock;
pub mod conformance;
mod log;
mod objects;
mod tasks;
mod wakes;

pub use catalogue::{Catalogue, CatalogueError, ExecutionRow};
pub use clock::{Clock, Millis, Seeds, Spawn};
pub use log::{Due, DueEntry, Log, LogEntry, LogError, RENEWED_EVERY_MS, Remedy, ScopeKey};
pub use objects::{BUCKET_BYTES_MAX, ObjectStat, ObjectWriter, Objects, ObjectsError, check_bucket};
pub use tasks::{Call, Outcome, TaskFailure, Tasks, Telemetry, Work};
pub use wakes::{Wake, Wakes, WakesError};
