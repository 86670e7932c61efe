//! Logs and the catalogue in one DynamoDB table that many processes share.
//!
//! Promise: an append is one `PutItem` with a condition; acknowledged, it is durable and seen by every later read, all
//! of which are strongly consistent. Of several appends of one revision one is taken. What a log of one process promises
//! beyond that is not kept: see the table of [`stepwell_ports::Log`]'s module. There is no due-time index: `arm` does
//! nothing, `due` answers nothing, and wakes come by messages.
//!
//! An append whose answer was lost may be there. The SDK sends it again and then finds it
//! [taken](stepwell_ports::LogError::Taken); whoever appended knows its own record by what is in it. The SDK's own tries
//! are the only ones: throttling, time-outs and failures of the service are
//! [`Remedy::Retry`](stepwell_ports::Remedy) for the engine, what the service refuses is `GiveUp`.
//!
//! # Layout
//!
//! One table, keys `p` (HASH) and `s` (RANGE), both **binary**; `b` is the body, binary; `x` the time of expiry in
//! seconds, a number, to be named as the table's TTL attribute. There are no indexes. `|` joins bytes, numbers are
//! big-endian, `#` is the first half of a SHA-256 over the names that follow, each with its length before it:
//!
//! | item | `p` | `s` | `x` | `b` | bytes |
//! |---|---|---|---|---|---|
//! | record 3 of the root of `order/17` | `r` `\|` #(`order/17`, ``) | 3 (8) | yes | 963 bytes of JSON as 202 | 237 |
//! | record 1 of its lane `2.5` | `r` `\|` #(`order/17`, `2.5`) | 1 (8) | yes | | |
//! | record 2 of the versions of flow `order` | `r` `\|` #(`~flow/order`, ``) | 2 (8) | no | | |
//! | a record above 400 KB | as any record | | yes | 3 `\|` SHA-256: the body is an object | 68 |
//! | blob `model/5f…` | `b` `\|` #(`model/5f…`) | 0 (1) | no | the content, or 4 `\|` SHA-256 `\|` chunks | |
//! | chunk 7 of a blob above 400 KB | `c` `\|` #(SHA-256 of the content) | 7 (2) | no | 390 KB | |
//! | that `order/17` runs | `i` `\|` bucket (1) | `order/17␀R` | yes | the row as JSON | about 70 |
//! | that it has ended | `i` `\|` bucket (1) | `order/17␀E` | yes | the row as JSON | about 75 |
//!
//! *Every scope has a partition of its own.* The root and its branches could share one, which would let one query read
//! them together; nothing asks for that, while telling branches from lanes would have to be read off something, and the
//! path of a scope (up to [`ScopeKey::BYTES_MAX`](stepwell_ports::ScopeKey::BYTES_MAX)) does not fit a sort key. So a
//! key is 25 bytes whatever the names are, the last record is one backwards query of limit 1, no scope's writes slow
//! down another's, and lanes get a partition each, which takes 1,000 writes a second.
//!
//! *What expires.* Records and rows of executions, [`Retention`] after they were written: 15 days for the execution and
//! 30 to look at it; what still runs after 15 days is renewed (`Log::renew`), which costs a write for each record. Logs whose execution's name begins with `~` belong to flows and stay, as blobs do.
//!
//! # What a body takes
//!
//! `body.rs` says how it is kept. Measured with zlib, from which the implementation used here differs by a few bytes, over
//! 1,051 records that this repository's fixtures for tasks, forks, errors and waits write, with the driver that a shared
//! table adds: 1,035 bytes on average, 442 deflated, 202 deflated with the dictionary, which was made from a part of
//! them. A record of 5,219 bytes with 22 lines of an order takes 1,022 bytes deflated, which with its key is two write
//! units; with the dictionary it takes 756, which is one. Bodies of blobs and rows are kept in the same way.
//!
//! # Limits
//!
//! An item takes 400 KB; a record above that needs [`Options::objects`] and may take [`RECORD_BYTES_MAX`]. Its object
//! stands in the bucket [`RECORDS_BUCKET`] and is deleted by a rule of that bucket, some days after the retention. A blob
//! takes up to [`BLOB_BYTES_MAX`]. An execution's name in the index takes up to 1,000 bytes. Inflating never takes more
//! than the bound of what is read. Source: "Quotas in Amazon DynamoDB": item 400 KB, partition key 2,048 bytes, sort key
//! 1,024 bytes, a page of a query 1 MB.
//!
//! # Cost
//!
//! [`DynamoStore::spent`] sums what every call cost, as the table answered. The table does not answer it for a write that
//! lost its condition, which costs what the larger of both items would: that is computed.
//!
//! **Invariant:** no transactions, no scans, no secondary index, no cache; an item is never changed once it is there,
//! but for a row of the index, which is written again as it was, and for when a record expires.

mod blobs;
mod body;
mod catalogue;
mod create;
mod error;
mod index;
mod item;
mod log;
mod meter;
mod overflow;
mod retention;
mod store;

pub use blobs::BLOB_BYTES_MAX;
pub use create::{CreateError, create_table};
pub use log::RECORD_BYTES_MAX;
pub use meter::Spent;
pub use retention::Retention;
pub use store::{DynamoStore, Options};

/// The bucket of records that are too large for an item. No task is to be granted access to it.
pub const RECORDS_BUCKET: &str = "stepwell-records";

#[cfg(test)]
mod tests;
