//! From a tree to what an editor asks for.
//!
//! **Invariant:** every part of a tree is looked at once for each place that it stands in, aliases included.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::actions::{Integration, integration};
use crate::editor::FileKind;
use crate::editor::kinds::{Inside, Kind};
use crate::editor::reading::{KeyPart, MapPart, Meaning, Readable, Reading, Scope, ScopeId, State, StateId, ValuePart};
use crate::fields::{Field, Takes, split_key};
use crate::source::{Source, Span};
use crate::states::StateType;
use crate::tree::{Content, Entry, Node};
use crate::variables::Place;

/// Reads the parts of a tree.
pub(super) fn read(source: Source, kind: FileKind, root: Option<&Node>) -> Reading {
    let reading = Reading {
        source,
        kind,
        maps: Vec::new(),
        values: Vec::new(),
        scopes: Vec::new(),
        states: Vec::new(),
    };
    let mut walk = Walk { reading };
    if let Some(root) = root {
        walk.map(root, Kind::of_file(kind.content), Around::default());
    }
    walk.reading
}

/// What surrounds a map.
#[derive(Clone, Copy, Debug, Default)]
struct Around {
    /// The scope in which names of states are looked up.
    scope: Option<ScopeId>,
    /// The state that it stands in.
    state: Option<StateId>,
    /// Which of a Parallel's branches it is.
    branch: Option<usize>,
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Constant,
    /// Under a key that ends with `.$`.
    Computed,
}

struct Walk {
    reading: Reading,
}

impl Walk {
    fn map(&mut self, node: &Node, kind: Kind, around: Around) {
        let Some(entries) = node.mapping() else { return };
        let around = Around {
            scope: self.own_scope(node, kind, around).or(around.scope),
            ..around
        };
        let fields = kind.fields();
        let keys = entries.iter().map(|entry| key(entry, &fields)).collect();
        self.reading.maps.push(MapPart {
            span: node.span,
            owner: kind.owner(),
            fields: fields.clone(),
            keys,
        });
        for entry in entries {
            let (name, form) = read_key(&entry.key.text);
            if let Some(field) = fields.iter().find(|field| field.name == name) {
                self.field(node, &entry.value, (field, form), kind, around);
            }
        }
    }

    /// The scope that a map with `States` is.
    fn own_scope(&mut self, node: &Node, kind: Kind, around: Around) -> Option<ScopeId> {
        let title = match around.branch.filter(|_| matches!(kind, Kind::ParallelBranch)) {
            Some(branch) => format!("Branch{branch}"),
            None if matches!(kind, Kind::Flow | Kind::Processor) => String::new(),
            None => return None,
        };
        let id = ScopeId(self.reading.scopes.len());
        self.reading.scopes.push(Scope {
            owner: around.state,
            title,
            span: node.span,
            states: Vec::new(),
            names: BTreeMap::new(),
        });
        if let Some(owner) = around.state.and_then(|state| self.reading.states.get_mut(state.0)) {
            owner.inner.push(id);
        }
        Some(id)
    }

    fn field(&mut self, map: &Node, value: &Node, (field, form): (&'static Field, Form), kind: Kind, around: Around) {
        let computed = form == Form::Computed;
        match kind.inside(field) {
            // A parameter that is written down.
            Inside::Template(_) if !computed && is_constant(value) => self.constant(value, field, kind, around),
            Inside::Template(place) => self.template(value, place, form),
            _ if computed || field.takes == Takes::Expression => self.expression(value, Place::Input),
            Inside::Parameters => match action(map) {
                Some(action) => self.map(value, Kind::Parameters(action), around),
                None => self.template(value, Place::Parameters, form),
            },
            Inside::Map(kind) => self.map(value, kind, around),
            Inside::List(kind) => self.list(value, kind, around),
            Inside::Named(kind) => {
                let entries = value.mapping().unwrap_or_default();
                entries.iter().for_each(|entry| self.map(&entry.value, kind, around));
            }
            Inside::States => self.states(value, around),
            Inside::ErrorNames => self.error_names(value),
            Inside::Constant => self.constant(value, field, kind, around),
        }
    }

    fn list(&mut self, node: &Node, kind: Kind, around: Around) {
        for (at, item) in node.sequence().unwrap_or_default().iter().enumerate() {
            let branch = Some(at);
            self.map(item, kind, Around { branch, ..around });
        }
    }

    fn states(&mut self, node: &Node, around: Around) {
        let Some(scope) = around.scope else { return };
        for item in node.sequence().unwrap_or_default() {
            let id = StateId(self.reading.states.len());
            let state = state(item, scope);
            let kind = state.kind.map_or(Kind::AnyState, Kind::State);
            if let Some(scope) = self.reading.scopes.get_mut(scope.0) {
                scope.states.push(id);
                scope.names.entry(state.name.clone()).or_insert(id);
            }
            self.reading.states.push(state);
            self.map(
                item,
                kind,
                Around {
                    state: Some(id),
                    ..around
                },
            );
        }
    }

    fn error_names(&mut self, node: &Node) {
        for item in node.sequence().unwrap_or_default() {
            match item.mapping() {
                // A name that is being written can look like a key.
                Some(entries) => entries
                    .iter()
                    .for_each(|entry| self.value(&entry.key.text, entry.key.span, Meaning::ErrorName)),
                None => self.scalar(item, Meaning::ErrorName),
            }
        }
    }

    fn constant(&mut self, node: &Node, field: &'static Field, kind: Kind, around: Around) {
        let names = matches!(kind, Kind::State(_) | Kind::AnyState) && field.name == "Name";
        let meaning = match (field.takes, around.scope, around.state) {
            (Takes::StateName, Some(scope), _) => Meaning::Refers(scope),
            (_, _, Some(state)) if names => Meaning::Names(state),
            (_, _, _) => Meaning::Constant(field),
        };
        self.scalar(node, meaning);
    }

    /// What stands in a constructor.
    fn template(&mut self, node: &Node, place: Place, form: Form) {
        match &node.content {
            Content::Scalar(scalar) => {
                if form == Form::Computed || scalar.text.starts_with('$') {
                    self.expression(node, place);
                }
            }
            Content::Sequence(items) => items.iter().for_each(|item| self.template(item, place, Form::Constant)),
            Content::Mapping(entries) => entries.iter().for_each(|entry| {
                let (_, form) = read_key(&entry.key.text);
                self.template(&entry.value, place, form);
            }),
        }
    }

    fn expression(&mut self, node: &Node, place: Place) {
        self.scalar(node, Meaning::Expression(Readable(place)));
    }

    fn scalar(&mut self, node: &Node, meaning: Meaning) {
        // What is left out means nothing.
        if let Some(scalar) = node.scalar().filter(|_| node.kind() != "null") {
            self.value(&scalar.text, node.span, meaning);
        }
    }

    fn value(&mut self, text: &Arc<str>, span: Span, meaning: Meaning) {
        self.reading.values.push(ValuePart {
            text: text.clone(),
            span,
            meaning,
        });
    }
}

/// The name of a key, and how its value is written.
fn read_key(key: &str) -> (&str, Form) {
    let (name, computed) = split_key(key);
    (name, if computed { Form::Computed } else { Form::Constant })
}

fn key(entry: &Entry, fields: &[&'static Field]) -> KeyPart {
    let (name, _) = split_key(&entry.key.text);
    KeyPart {
        text: entry.key.text.clone(),
        span: entry.key.span,
        field: fields.iter().find(|field| field.name == name).copied(),
    }
}

fn state(node: &Node, scope: ScopeId) -> State {
    let text = |key: &str| {
        let entry = node.entry(key)?;
        Some((entry.value.scalar()?.text.clone(), entry.value.span))
    };
    let (name, name_span) = text("Name").unwrap_or_else(|| ("".into(), node.head()));
    let kind = text("Type").and_then(|(kind, _)| StateType::ALL.into_iter().find(|known| known.name() == &*kind));
    State {
        scope,
        name,
        name_span,
        kind,
        description: text("Description").map(|(text, _)| text),
        span: node.span,
        inner: Vec::new(),
    }
}

/// Whether a scalar does not even look like an expression.
fn is_constant(node: &Node) -> bool {
    node.scalar().is_some_and(|scalar| !scalar.text.starts_with('$'))
}

/// What is known of the action of a Task.
fn action(task: &Node) -> Option<&'static Integration> {
    let name = &task.entry("Action")?.value.scalar()?.text;
    integration(&name.replace("::", ":"))
}
