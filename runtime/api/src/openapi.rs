//! The OpenAPI document: made of the table of routes, and of the schemas of what goes over HTTP.

use http::StatusCode;
use serde_json::{Map, Value, json};
use stepwell_wire::Scope;

use crate::routes::{Answer, Parameter, ROUTES, Route, Takes};

/// The schemas of every body.
const SCHEMAS: &str = include_str!("schemas.json");

const ABOUT: &str = "Starts, watches and steers executions of flows. Errors are JSON with a code of CloudFlow's names. \
    Without tokens a server answers programs of its own machine alone.";

/// The document, as JSON text for a person.
#[must_use]
pub fn openapi() -> String {
    // A document of texts can always be written.
    serde_json::to_string_pretty(&document()).unwrap_or_default() + "\n"
}

fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Stepwell",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths(),
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas(),
        },
    })
}

fn schemas() -> Value {
    // A test reads them.
    serde_json::from_str(SCHEMAS).unwrap_or_default()
}

fn paths() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in &ROUTES {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(route.method.name().to_ascii_lowercase(), operation(route));
        }
    }
    Value::Object(paths)
}

fn operation(route: &Route) -> Value {
    let mut operation = json!({
        "operationId": operation_id(route),
        "summary": route.summary,
        "parameters": parameters(route),
    });
    let fields = [
        ("requestBody", request_body(route.takes)),
        ("responses", Some(responses(route))),
        ("security", Some(security(route.scope))),
    ];
    if let Some(operation) = operation.as_object_mut() {
        let there = fields
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)));
        operation.extend(there);
    }
    operation
}

/// The operation's name with a small letter, as clients are made with.
fn operation_id(route: &Route) -> String {
    let name = format!("{:?}", route.operation);
    let mut letters = name.chars();
    letters
        .next()
        .map(|first| first.to_ascii_lowercase())
        .into_iter()
        .chain(letters)
        .collect()
}

fn parameters(route: &Route) -> Vec<Value> {
    let names = route
        .path
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    let in_path = names.map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}));
    let in_query = route.query.iter().map(|own| parameter(own, "query"));
    let in_headers = route.headers.iter().map(|own| parameter(own, "header"));
    in_path.chain(in_query).chain(in_headers).collect()
}

fn parameter(parameter: &Parameter, place: &str) -> Value {
    let schema: Value = serde_json::from_str(parameter.schema).unwrap_or_default();
    json!({"name": parameter.name, "in": place, "description": parameter.description, "schema": schema})
}

fn request_body(takes: Takes) -> Option<Value> {
    let of_json = |schema: &str, required: bool| json!({"required": required, "content": {"application/json": {"schema": reference(schema)}}});
    match takes {
        Takes::Nothing => None,
        Takes::Definition => {
            let text = json!({"schema": {"type": "string"}});
            let content = json!({"application/yaml": text, "application/json": {"schema": {"type": "object"}}});
            Some(json!({"required": true, "content": content}))
        }
        Takes::Json(schema) => Some(of_json(schema, true)),
        Takes::PerhapsJson(schema) => Some(of_json(schema, false)),
    }
}

fn responses(route: &Route) -> Value {
    let mut responses = Map::new();
    for answer in route.answers {
        responses.insert(answer.status.to_string(), success(answer));
    }
    let guarded: &[u16] = if route.scope.is_some() { &[401, 403] } else { &[] };
    let mut faults = [route.faults, guarded].concat();
    faults.sort_unstable();
    for status in faults {
        responses.insert(status.to_string(), fault(status));
    }
    responses.insert("default".to_owned(), error("Something here is broken, or busy."));
    Value::Object(responses)
}

fn success(answer: &Answer) -> Value {
    match answer.schema {
        Some(schema) => json!({
            "description": answer.description,
            "content": {"application/json": {"schema": reference(schema)}},
        }),
        None => json!({"description": answer.description}),
    }
}

fn fault(status: u16) -> Value {
    let known = StatusCode::from_u16(status).ok();
    error(known.and_then(|status| status.canonical_reason()).unwrap_or_default())
}

fn error(description: &str) -> Value {
    json!({"description": description, "content": {"application/json": {"schema": reference("Error")}}})
}

fn security(scope: Option<Scope>) -> Value {
    match scope {
        Some(scope) => json!([{"token": [scope.name()]}]),
        None => json!([]),
    }
}

fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn the_document_is_the_one_that_is_published() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, openapi()).unwrap();
        }
        let published = std::fs::read_to_string(&path).unwrap();
        assert!(
            published == openapi(),
            "docs/openapi.json is not what the code says: run with UPDATE_GOLDEN=1"
        );
    }

    #[test]
    fn every_route_is_in_it_and_every_schema_is_there() {
        let document = document();
        for route in &ROUTES {
            let path = route.path.replace('/', "~1");
            let method = route.method.name().to_ascii_lowercase();
            assert!(
                document.pointer(&format!("/paths/{path}/{method}")).is_some(),
                "{route:?}"
            );
        }
        let text = document.to_string();
        let named: BTreeSet<&str> = text
            .split("#/components/schemas/")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        assert_eq!(named, schemas.keys().map(String::as_str).collect());
    }
}
