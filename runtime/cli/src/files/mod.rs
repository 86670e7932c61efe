//! The files that a verb works with: the flow, what stands beside it, the input, the settings.
//!
//! Every problem of every file is told at once, each drawn in its place; then the verb is refused.
//!
//! **Invariant:** files are only read here, and never more of them than a named number of bytes.

mod children;
mod flow;
mod functions;
mod grants;
mod input;
mod reading;
mod settings;
mod test_file;
mod watch;

pub(crate) use children::children;
pub(crate) use flow::FlowFile;
pub(crate) use functions::Functions;
pub(crate) use grants::{checked_grants, grants};
pub(crate) use input::{input, input_file, json};
pub(crate) use reading::text;
pub(crate) use settings::{set, settings};
pub(crate) use test_file::{Tested, TestedCase};
pub(crate) use watch::Watch;

use std::path::{Path, PathBuf};

use stepwell_definition::{FUNCTIONS_FILE_NAMES, GRANTS_FILE_NAMES, Report, Severity};
use stepwell_wire::output::Problem;

use crate::console::Style;

/// The path of a file that is named, or else every one that it can have beside the flow, whether it exists or not.
pub(crate) fn named_or_beside(flow: &Path, named: Option<&PathBuf>, usual: &str) -> Vec<PathBuf> {
    named.map_or_else(|| all_beside(flow, usual), |named| vec![named.clone()])
}

/// The path of a file that is named, or else of the one beside the flow, if it exists.
pub(crate) fn beside(flow: &Path, named: Option<&PathBuf>, usual: &str) -> Option<PathBuf> {
    named
        .cloned()
        .or_else(|| all_beside(flow, usual).into_iter().find(|path| path.is_file()))
}

/// Every path that a file beside the flow can have, in the order in which they are looked for.
pub(crate) fn all_beside(flow: &Path, usual: &str) -> Vec<PathBuf> {
    let names = [FUNCTIONS_FILE_NAMES, GRANTS_FILE_NAMES];
    let names = names.into_iter().find(|names| names.contains(&usual));
    let names = names.map_or_else(|| vec![usual], Vec::from);
    names.into_iter().map(|name| flow.with_file_name(name)).collect()
}

/// The folder of a file.
pub(crate) fn folder(file: &Path) -> &Path {
    file.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Problems of several files, drawn.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    drawn: String,
    entries: Vec<Problem>,
    /// What was counted in each file that was added, in their order.
    files: Vec<(String, Counts)>,
    all: Counts,
}

/// How many problems there are.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    errors: usize,
    warnings: usize,
}

impl Counts {
    /// `1 error, 2 warnings`, or nothing.
    fn summary(self) -> String {
        let count = |count: usize, what: &str| {
            let plural = if count == 1 { "" } else { "s" };
            (count > 0).then(|| format!("{count} {what}{plural}"))
        };
        let told = [count(self.errors, "error"), count(self.warnings, "warning")];
        told.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

impl Problems {
    pub(crate) fn add(&mut self, report: &Report<'_>, style: Style) {
        if !report.is_empty() {
            self.drawn.push_str(&report.draw(style.drawing()));
        }
        self.entries.extend(entries(report));
        let counts = Counts {
            errors: report.count(Severity::Error),
            warnings: report.count(Severity::Warning),
        };
        self.all.errors += counts.errors;
        self.all.warnings += counts.warnings;
        self.files.push((report.name().to_owned(), counts));
    }

    /// Adds a problem that has no drawing.
    pub(crate) fn add_message(&mut self, message: &str) {
        self.drawn.push_str(&format!("error: {message}\n"));
        self.all.errors += 1;
    }

    pub(crate) fn drawn(&self) -> &str {
        &self.drawn
    }

    pub(crate) fn refuse(&self) -> bool {
        self.all.errors > 0
    }

    /// The problems as programs read them, by file and position.
    pub(crate) fn entries(&self) -> &[Problem] {
        &self.entries
    }

    /// `1 error, 2 warnings`, or nothing.
    pub(crate) fn summary(&self) -> String {
        self.all.summary()
    }

    /// A line for the first file, and for every other in which something was found.
    pub(crate) fn headlines(&self) -> Vec<String> {
        let counted = self.files.iter().map(|(name, counts)| (name, counts.summary()));
        let told = counted
            .enumerate()
            .filter(|(at, (_, summary))| *at == 0 || !summary.is_empty());
        let line = |(_, (name, summary)): (usize, (&String, String))| match summary.as_str() {
            "" => format!("{name}: no problems"),
            summary => format!("{name}: {summary}"),
        };
        told.map(line).collect()
    }
}

fn entries(report: &Report<'_>) -> Vec<Problem> {
    let problem = |entry: stepwell_definition::Entry| Problem {
        file: report.name().to_owned(),
        code: entry.code.to_owned(),
        severity: entry.severity.to_owned(),
        line: entry.line,
        column: entry.column,
        end_line: entry.end_line,
        end_column: entry.end_column,
        message: entry.message,
        help: entry.help,
    };
    report.entries().into_iter().map(problem).collect()
}
