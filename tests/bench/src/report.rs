//! A benchmark's one table, with the facts of the machine above it and what the aims say below.
//!
//! **Invariant:** a missed aim is a line of the report, never a failed benchmark: only counts that do not depend on the
//! machine are asserted.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::Machine;

/// How long a benchmark takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Seconds, to see that it works.
    Quick,
    /// Minutes, for tables to be kept.
    Full,
}

impl Extent {
    /// As the command line asks: `--quick`.
    #[must_use]
    pub fn of_arguments() -> Self {
        if std::env::args().any(|argument| argument == "--quick") {
            Self::Quick
        } else {
            Self::Full
        }
    }

    /// One or the other.
    #[must_use]
    pub fn pick<T>(self, quick: T, full: T) -> T {
        match self {
            Self::Quick => quick,
            Self::Full => full,
        }
    }
}

/// Whether a row is asked for: every word on the command line stands in its name; without words all are.
#[must_use]
pub fn is_wanted(row: &str) -> bool {
    let mut words = std::env::args().skip(1).filter(|argument| !argument.starts_with('-'));
    words.all(|word| row.split(' ').any(|part| part == word))
}

/// A table in the making.
#[derive(Debug)]
pub struct Report {
    title: &'static str,
    machine: Machine,
    began: Instant,
    columns: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    notes: Vec<String>,
}

impl Report {
    /// Begins a report; the machine is looked at now.
    #[must_use]
    pub fn begin(title: &'static str, columns: &[&'static str]) -> Self {
        Self {
            title,
            machine: Machine::look(&std::env::temp_dir()),
            began: Instant::now(),
            columns: columns.to_vec(),
            rows: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Adds a row, a cell for each column.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Adds a line below the table.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Adds whether an aim is met, in words.
    pub fn aim(&mut self, what: &str, is: f64, at_most: f64, unit: &str) {
        let verdict = if is <= at_most { "met" } else { "MISSED" };
        self.note(format!("aim {verdict}: {what}: {is:.3} {unit}, at most {at_most:.3}"));
    }

    /// Adds whether an aim that is a least is met.
    pub fn aim_at_least(&mut self, what: &str, is: f64, at_least: f64, unit: &str) {
        let verdict = if is >= at_least { "met" } else { "MISSED" };
        self.note(format!("aim {verdict}: {what}: {is:.0} {unit}, at least {at_least:.0}"));
    }

    /// Prints it.
    #[expect(clippy::print_stdout, reason = "a benchmark is there to be read")]
    pub fn print(self) {
        println!("{}", self.text());
    }

    fn text(&self) -> String {
        let mut text = format!("\n## {}\n\n", self.title);
        for fact in self.machine.facts(self.began.elapsed()) {
            _ = writeln!(text, "{fact}");
        }
        text.push('\n');
        let widths = self.widths();
        let header: Vec<_> = self.columns.iter().map(|column| (*column).to_owned()).collect();
        text += &line(&header, &widths);
        let rule: Vec<_> = widths
            .iter()
            .map(|width| format!("{}:", "-".repeat(width - 1)))
            .collect();
        text += &line(&rule, &widths);
        self.rows.iter().for_each(|row| text += &line(row, &widths));
        text.push('\n');
        self.notes.iter().for_each(|note| text += &format!("{note}\n"));
        text
    }

    fn widths(&self) -> Vec<usize> {
        let width = |(place, column): (usize, &&str)| {
            let cells = self.rows.iter().filter_map(|row| row.get(place));
            let widest = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
            widest.max(column.chars().count()).max(2)
        };
        self.columns.iter().enumerate().map(width).collect()
    }
}

/// A row as Markdown has it, which reads well as it is.
fn line(cells: &[String], widths: &[usize]) -> String {
    let cells = cells
        .iter()
        .zip(widths)
        .map(|(cell, width)| format!(" {cell:>width$} |"));
    format!("|{}\n", cells.collect::<String>())
}

/// Microseconds.
#[must_use]
pub fn micros(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1e6)
}

/// Milliseconds.
#[must_use]
pub fn millis(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() * 1e3)
}

/// So many in that time, each second.
#[must_use]
pub fn per_second(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64().max(f64::MIN_POSITIVE)
}

/// How many times as long.
#[must_use]
pub fn ratio(time: Duration, limit: Duration) -> f64 {
    time.as_secs_f64() / limit.as_secs_f64().max(f64::MIN_POSITIVE)
}
