//! What the parser says about a mistake.
//!
//! **Invariant:** every mistake has a place, and where something else was probably meant, it says what.

use std::ops::Range;

use crate::error::{ParseError, shortened};
use crate::functions::Function;
use crate::lexer::TokenKind;
use crate::parser::Parser;
use crate::suggestion::closest;

impl Parser<'_> {
    pub(super) fn span(&self, at: usize) -> (usize, usize) {
        self.tokens
            .get(at)
            .map_or((self.source.len(), 0), |token| (token.offset, token.length))
    }

    pub(super) fn error_here(&self, message: impl Into<String>, help: Option<String>) -> ParseError {
        self.error_at(self.at, message, help)
    }

    pub(super) fn error_at(&self, at: usize, message: impl Into<String>, help: Option<String>) -> ParseError {
        let (offset, length) = self.span(at);
        ParseError {
            offset,
            length,
            message: message.into(),
            help,
        }
    }

    /// An error that covers several tokens.
    pub(super) fn error_over(&self, tokens: Range<usize>, message: String) -> ParseError {
        let (offset, _) = self.span(tokens.start);
        let (last, length) = self.span(tokens.end.saturating_sub(1));
        ParseError {
            offset,
            length: (last + length).saturating_sub(offset),
            message,
            help: None,
        }
    }

    pub(super) fn unexpected(&self, wanted: &str) -> ParseError {
        let (offset, length) = self.span(self.at);
        let found = self.source.get(offset..offset + length).filter(|text| !text.is_empty());
        let found = found.map_or("the end".to_owned(), |text| format!("`{}`", shortened(text)));
        self.error_here(format!("expected {wanted}, found {found}"), self.help_for_unexpected())
    }

    pub(super) fn help_for_unexpected(&self) -> Option<String> {
        let before = self
            .at
            .checked_sub(1)
            .and_then(|before| self.tokens.get(before))
            .map(|token| &token.kind);
        let help = match (before, self.peek()) {
            (Some(TokenKind::Symbol("*")), Some(TokenKind::Symbol("*"))) => "there is no operator `**`",
            (Some(TokenKind::Symbol(")")), Some(TokenKind::Symbol("["))) => "take a part of a result with `get(…, …)`",
            (_, Some(TokenKind::Word(word))) => return Some(help_for_word(word)).filter(|_| before.is_some()),
            _ => return None,
        };
        Some(help.to_owned())
    }
}

/// What somebody may have meant who wrote a word without `$` or quotes.
pub(super) fn help_for_word(word: &str) -> String {
    const VARIABLES: [&str; 6] = ["Input", "Output", "Context", "Global", "Item", "Environment"];
    let root = word.split('.').next().unwrap_or(word);
    let operator = [
        ("and", "&&"),
        ("or", "||"),
        ("not", "!"),
        ("AND", "&&"),
        ("OR", "||"),
        ("NOT", "!"),
    ];
    if let Some((_, symbol)) = operator.iter().find(|(name, _)| *name == word) {
        return format!("the operator is `{symbol}`");
    }
    if Function::named(word).is_some() {
        return format!("call the function: `{word}(…)`");
    }
    if ["nil", "none", "undefined"]
        .iter()
        .any(|other| other.eq_ignore_ascii_case(word))
    {
        return "did you mean `null`?".to_owned();
    }
    if let Some(known) = ["true", "false", "null"]
        .iter()
        .find(|known| known.eq_ignore_ascii_case(word))
    {
        return format!("did you mean `{known}`?");
    }
    match closest(root, &VARIABLES) {
        Some(known) => format!(
            "did you mean `${known}{}`?",
            shortened(word.get(root.len()..).unwrap_or_default())
        ),
        None => format!("put text into quotes: \"{}\"", shortened(word)),
    }
}
