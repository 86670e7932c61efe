//! The local host's binary, `stepwell`.

use std::{path::PathBuf, process::Command};

use anyhow::Result;

use crate::{house::House, program};

const BINARY: &str = "stepwell";

/// The command that builds it. The whole workspace is selected, so that dependencies are built with the features that
/// the tests need too, once for both.
pub(crate) fn build_command(house: &House) -> Command {
    house.cargo(&["build", "--workspace", "--bin", BINARY])
}

/// Builds it, and answers where it is.
pub(crate) fn build(house: &House) -> Result<PathBuf> {
    program::shown(&mut build_command(house))?;
    Ok(binary(house))
}

/// Where it lies once it is built.
pub(crate) fn binary(house: &House) -> PathBuf {
    house
        .target
        .join("debug")
        .join(format!("{BINARY}{}", std::env::consts::EXE_SUFFIX))
}
