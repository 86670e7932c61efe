//! `cargo fix-all`: the one chore that writes into the tree.

use anyhow::Result;

use crate::{
    guests::{self, Output},
    house::House,
    program,
};

/// Formats, applies what clippy suggests, rewrites golden files.
pub(crate) fn run(house: &House) -> Result<()> {
    let fix = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--fix",
        "--allow-dirty",
        "--allow-staged",
    ];
    program::shown(&mut house.cargo(&fix))?;
    program::shown(&mut house.cargo(&["fmt", "--all"]))?;
    guests::build(house, Output::Shown)?;
    let mut tests = house.cargo(&["test", "--workspace", "--no-fail-fast"]);
    program::shown(
        tests
            .env("UPDATE_GOLDEN", "1")
            .env("STEPWELL_GUESTS", house.components()),
    )
}
