//! One list of states: their names, the ways between them, and what cannot be reached.
//!
//! **Invariant:** a name is resolved in its own scope only.
//!
//! Source: specification 1.1 and 1.2.

use std::collections::BTreeMap;
use std::sync::Arc;

use stepwell_model::{Block, BlockPath, StateIndex};

use crate::checker::{Checker, Text};
use crate::codes;
use crate::diagnostic::{Diagnostic, shown};
use crate::fields::{Fields, Found};
use crate::source::Span;
use crate::states::{self, StateType};
use crate::tree::Node;
use crate::ways::{self, Ways};

/// How many characters a state's name may have.
pub const NAME_CHARACTERS_MAX: usize = 128;

/// How many states a flow may have, those of all scopes together.
pub const STATES_MAX: usize = 10_000;

/// How many scopes may stand inside each other below the root.
pub const NESTING_MAX: usize = 16;

/// A state of a scope, as it was read.
#[derive(Debug)]
pub(crate) struct Member<'n> {
    pub(crate) index: StateIndex,
    pub(crate) kind: StateType,
    pub(crate) fields: Fields<'n>,
}

/// The names of a scope and the ways between its states.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) path: BlockPath,
    names: Vec<Option<Text>>,
    index: BTreeMap<Arc<str>, StateIndex>,
    ways: Vec<Ways>,
}

impl Scope {
    /// The state that a field names.
    pub(crate) fn named(&self, checker: &mut Checker<'_>, found: Found<'_>) -> Option<StateIndex> {
        let name = checker.text_of(found)?;
        self.resolve(checker, &name)
    }

    fn resolve(&self, checker: &mut Checker<'_>, name: &Text) -> Option<StateIndex> {
        if let Some(index) = self.index.get(&name.text) {
            return Some(*index);
        }
        // A guess takes a look at every name; one that nobody will see is not worth it.
        let names = self.index.keys().map(|name| &**name);
        let close = checker.has_room().then(|| checker.closest(&name.text, names)).flatten();
        let diagnostic = Diagnostic::new(
            &codes::UNKNOWN_STATE,
            name.span,
            format!("no state named {}", shown(&name.text)),
        );
        checker.tell(match close {
            Some(_) => diagnostic.did_you_mean(close),
            None => diagnostic.help(self.known_names()),
        });
        close.and_then(|close| self.index.get(close).copied())
    }

    fn known_names(&self) -> String {
        const SHOWN_MAX: usize = 8;
        let names: Vec<String> = self
            .names
            .iter()
            .flatten()
            .take(SHOWN_MAX)
            .map(|name| shown(&name.text))
            .collect();
        if names.is_empty() {
            return "no state of this scope has a name; give each one".to_owned();
        }
        let more = if self.index.len() > SHOWN_MAX { ", …" } else { "" };
        format!(
            "this scope has {}{more}; a state can only lead to states of its own scope",
            names.join(", ")
        )
    }

    /// The state that a field of `from` names, as a way out of it.
    pub(crate) fn transition(
        &mut self,
        checker: &mut Checker<'_>,
        from: StateIndex,
        found: Found<'_>,
    ) -> Option<StateIndex> {
        let target = self.named(checker, found);
        if let Some(ways) = self.ways_of(from) {
            match target {
                Some(target) => ways.leads_to(target),
                None => ways.leads_anywhere(),
            }
        }
        target
    }

    /// The state ends its scope.
    pub(crate) fn ends(&mut self, state: StateIndex) {
        if let Some(ways) = self.ways_of(state) {
            ways.ends();
        }
    }

    /// Nothing is known of where the state leads.
    pub(crate) fn leads_anywhere(&mut self, state: StateIndex) {
        if let Some(ways) = self.ways_of(state) {
            ways.leads_anywhere();
        }
    }

    fn ways_of(&mut self, state: StateIndex) -> Option<&mut Ways> {
        self.ways.get_mut(state.0 as usize)
    }

    /// Whether transitions to `name` lead to that state.
    pub(crate) fn has(&self, name: &str, state: StateIndex) -> bool {
        self.index.get(name) == Some(&state)
    }

    /// Where to point for a state.
    pub(crate) fn name_span(&self, state: StateIndex) -> Span {
        self.name(state).map(|name| name.span).unwrap_or_default()
    }

    pub(crate) fn name(&self, state: StateIndex) -> Option<&Text> {
        self.names.get(state.0 as usize).and_then(Option::as_ref)
    }
}

impl Checker<'_> {
    /// The block that `StartAt` and `States` of a map make.
    pub(crate) fn block(&mut self, fields: &Fields<'_>, path: BlockPath) -> Option<Block> {
        let found = fields.find("States")?;
        let nodes = self.state_list(fields, found)?;
        if self.too_much(nodes, &path, found.key.span) {
            return None;
        }
        let (mut scope, members) = self.members(nodes, path);
        let start = fields.find("StartAt").and_then(|found| scope.named(self, found));
        let states: Vec<_> = members
            .iter()
            .enumerate()
            .map(|(at, member)| match member {
                Some(member) => states::lower(self, &mut scope, member),
                None => {
                    scope.leads_anywhere(index(at));
                    None
                }
            })
            .collect();
        if let Some(start) = start {
            ways::check(self, &scope, start, &scope.ways);
        }
        Some(Block {
            start: start?,
            states: states.into_iter().collect::<Option<_>>()?,
        })
    }

    fn state_list<'n>(&mut self, fields: &Fields<'_>, found: Found<'n>) -> Option<&'n [Node]> {
        if found.value.mapping().is_some() {
            let message = "`States` is a list here, not a map";
            let help = "write every state as `- Name: …` with its Type beside it";
            self.tell(Diagnostic::new(&codes::WRONG_TYPE, found.key.span, message).help(help));
            return None;
        }
        let nodes = self.list(found)?;
        if nodes.is_empty() {
            let message = format!("{} has no states", fields.owner);
            let help = "write at least one, such as `- {Type: Succeed, Name: Done}`";
            self.tell(Diagnostic::new(&codes::NO_STATES, found.value.span, message).help(help));
            return None;
        }
        Some(nodes)
    }

    fn too_much(&mut self, nodes: &[Node], path: &BlockPath, span: Span) -> bool {
        self.states += nodes.len();
        let message = if self.states > STATES_MAX {
            format!("a flow has at most {STATES_MAX} states")
        } else if path.0.len() > NESTING_MAX {
            format!("at most {NESTING_MAX} scopes can stand inside each other")
        } else {
            return false;
        };
        let help = "make a flow of its own of a part, and start it with FNF:StartExecution";
        self.tell(Diagnostic::new(&codes::TOO_MANY_STATES, span, message).help(help));
        true
    }

    fn members<'n>(&mut self, nodes: &'n [Node], path: BlockPath) -> (Scope, Vec<Option<Member<'n>>>) {
        let mut scope = Scope {
            path,
            names: Vec::new(),
            index: BTreeMap::new(),
            ways: vec![Ways::default(); nodes.len()],
        };
        let mut members = Vec::with_capacity(nodes.len());
        for (at, node) in nodes.iter().enumerate() {
            let read = states::read(self, node);
            let name = match &read {
                Some((_, fields)) => self.state_name(fields),
                // Whatever else is wrong, others may lead here.
                None => node.entry("Name").and_then(|entry| {
                    let text = entry.value.scalar()?.text.clone();
                    Some(Text {
                        text,
                        span: entry.value.span,
                    })
                }),
            };
            if let Some(name) = &name {
                self.take_name(&mut scope, name, index(at));
            }
            scope.names.push(name);
            members.push(read.map(|(kind, fields)| Member {
                index: index(at),
                kind,
                fields,
            }));
        }
        (scope, members)
    }

    fn take_name(&mut self, scope: &mut Scope, name: &Text, index: StateIndex) {
        if let Some(first) = scope.index.get(&name.text).copied() {
            // What leads to the one may be meant for the other.
            scope.leads_anywhere(first);
            let message = format!("two states of this scope are named {}", shown(&name.text));
            let diagnostic = Diagnostic::new(&codes::DUPLICATE_STATE, name.span, message);
            let help = "give one of them another name; names are unique in a scope";
            return self.tell(diagnostic.label(scope.name_span(first), "first here").help(help));
        }
        scope.index.insert(name.text.clone(), index);
    }

    fn state_name(&mut self, fields: &Fields<'_>) -> Option<Text> {
        let name = self.text(fields, "Name")?;
        let characters = name.text.chars().take(NAME_CHARACTERS_MAX + 1).count();
        if (1..=NAME_CHARACTERS_MAX).contains(&characters) {
            return Some(name);
        }
        let message = format!("a state's name has from 1 to {NAME_CHARACTERS_MAX} characters");
        let help = "any other characters are allowed; what is longer belongs into `Description`";
        self.tell(Diagnostic::new(&codes::BAD_STATE_NAME, name.span, message).help(help));
        Some(name)
    }
}

fn index(at: usize) -> StateIndex {
    StateIndex(u32::try_from(at).unwrap_or(u32::MAX))
}
