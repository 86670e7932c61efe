//! `crop`: a part of an image.

use image::{RgbaImage, imageops};
use serde::Deserialize;
use stepwell_guest::objects::Uri;
use stepwell_guest::{Context, Failure};

use crate::gallery::{Target, Written, load, save};
use crate::picture::{check_size, failure};

/// Which part of which image.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    source: Uri,
    target: Uri,
    quality: Option<u8>,
    x: Option<u32>,
    y: Option<u32>,
    width: u32,
    height: u32,
}

/// A part of an image, from its middle where nothing else is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// From the left edge.
    pub x: Option<u32>,
    /// From the upper edge.
    pub y: Option<u32>,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

/// Writes a part of an image.
///
/// # Errors
///
/// As in the table of the crate.
pub fn run(input: Input, _context: &Context) -> Result<Written, Failure> {
    let Input {
        source,
        target,
        quality,
        x,
        y,
        width,
        height,
    } = input;
    let found = load(&source)?;
    let part = crop(&found.picture.pixels, Part { x, y, width, height })?;
    save(&part, &Target { uri: target, quality })
}

/// Cuts the part out.
///
/// # Errors
///
/// `Media.InvalidInput` for a part that is empty or not inside the image.
pub fn crop(pixels: &RgbaImage, part: Part) -> Result<RgbaImage, Failure> {
    let Part { x, y, width, height } = part;
    check_size(width.into(), height.into())?;
    let (whole_width, whole_height) = pixels.dimensions();
    let x = place(x, width, whole_width);
    let y = place(y, height, whole_height);
    match (x, y) {
        (Some(x), Some(y)) => Ok(imageops::crop_imm(pixels, x, y, width, height).to_image()),
        _ => {
            let detail =
                format!("a part of {width} × {height} does not fit an image of {whole_width} × {whole_height}");
            Err(failure("Media.InvalidInput", format!("{detail} there")))
        }
    }
}

/// Where the part begins; none if it does not fit.
fn place(from: Option<u32>, length: u32, whole: u32) -> Option<u32> {
    let room = whole.checked_sub(length)?;
    let from = from.unwrap_or(room / 2);
    (from <= room).then_some(from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::tests::gradient;

    #[test]
    fn a_part_is_cut_where_it_is_asked_or_from_the_middle() {
        let whole = gradient(10, 8);
        let part = crop(
            &whole,
            Part {
                x: Some(7),
                y: Some(0),
                width: 3,
                height: 8,
            },
        )
        .unwrap();
        assert_eq!(
            (part.dimensions(), part.get_pixel(0, 0)),
            ((3, 8), whole.get_pixel(7, 0))
        );
        let middle = crop(
            &whole,
            Part {
                width: 4,
                height: 4,
                ..Part::default()
            },
        )
        .unwrap();
        assert_eq!(middle.get_pixel(0, 0), whole.get_pixel(3, 2));
    }

    #[test]
    fn a_part_outside_the_image_is_refused() {
        for part in [
            Part {
                x: Some(8),
                y: None,
                width: 3,
                height: 1,
            },
            Part {
                x: Some(u32::MAX),
                y: None,
                width: 1,
                height: 1,
            },
            Part {
                width: 11,
                height: 1,
                ..Part::default()
            },
            Part::default(),
        ] {
            assert_eq!(crop(&gradient(10, 8), part).unwrap_err().code, "Media.InvalidInput");
        }
    }
}
