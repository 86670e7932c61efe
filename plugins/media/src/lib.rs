//! Work on images in object storage, as one component.
//!
//! | operation | input beside `source` and `target` | answers |
//! |---|---|---|
//! | `inspect` | no `target` | format, size, SHA-256 and mean colour of an image |
//! | `crop` | `width`, `height`, and `x`, `y` (default: from the middle) | a part of the image |
//! | `watermark` | `text`, `opacity` (0 to 1), `failFirst` | the image under a tiled text |
//! | `thumbnail` | `size` (default 160) | a square from the middle |
//! | `resize` | `width`, `height`, or one of them | the image in another size |
//! | `contact-sheet` | `sources` instead of `source`, `columns`, `size` | small images side by side |
//!
//! `source` and `target` are `obj://bucket/key`. PNG and JPEG are read by their content and written by the extension of
//! `target`; JPEG takes `quality` (1 to 100, default 85) where a target is written. What is written is answered as
//! `{uri, format, width, height, bytes, sha256}`.
//!
//! Failures, for none of which a repeat helps but the last: `Media.UnknownFormat`, `Media.Broken` (the image cannot be
//! decoded), `Media.TooLarge` (the source, or what is asked for, is above the limits in [`picture`]),
//! `Media.InvalidInput`, `Media.Busy` (see [`operations::watermark`]); and those of objects.
//!
//! An image takes some 12 bytes of memory for each of its pixels, so that one of 8 million pixels fits the default of 128
//! MiB; larger ones take a grant with `memory_mb`.
//!
//! **Invariant:** what an image becomes is decided by functions over pixels that know no host; only [`gallery`] touches
//! objects.

pub mod font;
pub mod gallery;
pub mod operations;
pub mod picture;

use operations::{contact_sheet, crop, inspect, resize, thumbnail, watermark};

stepwell_guest::tasks! {
    "inspect" => inspect::run,
    "crop" => crop::run,
    "watermark" => watermark::run,
    "thumbnail" => thumbnail::run,
    "resize" => resize::run,
    "contact-sheet" => contact_sheet::run,
}
