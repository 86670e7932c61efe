//! `stepwell test`: cases of what comes of a flow, in virtual time.
//!
//! ```text
//!   Arguments ── files::Tested ── plan: a Rehearsal for every case ── Host::rehearse, calm, then rough seed by seed
//!                                                                         └── verdict ── told: lines or JSON
//! ```
//!
//! **Invariant:** what a flow does is decided by the engine; here it is only compared with what was expected.

mod difference;
mod plan;
mod told;
mod verdict;

use std::path::PathBuf;

use clap::Args;
use stepwell_definition::there_are;

use self::plan::{Planned, plan};
use self::told::{Told, Way};
use self::verdict::{Mismatch, mismatches};
use crate::console::{Console, one_line};
use crate::exit::{Exit, Trouble};
use crate::files::{Problems, Tested};
use crate::host::{Host, Rehearsed, Weather};

const EXAMPLES: &str = "\
Every case runs in a store of its own in memory. Time is virtual: Waits, retry delays, timeouts and the delays of stubs \
take none; it stands still while an HTTP function or a component runs. docs/testing.md describes the file.

Under --chaos every case also runs with seeds 1, 2 … N: the process dies at random moments and comes back, wakes are \
doubled, the disk is slow, reports come twice, and what can happen in any order does. What the case expects must hold all \
the same; the first seed that breaks it is told. The calls of an attempt that a death made run again count once.

Examples:
  stepwell test tests.yaml
  stepwell test tests.yaml --case refused
  stepwell test tests.yaml --chaos 100
  stepwell test tests.yaml --case refused --seed 7     the world of seed 7 again

Exit codes: 0 every case came as expected, 1 one did not, 2 a mistake in a file";

/// Run the cases of a test file and compare what comes of them
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Test files, YAML or JSON
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Run only the case of that name
    #[arg(long, value_name = "NAME")]
    case: Option<String>,
    /// Run every case also in N worlds in which processes die
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    chaos: Option<u64>,
    /// Begin with the world of this seed; without --chaos only that one [default: 1]
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u64).range(1..=9_007_199_254_740_991))]
    seed: Option<u64>,
    /// Print one JSON object for every case, and one with their number
    #[arg(long)]
    json: bool,
}

impl Arguments {
    pub(crate) async fn carry_out(self, host: &dyn Host, console: &mut Console) -> Result<Exit, Trouble> {
        let planned = self.prepare(console)?;
        let way = match self.json {
            true => Way::ForPrograms,
            false => Way::ForPeople(console.style()),
        };
        let mut told = Told::new(way, &planned);
        for case in &planned {
            let Some(verdict) = self.judge(case, host).await? else {
                return Ok(Exit::Interrupted);
            };
            told.case(case, &verdict, console)?;
        }
        told.sum(console)
    }

    /// Reads and checks every file; problems are told all at once.
    fn prepare(&self, console: &mut Console) -> Result<Vec<Planned>, Trouble> {
        let mut problems = Problems::default();
        let mut planned = Vec::new();
        let mut names = Vec::new();
        for path in &self.files {
            let tested = match Tested::read(path, &mut problems, console.style()) {
                Ok(Some(tested)) => tested,
                Ok(None) => continue,
                Err(trouble) => {
                    console.error(problems.drawn());
                    return Err(trouble);
                }
            };
            names.extend(tested.cases.iter().map(|case| case.case.name.text.to_string()));
            planned.extend(plan(tested, self.case.as_deref())?);
        }
        console.error(problems.drawn());
        if problems.refuse() {
            return Err(Trouble::mistake(format!("nothing is tested: {}", problems.summary())));
        }
        match (&self.case, planned.as_slice()) {
            (Some(case), []) => Err(no_case(case, &names)),
            _ => Ok(planned),
        }
    }

    /// What becomes of a case, in a calm world and then in rough ones; nothing where the user interrupted it.
    async fn judge(&self, planned: &Planned, host: &dyn Host) -> Result<Option<Verdict>, Trouble> {
        let Some(calm) = host.rehearse(&planned.rehearsal, Weather::Calm).await? else {
            return Ok(None);
        };
        let mut verdict = Verdict {
            took_ms: calm.account.took_ms,
            seeds: 0,
            broken: Broken::of(planned, None, &calm),
        };
        for seed in self.seeds() {
            if verdict.broken.is_some() {
                break;
            }
            let weather = Weather::Rough {
                seed,
                steps: calm.steps,
            };
            let Some(rough) = host.rehearse(&planned.rehearsal, weather).await? else {
                return Ok(None);
            };
            verdict.broken = Broken::of(planned, Some(seed), &rough);
            verdict.seeds += u64::from(verdict.broken.is_none());
        }
        Ok(Some(verdict))
    }

    /// The seeds of rough worlds.
    fn seeds(&self) -> impl Iterator<Item = u64> + use<> {
        let first = self.seed.unwrap_or(1);
        let count = self.chaos.unwrap_or(u64::from(self.seed.is_some()));
        first..first + count
    }
}

/// What became of a case.
#[derive(Debug)]
struct Verdict {
    /// How long it took in its own time, where the world was calm.
    took_ms: u64,
    /// In how many rough worlds it came as expected.
    seeds: u64,
    /// The first world in which it did not.
    broken: Option<Broken>,
}

/// A world in which a case did not come as expected.
#[derive(Debug)]
struct Broken {
    /// Nothing where it was calm.
    seed: Option<u64>,
    deaths: u64,
    unended: Option<String>,
    mismatches: Vec<Mismatch>,
}

impl Broken {
    fn of(planned: &Planned, seed: Option<u64>, rehearsed: &Rehearsed) -> Option<Self> {
        let unended = rehearsed.unended.clone();
        let mismatches = mismatches(&planned.expect, rehearsed);
        (unended.is_some() || !mismatches.is_empty()).then_some(Self {
            seed,
            deaths: rehearsed.deaths,
            unended,
            mismatches,
        })
    }
}

fn no_case(case: &str, names: &[String]) -> Trouble {
    let names = names.iter().map(|name| format!("`{}`", one_line(name, 60)));
    let names: Vec<String> = names.collect();
    Trouble::mistake(format!(
        "there is no case `{}`; {}",
        one_line(case, 60),
        there_are(&names)
    ))
}

#[cfg(test)]
mod tests;
