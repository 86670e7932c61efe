//! The programs of a package.

use std::path::PathBuf;
use std::sync::OnceLock;

/// Where the programs are, built if they are not, beside the command line, so that the same features are chosen.
fn folder() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| stepwell_programs::built(&["stepwell", "bootstrap", "stepwell-packager"]))
}

pub(crate) use stepwell_programs::root;

/// The step function: that of a package where one is named, else as it is built for tests.
pub(crate) fn bootstrap() -> PathBuf {
    let packaged = std::env::var_os("STEPWELL_BOOTSTRAP").map(PathBuf::from);
    packaged.unwrap_or_else(|| folder().join("bootstrap"))
}

/// The command line.
pub(crate) fn command_line() -> PathBuf {
    folder().join("stepwell")
}

/// What lays a package out.
pub(crate) fn packager() -> PathBuf {
    folder().join("stepwell-packager")
}
