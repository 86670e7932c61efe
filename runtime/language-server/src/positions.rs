//! Places in a text as the protocol counts them: lines, and units of UTF-16 or UTF-8 in them, both from 0.
//!
//! **Invariant:** every position has an offset on a character's start, however wrong the position is.

use stepwell_definition::Span;
use tower_lsp_server::ls_types::{Position, PositionEncodingKind, Range};

/// What a column counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// What every editor knows.
    #[default]
    Utf16,
    Utf8,
}

/// Where the lines of a text begin.
#[derive(Clone, Debug)]
pub(crate) struct Lines {
    starts: Vec<usize>,
}

impl Encoding {
    /// The best of those that an editor offers.
    pub(crate) fn of(offered: &[PositionEncodingKind]) -> Self {
        if offered.contains(&PositionEncodingKind::UTF8) {
            Self::Utf8
        } else {
            Self::Utf16
        }
    }

    pub(crate) fn kind(self) -> PositionEncodingKind {
        match self {
            Self::Utf16 => PositionEncodingKind::UTF16,
            Self::Utf8 => PositionEncodingKind::UTF8,
        }
    }

    fn width(self, character: char) -> usize {
        match self {
            Self::Utf16 => character.len_utf16(),
            Self::Utf8 => character.len_utf8(),
        }
    }
}

impl Lines {
    /// The lines of a text; they end with `\n`, `\r\n` or `\r`.
    pub(crate) fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let is_break = |at: usize| match bytes.get(at) {
            Some(b'\n') => true,
            Some(b'\r') => bytes.get(at + 1) != Some(&b'\n'),
            Some(_) | None => false,
        };
        let behind = (0..bytes.len()).filter(|at| is_break(*at)).map(|at| at + 1);
        Self {
            starts: std::iter::once(0).chain(behind).collect(),
        }
    }

    /// The offset of a position; one behind the end of its line or of the text is taken back to it.
    pub(crate) fn offset(&self, text: &str, position: Position, encoding: Encoding) -> usize {
        let line = usize::try_from(position.line).unwrap_or(usize::MAX);
        let Some(start) = self.starts.get(line).copied() else {
            return text.len();
        };
        let mut left = usize::try_from(position.character).unwrap_or(usize::MAX);
        let mut offset = start;
        for character in self.line(text, line).chars() {
            let width = encoding.width(character);
            if width > left {
                break;
            }
            left -= width;
            offset += character.len_utf8();
        }
        offset
    }

    /// The position of an offset.
    pub(crate) fn position(&self, text: &str, offset: usize, encoding: Encoding) -> Position {
        let line = self.starts.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = self.starts.get(line).copied().unwrap_or_default();
        let before = text.get(start..offset.min(text.len())).unwrap_or_default();
        let column: usize = before.chars().map(|character| encoding.width(character)).sum();
        Position::new(small(line), small(column))
    }

    pub(crate) fn range(&self, text: &str, span: Span, encoding: Encoding) -> Range {
        Range::new(
            self.position(text, span.start, encoding),
            self.position(text, span.end, encoding),
        )
    }

    /// A line without its break.
    fn line<'t>(&self, text: &'t str, line: usize) -> &'t str {
        let start = self.starts.get(line).copied().unwrap_or(text.len());
        let end = self.starts.get(line + 1).copied().unwrap_or(text.len());
        text.get(start..end).unwrap_or_default().trim_end_matches(['\n', '\r'])
    }
}

fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a\u{e9}\u{1f600}b\r\nc\rd\n";

    #[test]
    fn columns_count_units_of_the_agreed_encoding() {
        let lines = Lines::of(TEXT);
        let places = |encoding| {
            [0, 1, 3, 7, 8, 10, 11, 12, 13].map(|at| {
                let position = lines.position(TEXT, at, encoding);
                assert_eq!(lines.offset(TEXT, position, encoding), at);
                (position.line, position.character)
            })
        };
        assert_eq!(
            places(Encoding::Utf16),
            [(0, 0), (0, 1), (0, 2), (0, 4), (0, 5), (1, 0), (1, 1), (2, 0), (2, 1)]
        );
        assert_eq!(
            places(Encoding::Utf8),
            [(0, 0), (0, 1), (0, 3), (0, 7), (0, 8), (1, 0), (1, 1), (2, 0), (2, 1)]
        );
    }

    #[test]
    fn wrong_positions_are_taken_back() {
        let lines = Lines::of(TEXT);
        let offset = |line, character| lines.offset(TEXT, Position::new(line, character), Encoding::Utf16);
        // In the middle of a pair, behind a line, behind the text.
        assert_eq!(
            [offset(0, 3), offset(0, 99), offset(1, u32::MAX), offset(99, 0)],
            [3, 8, 11, 14]
        );
        assert_eq!(offset(3, 7), 14);
    }
}
