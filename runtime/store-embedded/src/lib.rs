//! The embedded store: [`Log`](stepwell_ports::Log) and [`Catalogue`](stepwell_ports::Catalogue) in one file of one
//! directory, for one process at a time.
//!
//! ```text
//!  append, arm, put, index            last, range, due, get, executions
//!          |  handed over in the call            |  read in the caller's thread
//!          v                                     v
//!   queue, bounded by bytes              read transaction of redb
//!          |                                     ^
//!          v                                     |
//!   the one writer thread: check revisions, change the due-time index,
//!   commit the whole group in one durable transaction, acknowledge in order
//! ```
//!
//! Promise: an acknowledged change is durable, after one sync for its whole group. Changes become durable in the order
//! of the calls. A commit that fails fails its group and closes the store: nothing is ever acknowledged after it.
//!
//! Limits: a scope's key takes at most [`ScopeKey::BYTES_MAX`](stepwell_ports::ScopeKey::BYTES_MAX) bytes, a record
//! [`RECORD_BYTES_MAX`], a blob [`BLOB_BYTES_MAX`]. A caller that runs ahead of the disk by more than
//! [`QUEUE_BYTES_MAX`] waits inside the call. Memory is the page cache of [`Options::cache_bytes`], that queue and one
//! megabyte of remembered scopes, however much is stored.
//!
//! # Layout
//!
//! `lock` is locked by the process that has the store open. `store.redb` holds five trees; `|` joins bytes, numbers are
//! big-endian:
//!
//! | tree | key | value |
//! |---|---|---|
//! | `log` | execution `\|` NUL `\|` scope `\|` NUL `\|` revision (8) | the record |
//! | `log` | execution `\|` NUL `\|` scope `\|` NUL | the scope's due time (8), if it has one |
//! | `due` | time (8) `\|` execution `\|` NUL `\|` scope | nothing |
//! | `blobs` | name | content |
//! | `executions` | execution | an `ExecutionRow` as JSON |
//! | `meta` | `format` | 1 |
//!
//! So the second record of the root scope of `order/17`, due at 1,000 ms, stands under `order/17␀␀········2` beside
//! `order/17␀␀` → `·······1000`, and in `due` under `·······1000order/17␀`. A scope's due time stands beside its records
//! because both are written together: they share a leaf.
//!
//! **Invariant:** bodies are opaque. No record is read to decide anything; revisions come from keys.

mod catalogue;
mod directory;
mod disk;
mod error;
mod group;
mod heads;
mod layout;
mod log;
mod options;
mod queue;
mod reader;
mod store;
mod writer;

pub use error::{OpenError, is_catching};
pub use options::{BLOB_BYTES_MAX, Durability, Options, QUEUE_BYTES_MAX, RECORD_BYTES_MAX, StoreStats};
pub use store::EmbeddedStore;

#[cfg(test)]
mod tests;
