//! JSON values that may stand elsewhere.
//!
//! **Invariant:** a clone never copies data, and objects keep the order in which their keys came.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::json::{self, JsonError, NotLoaded};
use crate::number::Number;
use crate::pointer::{Pointer, Step};

/// An object's entries in the order in which they came.
pub type Object = IndexMap<Arc<str>, Value>;

/// How deeply values may nest: what is read, what an evaluation builds, and what pointers add up to.
pub const DEPTH_MAX: usize = 128;

/// A JSON value, parts of which may be stored elsewhere.
///
/// `==` compares structure: numbers by their text, objects whatever the order of their keys, pointers as pointers. Use
/// [`deep_equal`](crate::deep_equal) for what users mean by equal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Value {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it was written.
    Number(Number),
    /// Text.
    String(Arc<str>),
    /// A list of values.
    Array(Arc<Vec<Value>>),
    /// Named values.
    Object(Arc<Object>),
    /// A value that stands elsewhere.
    Stored(Arc<Pointer>),
}

impl Value {
    /// Builds an object; of equal keys the last one wins.
    pub fn object(entries: impl IntoIterator<Item = (impl Into<Arc<str>>, Value)>) -> Value {
        let entries = entries.into_iter().map(|(key, value)| (key.into(), value));
        Value::Object(Arc::new(entries.collect()))
    }

    /// Builds an array.
    pub fn array(items: impl IntoIterator<Item = Value>) -> Value {
        Value::Array(Arc::new(items.into_iter().collect()))
    }

    /// Reads JSON text: at most [`DEPTH_MAX`] levels; of equal keys the last one wins; numbers keep their text.
    ///
    /// # Errors
    ///
    /// [`JsonError`] says where and why `text` is not one JSON value.
    pub fn parse_json(text: &str) -> Result<Value, JsonError> {
        json::parse(text)
    }

    /// The length of the value's compact JSON; a stored part counts what its pointer says.
    pub fn bytes(&self) -> u64 {
        json::measure(self, |pointer| pointer.bytes)
    }

    /// Like [`Value::bytes`], but counting ends somewhere above `enough`: a value may hold one large text very often.
    pub fn bytes_until(&self, enough: u64) -> u64 {
        json::measure_until(self, |pointer| pointer.bytes, enough)
    }

    /// Like [`Value::bytes`], but stored parts count nothing.
    pub fn own_bytes(&self) -> u64 {
        json::measure(self, |_| 0)
    }

    /// The value as compact JSON.
    ///
    /// # Errors
    ///
    /// [`NotLoaded`] names the first part that is stored elsewhere.
    pub fn to_json(&self) -> Result<String, NotLoaded> {
        json::write(self)
    }

    /// The text, if the value is text.
    pub fn as_str(&self) -> Option<&str> {
        if let Value::String(text) = self {
            Some(text)
        } else {
            None
        }
    }

    /// The number, if the value is a number.
    pub fn as_number(&self) -> Option<&Number> {
        if let Value::Number(number) = self {
            Some(number)
        } else {
            None
        }
    }

    /// The boolean, if the value is one.
    pub fn as_bool(&self) -> Option<bool> {
        if let Value::Bool(bool) = self {
            Some(*bool)
        } else {
            None
        }
    }

    /// The elements, if the value is an array that stands here.
    pub fn as_array(&self) -> Option<&[Value]> {
        if let Value::Array(items) = self {
            Some(items)
        } else {
            None
        }
    }

    /// The entries, if the value is an object that stands here.
    pub fn as_object(&self) -> Option<&Object> {
        if let Value::Object(entries) = self {
            Some(entries)
        } else {
            None
        }
    }

    /// The pointer, if the value stands elsewhere.
    pub fn as_pointer(&self) -> Option<&Arc<Pointer>> {
        if let Value::Stored(pointer) = self {
            Some(pointer)
        } else {
            None
        }
    }

    /// Whether the value is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// What the value is, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "text",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
            Value::Stored(_) => "a stored value",
        }
    }

    /// The part one step below, if it is there and the value stands here.
    pub(crate) fn child(&self, step: &Step) -> Option<&Value> {
        match (self, step) {
            (Value::Object(entries), Step::Key(key)) => entries.get(key),
            (Value::Array(items), Step::Index(index)) => items.get(usize::try_from(*index).ok()?),
            _ => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::String(text.into())
    }
}

impl From<bool> for Value {
    fn from(bool: bool) -> Value {
        Value::Bool(bool)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::Number(number.into())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Value {
        Value::Number(number.into())
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Value {
        Value::Number(number)
    }
}
