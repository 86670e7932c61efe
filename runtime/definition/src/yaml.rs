//! From YAML 1.2, and JSON within it, to a tree.
//!
//! The parser is `granit-parser`: of the maintained ones it alone gives byte ranges for every event, error kinds as an
//! enum, limits on nesting that are checked while scanning, and goes on after an unknown alias; `saphyr-parser`, which
//! it grew out of, counts characters only and has one text for every error.
//!
//! **Invariant:** one pass without recursion; time and memory are linear in the file plus [`ALIASED_NODES_MAX`].

use std::collections::BTreeMap;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Tag};

use crate::blanks::Blanked;
use crate::codes;
use crate::diagnostic::{Diagnostic, Diagnostics, shown};
use crate::source::{Source, Span};
use crate::syntax;
use crate::syntax::{DEEP_HELP, in_quotes};
use crate::tree::{Content, DEPTH_MAX, Entry, Key, Node, Scalar, Style};

/// How many nodes a file may have.
pub const NODES_MAX: usize = 1_000_000;

/// How many nodes its aliases may add.
pub const ALIASED_NODES_MAX: usize = 100_000;

/// How many bytes of text its aliases may add: a few that repeat a large text fill the memory as many do.
pub const ALIASED_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Reads the tree; `diagnostics` becomes what is wrong. `None` where there is nothing that could be checked further.
///
/// A missing blank is told and put in, so that it hides nothing that stands behind it.
pub(crate) fn read(source: &Source, diagnostics: &mut Diagnostics) -> Option<Node> {
    let mut text = Blanked::of(source);
    let mut missing: Vec<Diagnostic> = Vec::new();
    loop {
        *diagnostics = Diagnostics::default();
        diagnostics.extend(missing.iter().cloned());
        let stopped = match read_once(&text, diagnostics) {
            Ok(root) => return root,
            Err(stopped) => stopped,
        };
        if stopped.kind != &codes::MISSING_BLANK || !text.has_room() {
            diagnostics.push(stopped);
            return None;
        }
        text.put(stopped.span.end);
        missing.push(stopped);
    }
}

/// Reads a text up to where it cannot be read any further.
fn read_once(text: &Blanked<'_>, diagnostics: &mut Diagnostics) -> Result<Option<Node>, Diagnostic> {
    let options = granit_parser::options! {
        emit_comments: false,
        emit_unresolved_aliases: true,
        simple_key_max_lookahead: 1 << 16,
        // One more, so that the limit is met here, where it has a name.
        flow_nesting_limit: DEPTH_MAX + 1,
        block_nesting_limit: DEPTH_MAX + 1,
    };
    let mut builder = Builder::new(text.file(), diagnostics);
    for event in Parser::new_from_str_with_options(text.read().text(), options) {
        let (event, span) = event.map_err(|error| not_yaml(&error, text))?;
        let tag = span.tag_span().map(|tag| place(&tag, text));
        let span = place(&span, text);
        builder.take(event, span, tag.unwrap_or(span))?;
    }
    Ok(builder.finish())
}

fn place(span: &granit_parser::Span, text: &Blanked<'_>) -> Span {
    let range = span.byte_range().unwrap_or_default();
    text.place(Span::new(range.start, range.end))
}

fn not_yaml(error: &ScanError, text: &Blanked<'_>) -> Diagnostic {
    let offset = error.marker().byte_offset().unwrap_or_default();
    let offset = offset.min(text.read().text().len());
    let mut told = syntax::explain(error.kind(), offset, text.read());
    told.span = text.place(told.span);
    told
}

/// A list or map that is still open.
struct Open {
    anchor: usize,
    start: usize,
    nodes: usize,
    items: Items,
}

enum Items {
    Sequence(Vec<Node>),
    Mapping {
        entries: Vec<Entry>,
        seen: BTreeMap<Arc<str>, Span>,
        key: Option<KeySlot>,
    },
}

/// A key that waits for its value; one that cannot be used has been reported, and its value is dropped.
enum KeySlot {
    Usable(Key),
    Unusable,
}

struct Anchored {
    node: Node,
    nodes: usize,
    bytes: usize,
}

struct Builder<'a> {
    source: &'a Source,
    diagnostics: &'a mut Diagnostics,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Anchored>,
    nodes: usize,
    aliased: usize,
    aliased_bytes: usize,
    documents: usize,
    root: Option<Node>,
}

type Done = Result<(), Diagnostic>;

impl<'a> Builder<'a> {
    fn new(source: &'a Source, diagnostics: &'a mut Diagnostics) -> Self {
        let (open, anchors) = (Vec::new(), BTreeMap::new());
        Self {
            source,
            diagnostics,
            open,
            anchors,
            nodes: 0,
            aliased: 0,
            aliased_bytes: 0,
            documents: 0,
            root: None,
        }
    }

    fn take(&mut self, event: Event<'_>, span: Span, tag_span: Span) -> Done {
        match event {
            Event::DocumentStart(..) => self.document(span),
            Event::Scalar(text, style, anchor, tag) => {
                let negation = tag.as_ref().and_then(|_| self.negation(&text, tag_span, span));
                if let Some((text, span)) = negation {
                    return self.scalar(&text, ScalarStyle::DoubleQuoted, anchor, span);
                }
                self.tag(tag.as_deref(), tag_span);
                self.scalar(&text, style, anchor, span)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.tag(tag.as_deref(), tag_span);
                self.begin(anchor, span, Items::Sequence(Vec::new()))
            }
            Event::MappingStart(_, anchor, tag) => {
                self.tag(tag.as_deref(), tag_span);
                self.begin(
                    anchor,
                    span,
                    Items::Mapping {
                        entries: Vec::new(),
                        seen: BTreeMap::new(),
                        key: None,
                    },
                )
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::UnresolvedAlias(name) => self.unknown_alias(&name, span),
            // These, and what a later parser may add, carry no data.
            Event::StreamStart | Event::StreamEnd | Event::DocumentEnd | Event::Anchor(..) | Event::Comment(..) | _ => {
                Ok(())
            }
        }
    }

    fn document(&mut self, span: Span) -> Done {
        self.documents += 1;
        if self.documents == 1 {
            return Ok(());
        }
        Err(
            Diagnostic::new(&codes::MANY_DOCUMENTS, span, "a second document begins here")
                .help("a file holds one document; remove the `---` or split the file"),
        )
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, anchor: usize, span: Span) -> Done {
        let style = if style == ScalarStyle::Plain {
            Style::Plain
        } else {
            Style::Quoted
        };
        let node = Node {
            span,
            content: Content::Scalar(Scalar {
                text: text.into(),
                style,
            }),
        };
        self.count(1, span)?;
        self.blank_behind_colon(&node)?;
        self.anchor(anchor, &node, 1);
        self.place(node, 1);
        Ok(())
    }

    /// `{Next:Z}`: between brackets a colon without a blank makes a key of the whole, and its value is missing.
    fn blank_behind_colon(&self, value: &Node) -> Done {
        let Some(Items::Mapping { key, .. }) = self.open.last().map(|open| &open.items) else {
            return Ok(());
        };
        let Some(KeySlot::Usable(key)) = key.as_ref().filter(|_| value.span.start == value.span.end) else {
            return Ok(());
        };
        let glued = syntax::glued_colon(self.source.slice(key.span));
        match glued.and_then(|colon| Some((colon, key.text.get(..colon)?))) {
            Some((colon, word)) => {
                let span = Span::new(key.span.start, key.span.start + colon + 1);
                Err(syntax::missing_blank_at(span, word))
            }
            None => Ok(()),
        }
    }

    fn begin(&mut self, anchor: usize, span: Span, items: Items) -> Done {
        if self.open.len() >= DEPTH_MAX {
            let message = format!("the file nests more than {DEPTH_MAX} levels deep");
            return Err(Diagnostic::new(&codes::TOO_DEEP, span, message).help(DEEP_HELP));
        }
        self.count(1, span)?;
        // A list or map as a key is refused when it ends.
        self.open.push(Open {
            anchor,
            start: span.start,
            nodes: 1,
            items,
        });
        Ok(())
    }

    fn end(&mut self, span: Span) -> Done {
        let Some(Open {
            anchor,
            start,
            nodes,
            items,
        }) = self.open.pop()
        else {
            return Ok(());
        };
        let (content, last) = match items {
            Items::Sequence(items) => {
                let last = items.last().map(|item| item.span.end);
                (Content::Sequence(Arc::new(items)), last)
            }
            Items::Mapping { entries, .. } => {
                let last = entries.last().map(|entry| entry.value.span.end.max(entry.key.span.end));
                (Content::Mapping(Arc::new(entries)), last)
            }
        };
        // A block has no end mark of its own; it ends with its last part.
        let end = if span.end > span.start {
            span.end
        } else {
            last.unwrap_or(span.end)
        };
        let node = Node {
            span: Span::new(start, end),
            content,
        };
        self.anchor(anchor, &node, nodes);
        self.place(node, nodes);
        Ok(())
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Done {
        let Some(Anchored { node, nodes, bytes }) = self.anchors.get(&anchor) else {
            let message = format!("{} stands inside what it repeats", shown(self.source.slice(span)));
            let help = "write out what is meant; a value cannot hold itself";
            return Err(Diagnostic::new(&codes::ALIAS_IN_ITSELF, span, message).help(help));
        };
        let (node, nodes) = (node.clone(), *nodes);
        self.aliased += nodes;
        self.aliased_bytes = self.aliased_bytes.saturating_add(*bytes);
        self.within_budget(span)?;
        self.count(nodes, span)?;
        self.depth_of_alias(&node, span)?;
        self.place(node, nodes);
        Ok(())
    }

    fn within_budget(&self, span: Span) -> Done {
        let what = if self.aliased > ALIASED_NODES_MAX {
            format!("{ALIASED_NODES_MAX} nodes")
        } else if self.aliased_bytes > ALIASED_BYTES_MAX {
            format!("{ALIASED_BYTES_MAX} bytes of text")
        } else {
            return Ok(());
        };
        let message = format!("the aliases of this file repeat more than {what}");
        Err(Diagnostic::new(&codes::TOO_MANY_ALIASES, span, message).help("write out what is meant, or make it less"))
    }

    fn depth_of_alias(&self, node: &Node, span: Span) -> Done {
        if self.open.len() + depth(node) <= DEPTH_MAX {
            return Ok(());
        }
        let message = format!("with what this alias repeats, the file nests more than {DEPTH_MAX} levels deep");
        Err(Diagnostic::new(&codes::TOO_DEEP, span, message).help(DEEP_HELP))
    }

    fn unknown_alias(&mut self, name: &str, span: Span) -> Done {
        let message = format!("no anchor {} stands before this alias", shown(&format!("&{name}")));
        let help = "a text that begins with `*` needs quotes";
        self.diagnostics
            .push(Diagnostic::new(&codes::UNKNOWN_ALIAS, span, message).help(help));
        self.scalar("", ScalarStyle::Plain, 0, span)
    }

    fn count(&mut self, nodes: usize, span: Span) -> Done {
        self.nodes += nodes;
        if self.nodes <= NODES_MAX {
            return Ok(());
        }
        Err(Diagnostic::new(
            &codes::TOO_MANY_NODES,
            span,
            format!("the file has more than {NODES_MAX} nodes"),
        )
        .help("pass data through the input or through objects"))
    }

    fn anchor(&mut self, anchor: usize, node: &Node, nodes: usize) {
        if anchor != 0 {
            self.anchors.insert(
                anchor,
                Anchored {
                    node: node.clone(),
                    nodes,
                    bytes: text_bytes(node),
                },
            );
        }
    }

    fn place(&mut self, node: Node, nodes: usize) {
        let Some(open) = self.open.last_mut() else {
            self.root.get_or_insert(node);
            return;
        };
        open.nodes += nodes;
        match &mut open.items {
            Items::Sequence(items) => items.push(node),
            Items::Mapping { entries, seen, key } => match key.take() {
                Some(KeySlot::Usable(key)) => entries.push(Entry { key, value: node }),
                Some(KeySlot::Unusable) => {}
                None => *key = Some(slot(node, seen, self.diagnostics)),
            },
        }
    }

    /// `!$Input.done`: an expression that begins with `!` and stands without quotes is a tag for YAML. It is told, and read
    /// as what was meant.
    fn negation(&mut self, text: &str, tag: Span, span: Span) -> Option<(String, Span)> {
        let operand = self.source.slice(tag).strip_prefix('!')?;
        let operand = if operand.is_empty() { text } else { operand };
        if !operand.starts_with(['$', '(']) && !operand.contains('(') {
            return None;
        }
        let whole = Span::new(tag.start, span.end.max(tag.end));
        let meant = self.source.slice(whole).to_owned();
        let message = format!("without quotes, YAML reads the `!` of {} as a tag", shown(&meant));
        let help = format!("put the whole into quotes: {}", shown(&in_quotes(&meant)));
        self.diagnostics
            .push(Diagnostic::new(&codes::TAG, whole, message).help(help));
        Some((meant, whole))
    }

    fn tag(&mut self, tag: Option<&Tag>, span: Span) {
        if let Some(tag) = tag {
            self.diagnostics.push(refused_tag(tag, span));
        }
    }

    fn finish(self) -> Option<Node> {
        let empty = self
            .root
            .as_ref()
            .and_then(Node::scalar)
            .is_some_and(|scalar| scalar.style == Style::Plain && scalar.text.is_empty());
        if self.root.is_none() || empty {
            let help = "a flow begins with `Type: StateMachine`";
            self.diagnostics
                .push(Diagnostic::new(&codes::EMPTY, Span::default(), "the file is empty").help(help));
            return None;
        }
        self.root
    }
}

/// The key that a node is.
fn slot(node: Node, seen: &mut BTreeMap<Arc<str>, Span>, diagnostics: &mut Diagnostics) -> KeySlot {
    let span = node.head();
    let Content::Scalar(Scalar { text, style }) = node.content else {
        diagnostics.push(
            Diagnostic::new(&codes::KEY_NOT_TEXT, span, "a list or a map cannot be a key")
                .help("write a text before the colon; a text that begins with `[` or `{` needs quotes"),
        );
        return KeySlot::Unusable;
    };
    if style == Style::Plain && &*text == "<<" {
        let help = "repeat the keys, or alias whole values; write `\"<<\"` for a key of that name";
        let message = "merge keys are not part of YAML 1.2 and are refused";
        diagnostics.push(Diagnostic::new(&codes::MERGE_KEY, span, message).help(help));
        return KeySlot::Unusable;
    }
    if let Some(first) = seen.get(&text) {
        let message = format!("the key {} stands here twice", shown(&text));
        let diagnostic = Diagnostic::new(&codes::DUPLICATE_KEY, span, message).label(*first, "first here");
        diagnostics.push(diagnostic.help("keep one of the two"));
        return KeySlot::Unusable;
    }
    seen.insert(text.clone(), span);
    KeySlot::Usable(Key { text, span })
}

fn refused_tag(tag: &Tag, span: Span) -> Diagnostic {
    let name = shown(&tag.original());
    if tag.is_yaml_core_schema() {
        let help = "quote a text to make it a string; write numbers, booleans and null without quotes";
        return Diagnostic::new(&codes::TAG, span, format!("tags are refused: {name}")).help(help);
    }
    if tag.original() == "!" {
        let help = "a text that begins with `!` needs quotes around the whole";
        return Diagnostic::new(&codes::TAG, span, format!("tags are refused: {name}")).help(help);
    }
    let message = format!("{name} is a deploy-time tag of another tool, which nobody resolves here");
    let help = "write the value that the tool would put in its place";
    Diagnostic::new(&codes::DEPLOY_TAG, span, message).help(help)
}

/// The bytes of the texts and keys of a tree that holds at most [`NODES_MAX`] nodes.
fn text_bytes(node: &Node) -> usize {
    match &node.content {
        Content::Scalar(scalar) => scalar.text.len(),
        Content::Sequence(items) => items.iter().map(text_bytes).fold(0, usize::saturating_add),
        Content::Mapping(entries) => entries
            .iter()
            .map(|entry| entry.key.text.len().saturating_add(text_bytes(&entry.value)))
            .fold(0, usize::saturating_add),
    }
}

/// The levels of a tree that is already known to have at most [`DEPTH_MAX`].
fn depth(node: &Node) -> usize {
    match &node.content {
        Content::Scalar(_) => 0,
        Content::Sequence(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        Content::Mapping(entries) => {
            1 + entries
                .iter()
                .map(|entry| depth(&entry.value))
                .max()
                .unwrap_or_default()
        }
    }
}
