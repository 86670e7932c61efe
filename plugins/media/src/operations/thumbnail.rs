//! `thumbnail`: a small square from the middle of an image.

use image::{RgbaImage, imageops};
use serde::Deserialize;
use stepwell_guest::objects::Uri;
use stepwell_guest::{Context, Failure};

use crate::gallery::{Target, Written, load, save};
use crate::operations::crop::{Part, crop};
use crate::picture::check_size;

const SIZE: u32 = 160;

/// Which image, and how small.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    source: Uri,
    target: Uri,
    quality: Option<u8>,
    size: Option<u32>,
}

/// Writes a small square from the middle of an image.
///
/// # Errors
///
/// As in the table of the crate.
pub fn run(input: Input, _context: &Context) -> Result<Written, Failure> {
    let found = load(&input.source)?;
    let small = thumbnail(&found.picture.pixels, input.size.unwrap_or(SIZE))?;
    save(
        &small,
        &Target {
            uri: input.target,
            quality: input.quality,
        },
    )
}

/// The largest square in the middle, scaled to `size` on both sides.
///
/// # Errors
///
/// `Media.InvalidInput` or `Media.TooLarge` for a size that no image has.
pub fn thumbnail(pixels: &RgbaImage, size: u32) -> Result<RgbaImage, Failure> {
    check_size(size.into(), size.into())?;
    let side = pixels.width().min(pixels.height());
    let square = crop(
        pixels,
        Part {
            width: side,
            height: side,
            ..Part::default()
        },
    )?;
    Ok(imageops::resize(&square, size, size, imageops::FilterType::Triangle))
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgba;

    #[test]
    fn a_thumbnail_shows_the_middle() {
        let flag = RgbaImage::from_fn(90, 30, |x, _| {
            if (30..60).contains(&x) {
                Rgba([0, 0, 255, 255])
            } else {
                Rgba([255, 0, 0, 255])
            }
        });
        let small = thumbnail(&flag, 8).unwrap();
        assert_eq!(small.dimensions(), (8, 8));
        assert!(small.pixels().all(|pixel| *pixel == Rgba([0, 0, 255, 255])));
        assert_eq!(thumbnail(&flag, 0).unwrap_err().code, "Media.InvalidInput");
        assert_eq!(thumbnail(&flag, 100_000).unwrap_err().code, "Media.TooLarge");
    }
}
