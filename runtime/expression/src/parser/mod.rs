//! Builds the syntax tree and checks all that can be known without values.
//!
//! ```text
//! expression = coalesce ["?" expression ":" expression]
//! coalesce   = or {"??" or}
//! or         = and {"||" and}
//! and        = comparison {"&&" comparison}
//! comparison = sum {("==" | "!=" | "<" | "<=" | ">" | ">=" | "=~" | "!~" | "in") sum}
//! sum        = product {("+" | "-") product}
//! product    = prefix {("*" | "/" | "%") prefix}
//! prefix     = ("!" | "-") prefix | primary
//! primary    = path | call | number | text | "true" | "false" | "null" | array | object | "(" expression ")"
//! ```
//! **Invariant:** recursion is bounded by [`NESTING_MAX`], whatever the source.
//!
//! Source: specification 1.9 points 1 and 17.

mod calls;
mod mistakes;

pub use calls::Trials;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::error::{Note, ParseError, shortened};
use crate::lexer::{Token, TokenKind, tokens};
use crate::operators::negate;
use crate::parser::mistakes::help_for_word;
use crate::tree::{Infix, Tree};
use crate::value::Value;

/// The longest expression.
pub const SOURCE_BYTES_MAX: usize = 16 << 10;

/// How deeply an expression may nest, parentheses, prefixes, literals and calls together.
pub const NESTING_MAX: usize = 64;

/// How deeply calls of functions may nest.
pub const CALLS_MAX: usize = 10;

const COMPARISONS: [(&str, Infix); 8] = [
    ("==", Infix::Equal),
    ("!=", Infix::NotEqual),
    ("<", Infix::Less),
    ("<=", Infix::LessOrEqual),
    (">", Infix::Greater),
    (">=", Infix::GreaterOrEqual),
    ("=~", Infix::Matches),
    ("!~", Infix::MatchesNot),
];
const SUMS: [(&str, Infix); 2] = [("+", Infix::Add), ("-", Infix::Subtract)];
const PRODUCTS: [(&str, Infix); 3] = [("*", Infix::Multiply), ("/", Infix::Divide), ("%", Infix::Remainder)];

/// How many mistakes of one expression are told.
const MISTAKES_MAX: usize = 16;

/// Parses a whole expression; gives the notes on what is not documented, in order. Calls that do not fit are found
/// together; any other mistake ends the parse.
pub(crate) fn parse(source: &str, trials: &mut Trials) -> Result<(Tree, Vec<Note>), Vec<ParseError>> {
    if source.len() > SOURCE_BYTES_MAX {
        let message = format!("the expression is longer than {} KiB", SOURCE_BYTES_MAX >> 10);
        return Err(vec![ParseError {
            offset: 0,
            length: 0,
            message,
            help: None,
        }]);
    }
    let mut parser = Parser {
        source,
        tokens: tokens(source).map_err(|mistake| vec![mistake])?,
        at: 0,
        nesting: 0,
        calls: 0,
        trials,
        notes: Vec::new(),
        mistakes: Vec::new(),
    };
    match parser.whole() {
        Ok(tree) if parser.mistakes.is_empty() => Ok((tree, parser.into_notes())),
        Ok(_) => Err(parser.mistakes),
        Err(last) => {
            parser.mistakes.push(last);
            Err(parser.mistakes)
        }
    }
}

struct Parser<'s> {
    source: &'s str,
    tokens: Vec<Token>,
    at: usize,
    nesting: usize,
    calls: usize,
    trials: &'s mut Trials,
    notes: Vec<Note>,
    /// What was found wrong so far with calls, in the order in which it was found.
    mistakes: Vec<ParseError>,
}

/// One level of operators: from their tokens to the tree of the level below.
type Level<'s> = fn(&mut Parser<'s>) -> Result<Tree, ParseError>;

impl<'s> Parser<'s> {
    fn whole(&mut self) -> Result<Tree, ParseError> {
        if self.tokens.is_empty() {
            return Err(self.error_here("the expression is empty", None));
        }
        let tree = self.expression()?;
        match self.tokens.get(self.at) {
            None => Ok(tree),
            Some(_) => Err(self.unexpected("an operator or the end")),
        }
    }

    /// Goes on after a mistake in a call, as long as more of them are told; `at` says before which of those found it comes.
    fn go_on(&mut self, at: usize, mistake: ParseError) -> Result<(), ParseError> {
        if self.mistakes.len() + 1 >= MISTAKES_MAX {
            return Err(mistake);
        }
        self.mistakes.insert(at, mistake);
        Ok(())
    }

    fn expression(&mut self) -> Result<Tree, ParseError> {
        self.nested(Self::choice)
    }

    /// Parses something one level further in.
    fn nested(&mut self, inner: Level<'s>) -> Result<Tree, ParseError> {
        if self.nesting >= NESTING_MAX {
            return Err(self.error_here(format!("nested more than {NESTING_MAX} levels deep"), None));
        }
        self.nesting += 1;
        let tree = inner(self)?;
        self.nesting -= 1;
        Ok(tree)
    }

    fn choice(&mut self) -> Result<Tree, ParseError> {
        let test = self.alternatives("??", Tree::Coalesce, Self::or)?;
        let Some(at) = self.take("?") else { return Ok(test) };
        self.note(at, "the operator `? :` is not documented");
        let then = self.expression()?;
        self.expect(":", "`:` and what holds otherwise")?;
        let otherwise = self.expression()?;
        Ok(Tree::Choose {
            test: Box::new(test),
            then: Box::new(then),
            otherwise: Box::new(otherwise),
        })
    }

    fn or(&mut self) -> Result<Tree, ParseError> {
        self.alternatives("||", Tree::Or, Self::and)
    }

    fn and(&mut self) -> Result<Tree, ParseError> {
        self.alternatives("&&", Tree::And, Self::comparison)
    }

    fn alternatives(
        &mut self,
        symbol: &'static str,
        make: fn(Vec<Tree>) -> Tree,
        part: Level<'s>,
    ) -> Result<Tree, ParseError> {
        let start = self.at;
        let first = part(self)?;
        let mut place = start..self.at;
        let mut reached = true;
        let mut parts = Vec::new();
        while let Some(at) = self.take(symbol) {
            if symbol == "??" {
                self.note(at, "the operator `??` is not documented");
            }
            reached = reached && self.check_part(symbol, parts.last().unwrap_or(&first), place)?;
            let start = self.at;
            parts.push(part(self)?);
            place = start..self.at;
        }
        let Some(last) = parts.last() else { return Ok(first) };
        if reached {
            self.check_part(symbol, last, place)?;
        }
        parts.insert(0, first);
        Ok(make(parts))
    }

    fn comparison(&mut self) -> Result<Tree, ParseError> {
        self.chain(&COMPARISONS, Self::sum)
    }

    fn sum(&mut self) -> Result<Tree, ParseError> {
        self.chain(&SUMS, Self::product)
    }

    fn product(&mut self) -> Result<Tree, ParseError> {
        self.chain(&PRODUCTS, Self::prefix)
    }

    fn chain(&mut self, operators: &[(&'static str, Infix)], part: Level<'s>) -> Result<Tree, ParseError> {
        let start = self.at;
        let first = part(self)?;
        let mut left = self.written(&first);
        let mut rest = Vec::new();
        while let Some((at, operator)) = self.take_infix(operators) {
            if !operator.is_documented() {
                self.note(at, &format!("the operator `{}` is not documented", operator.symbol()));
            }
            let right_at = self.at;
            let right = part(self)?;
            let value = self.written(&right);
            self.check_right(operator, value.as_ref(), right_at..self.at)?;
            left = self.check_both(operator, left.as_ref(), value.as_ref(), start..self.at)?;
            rest.push((operator, right));
        }
        Ok(match rest.is_empty() {
            true => first,
            false => Tree::Chain {
                first: Box::new(first),
                rest,
            },
        })
    }

    fn take_infix(&mut self, operators: &[(&'static str, Infix)]) -> Option<(usize, Infix)> {
        let compares = operators.iter().any(|(_, operator)| *operator == Infix::Equal);
        if compares && matches!(self.peek(), Some(TokenKind::Word(word)) if &**word == "in") {
            self.at += 1;
            return Some((self.at - 1, Infix::In));
        }
        operators
            .iter()
            .find_map(|(symbol, operator)| Some((self.take(symbol)?, *operator)))
    }

    fn prefix(&mut self) -> Result<Tree, ParseError> {
        if self.take("!").is_some() {
            let start = self.at;
            let operand = self.nested(Self::prefix)?;
            self.check_part("!", &operand, start..self.at)?;
            return Ok(Tree::Not(Box::new(operand)));
        }
        let Some(at) = self.take("-") else {
            return self.primary();
        };
        let operand = self.nested(Self::prefix)?;
        match operand.literal() {
            None => Ok(Tree::Negative(Box::new(operand))),
            Some(value) => negate(value)
                .map(Tree::Literal)
                .map_err(|halt| self.error_over(at..self.at, halt.into_failure().unwrap_or_default())),
        }
    }

    fn primary(&mut self) -> Result<Tree, ParseError> {
        let at = self.at;
        let Some(kind) = self.peek().cloned() else {
            return Err(self.unexpected("a value"));
        };
        self.at += 1;
        match kind {
            TokenKind::Path(path) => Ok(Tree::Path(path)),
            TokenKind::Number(number) => Ok(Tree::Literal(Value::Number(number))),
            TokenKind::Text(text) => Ok(Tree::Literal(Value::String(text))),
            TokenKind::Word(word) => self.word(&word, at),
            TokenKind::Symbol("(") => {
                let inner = self.expression()?;
                self.expect(")", "`)`").map(|()| inner)
            }
            TokenKind::Symbol("[") => self.array(at),
            TokenKind::Symbol("{") => self.object(at),
            TokenKind::Symbol(_) => {
                self.at = at;
                Err(self.unexpected("a value"))
            }
        }
    }

    fn word(&mut self, word: &str, at: usize) -> Result<Tree, ParseError> {
        if self.take("(").is_some() {
            return self.call(word, at);
        }
        match word {
            "true" => Ok(Tree::Literal(Value::Bool(true))),
            "false" => Ok(Tree::Literal(Value::Bool(false))),
            "null" => {
                self.note(at, "the constant `null` is not documented");
                Ok(Tree::Literal(Value::Null))
            }
            _ => Err(self.error_at(
                at,
                format!("`{}` is no value", shortened(word)),
                Some(help_for_word(word)),
            )),
        }
    }

    fn array(&mut self, at: usize) -> Result<Tree, ParseError> {
        self.note_literal(at, "an array literal outside a call is not documented");
        let mut parts = Vec::new();
        self.list("]", |parser| {
            parts.push(parser.expression()?);
            Ok(())
        })?;
        let values: Option<Vec<Value>> = parts.iter().map(|part| part.literal().cloned()).collect();
        Ok(values.map_or(Tree::Array(parts), |values| Tree::Literal(Value::array(values))))
    }

    fn object(&mut self, at: usize) -> Result<Tree, ParseError> {
        self.note_literal(at, "an object literal outside a call is not documented");
        let mut entries: Vec<(Arc<str>, Tree)> = Vec::new();
        let mut seen = BTreeSet::new();
        self.list("}", |parser| {
            let at = parser.at;
            let (key, part) = parser.entry()?;
            if !seen.insert(key.clone()) {
                let message = format!("the key `{}` stands twice in this object", shortened(&key));
                return Err(parser.error_at(at, message, Some("keep one of the two".to_owned())));
            }
            entries.push((key, part));
            Ok(())
        })?;
        let values = entries
            .iter()
            .map(|(key, part)| Some((key.clone(), part.literal()?.clone())));
        let values: Option<Vec<(Arc<str>, Value)>> = values.collect();
        Ok(values.map_or(Tree::Object(entries), |values| Tree::Literal(Value::object(values))))
    }

    fn entry(&mut self) -> Result<(Arc<str>, Tree), ParseError> {
        let Some(TokenKind::Text(key)) = self.peek().cloned() else {
            return Err(self.unexpected("a key in quotes"));
        };
        self.at += 1;
        self.expect(":", "`:` after the key")?;
        Ok((key, self.expression()?))
    }

    /// Parts between commas up to a closing bracket.
    fn list(
        &mut self,
        close: &'static str,
        mut part: impl FnMut(&mut Self) -> Result<(), ParseError>,
    ) -> Result<(), ParseError> {
        if self.take(close).is_some() {
            return Ok(());
        }
        loop {
            part(self)?;
            if self.take(close).is_some() {
                return Ok(());
            }
            self.expect(",", &format!("`,` or `{close}`"))?;
        }
    }

    fn peek(&self) -> Option<&TokenKind> {
        self.tokens.get(self.at).map(|token| &token.kind)
    }

    /// Takes a symbol if it comes next; says which token it was.
    fn take(&mut self, symbol: &str) -> Option<usize> {
        let there = matches!(self.peek(), Some(TokenKind::Symbol(next)) if *next == symbol);
        there.then(|| {
            self.at += 1;
            self.at - 1
        })
    }

    fn expect(&mut self, symbol: &str, wanted: &str) -> Result<(), ParseError> {
        self.take(symbol).map(|_| ()).ok_or_else(|| self.unexpected(wanted))
    }

    fn note_literal(&mut self, at: usize, message: &str) {
        if self.calls == 0 {
            self.note(at, message);
        }
    }

    fn note(&mut self, at: usize, message: &str) {
        let (offset, length) = self.span(at);
        self.notes.push(Note {
            offset,
            length,
            message: message.to_owned(),
        });
    }

    fn into_notes(mut self) -> Vec<Note> {
        self.notes.sort_by_key(|note| note.offset);
        self.notes
    }
}
