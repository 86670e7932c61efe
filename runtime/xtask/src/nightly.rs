//! Checks that take long: each for a while, every night.

mod deaths;
mod fuzz;

use anyhow::{Result, bail};

use crate::{deployed, house::House, package};
use deaths::Deaths;
use fuzz::Fuzz;

/// How long each check runs unless somebody says so.
const SECONDS: u64 = 60;

/// A check: its name, and what it is.
struct Check {
    name: &'static str,
    kind: Kind,
}

enum Kind {
    /// A target of `tests/fuzz` of that name.
    Fuzzed,
    /// A test that cuts or kills.
    Deaths(Deaths),
    /// The packages for both processors.
    Package,
    /// Executions that are started at once on the local cloud.
    Crowd,
}

/// Every check, in order.
const CHECKS: [Check; 8] = [
    fuzzed("definition"),
    fuzzed("expression"),
    fuzzed("input"),
    fuzzed("record"),
    Check {
        name: "cuts",
        kind: Kind::Deaths(deaths::CUTS),
    },
    Check {
        name: "kills",
        kind: Kind::Deaths(deaths::KILLS),
    },
    Check {
        name: "package",
        kind: Kind::Package,
    },
    Check {
        name: "crowd",
        kind: Kind::Crowd,
    },
];

const fn fuzzed(name: &'static str) -> Check {
    Check {
        name,
        kind: Kind::Fuzzed,
    }
}

/// Runs every check, or those that are named; a number says for how many seconds each.
pub(crate) fn run(house: &House, arguments: &[String]) -> Result<()> {
    let Chosen { seconds, checks } = chosen(arguments)?;
    let is_fuzzed = checks.iter().any(|check| matches!(check.kind, Kind::Fuzzed));
    let fuzz = is_fuzzed.then(|| Fuzz::build(house)).transpose()?;
    let mut failed = Vec::new();
    for check in checks {
        let ran = match (&check.kind, &fuzz) {
            (Kind::Fuzzed, Some(fuzz)) => fuzz.run(check.name, seconds),
            (Kind::Fuzzed, None) => bail!("the fuzz targets were not built"),
            (Kind::Deaths(deaths), _) => deaths.run(house, seconds),
            (Kind::Package, _) => package::check(house),
            (Kind::Crowd, _) => deployed::crowd(house),
        };
        match ran {
            Ok(note) => eprintln!("{:12} ok      {note}", check.name),
            Err(error) => {
                eprintln!("{:12} FAILED  {error:#}", check.name);
                failed.push(check.name);
            }
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    bail!("findings in {}", failed.join(", "))
}

struct Chosen {
    seconds: u64,
    checks: Vec<&'static Check>,
}

fn chosen(arguments: &[String]) -> Result<Chosen> {
    let mut chosen = Chosen {
        seconds: SECONDS,
        checks: Vec::new(),
    };
    for argument in arguments {
        match (argument.parse(), CHECKS.iter().find(|check| check.name == argument)) {
            (Ok(seconds), _) => chosen.seconds = seconds,
            (Err(_), Some(check)) => chosen.checks.push(check),
            (Err(_), None) => {
                let known: Vec<_> = CHECKS.iter().map(|check| check.name).collect();
                bail!("there is no check `{argument}`; there are {}", known.join(", "))
            }
        }
    }
    if chosen.checks.is_empty() {
        chosen.checks.extend(&CHECKS);
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen_by(words: &[&str]) -> Result<(u64, Vec<&'static str>)> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let chosen = chosen(&words)?;
        Ok((chosen.seconds, chosen.checks.iter().map(|check| check.name).collect()))
    }

    #[test]
    fn checks_and_seconds_are_chosen() {
        let all = vec![
            "definition",
            "expression",
            "input",
            "record",
            "cuts",
            "kills",
            "package",
            "crowd",
        ];
        assert_eq!(chosen_by(&[]).unwrap(), (60, all.clone()));
        assert_eq!(chosen_by(&["5"]).unwrap(), (5, all));
        assert_eq!(chosen_by(&["record", "7"]).unwrap(), (7, vec!["record"]));
        assert_eq!(
            chosen_by(&["recrd"]).unwrap_err().to_string(),
            "there is no check `recrd`; there are definition, expression, input, record, cuts, kills, package, crowd"
        );
    }
}
