//! `cargo demo`: builds what the media example needs, quietly, and becomes the program that runs it.

use std::{process::Command, time::Instant};

use anyhow::{Context as _, Result};

use crate::{
    examples,
    guests::{self, Output},
    house::House,
    program, runtime,
};

const EXAMPLE: &str = "examples/media";
/// Where the demo keeps its executions, below the working directory's root.
const STORE: &str = ".stepwell";

/// Builds, and runs the example with `arguments` added.
pub(crate) fn run(house: &House, arguments: &[String]) -> Result<()> {
    step("the runtime", "about 10 minutes", || {
        program::quietly(&mut runtime::build_command(house))
    })?;
    step("the example's components", "about 1 minute", || {
        guests::build(house, Output::Quiet)
    })?;
    let mut command = examples::command(
        &runtime::binary(house),
        &house.root.join(EXAMPLE),
        &house.root.join(STORE),
    )?;
    become_program(command.args(arguments).env("STEPWELL_GUESTS", house.components()))
}

/// Says what is being built and how long that usually takes, and then how long it took.
fn step(what: &str, usually: &str, build: impl FnOnce() -> Result<()>) -> Result<()> {
    let start = Instant::now();
    eprintln!("Building {what} (the first time {usually} on two cores, then a second)");
    build().with_context(|| format!("while building {what}"))?;
    eprintln!("  done in {}", program::time(start.elapsed()));
    Ok(())
}

/// Takes the program's place, so that Ctrl-C and `kill` reach it.
#[cfg(unix)]
fn become_program(command: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt as _;
    Err(command.exec()).context("while starting the example")
}

#[cfg(not(unix))]
fn become_program(command: &mut Command) -> Result<()> {
    program::shown(command)
}
