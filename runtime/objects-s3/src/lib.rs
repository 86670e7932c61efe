//! Objects in S3: every bucket of ours is a beginning of keys in one real bucket.
//!
//! ```text
//!   obj://media/out/thumb.png   ──>   s3://<bucket>/<prefix>media/out/thumb.png
//! ```
//!
//! Promise: S3 is strongly consistent, and an object is there whole or not at all. An object of up to [`PART_BYTES`] is
//! one `PutObject`; a larger one is uploaded in parts of that size, which become an object all at once. An upload that is
//! dropped is aborted behind its owner's back; where that is not possible (the process dies), the bucket's lifecycle rule
//! for unfinished uploads removes it.
//!
//! Names: any UTF-8 of 1 to [`KEY_BYTES_MAX`] bytes is a key, but for one whose `..` climb above its bucket, which S3
//! refuses. A key is sent as it is; nothing in it is taken for a path.
//!
//! Limits: a key of S3 takes 1,024 bytes, of which prefix and bucket take theirs; an upload has 10,000 parts, so an object
//! has at most 80,000 MiB.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
//!
//! **Invariant:** of an object in the making no more than one part is in memory; of one that is read, what was asked for.

mod listing;
mod meter;
mod multipart;
mod objects;
mod place;
mod reading;
mod writing;

pub use meter::Spent;
pub use multipart::PART_BYTES;
pub use objects::{Addressing, S3Bucket, S3Objects};
pub use place::{KEY_BYTES_MAX, PREFIX_BYTES_MAX};

#[cfg(test)]
mod tests;
