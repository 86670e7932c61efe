//! The house's chores: `cargo demo`, `cargo verify`, `cargo fix-all`, `cargo xtask guests`,
//! `cargo xtask package`, `cargo xtask simulate`, `cargo xtask bugs`, `cargo xtask costs`, `cargo xtask start-up`,
//! `cargo xtask nightly`.
//!
//! **Invariant:** nothing of the product depends on this crate, and it depends on nothing of the product (`tests/programs`
//! finds cargo for it): it runs programs. What a chore makes goes into the target directory or a temporary one; only
//! `fix-all` writes into the tree.

mod bugs;
mod demo;
mod deny;
mod deployed;
mod examples;
mod fix_all;
mod guests;
mod house;
mod infra;
mod nightly;
mod package;
mod program;
mod runtime;
mod simulate;
mod verify;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::house::House;

const USAGE: &str = "\
cargo demo              builds the runtime and the example components, and runs the media example
cargo verify [GATE…]    runs every gate, or those that are named; writes nothing into the tree
cargo fix-all           formats, applies what clippy suggests, rewrites golden files
cargo xtask guests      builds every WASM component
cargo xtask package     builds what is deployed: [--target x86_64|arm64] [--release] [--layer] [--from FOLDER]
cargo xtask simulate    runs random worlds: [SEEDS]
cargo xtask bugs        plants bugs and looks for a seed that finds each: [NAME…]
cargo xtask costs       prints what executions cost on AWS, with Maps of up to 100,000 items: [ITEMS]
cargo xtask start-up    prints what a new process takes until its first step is done, and a package's size
cargo xtask nightly     runs the long checks for 60 s each: [SECONDS] [CHECK…]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let Some((chore, rest)) = arguments.split_first() else {
        bail!("no chore is named\n\n{USAGE}")
    };
    match chore.as_str() {
        "demo" => demo::run(&House::open()?, rest),
        "verify" => verify::run(&House::open()?, rest),
        "fix-all" => fix_all::run(&House::open()?),
        "nightly" => nightly::run(&House::open()?, rest),
        "package" => package::run(&House::open()?, rest),
        "simulate" => simulate::run(&House::open()?, rest),
        "bugs" => bugs::run(&House::open()?, rest),
        "costs" => deployed::costs(&House::open()?, rest),
        "start-up" => deployed::start_up(&House::open()?),
        "guests" => guests::build(&House::open()?, guests::Output::Shown),
        "help" | "--help" | "-h" => {
            eprintln!("{USAGE}");
            Ok(())
        }
        other => bail!("there is no chore `{other}`\n\n{USAGE}"),
    }
}
