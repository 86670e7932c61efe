//! An execution's input: a JSON object.
//!
//! **Invariant:** strict JSON; what YAML allows beyond it is refused.

use stepwell_expression::Value;

use crate::CheckedFile;
use crate::codes;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::size::too_large;
use crate::source::{Source, Span};
use crate::yaml;

/// Checks an input file: one JSON object.
#[must_use]
pub fn check_input(text: &[u8], file_name: &str) -> CheckedFile<Value> {
    let (source, unfit) = Source::read(file_name, text);
    let mut diagnostics = Diagnostics::default();
    let content = match unfit {
        Some(unfit) => Err(unfit),
        None => object(&source),
    };
    let content = content.map_err(|diagnostic| diagnostics.push(diagnostic)).ok();
    let bytes = content.as_ref().map_or(0, Value::bytes);
    diagnostics.extend(too_large(bytes, Span::at(0)));
    let content = content.filter(|_| {
        diagnostics.extend(duplicate_keys(&source));
        !diagnostics.refuse()
    });
    CheckedFile {
        content,
        diagnostics: diagnostics.finish(),
        source,
    }
}

/// Says which key stands twice in an object of a JSON text, if one does: readers of JSON disagree about which one counts.
#[must_use]
pub fn repeated_key(text: &str) -> Option<String> {
    let (source, unfit) = Source::read("", text.as_bytes());
    let told = unfit.map_or_else(|| duplicate_keys(&source), |_| Vec::new());
    told.into_iter().next().map(|diagnostic| diagnostic.message)
}

/// JSON is YAML, and the reader of YAML tells keys that stand twice; whatever else it says does not concern JSON.
fn duplicate_keys(source: &Source) -> Vec<Diagnostic> {
    let mut told = Diagnostics::default();
    yaml::read(source, &mut told);
    let told = told.finish().into_iter();
    told.filter(|diagnostic| diagnostic.code() == codes::DUPLICATE_KEY.name)
        .collect()
}

fn object(source: &Source) -> Result<Value, Diagnostic> {
    let help = "an input is a JSON object, such as `{\"key\": 1}`";
    let value = Value::parse_json(source.text())
        .map_err(|error| Diagnostic::new(&codes::NOT_JSON, Span::at(error.offset), error.message).help(help))?;
    if value.as_object().is_some() {
        return Ok(value);
    }
    let start = source
        .text()
        .find(|character: char| !character.is_whitespace())
        .unwrap_or_default();
    let message = format!("an input is an object, not {}", value.kind());
    Err(Diagnostic::new(&codes::WRONG_TYPE, Span::new(start, start + 1), message).help(help))
}
