//! Conformance suites: one per port, run by every adapter on the real thing.
//!
//! A suite is an async function that panics at the first broken promise. It names no async runtime: an adapter's test
//! drives it with whatever it has. Each case uses names of its own, so a suite runs on a store with other contents too.
//!
//! **Invariant:** a suite knows the trait and nothing of the adapter.
//!
//! ```ignore
//! #[test]
//! fn keeps_the_promises_of_log() {
//!     let dir = tempfile::tempdir().unwrap();
//!     let open = || -> Arc<dyn Log> { Arc::new(EmbeddedStore::open(dir.path(), Options::default()).unwrap()) };
//!     futures::executor::block_on(conformance::log::all(&open));
//! }
//! ```

#![expect(
    clippy::expect_used,
    reason = "a suite is a test: it panics where a promise is broken"
)]

use std::sync::Arc;

use crate::{LogError, ObjectsError};

pub mod catalogue;
pub mod log;
pub mod objects;
pub mod wakes;

/// Opens the same contents each time it is called. A suite drops what it had opened before it opens again.
pub type Open<'a, P> = &'a dyn Fn() -> Arc<P>;

/// 1 MiB in which every 8 bytes are different.
fn megabyte() -> bytes::Bytes {
    (0..1_u64 << 17).flat_map(u64::to_be_bytes).collect()
}

/// Names that look like something else to a file system, a key encoding or a query.
const ODD_NAMES: [&str; 16] = [
    " ",
    "%",
    "%2e",
    "*",
    "..",
    ".hidden",
    "/absolute",
    "C:\\file",
    "a\nb",
    "a\u{1}b",
    "a\u{7f}b",
    "e\u{301}",
    "Ä",
    "é",
    "ä",
    "\u{10ffff}",
];

/// Keeps an error as what it says, so that whole results compare.
fn said<T>(result: Result<T, LogError>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}

/// See [`said`].
fn objects_said<T>(result: Result<T, ObjectsError>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}
