//! The JSON Schema of the test file, made from the tables that its reader goes by.
//!
//! **Invariant:** it never refuses what the checker accepts; whether a case fits its flow only the checker knows.

use serde_json::{Map as JsonMap, Value as Json, json};

use super::{FUNCTIONS_SCHEMA, GRANTS_SCHEMA};
use crate::cases::reading::{CALLS_MAX, CASE, ERROR, EXPECT, FILE, REPORT, STOP};
use crate::fields::{Field, Shape, Takes};

/// The JSON Schema of the test file.
#[must_use]
pub fn tests_schema() -> Json {
    let mut root = map(&FILE);
    put(
        &mut root,
        "$schema",
        json!("https://json-schema.org/draft/2020-12/schema"),
    );
    put(&mut root, "$id", json!("urn:stepwell:tests.schema.json"));
    put(&mut root, "title", json!("Stepwell test file"));
    put(
        &mut root,
        "description",
        json!("A flow, and cases of what comes of it."),
    );
    put(&mut root, "$defs", Json::Object(definitions()));
    root
}

/// The maps of the file, and those of the functions file and the grants file, which can stand in it.
fn definitions() -> JsonMap<String, Json> {
    let mut definitions = JsonMap::new();
    for (name, shape) in [("case", &CASE), ("report", &REPORT), ("stop", &STOP), ("error", &ERROR)] {
        definitions.insert(name.to_owned(), map(shape));
    }
    definitions.insert("expect".to_owned(), expectation());
    let alternatives = json!([{"required": ["output"]}, {"required": ["error"]}]);
    if let Some(report) = definitions.get_mut("report") {
        put(report, "oneOf", alternatives);
    }
    definitions.insert("path".to_owned(), path());
    for text in [FUNCTIONS_SCHEMA, GRANTS_SCHEMA] {
        let other: Json = serde_json::from_str(text).unwrap_or_default();
        definitions.extend(
            other
                .get("$defs")
                .and_then(Json::as_object)
                .cloned()
                .unwrap_or_default(),
        );
    }
    definitions
}

/// What is expected: something, and nothing that cannot come together.
fn expectation() -> Json {
    let mut expect = map(&EXPECT);
    let ended = |status: Json, never: &str| {
        json!({
            "if": {"required": ["status"], "properties": {"status": status}},
            "then": {"properties": {never: false}},
        })
    };
    put(&mut expect, "minProperties", json!(1));
    put(
        &mut expect,
        "allOf",
        json!([
            {"not": {"required": ["output", "error"]}},
            ended(json!({"const": "Succeeded"}), "error"),
            ended(json!({"not": {"const": "Succeeded"}}), "output"),
        ]),
    );
    expect
}

/// States by their names; one that has branches or items with a path for each of them.
fn path() -> Json {
    let name = json!({"type": ["string", "number", "boolean", "null"]});
    let inside = json!({"type": "array", "items": reference("path")});
    let with_paths = json!({
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": inside,
    });
    json!({"type": "array", "items": {"anyOf": [name, with_paths]}})
}

fn map(shape: &Shape) -> Json {
    let property = |field: &Field| {
        let mut value = value(shape, field);
        put(&mut value, "description", json!(field.doc));
        (field.name.to_owned(), value)
    };
    let required: Vec<&str> = shape
        .fields()
        .filter(|field| field.required)
        .map(|field| field.name)
        .collect();
    json!({
        "type": "object",
        "required": required,
        "additionalProperties": false,
        "properties": JsonMap::from_iter(shape.fields().map(property)),
    })
}

/// What a field takes.
fn value(shape: &Shape, field: &Field) -> Json {
    match (shape.owner, field.name) {
        (_, "functions") => path_or(&json!({"type": "object", "additionalProperties": reference("function")})),
        (_, "grants") => path_or(&json!({"type": "array", "items": reference("grant")})),
        ("a case", "input") => path_or(&json!({"type": "object"})),
        (_, "cases") => json!({"type": "array", "minItems": 1, "items": reference("case")}),
        (_, "reports") => json!({"type": ["array", "null"], "items": reference("report")}),
        (_, "calls") => json!({
            "type": "object",
            "additionalProperties": {"type": "integer", "minimum": 0, "maximum": CALLS_MAX},
        }),
        (_, name @ ("stop" | "expect" | "error" | "path")) => reference(name),
        ("an error", "detail") => json!({"type": ["string", "number", "boolean"]}),
        (_, _) => constant(field.takes),
    }
}

fn constant(takes: Takes) -> Json {
    match takes {
        // A text that YAML reads as something else is only warned of.
        Takes::Text | Takes::StateName | Takes::Expression => {
            json!({"type": ["string", "number", "boolean"], "minLength": 1})
        }
        Takes::OneOf(choices) | Takes::AnyCaseOf(choices) => json!({"enum": choices}),
        Takes::Flag => json!({"type": "boolean"}),
        Takes::Whole(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
        Takes::NumberFrom(least, _) => json!({"type": "number", "minimum": least}),
        Takes::Map | Takes::Template => json!({"type": "object"}),
        Takes::List => json!({"type": "array"}),
        Takes::Seconds(_) | Takes::Anything => json!({}),
    }
}

/// The path of a file, or what would stand in it; null counts as absent.
fn path_or(here: &Json) -> Json {
    json!({"anyOf": [constant(Takes::Text), here, {"type": "null"}]})
}

fn reference(name: &str) -> Json {
    json!({"$ref": format!("#/$defs/{name}")})
}

fn put(schema: &mut Json, key: &str, value: Json) {
    if let Some(members) = schema.as_object_mut() {
        members.insert(key.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::schemas::TESTS_SCHEMA;

    #[test]
    fn published_schema_is_the_one_that_the_tables_make() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/tests.schema.json");
        let text = serde_json::to_string_pretty(&tests_schema()).unwrap() + "\n";
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            return std::fs::write(path, text).unwrap();
        }
        assert!(TESTS_SCHEMA == text, "UPDATE_GOLDEN=1 writes {} anew", path.display());
    }
}
