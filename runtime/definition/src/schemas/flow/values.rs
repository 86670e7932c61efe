//! What the value of one field can be.
//!
//! **Invariant:** a text that YAML reads as a number or a boolean is let through: the checker only warns of it.

use serde_json::{Value as Json, json};
use stepwell_actions::{later, runnable};

use super::{is_template, reference, spellings};
use crate::actions::INTEGRATIONS;
use crate::editor::kinds::Kind;
use crate::fields::{Field, Takes};
use crate::scope::NAME_CHARACTERS_MAX;

/// A number as JSON writes it, in a string.
const NUMBER: &str = r"^\s*-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\s*$";
/// What could be a moment with its offset, or an expression in an older spelling.
const MOMENT: &str = r"^(\$|[+-]?[0-9]{4,6}-?[0-9]{2}-?[0-9]{2}[Tt ].*([Zz]|[+-][0-9]{2}))";
/// An absolute URL, or what another tool fills in.
const URL: &str = r"^([hH][tT][tT][pP][sS]?://|[{<$]|[\s\S]*\$\{)";

/// A constant.
pub(super) fn constant(kind: Kind, field: &Field) -> Json {
    special(kind, field).unwrap_or_else(|| match field.takes {
        Takes::Text if is_template(kind) => filled_text(),
        Takes::Text | Takes::StateName => text(),
        Takes::Expression => filled_text(),
        Takes::OneOf(choices) => json!({"enum": choices}),
        Takes::AnyCaseOf(choices) => any_case(choices),
        Takes::Flag => json!({"type": "boolean"}),
        Takes::Whole(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
        Takes::NumberFrom(least, u64::MAX) => json!({"type": "number", "minimum": least}),
        Takes::NumberFrom(least, most) => json!({"type": "number", "minimum": least, "maximum": most}),
        Takes::Seconds(most) => json!({"anyOf": [
            {"type": "number", "minimum": 0, "maximum": most},
            {"type": "string", "pattern": NUMBER},
        ]}),
        Takes::Template => constructor(),
        Takes::Map => json!({"type": "object"}),
        Takes::List => json!({"type": "array"}),
        Takes::Anything => json!({}),
    })
}

/// What the checker holds against more than the type.
fn special(kind: Kind, field: &Field) -> Option<Json> {
    let name = json!({"type": ["string", "number", "boolean"], "minLength": 1, "maxLength": NAME_CHARACTERS_MAX});
    match (kind, field.name) {
        (Kind::State(state), "Type") => Some(json!({"const": state.name()})),
        (Kind::Flow | Kind::State(_), "Name") => Some(name),
        (Kind::State(_), "Action") => Some(action()),
        (Kind::State(_), "UntilDateTime") => Some(json!({"type": "string", "pattern": MOMENT})),
        (Kind::Parameters(_), "url") => Some(json!({"type": "string", "pattern": URL})),
        (Kind::Parameters(_), "message") => Some(json!({"type": ["string", "object", "array"]})),
        (Kind::ReaderConfig, "CSVHeaders") => Some(json!({"type": "array", "items": text()})),
        _ => None,
    }
}

fn text() -> Json {
    json!({"type": ["string", "number", "boolean"]})
}

fn filled_text() -> Json {
    json!({"type": ["string", "number", "boolean"], "minLength": 1})
}

/// An action that can run, or that can one day.
fn action() -> Json {
    let mut known: Vec<&str> = runnable().into();
    known.extend(INTEGRATIONS.iter().map(|integration| integration.action));
    let mut seen = Vec::new();
    known.retain(|action| {
        !seen.contains(action) && {
            seen.push(*action);
            true
        }
    });
    let older: Vec<String> = INTEGRATIONS
        .iter()
        .map(|integration| spellings(integration)[1].clone())
        .collect();
    let products = format!("^({})::?[^:]+$", later().join("|"));
    json!({"type": "string", "anyOf": [{"enum": known}, {"enum": older, "deprecated": true}, {"pattern": products}]})
}

fn any_case(choices: &[&str]) -> Json {
    let letter = |letter: char| format!("[{}{}]", letter.to_ascii_lowercase(), letter.to_ascii_uppercase());
    let words: Vec<String> = choices
        .iter()
        .map(|choice| choice.chars().map(letter).collect())
        .collect();
    json!({"type": "string", "anyOf": [{"enum": choices}, {"pattern": format!("^({})$", words.join("|"))}]})
}

/// The name of an error in a rule.
pub(super) fn error_name() -> Json {
    json!({
        "title": "error name",
        "description": "The code of an error; FnF.ALL = every error.",
        "type": ["string", "number", "boolean"],
        "pattern": "^[^*]*$",
    })
}

/// A map of which every part is what a template can be.
pub(super) fn constructor() -> Json {
    json!({"type": "object", "allOf": [reference("template")]})
}

/// Anything, with expressions under keys that end with `.$`.
pub(super) fn template() -> Json {
    json!({
        "title": "template",
        "description": "Keys that end with `.$` are computed, at any depth; everything else is a literal.",
        "properties": {".$": false},
        "patternProperties": {r"\.\$$": reference("computed")},
        "additionalProperties": reference("template"),
        "items": reference("template"),
    })
}

/// The value of a key that ends with `.$`.
pub(super) fn computed() -> Json {
    json!({
        "title": "computed value",
        "description": "An expression; in a map or list every string that begins with `$` or calls a function is one.",
        "type": ["string", "object", "array"],
        "allOf": [reference("template")],
    })
}

/// Lets null through, which counts as absent.
pub(super) fn allow_null(schema: &mut Json) {
    let Some(members) = schema.as_object_mut() else { return };
    let with_null = |found: &Json| {
        let mut types = found.as_array().cloned().unwrap_or_else(|| vec![found.clone()]);
        types.push(json!("null"));
        Json::Array(types)
    };
    if let Some(alternatives) = members.get_mut("anyOf").and_then(Json::as_array_mut) {
        alternatives.push(json!({"type": "null"}));
    }
    if let Some(types) = members.get_mut("type") {
        *types = with_null(types);
    }
    if let Some(values) = members.get_mut("enum").and_then(Json::as_array_mut) {
        values.push(Json::Null);
    }
    if let Some(target) = members.remove("$ref") {
        members.insert("anyOf".to_owned(), json!([{"$ref": target}, {"type": "null"}]));
    }
}
