//! Objects in a directory: a bucket is a directory in it, an object a file.
//!
//! ```text
//! root/
//!   media/                bucket `media`
//!     out/thumb.png       object `out/thumb.png`
//!     notes%              object `notes`
//!   .writing/             objects in the making
//! ```
//!
//! Promise: an object is written beside the buckets, synced, and renamed to its place; then the place is synced. So it
//! is there whole or not at all, whatever dies when, and stays there once [`finish`] has answered.
//!
//! Names: any UTF-8 of 1 to [`KEY_BYTES_MAX`] bytes is a key, and no key reaches outside its bucket: see
//! `names.rs` for how keys become files. A bucket has 1 to 63 lower-case letters, digits, `-`, `_` and `.`,
//! the first a letter or a digit. A symbolic link below the root is never followed.
//!
//! Work on files is done in tokio's pool for blocking work, or in place where there is no tokio.
//!
//! **Invariant:** no object is ever held in memory as a whole unless a caller asks for the whole in one read.
//!
//! [`finish`]: stepwell_ports::ObjectWriter::finish

mod blocking;
mod listing;
mod names;
mod objects;
mod place;
mod writing;

pub use names::KEY_BYTES_MAX;
pub use objects::DirectoryObjects;

#[cfg(test)]
mod tests;
