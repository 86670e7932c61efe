//! The programs, for tests and chores: found, and built first where they are not.
//!
//! **Invariant:** they are built as whoever asks was built, so that nothing is compiled twice.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What cargo tells a program that it runs of itself: beginnings of names.
const TOLD: [&str; 5] = [
    "CARGO_PKG_",
    "CARGO_MANIFEST_",
    "CARGO_BIN_",
    "CARGO_CRATE_",
    "CARGO_PRIMARY_",
];

/// The cargo that runs us, for another run of it.
///
/// What it told us of ourselves is not passed on. The other would take it for its own environment, and a build script that
/// watches one of these variables, as `ring`'s does, would be run again, and all that depends on it be built again.
#[must_use]
pub fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for name in env::vars_os().map(|(name, _)| name).filter(is_told) {
        cargo.env_remove(name);
    }
    cargo
}

fn is_told(name: &OsString) -> bool {
    let name = name.to_string_lossy();
    TOLD.iter().any(|told| name.starts_with(told))
}

/// The folder with these programs, each built if it is not.
///
/// # Panics
///
/// Where they cannot be built.
#[must_use]
pub fn built(programs: &[&str]) -> PathBuf {
    // Whoever asks is `<target>/<profile>/deps/…`.
    let own = env::current_exe().unwrap_or_default();
    let folder = own.ancestors().nth(2).unwrap_or(Path::new("target/debug"));
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    let mut cargo = cargo();
    cargo.args(["build", "--quiet", "--workspace", "--profile", profile, "--target-dir"]);
    cargo.arg(folder.parent().unwrap_or(folder));
    programs.iter().for_each(|program| {
        cargo.args(["--bin", program]);
    });
    let status = cargo.current_dir(root()).status();
    let is_built = status.is_ok_and(|status| status.success());
    assert!(is_built, "{} is built", programs.join(", "));
    folder.to_owned()
}

/// The house's own folder.
#[must_use]
pub fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_told_us_of_ourselves_is_not_passed_on() {
        let removed: Vec<_> = cargo()
            .get_envs()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value.is_some()))
            .collect();
        assert!(removed.contains(&("CARGO_PKG_NAME".to_owned(), false)), "{removed:?}");
        assert!(
            removed.contains(&("CARGO_MANIFEST_DIR".to_owned(), false)),
            "{removed:?}"
        );
        assert!(removed.iter().all(|(name, _)| name != "CARGO_HOME"), "{removed:?}");
        assert!(
            removed.iter().all(|(name, _)| name != "CARGO_TARGET_DIR"),
            "{removed:?}"
        );
    }
}
