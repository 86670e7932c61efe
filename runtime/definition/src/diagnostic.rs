//! One thing that is wrong, or worth knowing, with the place where it stands.
//!
//! **Invariant:** a diagnostic says what and where and how to mend it; whether that refuses the flow is decided by
//! [`Strictness`].

use crate::codes::{self, Code};
use crate::source::Span;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The flow cannot run.
    Error,
    /// The flow runs, but hardly as it was meant.
    Warning,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// Its name in output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// How much is let through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// Errors refuse.
    #[default]
    Lenient,
    /// Warnings count as errors, and what CloudFlow itself does not document or allow is told too.
    Strict,
}

/// One thing that is wrong, or worth knowing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub(crate) kind: &'static Code,
    /// What is wrong: lower case, no final stop, user text in backticks.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Where it stands.
    pub span: Span,
    /// Other places that have to do with it.
    pub labels: Vec<Label>,
}

/// Another place that has to do with a diagnostic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is there.
    pub text: String,
}

impl Diagnostic {
    pub(crate) fn new(kind: &'static Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            help: None,
            span,
            labels: Vec::new(),
        }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds what may have been meant, if anything is close.
    pub(crate) fn did_you_mean(self, closest: Option<&str>) -> Self {
        match closest {
            Some(closest) => self.help(format!("did you mean `{closest}`?")),
            None => self,
        }
    }

    pub(crate) fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    fn order(&self) -> (Span, Severity, &'static str, &str) {
        (self.span, self.severity(), self.code(), &self.message)
    }

    /// The stable code, such as `definition::unknown_state`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.kind.name
    }

    /// How bad it is where nothing is strict.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.kind.severity
    }

    /// How bad it is under `strictness`; `None` where it is not told at all.
    #[must_use]
    pub fn severity_under(&self, strictness: Strictness) -> Option<Severity> {
        match (strictness, self.kind.severity) {
            (Strictness::Lenient, severity) => (!self.kind.only_strict).then_some(severity),
            (Strictness::Strict, Severity::Warning) => Some(Severity::Error),
            (Strictness::Strict, severity) => Some(severity),
        }
    }
}

/// How many diagnostics of each severity are kept.
const KEPT_MAX: usize = 500;

/// Diagnostics in the making; bounded.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    kept: Vec<Diagnostic>,
    counts: [usize; 3],
}

impl Diagnostics {
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        let [errors, warnings, notes] = &mut self.counts;
        let count = match diagnostic.severity() {
            Severity::Error => errors,
            Severity::Warning => warnings,
            Severity::Note => notes,
        };
        if diagnostic.kind.only_strict && *count >= KEPT_MAX {
            // Mostly it is not told at all, and then must not be counted among what is left out.
            return;
        }
        *count += 1;
        if *count <= KEPT_MAX {
            self.kept.push(diagnostic);
        }
    }

    pub(crate) fn extend(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        diagnostics.into_iter().for_each(|diagnostic| self.push(diagnostic));
    }

    /// Says `diagnostic` in the place of what was said of a kind that is as bad.
    pub(crate) fn replace(&mut self, kind: &'static Code, diagnostic: &Diagnostic) {
        let said = self.kept.iter_mut().filter(|said| said.kind.name == kind.name);
        said.for_each(|said| said.clone_from(diagnostic));
    }

    /// Whether one more error would still be kept.
    pub(crate) fn has_room(&self) -> bool {
        let [errors, ..] = self.counts;
        errors < KEPT_MAX
    }

    /// Whether there was an error.
    pub(crate) fn refuse(&self) -> bool {
        let [errors, ..] = self.counts;
        errors > 0
    }

    /// The diagnostics by position, each once.
    pub(crate) fn finish(mut self) -> Vec<Diagnostic> {
        let all: usize = self.counts.iter().sum();
        let left_out = all - self.kept.len();
        self.kept.sort_by(|left, right| left.order().cmp(&right.order()));
        // What an alias repeats is checked in every place, but stands in one.
        self.kept.dedup();
        if left_out > 0 {
            let span = self.kept.last().map_or(Span::default(), |last| last.span);
            let message = match left_out {
                1 => "there is 1 more problem than is shown".to_owned(),
                _ => format!("there are {left_out} more problems than are shown"),
            };
            let help = "mend the ones above and check again";
            self.kept
                .push(Diagnostic::new(&codes::TOO_MANY, span, message).help(help));
        }
        self.kept
    }
}

/// User text for a message: short, and without anything that a terminal would obey.
pub(crate) fn shown(text: &str) -> String {
    const CHARACTERS_MAX: usize = 60;
    let mut short: String = text.chars().take(CHARACTERS_MAX).map(drawable).collect();
    if text.chars().nth(CHARACTERS_MAX).is_some() {
        short.push('…');
    }
    format!("`{short}`")
}

/// The character, or one to draw in the place of a character that would steer a terminal or turn the text round. Takes
/// as many bytes of UTF-8 as the character itself.
pub(crate) fn drawable(character: char) -> char {
    match character {
        '\t' | '\n' => character,
        '\0'..='\u{1f}' | '\u{7f}' => '?',
        '\u{80}'..='\u{9f}' => '¿',
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => '\u{fffd}',
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_counted() {
        let last = |problems: usize| {
            let mut diagnostics = Diagnostics::default();
            diagnostics.extend((0..problems).map(|at| Diagnostic::new(&codes::EMPTY, Span::at(at), "empty")));
            diagnostics.finish().pop().map(|last| last.message)
        };
        assert_eq!(last(KEPT_MAX).as_deref(), Some("empty"));
        let told = [1, 2].map(|more| last(KEPT_MAX + more).unwrap());
        let expected = [
            "there is 1 more problem than is shown",
            "there are 2 more problems than are shown",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn user_text_cannot_steer_the_terminal() {
        assert_eq!(shown("a\u{1b}[31m\u{202e}b"), "`a?[31m\u{fffd}b`");
        assert_eq!(shown(&"x".repeat(99)), format!("`{}…`", "x".repeat(60)));
        let same_length = |character: char| character.len_utf8() == drawable(character).len_utf8();
        assert!((0..=0x10ffff).filter_map(char::from_u32).all(same_length));
    }
}
