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

pub use candidates::{Candidate, CandidateKind, Standing, complete, complete_among};
pub use reading::{KeyPart, MapPart, Meaning, Reading, Scope, ScopeId, State, StateId, ValuePart};
pub use rename::{Edit, RenameRefusal};
pub use spelling::Syntax;
pub(crate) use spelling::spell;

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
    /// The kind that a file's name tells: what begins with `functions` or `grants` is what it is called, as in
    /// `functions.yaml` or `functions-test.json`; all else is a flow.
    #[must_use]
    pub fn of(file_name: &str) -> Self {
        let name = file_name
            .rsplit(['/', '\\'])
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let (stem, extension) = name.rsplit_once('.').unwrap_or((&name, ""));
        let called = |word: &str| {
            let rest = stem.strip_prefix(word);
            rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
        };
        let content = match () {
            () if called("functions") => FileContent::Functions,
            () if called("grants") => FileContent::Grants,
            () => FileContent::Flow,
        };
        let syntax = if extension == "json" {
            Syntax::Json
        } else {
            Syntax::Yaml
        };
        Self { content, syntax }
    }

    /// Whether a file's name alone says that it is one of ours; any other is if it [begins a
    /// flow](Reading::begins_a_flow).
    #[must_use]
    pub fn is_named(file_name: &str) -> bool {
        let name = file_name.rsplit(['/', '\\']).next().unwrap_or_default();
        let named = name.to_ascii_lowercase().starts_with("flow");
        named || !matches!(Self::of(file_name).content, FileContent::Flow)
    }
}
