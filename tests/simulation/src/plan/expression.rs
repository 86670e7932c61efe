//! Expressions and constructors of plans, and their text.

use std::fmt::{self, Display, Formatter};

use stepwell_expression::Value;

/// A constructor: what it builds, with expressions at its leaves.
#[derive(Clone, Debug, PartialEq)]
pub enum Template {
    /// As it stands.
    Literal(Value),
    /// Computed: its key ends in `.$`.
    Computed(Expr),
    /// An object of such.
    Object(Vec<(String, Template)>),
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// A number, a text or a boolean.
    Literal(Value),
    /// A path from a variable through keys.
    Path(Root, Vec<String>),
    /// A function's result.
    Call(Function, Vec<Expr>),
    /// Two values compared.
    Compare(Comparison, Box<Expr>, Box<Expr>),
    /// Both are true.
    Both(Box<Expr>, Box<Expr>),
    /// One of them is true.
    Either(Box<Expr>, Box<Expr>),
    /// It is not true.
    Not(Box<Expr>),
}

/// Where a path begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// `$Input`.
    Input,
    /// `$Output`.
    Output,
    /// `$Global`.
    Global,
    /// `$Item`.
    Item,
    /// `$Context.Current.Name`.
    Name,
    /// `$Context.Current.RetryCount`.
    RetryCount,
    /// `$Context.Current.Error.Code`.
    ErrorCode,
    /// `$Context.Current.TaskToken`.
    Token,
    /// `$Context.Map.Item.Index`.
    Index,
    /// `$Context.Execution.Input`.
    ExecutionInput,
}

/// A built-in function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// `intAdd`.
    IntAdd,
    /// `length`.
    Length,
    /// `format`.
    Format,
    /// `toArray`.
    ToArray,
    /// `get`.
    Get,
    /// `jsonMerge`.
    JsonMerge,
    /// `arrayContains`.
    ArrayContains,
    /// `uuid`: another value whenever it is evaluated.
    Uuid,
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `==`.
    Equal,
    /// `!=`.
    Unequal,
    /// `<`.
    Less,
    /// `<=`.
    LessOrEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterOrEqual,
}

impl Root {
    fn text(self) -> &'static str {
        match self {
            Self::Input => "$Input",
            Self::Output => "$Output",
            Self::Global => "$Global",
            Self::Item => "$Item",
            Self::Name => "$Context.Current.Name",
            Self::RetryCount => "$Context.Current.RetryCount",
            Self::ErrorCode => "$Context.Current.Error.Code",
            Self::Token => "$Context.Current.TaskToken",
            Self::Index => "$Context.Map.Item.Index",
            Self::ExecutionInput => "$Context.Execution.Input",
        }
    }
}

impl Function {
    fn text(self) -> &'static str {
        match self {
            Self::IntAdd => "intAdd",
            Self::Length => "length",
            Self::Format => "format",
            Self::ToArray => "toArray",
            Self::Get => "get",
            Self::JsonMerge => "jsonMerge",
            Self::ArrayContains => "arrayContains",
            Self::Uuid => "uuid",
        }
    }
}

impl Comparison {
    fn text(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

impl Display for Expr {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(value) => formatter.write_str(&json(value)),
            Self::Path(root, keys) => {
                formatter.write_str(root.text())?;
                keys.iter().try_for_each(|key| write!(formatter, ".{key}"))
            }
            Self::Call(function, arguments) => {
                let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
                write!(formatter, "{}({})", function.text(), arguments.join(", "))
            }
            Self::Compare(comparison, left, right) => write!(formatter, "({left} {} {right})", comparison.text()),
            Self::Both(left, right) => write!(formatter, "({left} && {right})"),
            Self::Either(left, right) => write!(formatter, "({left} || {right})"),
            Self::Not(inner) => write!(formatter, "!({inner})"),
        }
    }
}

impl Template {
    /// The value that stands in the definition: computed leaves as text under keys that end in `.$`.
    #[must_use]
    pub fn written(&self) -> Value {
        match self {
            Self::Literal(value) => value.clone(),
            Self::Computed(expr) => Value::from(expr.to_string()),
            Self::Object(entries) => Value::object(entries.iter().map(|(key, entry)| {
                let key = match entry {
                    Self::Computed(_) => format!("{key}.$"),
                    Self::Literal(_) | Self::Object(_) => key.clone(),
                };
                (key, entry.written())
            })),
        }
    }

    /// An object of entries.
    pub fn object(entries: impl IntoIterator<Item = (&'static str, Template)>) -> Self {
        Self::Object(
            entries
                .into_iter()
                .map(|(key, entry)| (key.to_owned(), entry))
                .collect(),
        )
    }
}

impl Expr {
    /// A path.
    pub fn path(root: Root, keys: &[&str]) -> Self {
        Self::Path(root, keys.iter().map(|key| (*key).to_owned()).collect())
    }

    /// A number.
    #[must_use]
    pub fn number(number: u64) -> Self {
        Self::Literal(Value::from(number))
    }
}

/// Compact JSON; values of plans stand nowhere else.
pub(crate) fn json(value: &Value) -> String {
    value.to_json().unwrap_or_default()
}
