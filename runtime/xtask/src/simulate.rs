//! `cargo xtask simulate`: as many seeds as one likes, in every world.

use anyhow::{Context as _, Result, bail};

use crate::{house::House, program};

/// Runs the simulation's random worlds with that many seeds each, on all cores, and shows what they cover.
pub(crate) fn run(house: &House, arguments: &[String]) -> Result<()> {
    let seeds = match arguments {
        [] => 20_000,
        [seeds] => seeds
            .parse::<u64>()
            .with_context(|| format!("`{seeds}` is no number of seeds"))?,
        _ => bail!("one number of seeds, and nothing else"),
    };
    let arguments = ["test", "-p", "stepwell-simulation", "--", "--nocapture", "agree"];
    program::shown(house.cargo(&arguments).env("SEEDS", seeds.to_string()))
}
