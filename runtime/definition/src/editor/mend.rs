//! Reading a file that is being written: lines that do not parse are read as if they were blank.
//!
//! **Invariant:** nothing moves: what is blanked keeps its length, so every place stays where it is. The number of tries
//! is bounded by the size of the file.

use crate::diagnostic::Diagnostics;
use crate::source::{Source, Span};
use crate::tree::Node;
use crate::yaml;

/// How often one file is read at most.
const TRIES_MAX: usize = 12;

/// How many bytes are read at most in all tries together.
const BYTES_MAX: usize = 8 * 1024 * 1024;

/// The tree of a file; without what cannot be read.
pub(super) fn tree(source: &Source) -> Option<Node> {
    let mut at = match strict(source) {
        Ok(tree) => return Some(tree),
        Err(at) => source.line_of(at?),
    };
    let first = at;
    let mut text = source.text().to_owned();
    for _ in 0..tries(text.len()) {
        let line = last_written(source, &text, at)?;
        blank(&mut text, line_span(source, line));
        match strict(&Source::new("", text.as_str())) {
            Ok(tree) => return Some(tree),
            Err(next) => at = next.map_or(line, |next| source.line_of(next)),
        }
    }
    before(source, first)
}

/// The tree of a file that parses; else where it stops to.
pub(super) fn strict(source: &Source) -> Result<Node, Option<usize>> {
    let mut diagnostics = Diagnostics::default();
    yaml::read(source, &mut diagnostics).ok_or_else(|| diagnostics.finish().last().map(|last| last.span.start))
}

fn tries(bytes: usize) -> usize {
    (BYTES_MAX / bytes.max(1)).clamp(1, TRIES_MAX)
}

/// The tree of what stands before a line.
fn before(source: &Source, line: usize) -> Option<Node> {
    let text = source.slice(Span::new(0, source.line_start(line)));
    strict(&Source::new("", text)).ok()
}

/// The last line up to `line` on which something is left.
fn last_written(source: &Source, text: &str, line: usize) -> Option<usize> {
    let written = |line: &usize| {
        text.get(line_span(source, *line).range())
            .is_some_and(|line| !line.trim().is_empty())
    };
    (0..=line).rev().find(written)
}

fn line_span(source: &Source, line: usize) -> Span {
    let start = source.line_start(line);
    Span::new(start, start + source.line(line).len())
}

fn blank(text: &mut String, span: Span) {
    let blanks = " ".repeat(span.end - span.start);
    if text.get(span.range()).is_some() {
        text.replace_range(span.range(), &blanks);
    }
}
