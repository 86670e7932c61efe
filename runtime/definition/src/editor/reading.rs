//! A file as an editor sees it: its maps, its values, and the names of its states.
//!
//! **Invariant:** parts stand in the order of the file, and every span lies in its text.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::actions::FUNCTION_RESOURCE;
use crate::editor::{FileKind, mend, walk};
use crate::fields::Field;
use crate::source::{Source, Span};
use crate::states::StateType;
use crate::variables::Place;

/// A scope, by its number in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScopeId(pub usize);

/// A state, by its number in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StateId(pub usize);

/// A file, read as far as it can be.
#[derive(Clone, Debug)]
pub struct Reading {
    pub(super) source: Source,
    pub(super) kind: FileKind,
    pub(super) maps: Vec<MapPart>,
    pub(super) values: Vec<ValuePart>,
    pub(super) scopes: Vec<Scope>,
    pub(super) states: Vec<State>,
}

/// A map whose fields are known.
#[derive(Clone, Debug)]
pub struct MapPart {
    /// Where it stands.
    pub span: Span,
    /// What such a map is called, such as `a Task`.
    pub owner: &'static str,
    /// The fields that it can have.
    pub fields: Vec<&'static Field>,
    /// The keys that it has.
    pub keys: Vec<KeyPart>,
}

/// A key of a map.
#[derive(Clone, Debug)]
pub struct KeyPart {
    /// Its text.
    pub text: Arc<str>,
    /// Where it stands.
    pub span: Span,
    /// The field that it is, if it is one.
    pub field: Option<&'static Field>,
}

/// A scalar of which is known what it means.
#[derive(Clone, Debug)]
pub struct ValuePart {
    /// Its text.
    pub text: Arc<str>,
    /// Where it stands, quotes included.
    pub span: Span,
    /// What it means.
    pub meaning: Meaning,
}

/// What a scalar means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The name of a state of a scope, which is meant here.
    Refers(ScopeId),
    /// The name of a state, which is given here.
    Names(StateId),
    /// The constant of a field.
    Constant(&'static Field),
    /// An expression.
    Expression(Readable),
    /// The code of an error that a rule takes.
    ErrorName,
}

/// Which variables an expression can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readable(pub(super) Place);

/// A list of states.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The state that it belongs to; none for the root.
    pub owner: Option<StateId>,
    /// What it is called below its state, such as `Branch0`; empty for the root and for the Processor of a Map.
    pub title: String,
    /// Where it stands.
    pub span: Span,
    /// Its states.
    pub states: Vec<StateId>,
    /// The first state of every name.
    pub(super) names: BTreeMap<Arc<str>, StateId>,
}

/// A state.
#[derive(Clone, Debug)]
pub struct State {
    /// The scope that it stands in.
    pub scope: ScopeId,
    /// Its name; empty while it has none.
    pub name: Arc<str>,
    /// Where its name stands; its first key while it has none.
    pub name_span: Span,
    /// Its type, if it has a known one.
    pub kind: Option<StateType>,
    /// Its Description.
    pub description: Option<Arc<str>>,
    /// Where it stands.
    pub span: Span,
    /// The scopes inside of it.
    pub inner: Vec<ScopeId>,
}

impl Reading {
    /// Reads a file, whatever state it is in.
    #[must_use]
    pub fn of(text: &str, kind: FileKind) -> Self {
        let (source, unfit) = Source::read("", text.as_bytes());
        let root = if unfit.is_none() { mend::tree(&source) } else { None };
        walk::read(source, kind, root.as_ref())
    }

    /// The text, behind a byte order mark.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Every scope; the root first.
    #[must_use]
    pub fn scopes(&self) -> &[Scope] {
        &self.scopes
    }

    /// A state.
    #[must_use]
    pub fn state(&self, id: StateId) -> Option<&State> {
        self.states.get(id.0)
    }

    /// The states of a scope.
    pub fn states_of(&self, scope: ScopeId) -> impl Iterator<Item = (StateId, &State)> {
        let ids = self.scopes.get(scope.0).map(|scope| scope.states.as_slice());
        ids.unwrap_or_default()
            .iter()
            .filter_map(|id| Some((*id, self.state(*id)?)))
    }

    /// The first state of a scope that has a name.
    #[must_use]
    pub fn named(&self, scope: ScopeId, name: &str) -> Option<StateId> {
        self.scopes.get(scope.0)?.names.get(name).copied()
    }

    /// The key at an offset, with its map.
    #[must_use]
    pub fn key_at(&self, offset: usize) -> Option<(&MapPart, &KeyPart)> {
        self.maps
            .iter()
            .flat_map(|map| map.keys.iter().map(move |key| (map, key)))
            .find(|(_, key)| touches(key.span, offset))
    }

    /// Whether a map inside of a Map says that it is distributed.
    pub(super) fn is_distributed(&self, map: &MapPart) -> bool {
        let inside = |other: &&MapPart| map.span.start < other.span.start && other.span.end <= map.span.end;
        let mut processors = self
            .maps
            .iter()
            .filter(inside)
            .filter(|other| other.owner == "a Processor");
        let first = processors.next();
        first.is_some_and(|processor| processor.keys.iter().any(|key| &*key.text == "ProcessorConfig"))
    }

    /// The value at an offset.
    #[must_use]
    pub fn value_at(&self, offset: usize) -> Option<&ValuePart> {
        self.values.iter().find(|value| touches(value.span, offset))
    }

    /// The function that is named at an offset by a constant, and where that stands.
    #[must_use]
    pub fn function_at(&self, offset: usize) -> Option<(Span, &str)> {
        let value = self.value_at(offset)?;
        let named = matches!(value.meaning, Meaning::Constant(field) if *field == FUNCTION_RESOURCE);
        named.then_some((value.span, &*value.text))
    }

    /// Whether the file has a key that begins a flow.
    #[must_use]
    pub fn begins_a_flow(&self) -> bool {
        const KEYS: [&str; 4] = ["Type", "StartAt", "States", "steps"];
        let root = self.maps.first();
        root.is_some_and(|root| root.keys.iter().any(|key| KEYS.contains(&&*key.text)))
    }

    /// The state whose name stands at an offset, as a name or as a reference, and where it stands.
    #[must_use]
    pub fn state_at(&self, offset: usize) -> Option<(StateId, Span)> {
        let value = self.value_at(offset)?;
        Some((self.state_of(value)?, value.span))
    }

    fn state_of(&self, value: &ValuePart) -> Option<StateId> {
        match value.meaning {
            Meaning::Refers(scope) => self.named(scope, &value.text),
            Meaning::Names(state) => Some(state),
            Meaning::Constant(_) | Meaning::Expression(_) | Meaning::ErrorName => None,
        }
    }

    /// Where a state is meant: its references, each once, in the order of the file.
    #[must_use]
    pub fn references(&self, state: StateId) -> Vec<Span> {
        let meant =
            |value: &&ValuePart| matches!(value.meaning, Meaning::Refers(_)) && self.state_of(value) == Some(state);
        let mut spans: Vec<Span> = self.values.iter().filter(meant).map(|value| value.span).collect();
        spans.sort_unstable();
        spans.dedup();
        spans
    }
}

fn touches(span: Span, offset: usize) -> bool {
    span.start < span.end && (span.start..=span.end).contains(&offset)
}
