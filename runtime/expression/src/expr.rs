//! An expression: its text, and what it means.
//!
//! **Invariant:** an expression that was parsed can be evaluated any number of times, and its stored form is its text.

use std::sync::Arc;

use serde::de::{self, Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use crate::context::Context;
use crate::error::{EvalError, Note, ParseError};
use crate::evaluate::{check_depth, evaluate};
use crate::functions::{self, Function};
use crate::operators::to_bool;
use crate::parser::{self, Trials};
use crate::tree::{Path, Tree};
use crate::value::Value;
use crate::yields::{self, Yields};

/// A parsed expression.
#[derive(Clone, Debug)]
pub struct Expr {
    source: Arc<str>,
    tree: Arc<Tree>,
    notes: Arc<[Note]>,
}

impl Expr {
    /// Parses an expression and checks all that can be known without values.
    ///
    /// # Errors
    ///
    /// [`ParseError`] says where the first mistake is.
    pub fn parse(source: &str) -> Result<Expr, ParseError> {
        Expr::parse_within(source, &mut Trials::of_an_expression())
    }

    /// The same where other expressions have spent of what may be tried out, and have tried out the same texts.
    ///
    /// # Errors
    ///
    /// As in [`Expr::parse`].
    pub fn parse_within(source: &str, trials: &mut Trials) -> Result<Expr, ParseError> {
        Expr::parse_whole(source, trials).map_err(first_of)
    }

    /// The same, with every mistake that can be told together: calls that do not fit, and what ended the parse.
    ///
    /// # Errors
    ///
    /// At least one [`ParseError`], in the order in which they were found.
    pub fn parse_whole(source: &str, trials: &mut Trials) -> Result<Expr, Vec<ParseError>> {
        let (tree, notes) = parser::parse(source, trials)?;
        Ok(Expr {
            source: source.into(),
            tree: Arc::new(tree),
            notes: notes.into(),
        })
    }

    /// The text as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Computes the value; a large one is a pointer if it came from one.
    ///
    /// # Errors
    ///
    /// [`EvalError`] if it fails over these values, or needs more of them to be loaded.
    pub fn evaluate(&self, context: &mut Context<'_>) -> Result<Value, EvalError> {
        let value = evaluate(&self.tree, context);
        let checked = value.and_then(|value| check_depth(&value, context).map(|()| value));
        checked.map_err(|halt| EvalError::of(halt, &self.source))
    }

    /// Computes whether the condition holds: booleans, numbers other than 0, null as false, and texts that spell one.
    ///
    /// # Errors
    ///
    /// [`EvalError::NotBoolean`] if the value is none of these, else like [`Expr::evaluate`].
    pub fn condition(&self, context: &mut Context<'_>) -> Result<bool, EvalError> {
        let value = evaluate(&self.tree, context).and_then(|value| context.open(&value));
        let value = value.map_err(|halt| EvalError::of(halt, &self.source))?;
        to_bool(&value).ok_or_else(|| EvalError::NotBoolean {
            found: value.kind().to_owned(),
            source: self.source.to_string(),
        })
    }

    /// What it yields, as far as that is known without values.
    pub fn yields(&self) -> Option<Yields> {
        yields::of(&self.tree)
    }

    /// Whether as a condition it fails over all values, because what it yields is neither true nor false.
    pub fn is_never_condition(&self) -> bool {
        match self.tree.literal() {
            Some(value) => to_bool(value).is_none(),
            None => matches!(self.yields(), Some(Yields::Array | Yields::Object)),
        }
    }

    /// Every variable path that is read, from left to right.
    pub fn paths(&self) -> Vec<&Path> {
        let mut paths = Vec::new();
        self.tree.gather_paths(&mut paths);
        paths
    }

    /// What works here, but is not documented for the language.
    pub fn notes(&self) -> Vec<Note> {
        self.notes.to_vec()
    }
}

impl PartialEq for Expr {
    fn eq(&self, other: &Expr) -> bool {
        self.source == other.source
    }
}

impl Serialize for Expr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.source)
    }
}

impl<'de> Deserialize<'de> for Expr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Expr, D::Error> {
        let source = String::deserialize(deserializer)?;
        // What is stored was tried out before it was.
        let parsed = Expr::parse_within(&source, &mut Trials::none());
        parsed.map_err(|error| de::Error::custom(format!("in the expression `{source}`: {error}")))
    }
}

fn first_of(mistakes: Vec<ParseError>) -> ParseError {
    let nothing = ParseError {
        offset: 0,
        length: 0,
        message: "this is no expression".to_owned(),
        help: None,
    };
    mistakes.into_iter().next().unwrap_or(nothing)
}

/// The names of all functions, aliases included.
pub fn function_names() -> &'static [&'static str] {
    functions::names()
}

/// Whether a text begins with the name of a function and its opening parenthesis.
pub fn is_call_of_known_function(text: &str) -> bool {
    text.split_once('(')
        .is_some_and(|(name, _)| Function::named(name).is_some())
}
