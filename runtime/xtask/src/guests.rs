//! `cargo xtask guests`: every WASM component, in one call of cargo.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result, bail};

use crate::{house::House, program};

/// What components are compiled for.
pub(crate) const TARGET: &str = "wasm32-wasip2";
/// The profile of the workspace's manifest that makes them small.
pub(crate) const PROFILE: &str = "guest";

/// What is seen of cargo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// Everything.
    Shown,
    /// A sign of life each minute.
    Quiet,
}

/// Builds the components into the target directory.
pub(crate) fn build(house: &House, output: Output) -> Result<()> {
    if house.guests.is_empty() {
        return Ok(());
    }
    install_target()?;
    let mut command = house.cargo(&["build", "--profile", PROFILE, "--target", TARGET]);
    for guest in &house.guests {
        command.args(["-p", guest]);
    }
    match output {
        Output::Shown => program::shown(&mut command),
        Output::Quiet => program::quietly(&mut command),
    }
    .context("while building the components")?;
    lay_out(house)
}

/// Puts the components where the examples' functions files find them, whatever the target directory is.
fn lay_out(house: &House) -> Result<()> {
    let folder = house.root.join("out/components");
    fs::create_dir_all(&folder).with_context(|| format!("while making {}", folder.display()))?;
    for guest in &house.guests {
        let file = format!("{}.wasm", guest.replace('-', "_"));
        let built = fs::read(house.components().join(&file)).with_context(|| format!("while reading {file}"))?;
        let place = folder.join(&file);
        if fs::read(&place).ok().as_ref() != Some(&built) {
            fs::write(&place, built).with_context(|| format!("while writing {}", place.display()))?;
        }
    }
    Ok(())
}

/// Adds the target to the toolchain if it is not there.
fn install_target() -> Result<()> {
    if is_installed()? {
        return Ok(());
    }
    eprintln!("adding the target {TARGET} to the toolchain: rustup target add {TARGET}");
    let added = program::shown(Command::new("rustup").args(["target", "add", TARGET]));
    if added.is_err() || !is_installed()? {
        bail!("the target {TARGET} is missing; install it with `rustup target add {TARGET}`");
    }
    Ok(())
}

/// Whether the compiler has the target's standard library, whoever installed it.
fn is_installed() -> Result<bool> {
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    let folder = program::output(rustc.args(["--print", "target-libdir", "--target", TARGET]))?;
    Ok(Path::new(folder.trim()).is_dir())
}
