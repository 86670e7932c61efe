//! `cargo xtask simulate`: as many seeds as one likes, in every world.

use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::{house::House, program};

/// How many seeds are run where nobody says.
const SEEDS: u64 = 20_000;
/// How many worlds each seed is run in.
const WORLDS: u64 = 4;

/// Runs the simulation's random worlds with that many seeds each, on all cores, and shows what they cover.
pub(crate) fn run(house: &House, arguments: &[String]) -> Result<()> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let seeds = match *words {
        [] => SEEDS,
        [seeds] | ["--seeds", seeds] => seeds
            .parse::<u64>()
            .with_context(|| format!("`{seeds}` is no number of seeds"))?,
        _ => bail!("one number of seeds, and nothing else"),
    };
    let test = ["test", "-p", "stepwell-simulation", "--test", "simulation"];
    program::quietly(&mut house.cargo(&[&test[..], &["--no-run"]].concat()))?;
    let start = Instant::now();
    let run = [&test[..], &["agree", "--", "--nocapture"]].concat();
    let agreed = program::shown(house.cargo(&run).env("SEEDS", seeds.to_string()));
    let took = start.elapsed();
    let rate = (seeds * WORLDS) as f64 / took.as_secs_f64().max(0.001);
    eprintln!(
        "{seeds} seeds in {WORLDS} worlds: {}, {rate:.0} runs per second",
        program::time(took)
    );
    agreed
}
