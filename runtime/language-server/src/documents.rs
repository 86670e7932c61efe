//! The texts that are open in the editor.
//!
//! **Invariant:** a text is locked only for the moment in which it is changed or copied; what is read of it is read once
//! for each of its states.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use stepwell_definition::Span;
use stepwell_definition::editor::{FileKind, Reading};
use tower_lsp_server::ls_types::{Position, Range, TextDocumentContentChangeEvent, Uri};

use crate::positions::{Encoding, Lines};

/// How large a byte order mark is.
const MARK: &str = "\u{feff}";

/// What was agreed upon at the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Agreed {
    pub(crate) encoding: Encoding,
    pub(crate) strictness: stepwell_definition::Strictness,
    /// Whether the editor tells of files on the disk that change, if it is asked to.
    pub(crate) watches: bool,
}

/// One state of a text.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) version: i32,
    pub(crate) kind: FileKind,
    pub(crate) agreed: Agreed,
    /// Whether its name says that it is one of ours.
    named: bool,
    /// The text, with a byte order mark if it has one.
    text: String,
    lines: OnceLock<Lines>,
    reading: OnceLock<Reading>,
}

/// Every open text in its latest state.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    agreed: OnceLock<Agreed>,
    // One map, locked to look a text up or to put one in.
    open: Mutex<BTreeMap<Uri, Arc<Document>>>,
}

impl Document {
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The text behind a byte order mark, which is what offsets count.
    pub(crate) fn content(&self) -> &str {
        self.text.strip_prefix(MARK).unwrap_or(&self.text)
    }

    /// Whether it is a flow, functions or grants, and not a file of another tool.
    pub(crate) fn is_ours(&self) -> bool {
        self.named || self.reading().begins_a_flow()
    }

    pub(crate) fn reading(&self) -> &Reading {
        self.reading.get_or_init(|| Reading::of(self.content(), self.kind))
    }

    /// The offset of a position in what is behind a byte order mark.
    pub(crate) fn offset(&self, position: Position) -> usize {
        let offset = self.lines().offset(&self.text, position, self.agreed.encoding);
        offset.saturating_sub(self.mark())
    }

    /// The range of a span in what is behind a byte order mark.
    pub(crate) fn range(&self, span: Span) -> Range {
        let mark = self.mark();
        let span = Span::new(span.start + mark, span.end + mark);
        self.lines().range(&self.text, span, self.agreed.encoding)
    }

    fn mark(&self) -> usize {
        self.text.len() - self.content().len()
    }

    fn lines(&self) -> &Lines {
        self.lines.get_or_init(|| Lines::of(&self.text))
    }
}

impl Documents {
    /// What was agreed upon.
    pub(crate) fn agreed(&self) -> Agreed {
        self.agreed.get().copied().unwrap_or_default()
    }

    /// Says what was agreed upon; the first time counts.
    pub(crate) fn agree(&self, agreed: Agreed) {
        // The protocol begins once.
        _ = self.agreed.set(agreed);
    }

    pub(crate) fn open(&self, uri: Uri, version: i32, text: String) {
        let document = Document {
            version,
            kind: FileKind::of(uri.path().as_str()),
            agreed: self.agreed(),
            named: FileKind::is_named(uri.path().as_str()),
            text,
            lines: OnceLock::new(),
            reading: OnceLock::new(),
        };
        self.lock().insert(uri, Arc::new(document));
    }

    /// Changes a text part by part; one that is not open stays so.
    pub(crate) fn change(&self, uri: Uri, version: i32, changes: Vec<TextDocumentContentChangeEvent>) {
        let Some(document) = self.latest(&uri) else { return };
        let mut text = document.text.clone();
        for change in changes {
            apply(&mut text, change, document.agreed.encoding);
        }
        self.open(uri, version, text);
    }

    pub(crate) fn close(&self, uri: &Uri) {
        self.lock().remove(uri);
    }

    /// The latest state of a text, if it is open.
    pub(crate) fn latest(&self, uri: &Uri) -> Option<Arc<Document>> {
        self.lock().get(uri).cloned()
    }

    /// Every open text that is not `uri` and stands in its folder.
    pub(crate) fn beside(&self, uri: &Uri) -> Vec<Uri> {
        let folder = folder(uri);
        let beside = |other: &&Uri| *other != uri && self::folder(other) == folder;
        self.lock().keys().filter(beside).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Uri, Arc<Document>>> {
        // Whoever panicked has left the map whole: it only inserts and removes.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an address is up to its last slash, that included.
pub(crate) fn folder(uri: &Uri) -> &str {
    let text = uri.as_str();
    text.rfind('/').and_then(|slash| text.get(..=slash)).unwrap_or_default()
}

fn apply(text: &mut String, change: TextDocumentContentChangeEvent, encoding: Encoding) {
    let Some(range) = change.range else {
        *text = change.text;
        return;
    };
    let lines = Lines::of(text);
    let start = lines.offset(text, range.start, encoding);
    let end = lines.offset(text, range.end, encoding).max(start);
    text.replace_range(start..end, &change.text);
}
