//! Which fields a map can have, as data, and reading a map by them.
//!
//! The tables are what the checker goes by and what an editor or a schema can be told.
//!
//! **Invariant:** a key is looked at once, here; whoever asks for a field afterwards finds it or knows that its absence
//! has been reported.

use std::collections::BTreeMap;

use crate::checker::Checker;
use crate::codes::{self, Code};
use crate::diagnostic::{Diagnostic, shown};
use crate::foreign;
use crate::listing::{all_of, there_are};
use crate::source::Span;
use crate::syntax;
use crate::tree::{Key, Node};

/// One field of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// Whether it must be there.
    pub required: bool,
    /// Whether it can be written with `.$`.
    pub computable: bool,
    /// What it means, in a sentence.
    pub doc: &'static str,
}

/// What a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// A string.
    Text,
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// One of these strings, in any case.
    AnyCaseOf(&'static [&'static str]),
    /// The name of a state in the same scope.
    StateName,
    /// `true` or `false`.
    Flag,
    /// A whole number in a range, ends included.
    Whole(u64, u64),
    /// A number in a range, ends included.
    NumberFrom(u64, u64),
    /// A number of seconds up to so many, or a string that is one.
    Seconds(u64),
    /// An expression, without `.$`.
    Expression,
    /// A map or list with expressions under keys that end with `.$`.
    Template,
    /// A map.
    Map,
    /// A list.
    List,
    /// Anything.
    Anything,
}

impl Takes {
    /// What it takes, in words.
    pub(crate) fn words(self) -> String {
        match self {
            Self::Text => "a string".to_owned(),
            Self::OneOf(choices) | Self::AnyCaseOf(choices) => choices.join(" or "),
            Self::StateName => "the name of a state of this scope".to_owned(),
            Self::Flag => "`true` or `false`".to_owned(),
            Self::Whole(least, most) => format!("a whole number from {least} to {most}"),
            Self::NumberFrom(least, u64::MAX) => format!("a number from {least} on"),
            Self::NumberFrom(least, most) => format!("a number from {least} to {most}"),
            Self::Seconds(most) => format!("a number of seconds from 0 to {most}"),
            Self::Expression => "an expression".to_owned(),
            Self::Template | Self::Map => "a map".to_owned(),
            Self::List => "a list".to_owned(),
            Self::Anything => "any value".to_owned(),
        }
    }
}

impl Field {
    /// How it is added to a map that lacks it.
    pub(crate) fn advice(&self) -> String {
        let doc = self.doc.trim_end_matches('.');
        let mut letters = doc.chars();
        let first = letters.next().map(|first| first.to_lowercase().to_string());
        let doc = first.unwrap_or_default() + letters.as_str();
        if let Takes::OneOf([only]) = self.takes {
            return format!("add `{}: {only}`: {doc}", self.name);
        }
        format!("add `{}`, {}: {doc}", self.name, self.takes.words())
    }

    pub(crate) const fn new(name: &'static str, takes: Takes, doc: &'static str) -> Self {
        Self {
            name,
            takes,
            required: false,
            computable: false,
            doc,
        }
    }

    pub(crate) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub(crate) const fn computable(mut self) -> Self {
        self.computable = true;
        self
    }
}

/// The fields of one kind of map.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// What such a map is called in messages, such as `a Task`.
    pub(crate) owner: &'static str,
    /// Its fields, in groups.
    pub(crate) groups: &'static [&'static [Field]],
    /// What happens with keys that are none of them and not close to one.
    pub(crate) unknown: Unknown,
    /// What is known of a key that does not belong here.
    pub(crate) elsewhere: fn(&str) -> Option<Elsewhere>,
}

/// What happens with unknown keys.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unknown {
    Warned,
    Refused,
    /// They are not looked at, not even for slips.
    PassedOn,
}

/// Where a key belongs instead.
#[derive(Clone, Debug)]
pub(crate) struct Elsewhere {
    pub(crate) code: &'static Code,
    pub(crate) message: String,
    pub(crate) help: String,
}

impl Elsewhere {
    /// A key that is another word for a known one.
    pub(crate) fn meant(owner: &str, key: &str, meant: &str) -> Self {
        Self {
            code: &codes::MISSPELT_KEY,
            message: format!("{owner} has no key {}", shown(key)),
            help: format!("did you mean `{meant}`?"),
        }
    }
}

impl Shape {
    pub(crate) const fn new(owner: &'static str, groups: &'static [&'static [Field]], unknown: Unknown) -> Self {
        Self {
            owner,
            groups,
            unknown,
            elsewhere: |_| None,
        }
    }

    pub(crate) const fn elsewhere(mut self, elsewhere: fn(&str) -> Option<Elsewhere>) -> Self {
        self.elsewhere = elsewhere;
        self
    }

    pub(crate) fn fields(&self) -> impl Iterator<Item = &'static Field> + use<> {
        self.groups.iter().flat_map(|group| group.iter())
    }

    fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields().find(|field| field.name == name)
    }
}

/// A field that was found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'n> {
    pub(crate) key: &'n Key,
    pub(crate) value: &'n Node,
    pub(crate) computed: bool,
}

/// A map, read by its shape.
#[derive(Clone, Debug)]
pub(crate) struct Fields<'n> {
    /// What it is called in messages.
    pub(crate) owner: &'static str,
    /// Where to point when something is missing from it.
    pub(crate) head: Span,
    found: BTreeMap<&'static str, Found<'n>>,
}

impl<'n> Fields<'n> {
    /// A field, if it is there.
    pub(crate) fn find(&self, name: &str) -> Option<Found<'n>> {
        self.found.get(name).copied()
    }

    /// Whether a field is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.found.contains_key(name)
    }
}

/// The name of a key, and whether it says that its value is computed.
pub(crate) fn split_key(key: &str) -> (&str, bool) {
    key.strip_suffix(".$").map_or((key, false), |name| (name, true))
}

impl Checker<'_> {
    /// Reads a map; `None` where it is none.
    pub(crate) fn fields<'n>(&mut self, node: &'n Node, shape: &Shape) -> Option<Fields<'n>> {
        let Some(entries) = node.mapping() else {
            self.not_a_map(node, shape);
            return None;
        };
        let mut fields = Fields {
            owner: shape.owner,
            head: node.head(),
            found: BTreeMap::new(),
        };
        let mut others = Vec::new();
        for entry in entries {
            let (name, computed) = split_key(&entry.key.text);
            let found = Found {
                key: &entry.key,
                value: &entry.value,
                computed,
            };
            match shape.field(name) {
                Some(field) => self.known(&mut fields, field, found),
                None => others.push((name, found)),
            }
        }
        for (name, found) in others
            .into_iter()
            .filter(|_| !matches!(shape.unknown, Unknown::PassedOn))
        {
            self.other(&mut fields, shape, name, found);
        }
        for field in shape.fields().filter(|field| field.required && !fields.has(field.name)) {
            self.missing(&fields, field);
        }
        Some(fields)
    }

    fn not_a_map(&mut self, node: &Node, shape: &Shape) {
        let glued = node
            .scalar()
            .and_then(|scalar| Some((scalar, syntax::glued_colon(&scalar.text)?)));
        if let Some((scalar, colon)) = glued {
            let word = scalar.text.get(..colon).unwrap_or_default();
            let span = Span::new(node.span.start, node.span.start + colon + 1);
            return self.tell(syntax::missing_blank_at(span, word));
        }
        let message = format!("{} is a map, not {}", shape.owner, node.kind());
        let names: Vec<&str> = shape.fields().map(|field| field.name).collect();
        let diagnostic = Diagnostic::new(&codes::WRONG_TYPE, node.span, message);
        self.tell(match names.as_slice() {
            [] => diagnostic.help("write a map with `Type` and `Name`"),
            names => diagnostic.help(format!("it takes {}", all_of(names))),
        });
    }

    fn known<'n>(&mut self, fields: &mut Fields<'n>, field: &'static Field, found: Found<'n>) {
        if found.computed && !field.computable {
            self.not_computable(field, found);
        }
        if found.value.kind() == "null" && !field.required && !found.computed && field.takes != Takes::Anything {
            let message = format!("{} is empty and ignored", shown(&found.key.text));
            let help = "write a value behind it, or remove the key";
            return self.tell(Diagnostic::new(&codes::EMPTY_FIELD, found.key.span, message).help(help));
        }
        if let Some(first) = fields.find(field.name) {
            return self.both_forms(first.key, found.key);
        }
        fields.found.insert(field.name, found);
    }

    pub(crate) fn both_forms(&mut self, first: &Key, second: &Key) {
        let (name, _) = split_key(&second.text);
        let message = format!("{} stands both as a constant and computed", shown(name));
        let diagnostic = Diagnostic::new(&codes::BOTH_FORMS, second.span, message);
        self.tell(diagnostic.label(first.span, "and here").help("keep one of the two"));
    }

    fn not_computable(&mut self, field: &Field, found: Found<'_>) {
        let message = format!("`{}` cannot be computed", field.name);
        let help = if field.takes == Takes::Expression {
            format!("`{}` is an expression by itself; remove the `.$`", field.name)
        } else {
            format!("write `{}` with a constant", field.name)
        };
        self.tell(Diagnostic::new(&codes::NOT_COMPUTABLE, found.key.span, message).help(help));
    }

    fn other<'n>(&mut self, fields: &mut Fields<'n>, shape: &Shape, name: &str, found: Found<'n>) {
        let span = found.key.span;
        let close = self.closest(name, shape.fields().map(|field| field.name));
        let same_letters = close.is_some_and(|close| close.eq_ignore_ascii_case(name));
        if !same_letters && let Some(elsewhere) = (shape.elsewhere)(name) {
            return self.tell(Diagnostic::new(elsewhere.code, span, elsewhere.message).help(elsewhere.help));
        }
        let Some(field) = close.and_then(|close| shape.field(close)) else {
            return self.unknown(shape, found.key);
        };
        let message = format!("{} has no key {}", shape.owner, shown(&found.key.text));
        self.tell(Diagnostic::new(&codes::MISSPELT_KEY, span, message).did_you_mean(Some(field.name)));
        // It is taken for what it was meant to be, so that nothing is reported as missing because of it.
        fields.found.entry(field.name).or_insert(found);
    }

    fn unknown(&mut self, shape: &Shape, key: &Key) {
        let message = format!("{} has no key {}", shape.owner, shown(&key.text));
        let names: Vec<&str> = shape.fields().map(|field| field.name).collect();
        let diagnostic = match shape.unknown {
            Unknown::Warned | Unknown::PassedOn => {
                Diagnostic::new(&codes::UNKNOWN_KEY, key.span, format!("{message}; it is ignored"))
            }
            Unknown::Refused => Diagnostic::new(&codes::REFUSED_KEY, key.span, message),
        };
        let meant = foreign::meant(&key.text).filter(|meant| shape.field(meant).is_some());
        self.tell(match meant {
            Some(_) => diagnostic.did_you_mean(meant),
            None if names.is_empty() => diagnostic.help("remove it"),
            None => diagnostic.help(format!("remove it; {}", there_are(&names))),
        });
    }

    /// Reports that a field is missing.
    pub(crate) fn missing(&mut self, fields: &Fields<'_>, field: &Field) {
        let message = format!("{} needs `{}`", fields.owner, field.name);
        self.tell(Diagnostic::new(&codes::MISSING_FIELD, fields.head, message).help(field.advice()));
    }
}
