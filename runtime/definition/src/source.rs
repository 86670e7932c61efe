//! The text of a file, and places in it.
//!
//! **Invariant:** offsets count bytes of the text behind a byte order mark; lines and columns are made from them only
//! where a person reads them.

use std::ops::Range;

use crate::codes;
use crate::diagnostic::Diagnostic;

/// The largest file that is read.
pub const FILE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A place in a text, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// Behind the last byte; never before `start`.
    pub end: usize,
}

impl Span {
    /// From `start` to `end`; empty where they are the wrong way round.
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        Self {
            start,
            end: end.max(start),
        }
    }

    /// The place at `offset`, without length.
    #[must_use]
    pub fn at(offset: usize) -> Self {
        Self {
            start: offset,
            end: offset,
        }
    }

    /// The bytes.
    #[must_use]
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// A position as editors show it: both count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character in the line.
    pub column: usize,
}

/// A file's name and text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    name: String,
    text: String,
    line_starts: Vec<usize>,
}

impl Source {
    /// A text that is known to be fit.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let (name, text) = (name.into(), text.into());
        let breaks = text
            .bytes()
            .enumerate()
            .filter(|(_, byte)| *byte == b'\n')
            .map(|(at, _)| at + 1);
        let line_starts = std::iter::once(0).chain(breaks).collect();
        Self {
            name,
            text,
            line_starts,
        }
    }

    /// Reads a file's bytes: UTF-8, with or without a byte order mark, at most [`FILE_BYTES_MAX`] long, without NUL.
    ///
    /// What cannot be read is said in the diagnostic; the text then ends where reading did.
    pub(crate) fn read(name: &str, bytes: &[u8]) -> (Self, Option<Diagnostic>) {
        if bytes.len() > FILE_BYTES_MAX {
            return (Self::new(name, ""), Some(too_large()));
        }
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let (text, readable) = match std::str::from_utf8(bytes) {
            Ok(text) => (text, None),
            Err(error) => {
                let text = bytes
                    .get(..error.valid_up_to())
                    .and_then(|valid| std::str::from_utf8(valid).ok());
                (text.unwrap_or_default(), Some(not_utf8(bytes, error.valid_up_to())))
            }
        };
        (Self::new(name, text), readable.or_else(|| nul(text)))
    }

    /// Whether the file is JSON, by its name or by how it begins.
    pub(crate) fn is_json(&self) -> bool {
        let begun = self.text.trim_start().strip_prefix('{');
        self.is_called_json() || begun.is_some_and(|rest| rest.trim_start().starts_with('"'))
    }

    /// Whether the file is called JSON.
    pub(crate) fn is_called_json(&self) -> bool {
        let extension = self.name.rsplit_once('.').map(|(_, extension)| extension);
        extension.is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
    }

    /// The file's name, as it is shown.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of a place; empty where it is none.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// Line and column of an offset.
    #[must_use]
    pub fn line_column(&self, offset: usize) -> Position {
        let line = self.line_of(offset);
        let start = self.line_start(line);
        let before = self
            .text
            .as_bytes()
            .get(start..offset.min(self.text.len()))
            .unwrap_or_default();
        Position {
            line: line + 1,
            column: characters(before) + 1,
        }
    }

    /// The line of an offset, from 0.
    pub(crate) fn line_of(&self, offset: usize) -> usize {
        self.line_starts
            .partition_point(|start| *start <= offset)
            .saturating_sub(1)
    }

    /// Where a line (from 0) begins; the end of the text behind the last one.
    pub(crate) fn line_start(&self, line: usize) -> usize {
        self.line_starts.get(line).copied().unwrap_or(self.text.len())
    }

    /// A line (from 0) without its break.
    pub(crate) fn line(&self, line: usize) -> &str {
        let text = self.slice(Span::new(self.line_start(line), self.line_start(line + 1)));
        text.strip_suffix('\n')
            .map_or(text, |text| text.strip_suffix('\r').unwrap_or(text))
    }
}

/// How many characters begin in `bytes` of UTF-8.
pub(crate) fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}

/// Who reads a file stops where it becomes too large, so how large it is nobody knows.
fn too_large() -> Diagnostic {
    let message = format!("the file has more than the {FILE_BYTES_MAX} bytes that a file may have");
    Diagnostic::new(&codes::FILE_TOO_LARGE, Span::default(), message)
        .help("keep large data in objects, and write down only what they are called")
}

fn not_utf8(bytes: &[u8], at: usize) -> Diagnostic {
    let byte = bytes.get(at).copied().unwrap_or_default();
    let message = format!("the file is not UTF-8: byte 0x{byte:02X} at offset {at} does not belong there");
    let diagnostic = Diagnostic::new(&codes::NOT_UTF8, Span::at(at), message);
    match bytes {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => diagnostic.help("it looks like UTF-16; save it as UTF-8"),
        _ => diagnostic.help("save the file as UTF-8"),
    }
}

fn nul(text: &str) -> Option<Diagnostic> {
    let at = text.bytes().position(|byte| byte == 0)?;
    let message = format!("the file holds a NUL byte at offset {at}; it is no text");
    let help = "save the file as plain text in UTF-8";
    Some(Diagnostic::new(&codes::NUL_BYTE, Span::new(at, at + 1), message).help(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_count_breaks() {
        let source = Source::new("f", "ab\n调用x\r\n\nend");
        let place = |offset| {
            let Position { line, column } = source.line_column(offset);
            (line, column)
        };
        assert_eq!(
            [0, 2, 3, 6, 9, 12, 13, 16].map(place),
            [(1, 1), (1, 3), (2, 1), (2, 2), (2, 3), (3, 1), (4, 1), (4, 4)]
        );
        assert_eq!(
            [0, 1, 2, 3, 4].map(|line| source.line(line)),
            ["ab", "调用x", "", "end", ""]
        );
        assert_eq!(place(999), (4, 4));
    }

    #[test]
    fn what_is_no_text_is_named() {
        let read = |bytes: &[u8]| {
            let (source, diagnostic) = Source::read("f", bytes);
            (source.text().to_owned(), diagnostic.map(|diagnostic| diagnostic.code()))
        };
        assert_eq!(read(b"\xEF\xBB\xBFa: 1"), ("a: 1".into(), None));
        assert_eq!(read(b"a: \xFF"), ("a: ".into(), Some("definition::not_utf8")));
        assert_eq!(read(b"a\0b"), ("a\0b".into(), Some("definition::nul_byte")));
        assert_eq!(
            read(&vec![b'a'; FILE_BYTES_MAX + 1]),
            (String::new(), Some("definition::file_too_large"))
        );
    }
}
