//! Draws the picture of the media example: a stepwell seen from above.
//!
//! ```text
//! cargo run -p stepwell-media --example picture examples/media/objects/media/in/stepwell.png
//! ```

use image::{Rgb, RgbImage};

const WIDTH: u32 = 480;
const HEIGHT: u32 = 320;
/// How deep one terrace is in pixels, and how many there are.
const TERRACE: u32 = 16;
const TERRACES: u32 = 8;
/// How wide one flight of steps is.
const FLIGHT: u32 = 24;

fn main() {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: picture FILE");
        std::process::exit(2);
    };
    let picture = RgbImage::from_fn(WIDTH, HEIGHT, pixel);
    if let Err(error) = picture.save(&path) {
        eprintln!("{path}: {error}");
        std::process::exit(1);
    }
}

/// Terraces around water; every other triangle of a terrace lies in the shade, so that they look like steps.
fn pixel(x: u32, y: u32) -> Rgb<u8> {
    let edge = x.min(y).min(WIDTH - 1 - x).min(HEIGHT - 1 - y);
    let terrace = edge / TERRACE;
    if terrace >= TERRACES {
        return water(x, y);
    }
    let along = if edge == y || edge == HEIGHT - 1 - y { x } else { y };
    let across = edge % TERRACE;
    let from_middle = (along % FLIGHT).abs_diff(FLIGHT / 2);
    let shaded = from_middle * TERRACE > across * (FLIGHT / 2);
    let stone = if shaded { [150, 108, 74] } else { [214, 172, 122] };
    let depth = 100 - 7 * terrace;
    Rgb(stone.map(|channel: u32| byte(channel * depth / 100 - u32::from(across == 0) * 20)))
}

/// Rings on dark water.
fn water(x: u32, y: u32) -> Rgb<u8> {
    let (right, down) = (x.abs_diff(WIDTH / 2), y.abs_diff(HEIGHT / 2));
    let ring = (right * right + down * down).isqrt() / 6 % 3;
    Rgb([26, 86 + 12 * ring, 104 + 16 * ring].map(byte))
}

fn byte(channel: u32) -> u8 {
    u8::try_from(channel).unwrap_or(u8::MAX)
}
