//! Places in a text as the protocol counts them: lines, and units of UTF-16 or UTF-8 in them, both from 0.
//!
//! **Invariant:** every position has an offset on a character's start, however wrong the position is.

use std::ops::Range as Bytes;

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

/// Where the lines of a text begin, and how its units of UTF-16 are counted without counting them all.
#[derive(Clone, Debug)]
pub(crate) struct Lines {
    starts: Vec<usize>,
    /// How many units of UTF-16 begin before every [`STRIDE`]th byte, the first included.
    units: Vec<usize>,
}

/// How many bytes are counted at most to find a column, however long its line is.
const STRIDE: usize = 128;

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
        let mut begun = 0;
        let units = bytes.chunks_exact(STRIDE).map(|stride| {
            begun += units_in(stride);
            begun
        });
        Self {
            units: std::iter::once(0).chain(units).collect(),
            starts: std::iter::once(0).chain(behind).collect(),
        }
    }

    /// The offset of a position; one behind the end of its line or of the text is taken back to it.
    pub(crate) fn offset(&self, text: &str, position: Position, encoding: Encoding) -> usize {
        let line = usize::try_from(position.line).unwrap_or(usize::MAX);
        let Some(start) = self.starts.get(line).copied() else {
            return text.len();
        };
        let column = usize::try_from(position.character).unwrap_or(usize::MAX);
        let end = start + self.line(text, line).len();
        match encoding {
            Encoding::Utf8 => text.floor_char_boundary(start.saturating_add(column).min(end)),
            Encoding::Utf16 => {
                let units = self.units_before(text, start).saturating_add(column);
                self.offset_of_unit(text, units).clamp(start, end)
            }
        }
    }

    /// The position of an offset.
    pub(crate) fn position(&self, text: &str, offset: usize, encoding: Encoding) -> Position {
        let offset = text.floor_char_boundary(offset);
        let line = self.starts.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = self.starts.get(line).copied().unwrap_or_default();
        let column = match encoding {
            Encoding::Utf8 => offset - start,
            Encoding::Utf16 => self.units_before(text, offset) - self.units_before(text, start),
        };
        Position::new(small(line), small(column))
    }

    /// How many units of UTF-16 begin before an offset.
    fn units_before(&self, text: &str, offset: usize) -> usize {
        let known = self.units.get(offset / STRIDE).copied().unwrap_or_default();
        known + text.as_bytes().get(uncounted(offset)).map_or(0, units_in)
    }

    /// Where the character stands that the unit of this number belongs to.
    fn offset_of_unit(&self, text: &str, unit: usize) -> usize {
        let stride = self.units.partition_point(|before| *before <= unit).saturating_sub(1);
        let mut left = unit.saturating_sub(self.units.get(stride).copied().unwrap_or_default());
        let mut offset = text.ceil_char_boundary(stride * STRIDE);
        for character in text.get(offset..).unwrap_or_default().chars().take(STRIDE) {
            if character.len_utf16() > left {
                break;
            }
            left -= character.len_utf16();
            offset += character.len_utf8();
        }
        offset
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

/// The bytes before an offset that no table has counted.
fn uncounted(offset: usize) -> Bytes<usize> {
    offset - offset % STRIDE..offset
}

/// How many units of UTF-16 begin in `bytes` of UTF-8: one with every character, two with those of four bytes.
fn units_in(bytes: &[u8]) -> usize {
    let begins = bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count();
    begins + bytes.iter().filter(|byte| **byte >= 0xF0).count()
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
    fn a_column_is_counted_from_the_last_stride_and_not_from_the_start_of_its_line() {
        let text = "a\u{e9}\u{1f600}b下".repeat(10_000);
        let lines = Lines::of(&text);
        let most = (0..=text.len()).map(|at| uncounted(at).len()).max();
        assert_eq!((lines.starts.len(), most), (1, Some(STRIDE - 1)));
        assert_eq!(lines.units.len(), text.len() / STRIDE + 1);
        let (mut utf16, mut utf8) = (0, 0);
        for (at, character) in text.char_indices().take(2_000) {
            for (encoding, column) in [(Encoding::Utf16, utf16), (Encoding::Utf8, utf8)] {
                let position = lines.position(&text, at, encoding);
                assert_eq!(position, Position::new(0, column));
                assert_eq!(lines.offset(&text, position, encoding), at);
            }
            utf16 += u32::try_from(character.len_utf16()).unwrap();
            utf8 += u32::try_from(character.len_utf8()).unwrap();
        }
        let end = lines.position(&text, text.len(), Encoding::Utf16);
        assert_eq!(end, Position::new(0, 60_000));
        assert_eq!(lines.offset(&text, end, Encoding::Utf16), text.len());
    }

    #[test]
    fn texts_that_end_with_a_stride_are_counted_to_their_end() {
        for length in [0, 1, STRIDE - 1, STRIDE, STRIDE + 1, 3 * STRIDE] {
            let text = "x".repeat(length);
            let lines = Lines::of(&text);
            let end = lines.position(&text, length, Encoding::Utf16);
            assert_eq!(end, Position::new(0, u32::try_from(length).unwrap()));
            assert_eq!(lines.offset(&text, end, Encoding::Utf16), length);
        }
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
