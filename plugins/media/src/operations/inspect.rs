//! `inspect`: what an image is.

use image::RgbaImage;
use serde::{Deserialize, Serialize};
use stepwell_guest::objects::Uri;
use stepwell_guest::{Context, Failure};

use crate::gallery::{Found, load};
use crate::picture::Format;

/// The image to look at.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    source: Uri,
}

/// What it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    uri: Uri,
    format: Format,
    width: u32,
    height: u32,
    bytes: u64,
    sha256: String,
    mean_color: String,
}

/// Looks at an image.
///
/// # Errors
///
/// As in the table of the crate.
pub fn run(input: Input, _context: &Context) -> Result<Output, Failure> {
    let Found { picture, bytes, sha256 } = load(&input.source)?;
    let (width, height) = picture.pixels.dimensions();
    let mean_color = mean_color(&picture.pixels);
    Ok(Output {
        uri: input.source,
        format: picture.format,
        width,
        height,
        bytes,
        sha256,
        mean_color,
    })
}

/// The mean of all pixels as `#rrggbb`, each as visible as it is opaque.
#[must_use]
pub fn mean_color(pixels: &RgbaImage) -> String {
    let mut sums = [0_u64; 3];
    let mut weight = 0_u64;
    for image::Rgba([red, green, blue, alpha]) in pixels.pixels() {
        let alpha = u64::from(*alpha);
        for (sum, channel) in sums.iter_mut().zip([red, green, blue]) {
            *sum += u64::from(*channel) * alpha;
        }
        weight += alpha;
    }
    let [red, green, blue] = sums.map(|sum| (sum + weight / 2).checked_div(weight).unwrap_or_default());
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgba;

    #[test]
    fn the_mean_color_ignores_what_is_transparent() {
        let half = RgbaImage::from_fn(2, 1, |x, _| {
            if x == 0 {
                Rgba([255, 0, 128, 255])
            } else {
                Rgba([0, 255, 0, 0])
            }
        });
        assert_eq!(mean_color(&half), "#ff0080");
        assert_eq!(mean_color(&RgbaImage::new(2, 2)), "#000000");
        let grey = RgbaImage::from_fn(2, 1, |x, _| {
            if x == 0 {
                Rgba([0, 0, 0, 255])
            } else {
                Rgba([255, 255, 255, 255])
            }
        });
        assert_eq!(mean_color(&grey), "#808080");
    }
}
