//! The media component at work on a real image, from object to object.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};
use stepwell_ports::{Call, Outcome, Tasks};
use stepwell_tasks_wasm::Pool;

use crate::guests::{Bench, everything, guest, log, told};

/// A bench whose objects hold one image of 320 × 200.
fn bench() -> Bench {
    let bench = Bench::of_guest(&guest("stepwell_media"), Pool::Reserved(8));
    let byte = |number: u32| u8::try_from(number % 256).unwrap();
    let pixels = RgbImage::from_fn(320, 200, |x, y| Rgb([byte(x), byte(y), 128]));
    let mut content = Cursor::new(Vec::new());
    pixels.write_to(&mut content, ImageFormat::Png).unwrap();
    bench.objects.put("media", "in/a.png", content.get_ref());
    bench.objects.put("media", "in/b.txt", b"no image");
    bench
}

fn input(rest: &str, target: &str) -> String {
    format!(r#"{{"source": "obj://media/in/a.png", "target": "obj://media/{target}"{rest}}}"#)
}

/// What the object has become: format, width and height.
fn written(bench: &Bench, outcome: &Outcome, key: &str) -> (ImageFormat, u32, u32) {
    let told = told(outcome).unwrap();
    let content = bench.objects.content("media", key).unwrap();
    let image = image::load_from_memory(&content).unwrap();
    let (width, height) = (image.width(), image.height());
    let start = format!(r#"{{"uri":"obj://media/{key}","format":"#);
    let end = format!(
        r#""width":{width},"height":{height},"bytes":{},"sha256":""#,
        content.len()
    );
    assert!(told.starts_with(&start) && told.contains(&end), "{told}");
    (image::guess_format(&content).unwrap(), width, height)
}

#[tokio::test]
async fn every_operation_does_its_work() {
    let bench = bench();
    let cases = [
        (
            "crop",
            r#", "width": 100, "height": 50"#,
            "out/crop.png",
            (ImageFormat::Png, 100, 50),
        ),
        (
            "watermark",
            r#", "text": "Stepwell""#,
            "out/mark.jpg",
            (ImageFormat::Jpeg, 320, 200),
        ),
        ("thumbnail", "", "out/small.jpg", (ImageFormat::Jpeg, 160, 160)),
        (
            "resize",
            r#", "width": 64, "quality": 50"#,
            "out/64.jpeg",
            (ImageFormat::Jpeg, 64, 40),
        ),
    ];
    for (operation, rest, key, expected) in cases {
        let outcome = bench.run_granted(operation, &input(rest, key)).await;
        assert_eq!(written(&bench, &outcome, key), expected, "{operation}");
        assert_eq!(outcome.telemetry.log.len(), 2, "{operation}");
    }
    let sheet =
        r#"{"sources": ["obj://media/out/crop.png", "obj://media/in/a.png"], "target": "obj://media/out/sheet.png"}"#;
    let outcome = bench.run_granted("contact-sheet", sheet).await;
    assert_eq!(written(&bench, &outcome, "out/sheet.png"), (ImageFormat::Png, 344, 176));
}

#[tokio::test]
async fn an_image_is_inspected() {
    let outcome = bench()
        .run_granted("inspect", r#"{"source": "obj://media/in/a.png"}"#)
        .await;
    let told = told(&outcome).unwrap();
    assert!(
        told.starts_with(r#"{"uri":"obj://media/in/a.png","format":"png","width":320,"height":200,"bytes":"#),
        "{told}"
    );
    assert!(told.ends_with(r##""meanColor":"#6c6480"}"##), "{told}");
}

#[tokio::test]
async fn failures_have_names() {
    let bench = bench();
    let failed = async |operation: &str, input: &str| {
        let (code, _, retryable) = told(&bench.run_granted(operation, input).await).unwrap_err();
        (code, retryable)
    };
    let no_image = r#"{"source": "obj://media/in/b.txt"}"#;
    assert_eq!(failed("inspect", no_image).await, ("Media.UnknownFormat".into(), false));
    let missing = r#"{"source": "obj://media/in/c.png"}"#;
    assert_eq!(failed("inspect", missing).await, ("Objects.NotFound".into(), false));
    assert_eq!(
        failed("resize", &input(r#", "width": 0"#, "out/a.png")).await,
        ("Media.InvalidInput".into(), false)
    );
    assert_eq!(
        failed("resize", &input(r#", "width": 9"#, "out/a.gif")).await,
        ("Media.UnknownFormat".into(), false)
    );
    assert_eq!(
        failed("resize", &input(r#", "wide": 9"#, "out/a.png")).await,
        ("Task.InvalidInput".into(), false)
    );
}

#[tokio::test]
async fn the_switch_for_demonstrations_fails_the_first_attempt_only() {
    let bench = bench();
    let input = input(r#", "text": "Stepwell", "failFirst": true"#, "out/a.png");
    let call = |attempt| Call {
        attempt,
        granted: everything(),
        ..bench.call("watermark", &input)
    };
    let first = bench.tasks.run(call(1)).await;
    let detail = "the watermark service has no room (asked for by failFirst)";
    assert_eq!(told(&first), Err(("Media.Busy".into(), detail.into(), true)));
    assert_eq!(
        log(&first),
        ["warn: no room for this one; a later attempt will find some"]
    );
    assert!(told(&bench.tasks.run(call(2)).await).is_ok());
}
