//! What the deployed function does on the local cloud, at a size that no test has time for.

use anyhow::{Context as _, Result, bail};

use crate::{house::House, package, program};

/// The test program of the deployed function.
const TEST: [&str; 4] = ["test", "--workspace", "--test", "step-function"];

/// How many items the largest Map has where nobody says.
const ITEMS: u64 = 100_000;

/// How many executions are started at once.
const CROWD: u64 = 10_000;

/// How the summary of a crowd begins, and its length.
const SUMMARY: &str = "crowd: ";
const SUMMARY_LINES: usize = 3;

/// Prints what executions cost, with Maps of up to so many items.
pub(crate) fn costs(house: &House, arguments: &[String]) -> Result<()> {
    let items = match arguments {
        [] => ITEMS,
        [items] => items
            .parse::<u64>()
            .with_context(|| format!("`{items}` is no number of items"))?,
        _ => bail!("one number of items, and nothing else"),
    };
    program::quietly(&mut house.cargo(&[&TEST[..], &["--no-run"]].concat()))?;
    let run = ["executions_cost", "--", "--nocapture"];
    program::shown(
        house
            .cargo(&[&TEST[..], &run].concat())
            .env("STEPWELL_COSTS_ITEMS", items.to_string()),
    )
}

/// Shows how large a package is, and prints what a new process of its program takes until its first step is done.
pub(crate) fn start_up(house: &House) -> Result<()> {
    let bootstrap = package::example(house)?;
    program::quietly(&mut house.cargo(&[&TEST[..], &["--no-run"]].concat()))?;
    let run = ["start_up", "--", "--nocapture"];
    program::shown(
        house
            .cargo(&[&TEST[..], &run].concat())
            .env("STEPWELL_BOOTSTRAP", bootstrap),
    )
}

/// Starts ten thousand executions at once; what was counted.
pub(crate) fn crowd(house: &House) -> Result<String> {
    program::quietly(&mut house.cargo(&[&TEST[..], &["--no-run"]].concat()))?;
    let run = ["a_crowd", "--", "--nocapture"];
    let said = program::output(
        house
            .cargo(&[&TEST[..], &run].concat())
            .env("STEPWELL_CROWD", CROWD.to_string()),
    )?;
    let told = said.lines().skip_while(|line| !line.contains(SUMMARY));
    let told = told.take(SUMMARY_LINES).map(|line| line.replace(SUMMARY, ""));
    Ok(told.collect::<Vec<_>>().join("\n                     "))
}
