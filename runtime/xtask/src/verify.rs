//! `cargo verify`: every gate, each with its time. It never writes into the tree, and checks that nothing else did.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

use crate::{
    deny, examples,
    guests::{self, Output},
    house::House,
    infra, program,
};

/// A gate answers a note for the summary, which may be empty.
type Gate = (&'static str, fn(&House) -> Result<String>);

/// In the order in which they run: what is quick first, what needs the components after them.
const GATES: [Gate; 8] = [
    ("fmt", |house| {
        quiet_gate(&mut house.cargo(&["fmt", "--all", "--check"]))
    }),
    ("guests", |house| {
        guests::build(house, Output::Shown).map(|()| format!("{} components", house.guests.len()))
    }),
    ("clippy", |house| {
        quiet_gate(&mut house.cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
    }),
    ("doc", |house| {
        quiet_gate(
            house
                .cargo(&["doc", "--workspace", "--no-deps"])
                .env("RUSTDOCFLAGS", "-D warnings"),
        )
    }),
    ("deny", deny::check),
    ("infra", infra::check),
    ("examples", |house| {
        examples::check(house).map(|count| format!("{count} examples"))
    }),
    ("test", |house| {
        let mut tests = house.cargo(&["test", "--workspace", "--no-fail-fast"]);
        quiet_gate(tests.env("STEPWELL_GUESTS", house.components()))
    }),
];

struct Passage {
    gate: &'static str,
    time: Duration,
    result: Result<String>,
}

/// Runs the gates that are named, or all of them, whatever becomes of those before.
pub(crate) fn run(house: &House, names: &[String]) -> Result<()> {
    let known: Vec<&str> = GATES.iter().map(|(gate, _)| *gate).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
        bail!("there is no gate `{unknown}`; there are {}", known.join(", "));
    }
    let before = changes(house);
    let chosen = GATES
        .iter()
        .filter(|(gate, _)| names.is_empty() || names.iter().any(|name| name == gate));
    let mut passages: Vec<Passage> = chosen.map(|gate| pass(house, gate)).collect();
    passages.push(unchanged(house, before.as_deref()));
    summarise(&passages)
}

fn pass(house: &House, (gate, run): &Gate) -> Passage {
    eprintln!("\n── {gate} ──");
    let start = Instant::now();
    let result = run(house);
    if let Err(error) = &result {
        eprintln!("{gate}: {error:#}");
    }
    Passage {
        gate,
        time: start.elapsed(),
        result,
    }
}

fn quiet_gate(command: &mut Command) -> Result<String> {
    program::shown(command).map(|()| String::new())
}

/// What differs from the last commit; `None` where that cannot be told.
fn changes(house: &House) -> Option<String> {
    let mut status = Command::new("git");
    status
        .args(["status", "--porcelain", "--untracked-files=all"])
        .current_dir(&house.root);
    program::output(&mut status).ok()
}

fn unchanged(house: &House, before: Option<&str>) -> Passage {
    let start = Instant::now();
    let after = changes(house);
    let result = match (before, after.as_deref()) {
        (Some(before), Some(after)) if before != after => {
            Err(anyhow::anyhow!("a gate wrote into the tree; `git status` tells where"))
        }
        (Some(_), Some(_)) => Ok(String::new()),
        (None, _) | (_, None) => Ok("skipped: no git here".to_owned()),
    };
    Passage {
        gate: "tree",
        time: start.elapsed(),
        result,
    }
}

fn summarise(passages: &[Passage]) -> Result<()> {
    eprintln!("\n── summary ──");
    for passage in passages {
        eprintln!("{}", line(passage));
    }
    let failed: Vec<&str> = passages
        .iter()
        .filter(|passage| passage.result.is_err())
        .map(|passage| passage.gate)
        .collect();
    if failed.is_empty() {
        Ok(())
    } else {
        bail!("not passed: {}", failed.join(", "))
    }
}

fn line(passage: &Passage) -> String {
    let (verdict, note) = match &passage.result {
        Ok(note) => ("ok", note.clone()),
        Err(error) => (
            "FAILED",
            error.to_string().lines().next().unwrap_or_default().to_owned(),
        ),
    };
    let (gate, time) = (passage.gate, program::time(passage.time));
    format!("{gate:9} {verdict:7} {time:>12}  {note}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_has_a_line_for_each_gate() {
        let time = Duration::from_secs(65);
        let good = Passage {
            gate: "fmt",
            time,
            result: Ok(String::new()),
        };
        let noted = Passage {
            gate: "examples",
            time,
            result: Ok("3 examples".to_owned()),
        };
        let bad = Passage {
            gate: "test",
            time,
            result: Err(anyhow::anyhow!("it\nfailed")),
        };
        assert_eq!(
            [line(&good), line(&noted), line(&bad)],
            [
                "fmt       ok         1 min 5 s",
                "examples  ok         1 min 5 s  3 examples",
                "test      FAILED     1 min 5 s  it",
            ]
        );
        assert_eq!(summarise(&[good, bad]).unwrap_err().to_string(), "not passed: test");
        assert!(summarise(&[noted]).is_ok());
    }
}
