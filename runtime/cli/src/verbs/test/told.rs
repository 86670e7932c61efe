//! How cases are told, to people and to programs.

use std::path::PathBuf;

use stepwell_wire::output::{CaseLine, CasesLine, MismatchLine};
use unicode_width::UnicodeWidthStr;

use super::plan::Planned;
use super::{Broken, Verdict};
use crate::console::{Console, Style, drawable, one_line};
use crate::exit::{Exit, Trouble};
use crate::place::word;
use crate::progress::duration;

/// The widest name that others are put beneath.
const NAME_WIDTH_MAX: usize = 60;
const NAME_CHARACTERS_MAX: usize = 100;
/// How much of a value is shown in a line.
const VALUE_CHARACTERS_MAX: usize = 400;

/// To whom it is told.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    ForPeople(Style),
    ForPrograms,
}

/// Telling one case after the other.
#[derive(Debug)]
pub(super) struct Told {
    way: Way,
    width: usize,
    /// The file whose cases are told now.
    file: Option<PathBuf>,
    cases: u64,
    failed: u64,
    seeds: u64,
}

impl Told {
    pub(super) fn new(way: Way, planned: &[Planned]) -> Self {
        let widths = planned.iter().map(|planned| shown(planned).width());
        Self {
            way,
            width: widths.max().unwrap_or_default().min(NAME_WIDTH_MAX),
            file: None,
            cases: 0,
            failed: 0,
            seeds: 0,
        }
    }

    /// Tells what became of a case.
    pub(super) fn case(&mut self, planned: &Planned, verdict: &Verdict, console: &mut Console) -> Result<(), Trouble> {
        self.cases += 1;
        self.failed += u64::from(verdict.broken.is_some());
        self.seeds += verdict.seeds;
        match self.way {
            Way::ForPrograms => console.json(&line(planned, verdict))?,
            Way::ForPeople(style) => {
                if self.file.as_ref() != Some(&planned.file) {
                    console.out(&format!("{}\n", drawable(&planned.file.display().to_string())));
                    self.file = Some(planned.file.clone());
                }
                console.out(&self.drawn(planned, verdict, style));
            }
        }
        Ok(())
    }

    /// Tells how many there were.
    pub(super) fn sum(&self, console: &mut Console) -> Result<Exit, Trouble> {
        let (cases, failed) = (self.cases, self.failed);
        match self.way {
            Way::ForPrograms => console.json(&CasesLine { cases, failed })?,
            Way::ForPeople(_) => {
                let outcome = match failed {
                    0 => "as expected".to_owned(),
                    failed => format!("{failed} failed"),
                };
                console.out(&format!(
                    "{}{}: {outcome}\n",
                    counted(cases, "case"),
                    worlds(self.seeds)
                ));
            }
        }
        Ok(if failed == 0 { Exit::Succeeded } else { Exit::Failed })
    }

    fn drawn(&self, planned: &Planned, verdict: &Verdict, style: Style) -> String {
        let name = shown(planned);
        let blanks = " ".repeat(self.width.saturating_sub(name.width()));
        let mark = match (&verdict.broken, style.unicode) {
            (None, true) => "✓",
            (None, false) => "ok    ",
            (Some(_), true) => "✗",
            (Some(_), false) => "FAILED",
        };
        let took = duration(verdict.took_ms);
        let seeds = worlds(verdict.seeds);
        let broken = verdict.broken.as_ref().map(|broken| lines(planned, broken));
        format!(
            "  {mark}  {name}{blanks}  {took}{seeds}\n{}",
            broken.unwrap_or_default()
        )
    }
}

/// In how many rough worlds it came as expected, if there were any.
fn worlds(seeds: u64) -> String {
    match seeds {
        0 => String::new(),
        seeds => format!(", {}", counted(seeds, "rough world")),
    }
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn shown(planned: &Planned) -> String {
    one_line(&planned.name, NAME_CHARACTERS_MAX)
}

/// What was expected and what came, line by line.
fn lines(planned: &Planned, broken: &Broken) -> String {
    let mut lines = String::new();
    let mut add = |line: String| lines.push_str(&format!("      {line}\n"));
    if let Some(seed) = broken.seed {
        let died = counted(broken.deaths, "death");
        add(format!(
            "in the rough world of seed {seed}, with {died} of the process:"
        ));
    }
    if let Some(why) = &broken.unended {
        add(format!("it has not ended: {}", one_line(why, VALUE_CHARACTERS_MAX)));
    }
    for mismatch in &broken.mismatches {
        let field = one_line(&mismatch.field, NAME_CHARACTERS_MAX);
        add(format!("{field}: expected {}", shown_text(&mismatch.expected)));
        let blanks = " ".repeat(field.width() + "expected".len() - "got".len());
        add(format!("{blanks}  got {}", shown_text(&mismatch.got)));
    }
    if let Some(seed) = broken.seed {
        add(format!("again: {}", again(planned, seed)));
    }
    lines
}

/// A text on its line; an empty one is not to be taken for a missing one.
fn shown_text(text: &str) -> String {
    match text.is_empty() {
        true => "an empty text".to_owned(),
        false => one_line(text, VALUE_CHARACTERS_MAX),
    }
}

/// The command that makes that world again.
fn again(planned: &Planned, seed: u64) -> String {
    let (file, case) = (word(&planned.file), word(planned.name.as_ref()));
    drawable(&format!("stepwell test {file} --case {case} --seed {seed}"))
}

fn line(planned: &Planned, verdict: &Verdict) -> CaseLine {
    let broken = verdict.broken.as_ref();
    let mismatches = broken.map(|broken| broken.mismatches.as_slice()).unwrap_or_default();
    let mismatch = |mismatch: &super::Mismatch| MismatchLine {
        field: mismatch.field.clone(),
        expected: mismatch.expected.clone(),
        got: mismatch.got.clone(),
    };
    CaseLine {
        file: planned.file.display().to_string(),
        case: planned.name.clone(),
        passed: broken.is_none(),
        took_ms: verdict.took_ms,
        seeds: verdict.seeds,
        seed: broken.and_then(|broken| broken.seed),
        unended: broken.and_then(|broken| broken.unended.clone()),
        mismatches: mismatches.iter().map(mismatch).collect(),
    }
}
