//! What an expression yields, as far as that is known without values.
//!
//! **Invariant:** nothing is guessed: what is known holds for every evaluation that yields anything.

use crate::tree::{Infix, Tree};
use crate::value::Value;

/// The kind of value that an expression yields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Yields {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A number.
    Number,
    /// Text.
    Text,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl Yields {
    /// Its name in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "true or false",
            Self::Number => "a number",
            Self::Text => "text",
            Self::Array => "an array",
            Self::Object => "an object",
        }
    }
}

/// What a part yields.
pub(crate) fn of(tree: &Tree) -> Option<Yields> {
    match tree {
        Tree::Literal(value) => of_value(value),
        Tree::Path(_) => None,
        Tree::Array(_) => Some(Yields::Array),
        Tree::Object(_) => Some(Yields::Object),
        Tree::Call { function, arguments: _ } => function.yields(),
        Tree::Not(_) | Tree::And(_) | Tree::Or(_) => Some(Yields::Boolean),
        Tree::Negative(_) => Some(Yields::Number),
        Tree::Chain { first: _, rest } => rest.last().and_then(|(operator, _)| of_infix(*operator)),
        Tree::Coalesce(parts) => same(parts.iter()),
        Tree::Choose {
            test: _,
            then,
            otherwise,
        } => same([&**then, &**otherwise].into_iter()),
    }
}

fn of_value(value: &Value) -> Option<Yields> {
    match value {
        Value::Null => Some(Yields::Null),
        Value::Bool(_) => Some(Yields::Boolean),
        Value::Number(_) => Some(Yields::Number),
        Value::String(_) => Some(Yields::Text),
        Value::Array(_) => Some(Yields::Array),
        Value::Object(_) => Some(Yields::Object),
        Value::Stored(_) => None,
    }
}

fn of_infix(operator: Infix) -> Option<Yields> {
    match operator {
        Infix::Equal
        | Infix::NotEqual
        | Infix::Less
        | Infix::LessOrEqual
        | Infix::Greater
        | Infix::GreaterOrEqual
        | Infix::Matches
        | Infix::MatchesNot
        | Infix::In => Some(Yields::Boolean),
        // A sum of texts is text.
        Infix::Add => None,
        Infix::Subtract | Infix::Multiply | Infix::Divide | Infix::Remainder => Some(Yields::Number),
    }
}

/// What all parts yield.
fn same<'t>(mut parts: impl Iterator<Item = &'t Tree>) -> Option<Yields> {
    let first = of(parts.next()?)?;
    parts.all(|part| of(part) == Some(first)).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Expr;

    #[test]
    fn only_what_is_certain_is_known() {
        let cases = [
            ("null", Some(Yields::Null)),
            ("!$Input.a", Some(Yields::Boolean)),
            ("$Input.a && $Input.b", Some(Yields::Boolean)),
            ("$Input.a + 1 > 2", Some(Yields::Boolean)),
            ("-$Input.a", Some(Yields::Number)),
            ("$Input.a * 2", Some(Yields::Number)),
            ("length($Input.a)", Some(Yields::Number)),
            ("\"a\"", Some(Yields::Text)),
            ("uuid()", Some(Yields::Text)),
            ("[1]", Some(Yields::Array)),
            ("split($Input.a, \",\")", Some(Yields::Array)),
            ("$Input.a ? [1] : toArray()", Some(Yields::Array)),
            ("{\"a\": 1}", Some(Yields::Object)),
            ("$Input.a", None),
            ("$Input.a + 1", None),
            ("get($Input.a, 0)", None),
            ("$Input.a ?? [1]", None),
            ("$Input.a ? [1] : 2", None),
        ];
        for (text, expected) in cases {
            assert_eq!(Expr::parse(text).unwrap().yields(), expected, "{text}");
        }
    }
}
