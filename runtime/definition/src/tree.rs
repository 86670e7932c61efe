//! The tree that a file is, before anything is known of what it means.
//!
//! **Invariant:** every node knows its place; scalars keep their text and style, and nothing is resolved or dropped.

use std::sync::Arc;

use crate::source::Span;

/// How deeply a file may nest. Sixteen scopes inside each other take 66 levels; the rest is for data.
pub const DEPTH_MAX: usize = 128;

/// A node of the tree.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) content: Content,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    Scalar(Scalar),
    /// Shared, so that an alias copies nothing.
    Sequence(Arc<Vec<Node>>),
    /// Shared, so that an alias copies nothing.
    Mapping(Arc<Vec<Entry>>),
}

/// A text with the style it was written in, which decides what it means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scalar {
    pub(crate) text: Arc<str>,
    pub(crate) style: Style,
}

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Without quotes: may be a number, a boolean or null.
    Plain,
    /// In quotes or as a block: always a string.
    Quoted,
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: Key,
    pub(crate) value: Node,
}

/// A key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Key {
    pub(crate) text: Arc<str>,
    pub(crate) span: Span,
}

impl Node {
    /// What it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.content {
            Content::Scalar(scalar) => scalar.resolve().kind(),
            Content::Sequence(_) => "a list",
            Content::Mapping(_) => "a map",
        }
    }

    /// The scalar, if it is one.
    pub(crate) fn scalar(&self) -> Option<&Scalar> {
        match &self.content {
            Content::Scalar(scalar) => Some(scalar),
            Content::Sequence(_) | Content::Mapping(_) => None,
        }
    }

    /// The elements, if it is a list.
    pub(crate) fn sequence(&self) -> Option<&[Node]> {
        match &self.content {
            Content::Sequence(items) => Some(items),
            Content::Scalar(_) | Content::Mapping(_) => None,
        }
    }

    /// The entries, if it is a map.
    pub(crate) fn mapping(&self) -> Option<&[Entry]> {
        match &self.content {
            Content::Mapping(entries) => Some(entries),
            Content::Scalar(_) | Content::Sequence(_) => None,
        }
    }

    /// The value of a key, if it is a map that has it.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.mapping()?.iter().find(|entry| &*entry.key.text == key)
    }

    /// The part to point at: the node itself, or the first key of a map, which is where a reader looks.
    pub(crate) fn head(&self) -> Span {
        match self.mapping() {
            Some([first, ..]) => first.key.span,
            Some([]) | None => self.span,
        }
    }
}
