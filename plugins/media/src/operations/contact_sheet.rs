//! `contact-sheet`: small images side by side.

use image::{Rgba, RgbaImage, imageops};
use serde::Deserialize;
use stepwell_guest::objects::Uri;
use stepwell_guest::{Context, Failure};

use crate::gallery::{Target, Written, load, save};
use crate::operations::thumbnail::thumbnail;
use crate::picture::{check_size, failure};

const SOURCES_MAX: usize = 100;
const SIZE: u32 = 160;
const GAP: u32 = 8;
const PAPER: Rgba<u8> = Rgba([250, 250, 247, 255]);

/// Which images, and how they are laid out.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    sources: Vec<Uri>,
    target: Uri,
    quality: Option<u8>,
    columns: Option<u32>,
    size: Option<u32>,
}

/// Writes small images side by side.
///
/// # Errors
///
/// As in the table of the crate.
pub fn run(input: Input, _context: &Context) -> Result<Written, Failure> {
    let size = input.size.unwrap_or(SIZE);
    let mut sheet = Sheet::new(input.sources.len(), input.columns, size)?;
    for source in &input.sources {
        // One image at a time is in memory.
        sheet.add(&thumbnail(&load(source)?.picture.pixels, size)?);
    }
    save(
        &sheet.pixels,
        &Target {
            uri: input.target,
            quality: input.quality,
        },
    )
}

/// A sheet in the making.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    /// What stands on it so far.
    pub pixels: RgbaImage,
    columns: u32,
    step: u32,
    added: u32,
}

impl Sheet {
    /// An empty sheet for `count` squares of `size`; without `columns` it becomes about as wide as high.
    ///
    /// # Errors
    ///
    /// `Media.InvalidInput` for nothing or too much to show, `Media.TooLarge`.
    pub fn new(count: usize, columns: Option<u32>, size: u32) -> Result<Self, Failure> {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let count = Some(count).filter(|count| (1..=SOURCES_MAX).contains(&usize::try_from(*count).unwrap_or(0)));
        let count =
            count.ok_or_else(|| failure("Media.InvalidInput", format!("a sheet shows 1 to {SOURCES_MAX} images")))?;
        let square = (1..)
            .find(|side: &u32| side.saturating_mul(*side) >= count)
            .unwrap_or(1);
        let columns = columns.unwrap_or(square).clamp(1, count);
        let rows = count.div_ceil(columns);
        let length = |squares: u32| u64::from(squares) * u64::from(size.saturating_add(GAP)) + u64::from(GAP);
        let (width, height) = (length(columns), length(rows));
        check_size(width, height)?;
        check_size(size.into(), size.into())?;
        let side = |length: u64| u32::try_from(length).unwrap_or_default();
        let pixels = RgbaImage::from_pixel(side(width), side(height), PAPER);
        Ok(Self {
            pixels,
            columns,
            step: size + GAP,
            added: 0,
        })
    }

    /// Puts an image at the next place.
    pub fn add(&mut self, image: &RgbaImage) {
        let at = |place: u32| i64::from(place * self.step + GAP);
        let (x, y) = (at(self.added % self.columns), at(self.added / self.columns));
        imageops::overlay(&mut self.pixels, image, x, y);
        self.added += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_stand_in_rows_with_gaps() {
        let mut sheet = Sheet::new(3, None, 10).unwrap();
        assert_eq!(sheet.pixels.dimensions(), (44, 44));
        let red = Rgba([255, 0, 0, 255]);
        (0..3).for_each(|_| sheet.add(&RgbaImage::from_pixel(10, 10, red)));
        let corners = [(8, 8), (26, 8), (8, 26), (26, 26), (18, 8)].map(|(x, y)| *sheet.pixels.get_pixel(x, y));
        assert_eq!(corners, [red, red, red, PAPER, PAPER]);
    }

    #[test]
    fn nothing_and_too_much_are_refused() {
        let code = |count, columns, size| Sheet::new(count, columns, size).unwrap_err().code;
        assert_eq!(code(0, None, 10), "Media.InvalidInput");
        assert_eq!(code(101, None, 10), "Media.InvalidInput");
        assert_eq!(code(4, None, 0), "Media.InvalidInput");
        assert_eq!(code(100, Some(1), 4_000), "Media.TooLarge");
        assert_eq!(code(1, None, u32::MAX), "Media.TooLarge");
        assert_eq!(Sheet::new(2, Some(u32::MAX), 10).unwrap().pixels.dimensions(), (44, 26));
    }
}
