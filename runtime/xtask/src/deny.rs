//! The dependency policy of `deny.toml`, checked by cargo-deny, which is installed if it is missing.

use std::{
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use crate::{house::House, program};

/// The version that `deny.toml` is written for.
const VERSION: &str = "0.20.2";
/// How long the database of advisories may take to arrive.
const ADVISORIES_MAX: Duration = Duration::from_secs(90);

/// Checks bans, licences and sources; answers a note on the advisories.
pub(crate) fn check(house: &House) -> Result<String> {
    install(house)?;
    program::shown(&mut house.cargo(&["deny", "check", "bans", "licenses", "sources"]))?;
    advisories(house)
}

fn install(house: &House) -> Result<()> {
    if program::succeeds(&mut house.cargo(&["deny", "--version"])) {
        return Ok(());
    }
    eprintln!("installing cargo-deny {VERSION} (about 6 minutes on two cores, once)");
    let mut install = house.cargo(&["install", "cargo-deny", "--locked", "--version", VERSION]);
    program::quietly(install.env("CARGO_TARGET_DIR", house.target.join("tools"))).with_context(|| {
        format!("cargo-deny is missing; install it with `cargo install cargo-deny --locked --version {VERSION}`")
    })
}

/// The database is a repository elsewhere, and may be out of reach; the licence and ban checks need nothing from outside.
fn advisories(house: &House) -> Result<String> {
    let mut fetch = house.cargo(&["deny", "fetch", "db"]);
    let mut child = fetch
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let start = Instant::now();
    let fetched = loop {
        if let Some(status) = child.try_wait()? {
            break status.success();
        }
        if start.elapsed() > ADVISORIES_MAX {
            child.kill()?;
            child.wait()?;
            break false;
        }
        thread::sleep(Duration::from_millis(100));
    };
    if !fetched {
        return Ok("advisories skipped: their database is out of reach".to_owned());
    }
    let checked = program::shown(&mut house.cargo(&["deny", "check", "--disable-fetch", "advisories"]));
    if checked.is_err() {
        bail!("an advisory stands against a dependency");
    }
    Ok("advisories checked".to_owned())
}
