//! The step engine's core: folding events into snapshots with a pure function.
//!
//! ```text
//!            event ──┐
//!                    v
//!   snapshot ──> advance ──> snapshot'  + history entries        one record of the scope's log
//!                               │
//!                               └──> duties: what the snapshot owes the world
//! ```
//!
//! An execution is a tree of scopes, each with a log of records. [`advance`] folds one event into a scope's snapshot and
//! carries it through pure states to the next thing that needs the world; [`duties`] reads off what that is. Values may
//! be stored elsewhere: where an expression looks behind a pointer, [`advance`] answers [`Stop::Needs`] and is called
//! again with them in memory.
//!
//! **Invariant:** no clocks, no I/O, no randomness, no async. Two looks at one record compute the same, to the byte.
#![no_std]

extern crate alloc;

mod advance;
mod driving;
mod duties;
mod event;
mod failure;
mod globals;
mod history;
mod ids;
mod pins;
mod random;
mod record;
mod recovery;
mod scope;
mod seal;
mod snapshot;
mod states;
mod step;
mod variables;
mod work;

#[cfg(test)]
mod story;

pub use advance::{Advanced, Moment, Program, Rejected, Stop, Tokens, advance};
pub use driving::{
    CLOCKS_DIFFER_MS, DRIVER_GRACE_MS, Drive, Found, Looker, Marker, Receipt, Rest, SENDER_LIFE_MS, Turn,
    WAKE_GRACE_MS, WakeId,
};
pub use duties::{Duty, duties};
pub use event::{Branch, Event, Items, Report, Telemetry};
pub use failure::{Failure, codes};
pub use globals::Globals;
pub use history::{Entry, Fact};
pub use ids::{AttemptNumber, Millis, Revision, ScopeId};
pub use pins::{FlowVersion, Parent, Pins};
pub use random::{attempt_key, draw, visit_key};
pub use record::{Record, RecordError, decode, encode};
pub use scope::{Kind, Lane, Scope, child, child_count, root};
pub use seal::seal;
pub use snapshot::{Attempt, Fork, Forked, Phase, Position, Snapshot, Stage, Status};
pub use work::{Work, grants_of, work_of};
