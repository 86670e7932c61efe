//! Images in object storage: the only part of this component that touches the host.

use std::fmt::Write;

use image::RgbaImage;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use stepwell_guest::objects::{self, Uri};
use stepwell_guest::{Failure, log};

use crate::picture::{Format, Picture, check_size, encode};

/// The most bytes of an image that is read.
pub const BYTES_MAX: u64 = 32 * 1024 * 1024;
const QUALITY: u8 = 85;

/// Where the outcome goes, and how it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The object; its extension decides the format.
    pub uri: Uri,
    /// From 1 to 100, for JPEG.
    pub quality: Option<u8>,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// The object.
    pub uri: Uri,
    /// Its format.
    pub format: Format,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// Its size in bytes.
    pub bytes: u64,
    /// The SHA-256 of its bytes in lower hex.
    pub sha256: String,
}

/// An image and the bytes that it came in.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The image.
    pub picture: Picture,
    /// The size of the object.
    pub bytes: u64,
    /// The SHA-256 of its bytes in lower hex.
    pub sha256: String,
}

/// Reads and decodes an image.
///
/// # Errors
///
/// Those of objects and of [`Picture::decode`]; `Media.TooLarge` for an object above [`BYTES_MAX`].
pub fn load(uri: &Uri) -> Result<Found, Failure> {
    let content = objects::read(uri, BYTES_MAX).map_err(|error| match error {
        objects::Error::TooLarge(detail) => Failure::new("Media.TooLarge", detail).not_retryable(),
        other @ (objects::Error::NotGranted(_)
        | objects::Error::NotFound(_)
        | objects::Error::BadName(_)
        | objects::Error::Failed(_)) => other.into(),
    })?;
    let picture = Picture::decode(&content)?;
    let (width, height) = picture.pixels.dimensions();
    log::info(format!("read {uri}: {width} × {height}, {} bytes", content.len()));
    Ok(Found {
        picture,
        bytes: content.len() as u64,
        sha256: sha256(&content),
    })
}

/// Encodes and writes an image.
///
/// # Errors
///
/// Those of objects, `Media.UnknownFormat` and `Media.TooLarge`.
pub fn save(pixels: &RgbaImage, target: &Target) -> Result<Written, Failure> {
    let format = Format::of_key(&target.uri.key)?;
    let (width, height) = pixels.dimensions();
    check_size(width.into(), height.into())?;
    let content = encode(pixels, format, target.quality.unwrap_or(QUALITY))?;
    let bytes = objects::write(&target.uri, &content)?.bytes;
    log::info(format!("wrote {}: {width} × {height}, {bytes} bytes", target.uri));
    Ok(Written {
        uri: target.uri.clone(),
        format,
        width,
        height,
        bytes,
        sha256: sha256(&content),
    })
}

fn sha256(content: &[u8]) -> String {
    let mut hex = String::new();
    for byte in Sha256::digest(content) {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_told_as_json() {
        let written = Written {
            uri: Uri::new("media", "out/a.png"),
            format: Format::Png,
            width: 4,
            height: 3,
            bytes: 99,
            sha256: sha256(b""),
        };
        let expected = r#"{"uri":"obj://media/out/a.png","format":"png","width":4,"height":3,"bytes":99,"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}"#;
        assert_eq!(serde_json::to_string(&written).unwrap(), expected);
    }
}
