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
mod watch;

pub(crate) use children::children;
pub(crate) use flow::FlowFile;
pub(crate) use functions::Functions;
pub(crate) use grants::{checked_grants, grants};
pub(crate) use input::input;
pub(crate) use reading::{read, read_all};
pub(crate) use settings::{set, settings};
pub(crate) use watch::Watch;

use std::path::{Path, PathBuf};

use stepwell_definition::{Report, Severity};

use crate::console::Style;

/// The path of a file that is named, or else of the one beside the flow, whether it exists or not.
pub(crate) fn named_or_beside(flow: &Path, named: Option<&PathBuf>, usual: &str) -> PathBuf {
    named.cloned().unwrap_or_else(|| folder(flow).join(usual))
}

/// The path of a file that is named, or else of the one beside the flow, if it exists.
pub(crate) fn beside(flow: &Path, named: Option<&PathBuf>, usual: &str) -> Option<PathBuf> {
    named
        .cloned()
        .or_else(|| Some(folder(flow).join(usual)).filter(|path| path.is_file()))
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
    errors: usize,
    warnings: usize,
}

impl Problems {
    pub(crate) fn add(&mut self, report: &Report<'_>, style: Style) {
        if !report.is_empty() {
            self.drawn.push_str(&report.draw(style.drawing()));
        }
        self.errors += report.count(Severity::Error);
        self.warnings += report.count(Severity::Warning);
    }

    /// Adds a problem that has no drawing.
    pub(crate) fn add_message(&mut self, message: &str) {
        self.drawn.push_str(&format!("error: {message}\n"));
        self.errors += 1;
    }

    pub(crate) fn drawn(&self) -> &str {
        &self.drawn
    }

    pub(crate) fn refuse(&self) -> bool {
        self.errors > 0
    }

    /// `1 error, 2 warnings`, or nothing.
    pub(crate) fn summary(&self) -> String {
        let count = |count: usize, what: &str| {
            let plural = if count == 1 { "" } else { "s" };
            (count > 0).then(|| format!("{count} {what}{plural}"))
        };
        let told = [count(self.errors, "error"), count(self.warnings, "warning")];
        told.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}
