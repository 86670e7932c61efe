//! What an editor shows of a word: the documentation of a field, a type, a function, a variable; what a state does.
//!
//! **Invariant:** the words are those of the tables; nothing is explained twice.

use stepwell_expression::{FunctionDoc, function_docs};

use crate::editor::reading::{MapPart, Meaning, Reading, State};
use crate::fields::{Field, Takes};
use crate::source::Span;
use crate::states::StateType;
use crate::variables::VARIABLES;

impl Reading {
    /// What is known of what stands at an offset, as Markdown, and where that stands.
    #[must_use]
    pub fn hover(&self, offset: usize) -> Option<(Span, String)> {
        if let Some((map, key)) = self.key_at(offset) {
            return Some((key.span, field(map, key.field?)));
        }
        let value = self.value_at(offset)?;
        match value.meaning {
            Meaning::Refers(_) | Meaning::Names(_) => {
                let (id, span) = self.state_at(offset)?;
                Some((span, state(self.state(id)?)))
            }
            Meaning::Constant(field) => Some((value.span, constant(field, &value.text)?)),
            Meaning::Expression(_) => self.word(value.span, offset),
            Meaning::ErrorName => None,
        }
    }

    /// A variable or function in an expression.
    fn word(&self, span: Span, offset: usize) -> Option<(Span, String)> {
        let part = |character: char| character.is_ascii_alphanumeric() || character == '$';
        let text = self.source.slice(span);
        let (before, after) = text.split_at_checked(offset.checked_sub(span.start)?)?;
        let start = before.trim_end_matches(part).len();
        let end = text.len() - after.trim_start_matches(part).len();
        let word = text.get(start..end)?;
        let called = text.get(end..)?.starts_with('(');
        let told = match VARIABLES.iter().find(|variable| variable.name == word) {
            Some(variable) => Some(format!("**{}**\n\n{}", variable.name, variable.doc)),
            None if called => function_docs()
                .into_iter()
                .find(|known| known.name == word)
                .map(|known| function(&known)),
            None => None,
        };
        Some((Span::new(span.start + start, span.start + end), told?))
    }
}

fn field(map: &MapPart, field: &Field) -> String {
    let required = if field.required { ", required" } else { "" };
    let computed = if field.computable {
        format!("\n\nCan be computed: `{}.$`.", field.name)
    } else {
        String::new()
    };
    let (name, owner, takes, doc) = (field.name, map.owner, takes(field.takes), field.doc);
    format!("**{name}** of {owner}{required}: {takes}\n\n{doc}{computed}")
}

fn state(state: &State) -> String {
    let kind = state.kind.map_or("a state", StateType::name);
    let head = format!("**{}**: {kind}", state.name);
    match &state.description {
        Some(description) => format!("{head}\n\n{description}"),
        None => head,
    }
}

fn constant(field: &Field, text: &str) -> Option<String> {
    let kind = StateType::ALL.into_iter().find(|kind| kind.name() == text);
    match (field.takes, kind) {
        (Takes::OneOf(choices), Some(kind)) if choices == StateType::NAMES => {
            Some(format!("**{text}**\n\n{}", kind.doc()))
        }
        (_, _) => None,
    }
}

/// A function's call and what it yields.
pub(super) fn function(function: &FunctionDoc) -> String {
    format!("`{}`\n\n{}", call(function), function.doc)
}

/// A function with what it takes, such as `get(an array or an object, an integer or text)`.
pub(super) fn call(function: &FunctionDoc) -> String {
    let rest = function.rest.map(|rest| format!("{rest} …"));
    let parameters = function.parameters.iter().map(|&parameter| parameter.to_owned());
    let parameters: Vec<String> = parameters.chain(rest).collect();
    format!("{}({})", function.name, parameters.join(", "))
}

/// What a field takes, in words.
pub(super) fn takes(takes: Takes) -> String {
    match takes {
        Takes::Text => "text".to_owned(),
        Takes::OneOf(choices) | Takes::AnyCaseOf(choices) => choices.join(", "),
        Takes::StateName => "the name of a state of the same scope".to_owned(),
        Takes::Flag => "true or false".to_owned(),
        Takes::Whole(least, most) => format!("a whole number from {least} to {most}"),
        Takes::NumberFrom(least, u64::MAX) => format!("a number from {least}"),
        Takes::NumberFrom(least, most) => format!("a number from {least} to {most}"),
        Takes::Seconds(most) => format!("seconds, from 0 to {most}"),
        Takes::Expression => "an expression".to_owned(),
        Takes::Template => "a map in which keys that end with `.$` are computed".to_owned(),
        Takes::Map => "a map".to_owned(),
        Takes::List => "a list".to_owned(),
        Takes::Anything => "anything".to_owned(),
    }
}
