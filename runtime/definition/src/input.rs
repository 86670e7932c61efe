//! JSON that is given from outside: an execution's input, an object, and the values of a trial.
//!
//! **Invariant:** strict JSON; what YAML allows beyond it is refused.

use stepwell_expression::{DEPTH_MAX, Value};

use crate::CheckedFile;
use crate::codes;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::size::too_large;
use crate::source::{Source, Span};
use crate::yaml;

/// What an input looks like.
const INPUT_HELP: &str = "an input is a JSON object, such as `{\"key\": 1}`";

/// What the reader of JSON says of what nests too deeply.
const NESTED: &str = "nested too deeply";

/// Checks an input file: one JSON object.
#[must_use]
pub fn check_input(text: &[u8], file_name: &str) -> CheckedFile<Value> {
    check(text, file_name, INPUT_HELP, |source, value, diagnostics| {
        diagnostics.extend(no_object(source, value));
        diagnostics.extend(too_large(value.bytes(), Span::at(0)));
    })
}

/// Checks JSON of any kind. `file_name` is what reports call it.
#[must_use]
pub fn check_json(text: &[u8], file_name: &str) -> CheckedFile<Value> {
    let help = "JSON is like `{\"key\": 1}`, `[1, 2]`, `\"text\"`, `1.5`, `true` or `null`";
    check(text, file_name, help, |_, _, _| {})
}

/// Checks JSON, and what `more` asks of it; `help` is what to write instead of what is none.
fn check(
    text: &[u8],
    file_name: &str,
    help: &str,
    more: impl Fn(&Source, &Value, &mut Diagnostics),
) -> CheckedFile<Value> {
    let (source, unfit) = Source::read(file_name, text);
    let mut diagnostics = Diagnostics::default();
    let content = match unfit {
        Some(unfit) => Err(unfit),
        None => value(&source, help),
    };
    let content = content.map_err(|diagnostic| diagnostics.push(diagnostic)).ok();
    let content = content.filter(|value| {
        more(&source, value, &mut diagnostics);
        // Readers of JSON disagree about which of two equal keys counts.
        diagnostics.extend(duplicate_keys(&source));
        !diagnostics.refuse()
    });
    CheckedFile {
        content,
        diagnostics: diagnostics.finish(),
        source,
    }
}

/// JSON is YAML, and the reader of YAML tells keys that stand twice; whatever else it says does not concern JSON.
fn duplicate_keys(source: &Source) -> Vec<Diagnostic> {
    let mut told = Diagnostics::default();
    yaml::read(source, &mut told);
    let told = told.finish().into_iter();
    told.filter(|diagnostic| diagnostic.code() == codes::DUPLICATE_KEY.name)
        .collect()
}

fn value(source: &Source, help: &str) -> Result<Value, Diagnostic> {
    Value::parse_json(source.text()).map_err(|error| {
        let at = Span::at(error.offset);
        if error.message != NESTED {
            return Diagnostic::new(&codes::NOT_JSON, at, error.message).help(help);
        }
        let message = format!("the JSON nests more than {DEPTH_MAX} levels deep");
        let help = "check that every bracket is closed; keep deep data in an object, or pass it on as a text";
        Diagnostic::new(&codes::TOO_DEEP, at, message).help(help)
    })
}

fn no_object(source: &Source, value: &Value) -> Option<Diagnostic> {
    if value.as_object().is_some() {
        return None;
    }
    let start = source
        .text()
        .find(|character: char| !character.is_whitespace())
        .unwrap_or_default();
    let message = format!("an input is an object, not {}", value.kind());
    Some(Diagnostic::new(&codes::WRONG_TYPE, Span::new(start, start + 1), message).help(INPUT_HELP))
}
