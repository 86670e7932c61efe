//! Constructors and Parameters: maps in which a key that ends with `.$` is computed, at any depth.
//!
//! A string under `.$` is an expression. In a map or list under `.$` the strings that begin with `$` or call a known
//! function are expressions; all other leaves are literals. Everywhere else a value is a literal, even if it looks like
//! an expression.
//!
//! **Invariant:** what holds no expression becomes one literal value, however large.
//!
//! Source: specification 1.5.1 and 1.9/2.

use std::collections::BTreeMap;
use std::sync::Arc;

use stepwell_expression::{Template, Value, is_call_of_known_function};

use crate::checker::Checker;
use crate::codes;
use crate::core_schema::Resolved;
use crate::diagnostic::{Diagnostic, shown};
use crate::fields::{Fields, Found, split_key};
use crate::tree::{Content, Entry, Key, Node, Scalar};
use crate::variables::Place;

/// How strings are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strings {
    /// As they stand.
    Literal,
    /// As expressions where they look like one.
    Leaves,
}

impl Checker<'_> {
    /// A constructor field, if it is there.
    pub(crate) fn constructor(&mut self, fields: &Fields<'_>, name: &str, place: Place) -> Option<Template> {
        let found = fields.find(name)?;
        if found.computed {
            let message = format!("{} as a whole is not documented to be computed", shown(name));
            let help = format!("to be sure that CloudFlow takes it, write a map under `{name}`");
            self.tell(Diagnostic::new(&codes::COMPUTED_WHOLE, found.key.span, message).help(help));
            return self.computed(found, place);
        }
        if found.value.mapping().is_none() {
            self.wrong_type(found, "a map");
            return None;
        }
        let built = self.build(found.value, place, Strings::Literal)?;
        self.check_size(found, &built);
        Some(built)
    }

    /// The value under a key that ends with `.$`.
    fn computed(&mut self, found: Found<'_>, place: Place) -> Option<Template> {
        let Some(scalar) = found.value.scalar() else {
            return self.build(found.value, place, Strings::Leaves);
        };
        if matches!(scalar.resolve(), Resolved::String(_)) {
            return self.expression(found.value, place).map(Template::Expr);
        }
        let kind = found.value.kind();
        let message = format!("{} takes an expression, not {kind}", shown(&found.key.text));
        let help = match found.value.span {
            span if span.start == span.end => "write the expression behind it".to_owned(),
            _ => format!(
                "a constant needs no `.$`: write {}",
                shown(split_key(&found.key.text).0)
            ),
        };
        self.tell(Diagnostic::new(&codes::WRONG_TYPE, found.value.span, message).help(help));
        None
    }

    fn build(&mut self, node: &Node, place: Place, strings: Strings) -> Option<Template> {
        match &node.content {
            Content::Scalar(scalar) => self.leaf(node, scalar, place, strings),
            Content::Sequence(items) => {
                let items: Vec<_> = items.iter().map(|item| self.build(item, place, strings)).collect();
                Some(list(items.into_iter().collect::<Option<_>>()?))
            }
            Content::Mapping(entries) => self.map(entries, place, strings),
        }
    }

    fn leaf(&mut self, node: &Node, scalar: &Scalar, place: Place, strings: Strings) -> Option<Template> {
        if let Resolved::String(text) = scalar.resolve() {
            let computed = text.starts_with('$') || is_call_of_known_function(text);
            if strings == Strings::Leaves && computed {
                return self.expression(node, place).map(Template::Expr);
            }
        }
        self.literal(node, scalar).map(Template::Literal)
    }

    /// The value of a scalar.
    pub(crate) fn literal(&mut self, node: &Node, scalar: &Scalar) -> Option<Value> {
        if let Resolved::Respelled(number) = scalar.resolve() {
            let message = format!("{} becomes the number {}", shown(&scalar.text), shown(number.as_str()));
            let help = format!("write \"{}\" for a string", scalar.text);
            self.tell(Diagnostic::new(&codes::NUMBER_RESPELLED, node.span, message).help(help));
        }
        let value = scalar.value();
        if value.is_none() {
            let message = format!("{} is no number that JSON can carry", shown(&scalar.text));
            self.tell(Diagnostic::new(&codes::NOT_FINITE, node.span, message).help("quote it to make it a string"));
        }
        value
    }

    fn map(&mut self, entries: &[Entry], place: Place, strings: Strings) -> Option<Template> {
        let mut seen: BTreeMap<&str, &Key> = BTreeMap::new();
        let mut built = Vec::with_capacity(entries.len());
        for Entry { key, value } in entries {
            let (name, computed) = split_key(&key.text);
            if let Some(first) = seen.insert(name, key) {
                self.both_forms(first, key);
            }
            built.push(
                self.entry(Found { key, value, computed }, place, strings)
                    .map(|template| (name.into(), template)),
            );
        }
        Some(object(built.into_iter().collect::<Option<_>>()?))
    }

    fn entry(&mut self, found: Found<'_>, place: Place, strings: Strings) -> Option<Template> {
        if found.computed && &*found.key.text == ".$" {
            let message = "a key needs a name before `.$`";
            let help = "write `name.$: $Input.key`; to compute the whole map put `.$` behind its own key";
            self.tell(Diagnostic::new(&codes::NAMELESS_KEY, found.key.span, message).help(help));
            return None;
        }
        if found.computed {
            return self.computed(found, place);
        }
        if strings == Strings::Literal {
            self.looks_computed(found);
        }
        self.build(found.value, place, strings)
    }

    /// A literal such as `a: $Input.x` is most often a forgotten `.$`.
    fn looks_computed(&mut self, found: Found<'_>) {
        let Some(scalar) = found.value.scalar() else { return };
        let variable = |text: &str| {
            let name = text.strip_prefix('$').unwrap_or_default();
            name.starts_with(|first: char| first.is_ascii_alphabetic()) || name.starts_with('.')
        };
        if matches!(scalar.resolve(), Resolved::String(text) if variable(text)) {
            let message = format!("{} is a literal here", shown(&scalar.text));
            let help = format!("to compute it, write `{}.$`", found.key.text);
            self.tell(Diagnostic::new(&codes::LOOKS_COMPUTED, found.value.span, message).help(help));
        }
    }
}

fn list(items: Vec<Template>) -> Template {
    match items.iter().map(literal_value).collect::<Option<Vec<Value>>>() {
        Some(values) => Template::Literal(Value::array(values)),
        None => Template::Array(items),
    }
}

fn object(entries: Vec<(Arc<str>, Template)>) -> Template {
    let value = |(name, template): &(Arc<str>, Template)| Some((name.clone(), literal_value(template)?));
    match entries.iter().map(value).collect::<Option<Vec<_>>>() {
        Some(values) => Template::Literal(Value::object(values)),
        None => Template::Object(entries),
    }
}

fn literal_value(template: &Template) -> Option<Value> {
    match template {
        Template::Literal(value) => Some(value.clone()),
        Template::Expr(_) | Template::Object(_) | Template::Array(_) => None,
    }
}

/// A parameter that is written down as a string.
pub(crate) fn constant_text<'t>(template: &'t Template, name: &str) -> Option<&'t str> {
    let value = match template {
        Template::Literal(Value::Object(entries)) => entries.get(name)?,
        Template::Object(entries) => match &entries.iter().find(|(key, _)| &**key == name)?.1 {
            Template::Literal(value) => value,
            Template::Expr(_) | Template::Object(_) | Template::Array(_) => return None,
        },
        Template::Literal(_) | Template::Expr(_) | Template::Array(_) => return None,
    };
    value.as_str()
}
