//! `watermark`: a text, tiled over the image in slanting rows.
//!
//! `failFirst` is a switch for demonstrations: with it the first attempt fails with `Media.Busy`, as if the service behind
//! it had no room, so that a flow shows what its Retry does. The second attempt does the work.

use image::{Rgba, RgbaImage};
use serde::Deserialize;
use stepwell_guest::objects::Uri;
use stepwell_guest::{Context, Failure, log};

use crate::font::{ADVANCE, HEIGHT, lit_points};
use crate::gallery::{Target, Written, load, save};
use crate::picture::failure;

const LETTERS_MAX: usize = 64;
const OPACITY: f32 = 0.35;
/// A point of a letter is drawn as a square of this many dots, so that its shadow can be thinner than itself.
const DOTS: u32 = 3;
/// How wide an image is for each pixel of a dot's side.
const WIDTH_PER_DOT: u32 = 640;
/// Rows of text rise by one pixel in this many.
const SLANT: u32 = 4;

/// Which text over which image.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    source: Uri,
    target: Uri,
    quality: Option<u8>,
    text: String,
    opacity: Option<f32>,
    #[serde(default)]
    fail_first: bool,
}

/// Writes an image under a text.
///
/// # Errors
///
/// As in the table of the crate.
pub fn run(input: Input, context: &Context) -> Result<Written, Failure> {
    if input.fail_first && context.attempt == 1 {
        log::warn("no room for this one; a later attempt will find some");
        return Err(Failure::new(
            "Media.Busy",
            "the watermark service has no room (asked for by failFirst)",
        ));
    }
    let mut pixels = load(&input.source)?.picture.pixels;
    watermark(&mut pixels, &input.text, input.opacity.unwrap_or(OPACITY))?;
    save(
        &pixels,
        &Target {
            uri: input.target,
            quality: input.quality,
        },
    )
}

/// Draws the text over the whole image.
///
/// # Errors
///
/// `Media.InvalidInput` for a text that is empty or longer than 64 letters, or an opacity that is none.
pub fn watermark(pixels: &mut RgbaImage, text: &str, opacity: f32) -> Result<(), Failure> {
    let letters = text.chars().count();
    if letters == 0 || letters > LETTERS_MAX {
        let detail = format!("a watermark has 1 to {LETTERS_MAX} letters, not {letters}");
        return Err(failure("Media.InvalidInput", detail));
    }
    if !(0.0..=1.0).contains(&opacity) {
        return Err(failure(
            "Media.InvalidInput",
            format!("an opacity is from 0 to 1, not {opacity}"),
        ));
    }
    let tiling = Tiling::of(text, pixels.width());
    for (x, y, pixel) in pixels.enumerate_pixels_mut() {
        match tiling.ink(x, y) {
            Ink::None => {}
            Ink::Light => blend(pixel, 255.0, opacity),
            Ink::Shadow => blend(pixel, 0.0, opacity),
        }
    }
    Ok(())
}

/// What a pixel of the image gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ink {
    None,
    Light,
    Shadow,
}

/// One tile with the text, repeated in rising rows, each of which begins a little further left.
struct Tiling {
    dots: Vec<Ink>,
    width: u32,
    height: u32,
    /// Pixels per dot.
    scale: u32,
}

impl Tiling {
    fn of(text: &str, image_width: u32) -> Self {
        let letters = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let width = letters.saturating_add(3).saturating_mul(ADVANCE * DOTS);
        let height = HEIGHT * DOTS * 3;
        let dots = (0..width.saturating_mul(height)).map(|_| Ink::None).collect();
        let scale = (image_width / WIDTH_PER_DOT).max(1);
        let mut tiling = Self {
            dots,
            width,
            height,
            scale,
        };
        lit_points(text).for_each(|(x, y)| tiling.draw(x * DOTS + 1, y * DOTS + 1, Ink::Shadow));
        lit_points(text).for_each(|(x, y)| tiling.draw(x * DOTS, y * DOTS, Ink::Light));
        tiling
    }

    /// Draws one point of a letter.
    fn draw(&mut self, left: u32, top: u32, ink: Ink) {
        for (x, y) in (0..DOTS).flat_map(|y| (0..DOTS).map(move |x| (left + x, top + y))) {
            let index = usize::try_from(y * self.width + x).unwrap_or(usize::MAX);
            if let Some(dot) = self.dots.get_mut(index) {
                *dot = ink;
            }
        }
    }

    fn ink(&self, x: u32, y: u32) -> Ink {
        let (x, y) = (x / self.scale, (y + x / SLANT) / self.scale);
        let row = y / self.height;
        let x = (x + row * self.width / 3) % self.width;
        let index = usize::try_from((y % self.height) * self.width + x).unwrap_or(usize::MAX);
        self.dots.get(index).copied().unwrap_or(Ink::None)
    }
}

/// Mixes `opacity` of a grey into the colour; transparency stays.
fn blend(pixel: &mut Rgba<u8>, grey: f32, opacity: f32) {
    let Rgba([red, green, blue, _]) = pixel;
    for channel in [red, green, blue] {
        *channel = to_byte(f32::from(*channel).mul_add(1.0 - opacity, grey * opacity));
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to a byte right before"
)]
fn to_byte(value: f32) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(width: u32, height: u32) -> RgbaImage {
        RgbaImage::from_pixel(width, height, Rgba([100, 100, 100, 255]))
    }

    #[test]
    fn a_watermark_covers_the_whole_image_and_leaves_most_of_it() {
        let mut pixels = grey(400, 300);
        watermark(&mut pixels, "Stepwell", 0.5).unwrap();
        let touched = |x: u32, y: u32| {
            let part = image::imageops::crop_imm(&pixels, x, y, 100, 100).to_image();
            part.pixels()
                .filter(|pixel| **pixel != Rgba([100, 100, 100, 255]))
                .count()
        };
        for corner in [(0, 0), (300, 0), (0, 200), (300, 200)] {
            let count = touched(corner.0, corner.1);
            assert!((300..6_000).contains(&count), "{count} pixels of 10,000 at {corner:?}");
        }
        assert!(pixels.pixels().any(|pixel| *pixel == Rgba([178, 178, 178, 255])));
        assert!(pixels.pixels().any(|pixel| *pixel == Rgba([50, 50, 50, 255])));
    }

    #[test]
    fn a_text_too_long_an_empty_one_and_an_odd_opacity_are_refused() {
        let code = |text: &str, opacity| watermark(&mut grey(9, 9), text, opacity).unwrap_err().code;
        assert_eq!(code("", 0.5), "Media.InvalidInput");
        assert_eq!(code(&"x".repeat(65), 0.5), "Media.InvalidInput");
        assert_eq!(code("x", f32::NAN), "Media.InvalidInput");
        assert_eq!(code("x", 1.5), "Media.InvalidInput");
    }

    #[test]
    fn the_switch_fails_the_first_attempt_only_and_before_any_work() {
        let input = || -> Input {
            let text = r#"{"source": "obj://m/a", "target": "obj://m/b.png", "text": "x", "failFirst": true}"#;
            serde_json::from_str(text).unwrap()
        };
        let first = Context {
            attempt: 1,
            ..Context::default()
        };
        let failure = run(input(), &first).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.retryable), ("Media.Busy", true));
        assert!(input().fail_first);
    }
}
