//! Takes the text of an expression apart into tokens.
//!
//! **Invariant:** a path is one token, from `$` to its last step, so that `$Input.a-1` is the key `a-1`. Every byte of
//! the source is a blank or belongs to one token.

use std::sync::{Arc, LazyLock};

use regex::Regex;

use crate::error::{ParseError, shortened};
use crate::json::{Raw, read_string};
use crate::number::{self, Number};
use crate::pointer::Step;
use crate::tree::{Path, PathStep};

/// A token and where it stands, in bytes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) offset: usize,
    pub(crate) length: usize,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TokenKind {
    Path(Path),
    /// A name without `$`: a function, a constant, `in`, or a mistake.
    Word(Arc<str>),
    Number(Number),
    Text(Arc<str>),
    /// An operator or a bracket.
    Symbol(&'static str),
}

/// Longer ones come first.
const SYMBOLS: [&str; 26] = [
    "==", "!=", "<=", ">=", "&&", "||", "=~", "!~", "??", "<", ">", "!", "+", "-", "*", "/", "%", "?", ":", "(", ")",
    "[", "]", "{", "}", ",",
];

/// What people write, and what they should write instead.
const OTHER_LANGUAGES: [(&str, &str); 7] = [
    ("=", "compare with `==`"),
    ("&", "the operator is `&&`"),
    ("|", "the operator is `||`"),
    ("“", "put text into straight quotes: \"…\""),
    ("”", "put text into straight quotes: \"…\""),
    ("‘", "put text into straight quotes: '…'"),
    ("’", "put text into straight quotes: '…'"),
];

/// Takes an expression apart.
pub(crate) fn tokens(source: &str) -> Result<Vec<Token>, ParseError> {
    let mut lexer = Lexer { source, at: 0 };
    let mut tokens = Vec::new();
    while let Some(first) = lexer.skip_blanks() {
        let offset = lexer.at;
        let kind = lexer.token(first)?;
        tokens.push(Token {
            kind,
            offset,
            length: lexer.at - offset,
        });
    }
    Ok(tokens)
}

struct Lexer<'s> {
    source: &'s str,
    at: usize,
}

impl<'s> Lexer<'s> {
    fn rest(&self) -> &'s str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn first(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_blanks(&mut self) -> Option<char> {
        self.take_while(char::is_whitespace);
        self.first()
    }

    fn take_while(&mut self, accepts: impl Fn(char) -> bool) -> &'s str {
        let rest = self.rest();
        let length = rest.find(|char| !accepts(char)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    fn token(&mut self, first: char) -> Result<TokenKind, ParseError> {
        match first {
            '$' => self.path().map(TokenKind::Path),
            '"' | '\'' => self.text(first).map(|text| TokenKind::Text(text.into())),
            '`' => self.raw_text().map(|text| TokenKind::Text(text.into())),
            '0'..='9' => self.number(),
            _ if is_name_char(first) && first != '-' => Ok(TokenKind::Word(self.word().into())),
            _ => self.symbol(first),
        }
    }

    /// A name; dots stay in it, so that a forgotten `$` is seen as one mistake.
    fn word(&mut self) -> &'s str {
        let word = self.take_while(|char| char == '.' || (is_name_char(char) && char != '-'));
        let trimmed = word.trim_end_matches('.');
        self.at -= word.len() - trimmed.len();
        trimmed
    }

    fn number(&mut self) -> Result<TokenKind, ParseError> {
        let rest = self.rest();
        let length = number::scan(rest.as_bytes()).unwrap_or(0);
        let whole = rest
            .find(|char| !(char == '.' || is_name_char(char) && char != '-'))
            .unwrap_or(rest.len());
        match rest.get(..length).and_then(Number::parse) {
            Some(number) if whole <= length => {
                self.at += length;
                Ok(TokenKind::Number(number))
            }
            _ => {
                let text = rest.get(..whole).unwrap_or_default();
                Err(self.error(
                    whole,
                    format!("`{}` is not a number", shortened(text)),
                    Some("write numbers as in JSON, text in quotes"),
                ))
            }
        }
    }

    fn text(&mut self, quote: char) -> Result<String, ParseError> {
        let start = self.at;
        let behind = self.rest().get(1..).unwrap_or_default();
        let (text, length) = read_string(behind, quote, Raw::Accepted).map_err(|wrong| {
            let unclosed = wrong.offset == behind.len();
            ParseError {
                offset: if unclosed { start } else { start + 1 + wrong.offset },
                length: if unclosed {
                    1
                } else {
                    escape_length(behind, wrong.offset)
                },
                message: wrong.message.to_owned(),
                help: None,
            }
        })?;
        self.at = start + 1 + length;
        Ok(text)
    }

    fn raw_text(&mut self) -> Result<&'s str, ParseError> {
        let behind = self.rest().get(1..).unwrap_or_default();
        let Some((text, _)) = behind.split_once('`') else {
            return Err(self.error(1, "the text has no closing quote".to_owned(), None));
        };
        self.at += text.len() + 2;
        Ok(text)
    }

    fn symbol(&mut self, first: char) -> Result<TokenKind, ParseError> {
        let rest = self.rest();
        if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            self.at += symbol.len();
            return Ok(TokenKind::Symbol(symbol));
        }
        let help = OTHER_LANGUAGES
            .iter()
            .find(|(wrong, _)| rest.starts_with(wrong))
            .map(|(_, help)| *help);
        Err(self.error(first.len_utf8(), format!("unexpected `{first}`"), help))
    }

    fn path(&mut self) -> Result<Path, ParseError> {
        let offset = self.at;
        self.at += 1;
        let name = self.take_while(is_name_char);
        if name.is_empty() {
            return Err(self.no_variable(offset));
        }
        let mut steps = Vec::new();
        while let Some(step) = self.step()? {
            steps.push(step);
        }
        let text = self.source.get(offset..self.at).unwrap_or_default();
        if self.first() == Some('-') {
            return Err(self.error(
                1,
                "unexpected `-`".to_owned(),
                Some("put a blank before a minus that follows a path"),
            ));
        }
        Ok(Path {
            name: name.into(),
            steps,
            offset,
            length: text.len(),
            text: text.into(),
        })
    }

    fn no_variable(&self, offset: usize) -> ParseError {
        let help = match self.first() {
            Some('.') => "paths begin with a variable: write `$Input.…`",
            _ => "write the name right behind the `$`, such as `$Input`",
        };
        ParseError {
            offset,
            length: 1,
            message: "`$` without the name of a variable".to_owned(),
            help: Some(help.to_owned()),
        }
    }

    fn step(&mut self) -> Result<Option<PathStep>, ParseError> {
        match self.first() {
            Some('.') => {
                self.at += 1;
                self.key().map(Some)
            }
            Some('[') => self.bracket().map(Some),
            _ => Ok(None),
        }
    }

    fn key(&mut self) -> Result<PathStep, ParseError> {
        let key = self.take_while(is_name_char);
        if !key.is_empty() {
            return Ok(PathStep::One(Step::Key(key.into())));
        }
        self.at -= 1;
        let help = "write `.key`; for any other key `[\"key\"]`, for all elements `[*]`";
        Err(self.error(1, "`.` without a key".to_owned(), Some(help)))
    }

    fn bracket(&mut self) -> Result<PathStep, ParseError> {
        let offset = self.at;
        self.at += 1;
        let step = match self.skip_blanks() {
            Some('*') => {
                self.at += 1;
                Some(PathStep::Every)
            }
            Some(quote @ ('"' | '\'')) => Some(PathStep::One(Step::Key(self.text(quote)?.into()))),
            Some('`') => Some(PathStep::One(Step::Key(self.raw_text()?.into()))),
            Some('0'..='9') => self
                .take_while(|char| char.is_ascii_digit())
                .parse()
                .ok()
                .map(|at| PathStep::One(Step::Index(at))),
            _ => None,
        };
        match (step, self.skip_blanks()) {
            (Some(step), Some(']')) => {
                self.at += 1;
                Ok(step)
            }
            _ => Err(self.wrong_bracket(offset)),
        }
    }

    fn wrong_bracket(&mut self, offset: usize) -> ParseError {
        self.at = offset;
        let rest = self.rest();
        let length = rest.find(']').map_or(1, |end| end + 1);
        let help = "write `[0]`, `[\"key\"]` or `[*]`";
        self.error(length, "not an index, a key in quotes or `*`".to_owned(), Some(help))
    }

    fn error(&self, length: usize, message: String, help: Option<&str>) -> ParseError {
        ParseError {
            offset: self.at,
            length,
            message,
            help: help.map(str::to_owned),
        }
    }
}

fn escape_length(text: &str, offset: usize) -> usize {
    text.get(offset..)
        .map_or(1, |rest| rest.chars().take(2).map(char::len_utf8).sum())
}

/// Letters and digits of any script with their marks, `_` and `-`.
pub(crate) fn is_name_char(char: char) -> bool {
    match char.is_ascii() {
        true => char.is_ascii_alphanumeric() || char == '_' || char == '-',
        false => char.is_alphanumeric() || is_mark(char),
    }
}

/// Marks are part of the words of many scripts, but no letters.
fn is_mark(char: char) -> bool {
    static MARK: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^[\p{M}\u{200C}\u{200D}]$").ok());
    MARK.as_ref()
        .is_some_and(|mark| mark.is_match(char.encode_utf8(&mut [0; 4])))
}
