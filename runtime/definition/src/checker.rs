//! What a check gathers while it goes through a file.
//!
//! **Invariant:** a check goes on after a mistake, and a mistake is told once.

use std::collections::BTreeSet;
use std::sync::Arc;

use stepwell_expression::Trials;

use crate::calls::Call;
use crate::codes;
use crate::core_schema::Resolved;
use crate::diagnostic::{Diagnostic, Diagnostics, shown};
use crate::fields::{Fields, Found, Takes};
use crate::listing::one_of;
use crate::places::Places;
use crate::recovery::Doubtful;
use crate::similar::Guesses;
use crate::source::{Source, Span};
use crate::tree::Node;

/// Something that is accepted in a definition, but cannot run yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported {
    /// The state.
    pub state: Arc<str>,
    /// What cannot run.
    pub what: String,
    /// Where it stands.
    pub span: Span,
}

/// A check under way.
#[derive(Debug)]
pub(crate) struct Checker<'s> {
    pub(crate) source: &'s Source,
    pub(crate) diagnostics: Diagnostics,
    pub(crate) unsupported: Vec<Unsupported>,
    pub(crate) places: Places,
    pub(crate) calls: Vec<Call>,
    /// The codes that the Fail states raise.
    pub(crate) raised: BTreeSet<Arc<str>>,
    pub(crate) doubtful: Vec<Doubtful>,
    /// Whether anything in the flow starts executions.
    pub(crate) starts_children: bool,
    pub(crate) states: usize,
    pub(crate) trials: Trials,
    pub(crate) guesses: Guesses,
    /// What the state whose constructors are looked at puts out, where that is known.
    pub(crate) result: Option<ResultParts>,
}

/// The parts that the result of an action has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResultParts {
    pub(crate) action: &'static str,
    pub(crate) parts: &'static [&'static str],
}

/// A string with its place.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub(crate) text: Arc<str>,
    pub(crate) span: Span,
}

impl<'s> Checker<'s> {
    pub(crate) fn new(source: &'s Source) -> Self {
        let (diagnostics, places) = (Diagnostics::default(), Places::default());
        Self {
            source,
            diagnostics,
            unsupported: Vec::new(),
            places,
            calls: Vec::new(),
            raised: BTreeSet::new(),
            doubtful: Vec::new(),
            starts_children: false,
            states: 0,
            trials: Trials::of_a_file(),
            guesses: Guesses::default(),
            result: None,
        }
    }

    pub(crate) fn tell(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Whether one more error would still be shown.
    pub(crate) fn has_room(&self) -> bool {
        self.diagnostics.has_room()
    }

    /// The name that `text` is most likely a slip of, as far as the file's guesses reach.
    pub(crate) fn closest<'a>(&mut self, text: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
        self.guesses.closest(text, names)
    }

    /// A field that takes a string.
    pub(crate) fn text(&mut self, fields: &Fields<'_>, name: &str) -> Option<Text> {
        let found = fields.find(name)?;
        self.text_of(found)
    }

    /// A string that is written down.
    pub(crate) fn text_of(&mut self, found: Found<'_>) -> Option<Text> {
        let name = &found.key.text;
        if found.computed {
            // That it is was reported when the key was read.
            return None;
        }
        let Some(scalar) = found.value.scalar() else {
            self.wrong_type(found, "a string");
            return None;
        };
        let span = found.value.span;
        match scalar.resolve() {
            Resolved::String(_) => {}
            Resolved::Null => {
                self.wrong_type(found, "a string");
                return None;
            }
            Resolved::Bool(_) | Resolved::Number(_) | Resolved::Respelled(_) | Resolved::NotFinite => {
                let message = format!("without quotes, the value of {} is {}", shown(name), found.value.kind());
                let help = format!("write \"{}\"", scalar.text);
                self.tell(Diagnostic::new(&codes::NOT_QUOTED, span, message).help(help));
            }
        }
        Some(Text {
            text: scalar.text.clone(),
            span,
        })
    }

    /// A field that takes one of some strings.
    pub(crate) fn one_of(&mut self, fields: &Fields<'_>, name: &str, choices: &[&'static str]) -> Option<&'static str> {
        let text = self.text(fields, name)?;
        if let Some(choice) = choices.iter().find(|choice| **choice == &*text.text) {
            return Some(choice);
        }
        let message = format!("`{name}` cannot be {}", shown(&text.text));
        let diagnostic = Diagnostic::new(&codes::BAD_VALUE, text.span, message);
        let close = self.closest(&text.text, choices.iter().copied());
        let diagnostic = match close {
            Some(_) => diagnostic.did_you_mean(close),
            None => diagnostic.help(format!("it takes {}", one_of(choices))),
        };
        self.tell(diagnostic);
        // What was meant is enough to check the rest.
        choices.iter().find(|choice| Some(**choice) == close).copied()
    }

    /// A field that takes `true` or `false`.
    pub(crate) fn flag(&mut self, fields: &Fields<'_>, name: &str) -> Option<bool> {
        let found = fields.find(name).filter(|found| !found.computed)?;
        if let Some(Resolved::Bool(flag)) = found.value.scalar().map(|scalar| scalar.resolve()) {
            return Some(flag);
        }
        let message = format!(
            "{} takes `true` or `false`, not {}",
            shown(&found.key.text),
            found.value.kind()
        );
        let diagnostic = Diagnostic::new(&codes::WRONG_TYPE, found.value.span, message);
        let meant = found.value.scalar().map(|scalar| scalar.text.to_lowercase());
        let help = match meant.as_deref() {
            Some("true" | "false") => Some("remove the quotes"),
            Some("yes" | "no" | "on" | "off") => Some("in YAML 1.2 this is a string; write `true` or `false`"),
            Some(_) | None => None,
        };
        self.tell(diagnostic.help(help.unwrap_or("write one of them, without quotes")));
        None
    }

    /// A field that takes a whole number from `least` to `most`.
    pub(crate) fn whole(&mut self, fields: &Fields<'_>, name: &str, least: u64, most: u64) -> Option<u64> {
        let found = fields.find(name)?;
        self.whole_of(found, least, most)
    }

    /// A whole number that is written down.
    pub(crate) fn whole_of(&mut self, found: Found<'_>, least: u64, most: u64) -> Option<u64> {
        if found.computed {
            return None;
        }
        let resolved = found.value.scalar().map(|scalar| scalar.resolve());
        let Some(Resolved::Number(number) | Resolved::Respelled(number)) = resolved else {
            self.no_whole_number(found, least, most);
            return None;
        };
        let whole = number.as_i64().and_then(|number| u64::try_from(number).ok());
        let fits = whole.filter(|whole| (least..=most).contains(whole));
        if fits.is_none() {
            let message = format!(
                "{} must be a whole number from {least} to {most}",
                shown(&found.key.text)
            );
            let nearest = number.as_f64().round().clamp(least as f64, most as f64);
            let help = format!("the nearest that it takes is {nearest}");
            self.tell(Diagnostic::new(&codes::OUT_OF_RANGE, found.value.span, message).help(help));
        }
        fits
    }

    /// Reports what is no number; one in quotes must lose them, and be one that the field takes.
    fn no_whole_number(&mut self, found: Found<'_>, least: u64, most: u64) {
        let quoted = found.value.scalar().and_then(|scalar| scalar.text.parse::<f64>().ok());
        let Some(nearest) = quoted.map(|number| number.round().clamp(least as f64, most as f64)) else {
            return self.wrong_type(found, "a whole number");
        };
        if quoted == Some(nearest) || nearest.is_nan() {
            return self.wrong_type(found, "a whole number");
        }
        let name = shown(&found.key.text);
        let message = format!(
            "{name} takes a whole number from {least} to {most}, not {}",
            found.value.kind()
        );
        let help = format!("remove the quotes; the nearest that it takes is {nearest}");
        self.tell(Diagnostic::new(&codes::WRONG_TYPE, found.value.span, message).help(help));
    }

    /// Reports a value of the wrong type, with the usual reason.
    pub(crate) fn wrong_type(&mut self, found: Found<'_>, takes: &str) {
        let name = &found.key.text;
        let message = format!("{} takes {takes}, not {}", shown(name), found.value.kind());
        let diagnostic = Diagnostic::new(&codes::WRONG_TYPE, found.value.span, message);
        let text = found.value.scalar().map(|scalar| (scalar.resolve(), &scalar.text));
        let help = match text {
            Some((Resolved::String(text), _)) if text.starts_with('$') && !found.computed => {
                Some(format!("to compute it, write `{name}.$: {text}`"))
            }
            Some((Resolved::String(text), _)) if takes.starts_with("a list") => {
                Some(format!("write `{name}: [{text}]`"))
            }
            Some((Resolved::String(text), _)) if takes.contains("number") && text.parse::<f64>().is_ok() => {
                Some("remove the quotes".to_owned())
            }
            _ => None,
        };
        self.tell(diagnostic.help(help.unwrap_or_else(|| write_it(name, takes))));
    }

    /// Checks a constant against what its field takes; for maps whose values go on as they are.
    pub(crate) fn constant(&mut self, found: Found<'_>, takes: Takes) {
        match takes {
            Takes::Text | Takes::StateName | Takes::Expression => {
                if let Some(text) = self.text_of(found).filter(|text| text.text.is_empty()) {
                    let message = format!("{} is empty", shown(&found.key.text));
                    let help = "write a text, or `.$` behind the key and an expression";
                    self.tell(Diagnostic::new(&codes::BAD_VALUE, text.span, message).help(help));
                }
            }
            Takes::OneOf(choices) => self.constant_choice(found, choices, |text, choice| text == choice),
            Takes::AnyCaseOf(choices) => self.constant_choice(found, choices, str::eq_ignore_ascii_case),
            Takes::Whole(least, most) => {
                self.whole_of(found, least, most);
            }
            Takes::NumberFrom(least, most) => {
                self.number_of(found, least, most);
            }
            Takes::Seconds(most) => {
                self.seconds_of(found, most);
            }
            Takes::Flag if found.value.kind() != "a boolean" => self.wrong_type(found, "`true` or `false`"),
            Takes::Map if found.value.mapping().is_none() => self.wrong_type(found, "a map"),
            Takes::List if found.value.sequence().is_none() => self.wrong_type(found, "a list"),
            Takes::Flag | Takes::Map | Takes::List | Takes::Template | Takes::Anything => {}
        }
    }

    fn constant_choice(&mut self, found: Found<'_>, choices: &[&'static str], same: fn(&str, &str) -> bool) {
        let Some(text) = self.text_of(found) else { return };
        if choices.iter().any(|choice| same(&text.text, choice)) {
            return;
        }
        let message = format!("{} cannot be {}", shown(&found.key.text), shown(&text.text));
        let help = format!("it takes {}", one_of(choices));
        self.tell(Diagnostic::new(&codes::BAD_VALUE, text.span, message).help(help));
    }

    /// The elements of a list.
    pub(crate) fn list<'n>(&mut self, found: Found<'n>) -> Option<&'n [Node]> {
        let items = found.value.sequence();
        if items.is_none() && !found.computed {
            self.wrong_type(found, "a list");
        }
        items
    }
}

/// How a field is written that takes something.
fn write_it(name: &str, takes: &str) -> String {
    let example = match takes {
        "a map" => "{key: value}",
        "a string" => "\"text\"",
        "an expression" => "$Input.key",
        "a list" if name == "Errors" => "[FnF.ALL]",
        "a list" => return format!("under `{name}` begin every element with `- `"),
        "`true` or `false`" => "true",
        takes if takes.contains("number") => "1",
        takes => return format!("write {takes} behind `{name}`"),
    };
    format!("write it like `{name}: {example}`")
}
