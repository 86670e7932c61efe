//! The syntax tree of an expression.
//!
//! **Invariant:** operators of one level stand in one list, so that a tree is only as deep as its source is nested.

use std::sync::Arc;

use crate::functions::Function;
use crate::pointer::Step;
use crate::value::Value;

/// A variable path as it stands in an expression: `$Name`, then steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The variable's name, without the `$`.
    pub name: Arc<str>,
    /// The steps down from the variable.
    pub steps: Vec<PathStep>,
    /// Where the path begins, in bytes from the start of the source.
    pub offset: usize,
    /// How many bytes it takes.
    pub length: usize,
    /// The path as written.
    pub text: Arc<str>,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathStep {
    /// `.key`, `["key"]` or `[0]`: to one part.
    One(Step),
    /// `[*]`: to every element of an array, or every value of an object.
    Every,
}

/// A part of an expression.
#[derive(Clone, Debug)]
pub(crate) enum Tree {
    Literal(Value),
    Path(Path),
    Array(Vec<Tree>),
    Object(Vec<(Arc<str>, Tree)>),
    Call {
        function: Function,
        arguments: Vec<Tree>,
    },
    Not(Box<Tree>),
    Negative(Box<Tree>),
    /// Operators of one level of precedence, from left to right.
    Chain {
        first: Box<Tree>,
        rest: Vec<(Infix, Tree)>,
    },
    And(Vec<Tree>),
    Or(Vec<Tree>),
    /// `??`: the first that is there and not zero, else the last.
    Coalesce(Vec<Tree>),
    /// `? :`.
    Choose {
        test: Box<Tree>,
        then: Box<Tree>,
        otherwise: Box<Tree>,
    },
}

/// The operators between two values that always look at both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Infix {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Matches,
    MatchesNot,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Infix {
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Infix::Equal => "==",
            Infix::NotEqual => "!=",
            Infix::Less => "<",
            Infix::LessOrEqual => "<=",
            Infix::Greater => ">",
            Infix::GreaterOrEqual => ">=",
            Infix::Matches => "=~",
            Infix::MatchesNot => "!~",
            Infix::In => "in",
            Infix::Add => "+",
            Infix::Subtract => "-",
            Infix::Multiply => "*",
            Infix::Divide => "/",
            Infix::Remainder => "%",
        }
    }

    pub(crate) fn is_documented(self) -> bool {
        match self {
            Infix::Equal | Infix::NotEqual | Infix::Less | Infix::LessOrEqual | Infix::Greater => true,
            Infix::GreaterOrEqual | Infix::In => true,
            Infix::Matches | Infix::MatchesNot | Infix::Add | Infix::Subtract => false,
            Infix::Multiply | Infix::Divide | Infix::Remainder => false,
        }
    }
}

impl Tree {
    /// The value, if it is written down.
    pub(crate) fn literal(&self) -> Option<&Value> {
        if let Tree::Literal(value) = self {
            Some(value)
        } else {
            None
        }
    }

    /// Adds the paths in this part, from left to right.
    pub(crate) fn gather_paths<'t>(&'t self, paths: &mut Vec<&'t Path>) {
        match self {
            Tree::Literal(_) => {}
            Tree::Path(path) => paths.push(path),
            Tree::Not(operand) | Tree::Negative(operand) => operand.gather_paths(paths),
            Tree::Object(entries) => entries.iter().for_each(|(_, value)| value.gather_paths(paths)),
            Tree::Array(parts) | Tree::And(parts) | Tree::Or(parts) | Tree::Coalesce(parts) => {
                parts.iter().for_each(|part| part.gather_paths(paths));
            }
            Tree::Call { function: _, arguments } => arguments.iter().for_each(|part| part.gather_paths(paths)),
            Tree::Chain { first, rest } => {
                first.gather_paths(paths);
                rest.iter().for_each(|(_, part)| part.gather_paths(paths));
            }
            Tree::Choose { test, then, otherwise } => {
                [test, then, otherwise]
                    .into_iter()
                    .for_each(|part| part.gather_paths(paths));
            }
        }
    }
}
