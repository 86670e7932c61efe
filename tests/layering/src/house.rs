//! The rules, held against the workspace as it is.

use std::{path::Path, process::Command};

use crate::{Graph, violations};

#[test]
fn every_arrow_points_down() {
    let graph = Graph::parse(&output(
        "cargo",
        &["metadata", "--format-version", "1", "--filter-platform", &host()],
    ));
    assert_eq!(violations(&graph.unwrap()), Vec::<String>::new());
}

#[test]
fn the_core_cannot_name_the_standard_library() {
    let source = std::fs::read_to_string(root().join("runtime/core/src/lib.rs")).unwrap();
    let declared = source.lines().any(|line| line.trim() == "#![no_std]");
    assert!(declared, "runtime/core/src/lib.rs must begin with `#![no_std]`");
}

/// Without a platform, cargo wants the manifests of every platform's dependencies.
fn host() -> String {
    let version = output("rustc", &["-vV"]);
    version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap()
        .to_owned()
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{program}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
