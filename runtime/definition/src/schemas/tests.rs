use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::{FUNCTIONS_SCHEMA, GRANTS_SCHEMA};
use crate::fields::Field;
use crate::{check_functions_file, check_grants_file, functions, grants, read_data};

fn schema(text: &str) -> Json {
    serde_json::from_str(text).unwrap()
}

/// Whether a value fits a schema: the few keywords that ours use, and no others.
fn fits(root: &Json, schema: &Json, value: &Json) -> bool {
    let keywords = schema.as_object().unwrap();
    keywords.iter().all(|(keyword, argument)| match keyword.as_str() {
        "$schema" | "title" | "description" | "$defs" => true,
        "$ref" => fits(
            root,
            root.pointer(argument.as_str().unwrap().trim_start_matches('#'))
                .unwrap(),
            value,
        ),
        "type" => types(argument).iter().any(|name| is(value, name)),
        "enum" => argument.as_array().unwrap().contains(value),
        "minLength" => value
            .as_str()
            .is_none_or(|text| text.chars().count() as u64 >= argument.as_u64().unwrap()),
        "minimum" => value.as_f64().is_none_or(|number| number >= argument.as_f64().unwrap()),
        "maximum" => value.as_f64().is_none_or(|number| number <= argument.as_f64().unwrap()),
        "minItems" => value
            .as_array()
            .is_none_or(|items| items.len() as u64 >= argument.as_u64().unwrap()),
        "items" => value
            .as_array()
            .is_none_or(|items| items.iter().all(|item| fits(root, argument, item))),
        "required" => value
            .as_object()
            .is_none_or(|map| types(argument).iter().all(|name| map.contains_key(*name))),
        "oneOf" => {
            argument
                .as_array()
                .unwrap()
                .iter()
                .filter(|schema| fits(root, schema, value))
                .count()
                == 1
        }
        "properties" => value.as_object().is_none_or(|map| {
            map.iter()
                .all(|(name, value)| argument.get(name).is_none_or(|schema| fits(root, schema, value)))
        }),
        "additionalProperties" => value.as_object().is_none_or(|map| {
            let known = |name: &str| schema.get("properties").is_some_and(|known| known.get(name).is_some());
            map.iter()
                .filter(|(name, _)| !known(name))
                .all(|(_, value)| argument.as_bool().unwrap_or_else(|| fits(root, argument, value)))
        }),
        other => panic!("the keyword {other} is not known here"),
    })
}

fn types(argument: &Json) -> Vec<&str> {
    match argument {
        Json::Array(names) => names.iter().map(|name| name.as_str().unwrap()).collect(),
        Json::String(name) => vec![name],
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) => panic!("{argument} names no types"),
    }
}

fn is(value: &Json, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "null" => value.is_null(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        other => panic!("the type {other} is not known here"),
    }
}

/// Every fixture with a file of that name, as text.
fn fixtures(file: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/definitions");
    let folders = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path().join(file));
    folders
        .filter_map(|path| Some((path.clone(), std::fs::read(path).ok()?)))
        .collect()
}

fn json(text: &[u8]) -> Option<Json> {
    let data = read_data(text, "file").content?;
    Some(serde_json::from_str(&data.to_json().unwrap()).unwrap())
}

/// Every part with one mistake in it, alone.
fn refused(root: &Json, file: &str) -> bool {
    !fits(root, root, &json(file.as_bytes()).unwrap())
}

#[test]
fn schemas_accept_what_the_checker_accepts() {
    let mut accepted = 0;
    let (functions, grants) = (schema(FUNCTIONS_SCHEMA), schema(GRANTS_SCHEMA));
    for (path, text) in fixtures("functions.yaml") {
        if check_functions_file(&text, "f").content.is_some() {
            assert!(
                fits(&functions, &functions, &json(&text).unwrap()),
                "{}",
                path.display()
            );
            accepted += 1;
        }
    }
    for (path, text) in fixtures("grants.yaml") {
        if check_grants_file(&text, "g").content.is_some() {
            assert!(fits(&grants, &grants, &json(&text).unwrap()), "{}", path.display());
            accepted += 1;
        }
    }
    assert!(accepted >= 5, "{accepted}");
}

#[test]
fn schemas_refuse_what_they_can_refuse() {
    let root = schema(FUNCTIONS_SCHEMA);
    for file in [
        "[]",
        "{}",
        "{functions: {}, version: 1}",
        "functions: {a: {}}",
        "functions: {a: {component: a, http: 'http://a/'}}",
        "functions: {a: {component: ''}}",
        "functions: {a: {lambda: x}}",
        "functions: {a: {stub: []}}",
        "functions: {a: {stub: [{}]}}",
        "functions: {a: {stub: [{result: 1, echo: true}]}}",
        "functions: {a: {stub: [{echo: false}]}}",
        "functions: {a: {stub: [{fail: {detail: d}}]}}",
        "functions: {a: {stub: [{result: 1, delay_ms: -1}]}}",
    ] {
        assert!(refused(&root, file), "{file}");
        assert!(check_functions_file(file.as_bytes(), "f").content.is_none(), "{file}");
    }
    let root = schema(GRANTS_SCHEMA);
    for file in [
        "{}",
        "grants: {}",
        "grants: [{}]",
        "grants: [{flow: a}]",
        "grants: [{flow: a, action: b, allow: c}]",
        "grants: [{flow: a, action: b, http: c}]",
        "grants: [{flow: a, action: b, memory_mb: 0}]",
        "grants: [{flow: a, action: b, objects: [{bucket: a, access: all}]}]",
        "grants: [{flow: a, action: b, secrets: [{name: A}]}]",
    ] {
        assert!(refused(&root, file), "{file}");
        assert!(check_grants_file(file.as_bytes(), "g").content.is_none(), "{file}");
    }
}

#[test]
fn schemas_know_the_same_keys_as_the_checker() {
    let keys = |schema: &Json, pointer: &str| -> Vec<(String, String)> {
        let properties = schema.pointer(pointer).unwrap().as_object().unwrap();
        let doc = |value: &Json| {
            value
                .get("description")
                .and_then(Json::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        properties
            .iter()
            .map(|(name, value)| (name.clone(), doc(value)))
            .collect()
    };
    let table = |fields: &[Field]| -> Vec<(String, String)> {
        fields
            .iter()
            .map(|field| (field.name.to_owned(), field.doc.replace('`', "")))
            .collect()
    };
    let names = |pairs: Vec<(String, String)>| -> Vec<String> { pairs.into_iter().map(|(name, _)| name).collect() };
    let (functions, grants) = (schema(FUNCTIONS_SCHEMA), schema(GRANTS_SCHEMA));
    assert_eq!(keys(&functions, "/$defs/function/properties"), table(functions::ENTRY));
    assert_eq!(
        names(keys(&functions, "/$defs/answer/properties")),
        names(table(functions::ANSWER))
    );
    assert_eq!(keys(&functions, "/$defs/failure/properties"), table(functions::FAILURE));
    assert_eq!(keys(&grants, "/$defs/grant/properties"), table(grants::GRANT));
    assert_eq!(keys(&grants, "/$defs/object/properties"), table(grants::OBJECT));
    assert_eq!(keys(&grants, "/$defs/secret/properties"), table(grants::SECRET));
}
