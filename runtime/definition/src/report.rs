//! Diagnostics as people and programs read them.
//!
//! Drawn through miette, over a view of the text that is cut to what fits and in which nothing steers a terminal.
//!
//! **Invariant:** a drawing is bounded by the number of diagnostics, however long the lines of the file are.

use std::fmt;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, NarratableReportHandler, ThemeCharacters, ThemeStyles,
};
use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};
use serde::Serialize;

use crate::diagnostic::{Diagnostic, Label, Severity, Strictness, drawable};
use crate::source::{Source, Span, characters};

/// How a report is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawing {
    /// Which characters.
    pub characters: Characters,
    /// Whether in colour.
    pub colour: Colour,
    /// The width of the terminal.
    pub width: usize,
}

/// Which characters a report is drawn with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Characters {
    /// Box-drawing characters.
    Unicode,
    /// ASCII alone.
    Ascii,
    /// Sentences, for screen readers.
    Sentences,
}

/// Whether a report is drawn in colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// With ANSI colours.
    Ansi,
    /// Without.
    None,
}

/// One diagnostic as a program reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The stable code.
    pub code: &'static str,
    /// `error`, `warning` or `note`.
    pub severity: &'static str,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// The line on which it ends.
    pub end_line: usize,
    /// Behind its last character, counted like `column`.
    pub end_column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// The diagnostics of one file, as they count under a strictness.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    source: &'a Source,
    shown: Vec<(Severity, &'a Diagnostic)>,
}

impl<'a> Report<'a> {
    /// The report on `source`.
    pub fn new(
        source: &'a Source,
        diagnostics: impl IntoIterator<Item = &'a Diagnostic>,
        strictness: Strictness,
    ) -> Self {
        let counts = |diagnostic: &'a Diagnostic| Some((diagnostic.severity_under(strictness)?, diagnostic));
        Self {
            source,
            shown: diagnostics.into_iter().filter_map(counts).collect(),
        }
    }

    /// What the file is called.
    #[must_use]
    pub fn name(&self) -> &str {
        self.source.name()
    }

    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// How many there are of a severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.shown.iter().filter(|(shown, _)| *shown == severity).count()
    }

    /// The diagnostics as a program reads them, in order.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        let entry = |(severity, diagnostic): &(Severity, &Diagnostic)| {
            let place = self.source.line_column(diagnostic.span.start);
            let end = self.source.line_column(diagnostic.span.end);
            Entry {
                code: diagnostic.code(),
                severity: severity.name(),
                line: place.line,
                column: place.column,
                end_line: end.line,
                end_column: end.column,
                message: diagnostic.message.clone(),
                help: diagnostic.help.clone(),
            }
        };
        self.shown.iter().map(entry).collect()
    }

    /// The diagnostics as a person reads them, each with its place drawn.
    #[must_use]
    pub fn draw(&self, drawing: Drawing) -> String {
        let view = View::new(self.source);
        let mut text = String::new();
        for (severity, diagnostic) in &self.shown {
            let drawn = Drawn::new(&view, *severity, diagnostic);
            // A string can always be written to; what cannot be drawn is at least said.
            if draw(&mut text, &drawn, drawing).is_err() {
                text.push_str(&format!("{}: {}", severity.name(), diagnostic.message));
            }
            text.push('\n');
        }
        text
    }
}

fn draw(text: &mut String, drawn: &Drawn<'_>, drawing: Drawing) -> fmt::Result {
    let characters = match drawing.characters {
        Characters::Sentences => return NarratableReportHandler::new().render_report(text, drawn),
        Characters::Unicode => ThemeCharacters::unicode(),
        Characters::Ascii => ThemeCharacters::ascii(),
    };
    let styles = match drawing.colour {
        Colour::Ansi => ThemeStyles::ansi(),
        Colour::None => ThemeStyles::none(),
    };
    GraphicalReportHandler::new_themed(GraphicalTheme { characters, styles })
        .with_width(drawing.width)
        .with_links(false)
        .with_context_lines(1)
        .render_report(text, drawn)
}

/// A diagnostic with what miette needs of it.
#[derive(Debug)]
struct Drawn<'a> {
    view: &'a View,
    severity: Severity,
    diagnostic: &'a Diagnostic,
    labels: Vec<LabeledSpan>,
}

impl<'a> Drawn<'a> {
    fn new(view: &'a View, severity: Severity, diagnostic: &'a Diagnostic) -> Self {
        let main = LabeledSpan::new_primary_with_span(None, view.short(diagnostic.span));
        let other = |label: &Label| LabeledSpan::new_with_span(Some(label.text.clone()), view.short(label.span));
        let labels = std::iter::once(main)
            .chain(diagnostic.labels.iter().map(other))
            .collect();
        Self {
            view,
            severity,
            diagnostic,
            labels,
        }
    }
}

impl fmt::Display for Drawn<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.diagnostic.message)
    }
}

impl std::error::Error for Drawn<'_> {}

impl miette::Diagnostic for Drawn<'_> {
    fn code<'d>(&'d self) -> Option<Box<dyn fmt::Display + 'd>> {
        Some(Box::new(self.diagnostic.code()))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Note => miette::Severity::Advice,
        })
    }

    fn help<'d>(&'d self) -> Option<Box<dyn fmt::Display + 'd>> {
        let help = self.diagnostic.help.as_ref()?;
        Some(Box::new(help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self.view)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

/// A text in which nothing steers a terminal; offsets are those of the source.
#[derive(Debug)]
struct View {
    source: Source,
}

/// How many bytes of a line are drawn before and behind a place.
const BESIDE_BYTES_MAX: usize = 120;

/// How many bytes of a place are underlined.
const PLACE_BYTES_MAX: usize = 120;

impl View {
    fn new(source: &Source) -> Self {
        // The `\r` of a line's end is dropped by the drawing itself.
        let mut characters = source.text().chars().peekable();
        let mut text = String::with_capacity(source.text().len());
        while let Some(character) = characters.next() {
            let line_end = character == '\r' && characters.peek() == Some(&'\n');
            text.push(if line_end { character } else { drawable(character) });
        }
        Self {
            source: Source::new(source.name(), text),
        }
    }

    /// The part of a place that is underlined: within its first line.
    fn short(&self, span: Span) -> SourceSpan {
        let text = self.source.slice(span);
        let line = text.lines().next().unwrap_or_default();
        let length = floor(line, PLACE_BYTES_MAX);
        (span.start.min(self.source.text().len()), length).into()
    }

    /// Where the window on a place begins.
    fn window_start(&self, place: usize, lines_before: usize) -> usize {
        let text = self.source.text();
        let line = self.source.line_of(place);
        let first = (line.saturating_sub(lines_before)..=line)
            .find(|line| self.is_short(*line))
            .unwrap_or(line);
        let start = self.source.line_start(if self.is_short(line) { first } else { line });
        if place - start.min(place) <= 8 * BESIDE_BYTES_MAX {
            return start;
        }
        ceiling(text, place - BESIDE_BYTES_MAX)
    }

    fn window_end(&self, place: usize, lines_after: usize) -> usize {
        let line = self.source.line_of(place);
        let end = self.source.line_start(line + 1);
        if end - place.min(end) > 8 * BESIDE_BYTES_MAX {
            return floor(self.source.text(), place + BESIDE_BYTES_MAX);
        }
        let after = (line + 1..=line + lines_after)
            .take_while(|line| self.is_short(*line))
            .last()
            .unwrap_or(line);
        self.source.line_start(after + 1)
    }

    fn is_short(&self, line: usize) -> bool {
        self.source.line_start(line + 1) - self.source.line_start(line) <= 4 * BESIDE_BYTES_MAX
    }
}

/// The largest character boundary up to `index`.
fn floor(text: &str, index: usize) -> usize {
    (0..=index.min(text.len()))
        .rev()
        .find(|index| text.is_char_boundary(*index))
        .unwrap_or_default()
}

/// The smallest character boundary from `index` on.
fn ceiling(text: &str, index: usize) -> usize {
    (index..=text.len())
        .find(|index| text.is_char_boundary(*index))
        .unwrap_or(text.len())
}

impl SourceCode for View {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let text = self.source.text();
        let (first, last) = (span.offset(), span.offset() + span.len());
        // Two places far from each other are drawn in two windows.
        if last > text.len() || last - first > 16 * BESIDE_BYTES_MAX {
            return Err(MietteError::OutOfBounds);
        }
        let start = if lines_before == 0 {
            first
        } else {
            self.window_start(first, lines_before)
        };
        let end = self.window_end(last, lines_after).max(last);
        let bytes = text.as_bytes().get(start..end).ok_or(MietteError::OutOfBounds)?;
        let line = self.source.line_of(start);
        let before = text
            .as_bytes()
            .get(self.source.line_start(line)..start)
            .unwrap_or_default();
        Ok(Box::new(MietteSpanContents::new_named(
            self.source.name().to_owned(),
            bytes,
            (start, end - start).into(),
            line,
            characters(before),
            bytes.iter().filter(|byte| **byte == b'\n').count(),
        )))
    }
}
