//! A package at work in a program that contains no compiler.

use std::path::PathBuf;

use stepwell_actions::Granted;
use stepwell_ports::{Call, Tasks};
use stepwell_tasks_wasm::{ComponentError, Deployment, Digest, Manifest, Pool, WasmOptions, WasmTasks};

use crate::guests::{Bench, options, told};

/// The picture of the media example, which is what is packaged.
const PICTURE: &[u8] = include_bytes!("../../../../examples/media/objects/media/in/stepwell.png");

fn package() -> PathBuf {
    let package = std::env::var_os("STEPWELL_PACKAGE");
    package.map_or_else(
        || panic!("no package: run `cargo xtask nightly package`"),
        PathBuf::from,
    )
}

fn media() -> Bench {
    let manifest = Manifest::read(&package()).unwrap();
    let (digest, _) = manifest.components().next().unwrap();
    let options = WasmOptions {
        pool: Pool::of_function(128),
        ..WasmOptions::deployed(Deployment::open(package()).unwrap())
    };
    let bench = Bench::deployed(options, digest.clone());
    bench.objects.put("media", "in/stepwell.png", PICTURE);
    bench
}

#[tokio::test]
async fn a_packaged_component_runs() {
    let bench = media();
    let outcome = bench
        .run_granted("inspect", r#"{"source": "obj://media/in/stepwell.png"}"#)
        .await;
    let sha256 = "9777a7eb739c9618d6e818d305fab9657bebf390d78a2e3bc6ef4f7b312e7a10";
    let expected = format!(
        r##"{{"uri":"obj://media/in/stepwell.png","format":"png","width":480,"height":320,"bytes":67728,"sha256":"{sha256}","meanColor":"#836b4f"}}"##
    );
    assert_eq!(told(&outcome), Ok(expected));
    eprintln!("resident at most: {}", resident_max());
}

#[tokio::test]
async fn nothing_else_runs() {
    let bench = media();
    let other = Digest::of(b"other");
    let bench = Bench {
        digest: other.clone(),
        ..bench
    };
    let call = Call {
        granted: Granted::default(),
        ..bench.call("inspect", "{}")
    };
    let detail = format!("component `{other}` was not deployed with this program: package it again");
    let expected = ("FnF.ComponentUnavailable".into(), detail, false);
    assert_eq!(told(&bench.tasks.run(call).await), Err(expected));
}

#[test]
fn a_component_that_is_kept_needs_a_compiler() {
    let folder = tempfile::tempdir().unwrap();
    let tasks = WasmTasks::open(options(folder.path())).unwrap();
    let digest = Digest::of(b"\0asm\x0d\0\x01\0");
    let refused = tasks.install(b"\0asm\x0d\0\x01\0").unwrap_err();
    assert!(matches!(refused, ComponentError::NotCompiled { digest: of } if of == digest));
}

/// The most memory that this process ever had, as the system tells it.
fn resident_max() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.unwrap_or("unknown").trim().to_owned()
}
