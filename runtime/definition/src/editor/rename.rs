//! Renaming a state everywhere in its scope.
//!
//! **Invariant:** a rename that is done changes no way through the flow: the new name is free, and no text changes that
//! another scope reads too.

use std::collections::BTreeSet;
use std::fmt;

use crate::editor::reading::{Meaning, Reading, State, StateId, ValuePart};
use crate::editor::spelling::spell;
use crate::scope::NAME_CHARACTERS_MAX;
use crate::source::Span;

/// A text in the place of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced.
    pub span: Span,
    /// By what.
    pub text: String,
}

/// Why a state is not renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenameRefusal {
    /// No state's name stands there.
    NoState,
    /// The name is empty or too long.
    BadName,
    /// Another state of the scope has that name.
    Taken,
    /// Two states of the scope have the old name.
    Ambiguous,
    /// The name is written over several lines, or where an alias makes two scopes read it.
    Shared,
}

impl fmt::Display for RenameRefusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoState => formatter.write_str("no state's name stands here"),
            Self::BadName => write!(
                formatter,
                "a state's name has from 1 to {NAME_CHARACTERS_MAX} characters"
            ),
            Self::Taken => formatter.write_str("another state of this scope has that name"),
            Self::Ambiguous => formatter.write_str("two states of this scope have this name"),
            Self::Shared => formatter
                .write_str("this name is written over several lines, or is shared with another scope by an alias"),
        }
    }
}

impl Reading {
    /// The name at an offset that can be changed: where it stands, and what it is.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub fn renamable(&self, offset: usize) -> Result<(Span, &str), RenameRefusal> {
        let (id, span) = self.state_at(offset).ok_or(RenameRefusal::NoState)?;
        let state = self.state(id).ok_or(RenameRefusal::NoState)?;
        let same = |(_, other): &(StateId, &State)| other.name == state.name;
        if self.states_of(state.scope).filter(same).count() > 1 {
            return Err(RenameRefusal::Ambiguous);
        }
        self.places(id)?;
        Ok((span, &state.name))
    }

    /// Every place that changes where the state at an offset is called `name`.
    ///
    /// # Errors
    ///
    /// Why it cannot be called so.
    pub fn rename(&self, offset: usize, name: &str) -> Result<Vec<Edit>, RenameRefusal> {
        self.renamable(offset)?;
        let (id, _) = self.state_at(offset).ok_or(RenameRefusal::NoState)?;
        let state = self.state(id).ok_or(RenameRefusal::NoState)?;
        if name.is_empty() || name.chars().nth(NAME_CHARACTERS_MAX).is_some() || name.contains('\0') {
            return Err(RenameRefusal::BadName);
        }
        if self.named(state.scope, name).is_some_and(|other| other != id) {
            return Err(RenameRefusal::Taken);
        }
        let edit = |span: Span| Edit {
            span,
            text: spell(name, self.source.slice(span), self.kind.syntax),
        };
        Ok(self.places(id)?.into_iter().map(edit).collect())
    }

    /// Where a state's name stands, its own place included.
    fn places(&self, id: StateId) -> Result<BTreeSet<Span>, RenameRefusal> {
        let mut spans: BTreeSet<Span> = self.references(id).into_iter().collect();
        spans.extend(self.state(id).map(|state| state.name_span));
        let one_line = |span: &Span| !self.source.slice(*span).contains(['\n', '\r']);
        let mut read = self.values.iter().filter(|value| spans.contains(&value.span));
        if spans.iter().all(one_line) && read.all(|value| self.means(value, id)) {
            return Ok(spans);
        }
        Err(RenameRefusal::Shared)
    }

    fn means(&self, value: &ValuePart, id: StateId) -> bool {
        match value.meaning {
            Meaning::Refers(scope) => self.named(scope, &value.text) == Some(id),
            Meaning::Names(state) => state == id,
            Meaning::Constant(_) | Meaning::Expression(_) | Meaning::ErrorName => true,
        }
    }
}
