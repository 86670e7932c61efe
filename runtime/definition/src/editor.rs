//! What an editor asks about a file while it is being written.
//!
//! ```text
//!   text ── mend ── tree ── walk ─┬─ Reading: maps, values, scopes, states ── hover, references, rename
//!                                 └─ spot (a mark at the cursor) ── candidates
//! ```
//!
//! A file that does not parse at the moment is read as far as it can be, so there are answers between two keystrokes.
//! What can stand where comes from the tables that the checker goes by.
//!
//! **Invariant:** nothing is judged here: what is wrong is said by [`crate::check`] alone. Any offset in any text gives
//! an answer within bounds, never a panic.

mod candidates;
mod cursor;
mod hover;
pub(crate) mod kinds;
mod mend;
mod reading;
mod rename;
mod spelling;
mod spot;
mod types;
mod walk;

#[cfg(test)]
mod tests;

pub use candidates::{Candidate, CandidateKind, complete};
pub use reading::{KeyPart, MapPart, Meaning, Reading, Scope, ScopeId, State, StateId, ValuePart};
pub use rename::{Edit, RenameRefusal};
pub use spelling::Syntax;

/// Which of the file formats a file is written in, and in which syntax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileKind {
    /// What it holds.
    pub content: FileContent,
    /// How it is written.
    pub syntax: Syntax,
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileContent {
    /// A flow.
    Flow,
    /// Functions.
    Functions,
    /// Grants.
    Grants,
}

impl FileKind {
    /// The kind that a file's name tells: `functions.yaml` and `grants.yaml` are what they are called, all else is a flow.
    #[must_use]
    pub fn of(file_name: &str) -> Self {
        let name = file_name
            .rsplit(['/', '\\'])
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let (stem, extension) = name.rsplit_once('.').unwrap_or((&name, ""));
        let content = match stem {
            "functions" => FileContent::Functions,
            "grants" => FileContent::Grants,
            _ => FileContent::Flow,
        };
        let syntax = if extension == "json" {
            Syntax::Json
        } else {
            Syntax::Yaml
        };
        Self { content, syntax }
    }
}
