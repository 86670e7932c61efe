//! Tests that cut the power and kill processes, for as long as they are given, each night with other seeds.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};

use crate::{house::House, program};

/// A test that runs for some seconds where its environment says so.
pub(super) struct Deaths {
    /// The package that it is in.
    pub(super) package: &'static str,
    /// The beginning of the test's path.
    pub(super) filter: &'static str,
    /// The variables for its seconds and for its first seed, and how its summary begins.
    pub(super) seconds: &'static str,
    pub(super) seed: &'static str,
    pub(super) summary: &'static str,
}

/// Power losses under the embedded store.
pub(super) const CUTS: Deaths = Deaths {
    package: "stepwell-store-embedded",
    filter: "tests::cuts",
    seconds: "STEPWELL_CUTS_SECONDS",
    seed: "STEPWELL_CUTS_SEED",
    summary: "cuts: ",
};

/// Processes that drive executions and are killed.
pub(super) const KILLS: Deaths = Deaths {
    package: "stepwell-kills",
    filter: "rounds",
    seconds: "STEPWELL_KILLS_SECONDS",
    seed: "STEPWELL_KILLS_SEED",
    summary: "kills: ",
};

impl Deaths {
    /// Runs it; what it counted.
    pub(super) fn run(&self, house: &House, seconds: u64) -> Result<String> {
        program::quietly(&mut house.cargo(&["test", "--no-run", "-p", self.package]))?;
        let first = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        let mut test = house.cargo(&["test", "-p", self.package, self.filter, "--", "--nocapture"]);
        test.env(self.seconds, seconds.to_string())
            .env(self.seed, first.to_string());
        let said = program::output(&mut test).with_context(|| format!("the first seed was {first}"))?;
        Ok(summaries(&said, self.summary).join("\n                     "))
    }
}

/// A summary may stand behind the name of its test.
fn summaries<'s>(said: &'s str, summary: &str) -> Vec<&'s str> {
    said.lines()
        .filter_map(|line| line.split_once(summary).map(|(_, counted)| counted))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_are_found_behind_names() {
        let said = "running 1 test\ntest tests::cuts::x ... cuts: 5 of them\nok\ncuts: 6\n";
        assert_eq!(summaries(said, "cuts: "), ["5 of them", "6"]);
    }
}
