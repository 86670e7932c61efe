//! Where in a text a cursor stands, by its characters alone: in a key, in a value, in an element of a list.
//!
//! One pass from the start, without a tree, so that it works on what does not parse.
//!
//! **Invariant:** the token that is found lies in the text and on one line.

use crate::source::Span;

/// What is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Key,
    Value,
    /// An element of a list, which may become a map.
    Element,
    /// A line of a text in a block.
    Text,
    /// What nothing can be offered for.
    Nothing,
}

/// Where a cursor stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) role: Role,
    pub(super) offset: usize,
    /// What is being written, quotes included.
    pub(super) token: Span,
    /// The quote that was opened before the cursor.
    pub(super) quote: Option<char>,
    /// Whether that quote is closed at the end of the token.
    pub(super) closed: bool,
    /// Whether a colon follows the token.
    pub(super) colon: bool,
    /// What closes the brackets that are open, the innermost first.
    pub(super) closers: String,
}

impl Cursor {
    /// The cursor at an offset, which must lie on a character of the text.
    pub(super) fn at(text: &str, offset: usize) -> Option<Self> {
        let (before, after) = text.split_at_checked(offset)?;
        let mut lexer = Lexer::default();
        let mut start = 0;
        for line in before.split_inclusive('\n') {
            lexer.line(line, start);
            start += line.len();
        }
        if before.is_empty() || before.ends_with('\n') {
            lexer.line("", start);
        }
        let rest = after.split(['\n', '\r']).next().unwrap_or_default();
        let (length, closed) = lexer.rest_of_token(rest);
        let colon = rest
            .get(length..)
            .is_some_and(|rest| rest.trim_start().starts_with(':'));
        Some(Self {
            role: lexer.role(),
            offset,
            token: Span::new(lexer.token.min(offset), offset + length),
            quote: lexer.quote,
            closed,
            colon,
            closers: lexer.flow.iter().rev().collect(),
        })
    }

    /// Whether it stands between brackets.
    pub(super) fn in_brackets(&self) -> bool {
        !self.closers.is_empty()
    }
}

/// What is known behind the characters that were read.
#[derive(Debug)]
struct Lexer {
    role: Role,
    token: usize,
    /// Whether nothing of the token was read yet.
    fresh: bool,
    quote: Option<char>,
    comment: bool,
    /// The closing brackets that are awaited.
    flow: Vec<char>,
    indent: usize,
    /// The indentation of the key whose text stands in a block below it.
    block: Option<usize>,
}

impl Default for Lexer {
    fn default() -> Self {
        Self {
            role: Role::Key,
            token: 0,
            fresh: true,
            quote: None,
            comment: false,
            flow: Vec::new(),
            indent: 0,
            block: None,
        }
    }
}

impl Lexer {
    fn role(&self) -> Role {
        if self.comment { Role::Nothing } else { self.role }
    }

    fn line(&mut self, line: &str, start: usize) {
        let indent = line.len() - line.trim_start_matches(' ').len();
        if let Some(limit) = self.block {
            if line.trim().is_empty() || indent > limit {
                self.begin(Role::Text, start + indent);
                return;
            }
            self.block = None;
        }
        self.comment = false;
        let mut skipped = 0;
        if self.flow.is_empty() && self.quote.is_none() {
            skipped = self.begin_line(line, indent, start);
        }
        let characters = line.char_indices().filter(|(at, _)| *at >= skipped);
        let mut escaped = false;
        for (at, character) in characters {
            let rest = line.get(at + character.len_utf8()..).unwrap_or_default();
            let before = line.get(..at).unwrap_or_default();
            if escaped {
                escaped = false;
            } else if let Some(quote) = self.quote {
                let doubled = quote == '\'' && character == '\'' && rest.starts_with('\'');
                escaped = doubled || (quote == '"' && character == '\\');
                if character == quote && !doubled {
                    self.quote = None;
                }
            } else if !self.comment {
                self.character(character, before, rest, start + at);
            }
        }
    }

    /// Reads indentation and dashes; how many bytes they are.
    fn begin_line(&mut self, line: &str, indent: usize, start: usize) -> usize {
        self.indent = indent;
        let mut skipped = indent;
        let mut role = Role::Key;
        while let Some(rest) = line.get(skipped..).and_then(|rest| rest.strip_prefix("- ")) {
            skipped = line.len() - rest.trim_start_matches(' ').len();
            role = Role::Element;
        }
        self.begin(role, start + skipped);
        skipped
    }

    fn begin(&mut self, role: Role, token: usize) {
        (self.role, self.token, self.fresh) = (role, token, true);
    }

    fn character(&mut self, character: char, before: &str, rest: &str, at: usize) {
        let in_flow = !self.flow.is_empty();
        let next = at + character.len_utf8();
        match character {
            '#' if before.is_empty() || before.ends_with([' ', '\t']) => self.comment = true,
            _ if character.is_whitespace() => {
                if self.fresh {
                    self.token = next;
                }
            }
            '"' | '\'' if self.fresh => (self.quote, self.fresh) = (Some(character), false),
            '{' if self.fresh || in_flow => self.open('}', Role::Key, next),
            '[' if self.fresh || in_flow => self.open(']', Role::Element, next),
            '}' | ']' if in_flow => {
                self.flow.pop();
                self.begin(Role::Nothing, next);
                self.fresh = false;
            }
            ',' if in_flow => {
                let in_map = self.flow.last() == Some(&'}');
                self.begin(if in_map { Role::Key } else { Role::Element }, next);
            }
            ':' if self.is_colon(before, rest) => self.begin(Role::Value, next),
            '|' | '>' if self.fresh && !in_flow && is_block_header(rest) => self.block = Some(self.indent),
            _ => self.fresh = false,
        }
    }

    fn open(&mut self, closer: char, role: Role, next: usize) {
        self.flow.push(closer);
        self.begin(role, next);
    }

    fn is_colon(&self, before: &str, rest: &str) -> bool {
        let behind_quote = !self.flow.is_empty() && before.trim_end().ends_with(['"', '\'']);
        matches!(self.role, Role::Key | Role::Element) && (rest.starts_with([' ', '\t', '\n', '\r']) || behind_quote)
    }

    /// How many bytes of the rest of the line belong to the token, and whether they close its quote.
    fn rest_of_token(&self, rest: &str) -> (usize, bool) {
        let word = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | '$' | '-');
        let end_of_word = rest.find(|character| !word(character)).unwrap_or(rest.len());
        if let Some(quote) = self.quote {
            let closing = match self.role {
                Role::Value => rest.find(quote),
                Role::Key | Role::Element | Role::Text | Role::Nothing => {
                    Some(end_of_word).filter(|end| rest.get(*end..).is_some_and(|rest| rest.starts_with(quote)))
                }
            };
            return closing.map_or((0, false), |closing| (closing + 1, true));
        }
        let value = match (self.role, self.flow.is_empty()) {
            (Role::Key | Role::Element | Role::Text | Role::Nothing, _) => return (end_of_word, false),
            (Role::Value, true) => rest.split(" #").next(),
            (Role::Value, false) => rest.split([',', '}', ']']).next(),
        };
        (value.unwrap_or_default().trim_end().len(), false)
    }
}

/// Whether what stands behind `|` or `>` is the rest of a block's head.
fn is_block_header(rest: &str) -> bool {
    let mark = |character: char| character.is_ascii_digit() || matches!(character, '+' | '-' | ' ' | '\r' | '\n');
    rest.ends_with('\n') && rest.chars().all(mark)
}
