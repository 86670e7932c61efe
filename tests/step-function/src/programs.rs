//! The programs, built as `cargo verify` builds them, so that nothing is compiled twice.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// Where the programs are, built if they are not.
fn folder() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(build)
}

fn build() -> PathBuf {
    // This test is `<target>/debug/deps/…`.
    let test = std::env::current_exe().unwrap();
    let target = test.ancestors().nth(3).unwrap();
    let built = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--workspace",
            "--bin",
            "stepwell",
            "--bin",
            "bootstrap",
        ])
        .args(["--bin", "stepwell-packager", "--target-dir"])
        .arg(target)
        .current_dir(root())
        .status();
    assert!(built.unwrap().success(), "the programs are built");
    target.join("debug")
}

/// The house's own folder.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The step function.
pub(crate) fn bootstrap() -> PathBuf {
    folder().join("bootstrap")
}

/// What lays a package out.
pub(crate) fn packager() -> PathBuf {
    folder().join("stepwell-packager")
}
