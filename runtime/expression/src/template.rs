//! Templates: constructors and parameters, maps and lists with expressions at their leaves.
//!
//! **Invariant:** a template knows nothing of YAML and its `.$` keys; whoever reads the definition builds it.

use std::fmt;
use std::sync::Arc;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::context::{Context, collect};
use crate::error::{EvalError, ParseError};
use crate::evaluate::{check_depth, too_deep};
use crate::expr::{Expr, is_call_of_known_function};
use crate::parser::Trials;
use crate::value::{DEPTH_MAX, Value};

/// A value in the making.
///
/// Stored form: an expression is its text, a map is a map, a literal is `["=", value]`, a list is `["[]", …]`.
#[derive(Clone, Debug, PartialEq)]
pub enum Template {
    /// A value as it stands.
    Literal(Value),
    /// A value to be computed.
    Expr(Expr),
    /// Named templates, in order; of equal keys the last one wins.
    Object(Vec<(Arc<str>, Template)>),
    /// A list of templates.
    Array(Vec<Template>),
}

impl Template {
    /// The template for a text leaf under a `.$` map or list: an expression if it begins with `$` or calls a known
    /// function, else the text itself.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if it is an expression, but not a correct one.
    pub fn leaf(text: &str) -> Result<Template, ParseError> {
        match text.starts_with('$') || is_call_of_known_function(text) {
            true => Expr::parse(text).map(Template::Expr),
            false => Ok(Template::Literal(text.into())),
        }
    }

    /// Builds the value. Keys stay in order; large values are handed on as pointers.
    ///
    /// # Errors
    ///
    /// [`EvalError`] of the first expression that fails, or all that must be loaded.
    pub fn evaluate(&self, context: &mut Context<'_>) -> Result<Value, EvalError> {
        let value = self.build(context, 0)?;
        check_depth(&value, context).map_err(|halt| EvalError::of(halt, "the whole map or list"))?;
        Ok(value)
    }

    fn build(&self, context: &mut Context<'_>, depth: usize) -> Result<Value, EvalError> {
        if depth > DEPTH_MAX {
            return Err(EvalError::of(too_deep(), "the whole map or list"));
        }
        match self {
            Template::Literal(value) => Ok(value.clone()),
            Template::Expr(expr) => expr.evaluate(context),
            Template::Array(items) => {
                collect(items.iter().map(|item| item.build(context, depth + 1))).map(Value::array)
            }
            Template::Object(entries) => {
                let values = collect(entries.iter().map(|(_, template)| template.build(context, depth + 1)))?;
                Ok(Value::object(entries.iter().map(|(key, _)| key.clone()).zip(values)))
            }
        }
    }

    /// All expressions in it, in order.
    pub fn expressions(&self) -> Vec<&Expr> {
        let mut expressions = Vec::new();
        self.gather(&mut expressions);
        expressions
    }

    fn gather<'t>(&'t self, expressions: &mut Vec<&'t Expr>) {
        match self {
            Template::Literal(_) => {}
            Template::Expr(expr) => expressions.push(expr),
            Template::Object(entries) => entries.iter().for_each(|(_, template)| template.gather(expressions)),
            Template::Array(items) => items.iter().for_each(|template| template.gather(expressions)),
        }
    }
}

const LITERAL: &str = "=";
const LIST: &str = "[]";

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Template::Literal(value) => (LITERAL, value).serialize(serializer),
            Template::Expr(expr) => expr.serialize(serializer),
            Template::Object(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                entries
                    .iter()
                    .try_for_each(|(key, template)| map.serialize_entry(&**key, template))?;
                map.end()
            }
            Template::Array(items) => {
                let mut list = serializer.serialize_seq(Some(items.len() + 1))?;
                list.serialize_element(LIST)?;
                items.iter().try_for_each(|item| list.serialize_element(item))?;
                list.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Template, D::Error> {
        deserializer.deserialize_any(ReadTemplate)
    }
}

struct ReadTemplate;

impl<'de> Visitor<'de> for ReadTemplate {
    type Value = Template;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a template: an expression, a map, a literal or a list")
    }

    fn visit_str<E: de::Error>(self, source: &str) -> Result<Template, E> {
        // What is stored was tried out before it was.
        let parsed = Expr::parse_within(source, &mut Trials::none());
        parsed.map(Template::Expr).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Template, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, template)) = map.next_entry::<String, Template>()? {
            entries.push((key.into(), template));
        }
        Ok(Template::Object(entries))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Template, A::Error> {
        match list.next_element::<String>()?.as_deref() {
            Some(LITERAL) => {
                let value = list.next_element::<Value>()?;
                value
                    .map(Template::Literal)
                    .ok_or_else(|| de::Error::custom("a literal without its value"))
            }
            Some(LIST) => {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                Ok(Template::Array(items))
            }
            _ => Err(de::Error::custom("a template's list begins with `=` or `[]`")),
        }
    }
}
