//! An execution's input: a JSON object.
//!
//! **Invariant:** strict JSON; what YAML allows beyond it is refused.

use stepwell_expression::Value;

use crate::CheckedFile;
use crate::codes;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{Source, Span};

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
    CheckedFile {
        content,
        diagnostics: diagnostics.finish(),
        source,
    }
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
