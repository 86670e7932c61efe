//! `resize`: the image in another size.

use image::{RgbaImage, imageops};
use serde::Deserialize;
use stepwell_guest::objects::Uri;
use stepwell_guest::{Context, Failure};

use crate::gallery::{Target, Written, load, save};
use crate::picture::{check_size, failure};

/// Which image, in which size.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    source: Uri,
    target: Uri,
    quality: Option<u8>,
    width: Option<u32>,
    height: Option<u32>,
}

/// Writes an image in another size.
///
/// # Errors
///
/// As in the table of the crate.
pub fn run(input: Input, _context: &Context) -> Result<Written, Failure> {
    let found = load(&input.source)?;
    let resized = resize(&found.picture.pixels, input.width, input.height)?;
    save(
        &resized,
        &Target {
            uri: input.target,
            quality: input.quality,
        },
    )
}

/// The image in another size; a side that is not given follows from the other.
///
/// # Errors
///
/// `Media.InvalidInput` without a side, `Media.TooLarge`.
pub fn resize(pixels: &RgbaImage, width: Option<u32>, height: Option<u32>) -> Result<RgbaImage, Failure> {
    let (whole_width, whole_height) = pixels.dimensions();
    let (width, height) = match (width, height) {
        (Some(width), Some(height)) => (width.into(), height.into()),
        (Some(width), None) => (width.into(), in_proportion(width, whole_height, whole_width)),
        (None, Some(height)) => (in_proportion(height, whole_width, whole_height), height.into()),
        (None, None) => return Err(failure("Media.InvalidInput", "resize takes `width`, `height` or both")),
    };
    check_size(width, height)?;
    match (u32::try_from(width), u32::try_from(height)) {
        (Ok(width), Ok(height)) => Ok(imageops::resize(pixels, width, height, imageops::FilterType::Lanczos3)),
        _ => Err(failure(
            "Media.TooLarge",
            format!("an image of {width} × {height} is too large"),
        )),
    }
}

/// `side` × `of` / `to`, rounded, at least one.
fn in_proportion(side: u32, of: u32, to: u32) -> u64 {
    let (side, of, to) = (u64::from(side), u64::from(of), u64::from(to));
    (side * of + to / 2)
        .checked_div(to)
        .unwrap_or_default()
        .max(u64::from(side > 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::tests::gradient;

    #[test]
    fn one_side_follows_from_the_other() {
        let size = |width, height| resize(&gradient(30, 20), width, height).map(|pixels| pixels.dimensions());
        assert_eq!(size(Some(15), None), Ok((15, 10)));
        assert_eq!(size(None, Some(40)), Ok((60, 40)));
        assert_eq!(size(Some(7), Some(9)), Ok((7, 9)));
        assert_eq!(size(Some(1), None), Ok((1, 1)));
    }

    #[test]
    fn no_side_an_empty_one_and_a_huge_one_are_refused() {
        let code = |width, height| resize(&gradient(30, 20), width, height).unwrap_err().code;
        assert_eq!(code(None, None), "Media.InvalidInput");
        assert_eq!(code(Some(0), None), "Media.InvalidInput");
        assert_eq!(code(Some(u32::MAX), None), "Media.TooLarge");
    }
}
