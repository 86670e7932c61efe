//! Images as bytes and as pixels, within limits.

use std::io::Cursor;

use image::buffer::ConvertBuffer;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, RgbImage, RgbaImage};
use serde::{Deserialize, Serialize};
use stepwell_guest::Failure;

/// The most pixels that an image may have, read or written: 64 MiB in memory.
pub const PIXELS_MAX: u64 = 16 * 1024 * 1024;
/// The longest side that an image may have.
pub const SIDE_MAX: u32 = 16_384;

/// The formats that are read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Portable Network Graphics.
    Png,
    /// JPEG in a file of its own.
    Jpeg,
}

/// Pixels and the format that they came in.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// The format that they came in.
    pub format: Format,
    /// The pixels.
    pub pixels: RgbaImage,
}

impl Format {
    /// The format that the extension of a key asks for.
    ///
    /// # Errors
    ///
    /// `Media.UnknownFormat`.
    pub fn of_key(key: &str) -> Result<Self, Failure> {
        let extension = key
            .rsplit_once('.')
            .map(|(_, extension)| extension.to_ascii_lowercase());
        match extension.as_deref() {
            Some("png") => Ok(Self::Png),
            Some("jpg" | "jpeg") => Ok(Self::Jpeg),
            _ => Err(failure(
                "Media.UnknownFormat",
                format!("`{key}` ends in none of .png, .jpg and .jpeg"),
            )),
        }
    }

    fn of_content(content: &[u8]) -> Result<Self, Failure> {
        let guessed = image::guess_format(content).ok();
        match guessed.filter(|format| matches!(format, ImageFormat::Png | ImageFormat::Jpeg)) {
            Some(ImageFormat::Png) => Ok(Self::Png),
            Some(_) => Ok(Self::Jpeg),
            None => Err(failure("Media.UnknownFormat", "the content is neither PNG nor JPEG")),
        }
    }

    fn as_image(self) -> ImageFormat {
        match self {
            Self::Png => ImageFormat::Png,
            Self::Jpeg => ImageFormat::Jpeg,
        }
    }
}

impl Picture {
    /// Decodes an image, whose size is looked at first, and turns it upright.
    ///
    /// # Errors
    ///
    /// `Media.UnknownFormat`, `Media.TooLarge` or `Media.Broken`.
    pub fn decode(content: &[u8]) -> Result<Self, Failure> {
        let format = Format::of_content(content)?;
        let reader = ImageReader::with_format(Cursor::new(content), format.as_image());
        let mut decoder = reader.into_decoder().map_err(|error| broken(&error))?;
        let (width, height) = decoder.dimensions();
        check_size(width.into(), height.into())?;
        // Cameras say in the file how they were held.
        let orientation = decoder.orientation().map_err(|error| broken(&error))?;
        let mut image = DynamicImage::from_decoder(decoder).map_err(|error| broken(&error))?;
        image.apply_orientation(orientation);
        let pixels = image.into_rgba8();
        Ok(Self { format, pixels })
    }
}

/// Encodes pixels; `quality` from 1 to 100 matters to JPEG only, which also loses transparency.
///
/// # Errors
///
/// `Media.Broken`, if the encoder gives up.
pub fn encode(pixels: &RgbaImage, format: Format, quality: u8) -> Result<Vec<u8>, Failure> {
    let mut content = Vec::new();
    match format {
        Format::Png => pixels.write_with_encoder(PngEncoder::new(&mut content)),
        Format::Jpeg => {
            let opaque: RgbImage = pixels.convert();
            opaque.write_with_encoder(JpegEncoder::new_with_quality(&mut content, quality.clamp(1, 100)))
        }
    }
    .map_err(|error| broken(&error))?;
    Ok(content)
}

/// Whether an image of this size is read or made.
///
/// # Errors
///
/// `Media.TooLarge`, or `Media.InvalidInput` for an image without pixels.
pub fn check_size(width: u64, height: u64) -> Result<(), Failure> {
    if width == 0 || height == 0 {
        return Err(failure(
            "Media.InvalidInput",
            format!("an image of {width} × {height} has no pixels"),
        ));
    }
    let is_small = width.max(height) <= u64::from(SIDE_MAX) && width.saturating_mul(height) <= PIXELS_MAX;
    if is_small {
        return Ok(());
    }
    let limits = format!("the limits are {PIXELS_MAX} pixels and {SIDE_MAX} on a side");
    Err(failure(
        "Media.TooLarge",
        format!("an image of {width} × {height} is too large: {limits}"),
    ))
}

/// A failure that no repeat helps.
pub(crate) fn failure(code: &str, detail: impl Into<String>) -> Failure {
    Failure::new(code, detail).not_retryable()
}

fn broken(error: &image::ImageError) -> Failure {
    failure("Media.Broken", error.to_string())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use image::Rgba;

    /// A gradient, so that every pixel can be told from its neighbours.
    pub(crate) fn gradient(width: u32, height: u32) -> RgbaImage {
        let byte = |number: u32| u8::try_from(number % 256).unwrap();
        RgbaImage::from_fn(width, height, |x, y| Rgba([byte(x), byte(y), byte(x + y), 255]))
    }

    #[test]
    fn png_keeps_every_pixel_and_jpeg_the_size() {
        let pixels = gradient(40, 30);
        let png = encode(&pixels, Format::Png, 85).unwrap();
        assert_eq!(
            Picture::decode(&png),
            Ok(Picture {
                format: Format::Png,
                pixels: pixels.clone()
            })
        );
        let jpeg = Picture::decode(&encode(&pixels, Format::Jpeg, 85).unwrap()).unwrap();
        assert_eq!((jpeg.format, jpeg.pixels.dimensions()), (Format::Jpeg, (40, 30)));
    }

    #[test]
    fn what_is_no_image_or_half_of_one_is_named() {
        let code = |content: &[u8]| Picture::decode(content).unwrap_err().code;
        assert_eq!(code(b""), "Media.UnknownFormat");
        assert_eq!(code(b"GIF89a......"), "Media.UnknownFormat");
        let png = encode(&gradient(40, 30), Format::Png, 85).unwrap();
        assert_eq!(code(&png[..png.len() / 2]), "Media.Broken");
        let jpeg = encode(&gradient(40, 30), Format::Jpeg, 85).unwrap();
        assert_eq!(code(&jpeg[..40]), "Media.Broken");
    }

    #[test]
    fn a_size_is_checked_before_anything_is_decoded() {
        let mut png = encode(&gradient(4, 4), Format::Png, 85).unwrap();
        // The width in the header, whose check sum comes after it.
        png[16..20].copy_from_slice(&50_000_u32.to_be_bytes());
        let failure = Picture::decode(&png).unwrap_err();
        assert!(
            matches!(failure.code.as_str(), "Media.TooLarge" | "Media.Broken"),
            "{failure}"
        );
        assert_eq!(check_size(u64::MAX, u64::MAX).unwrap_err().code, "Media.TooLarge");
        assert_eq!(check_size(0, 5).unwrap_err().code, "Media.InvalidInput");
        assert_eq!(check_size(4_096, 4_096), Ok(()));
    }

    #[test]
    fn the_extension_decides_what_is_written() {
        assert_eq!(Format::of_key("a/b.JPG"), Ok(Format::Jpeg));
        assert_eq!(Format::of_key("a.b/c.png"), Ok(Format::Png));
        assert_eq!(Format::of_key("a.png/b").unwrap_err().code, "Media.UnknownFormat");
    }
}
