//! What holds between the fields of a map.
//!
//! **Invariant:** a field that is there without a value counts as absent, as it does for the checker.

use serde_json::{Map as JsonMap, Value as Json, json};

use super::{is_template, name, reference, spellings};
use crate::actions::{INTEGRATIONS, Integration};
use crate::editor::kinds::Kind;
use crate::fields::{Field, Shape, Takes};
use crate::states::{StateType, distributed};

/// The rules of a kind of map.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "most kinds of maps have no rule of their own"
)]
pub(super) fn of(kind: Kind, shape: &Shape) -> Vec<Json> {
    let mut rules: Vec<Json> = Vec::new();
    for field in shape.fields().filter(|field| field.computable) {
        rules.push(one_form(kind, field));
    }
    let required = shape.fields().filter(|field| field.required);
    rules.extend(required.filter(|field| field.computable).map(either_form));
    if shape.fields().any(|field| field.name == "Next" && !field.required) && matches!(kind, Kind::State(_)) {
        rules.push(json!({"anyOf": [there("Next"), {"required": ["End"], "properties": {"End": {"const": true}}}]}));
    }
    if shape.fields().any(|field| field.name == "OnErrors") {
        rules.extend(recovery());
    }
    match kind {
        Kind::State(StateType::Wait) => rules.push(json!({"anyOf": [
            there("Seconds"), {"required": ["Seconds.$"]}, there("UntilDateTime"), {"required": ["UntilDateTime.$"]},
        ]})),
        Kind::State(StateType::Choice) => rules.push(json!({"anyOf": [
            there("Default"), {"properties": {"Branches": {"minItems": 1}}},
        ]})),
        Kind::State(StateType::Map) => rules.extend(map()),
        Kind::State(StateType::Task) => rules.extend(INTEGRATIONS.iter().map(action)),
        Kind::OnErrorsRule => rules.push(json!({"anyOf": [there("Next"), there("Retry")]})),
        Kind::ItemBatcher => rules.extend([
            one_of("MaxItemsPerBatch", "MaxItemsPerBatchPath"),
            one_of("MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"),
        ]),
        _ => {}
    }
    rules
}

/// A field that is there with a value.
fn there(name: &str) -> Json {
    json!({"required": [name], "properties": {name: {"not": {"type": "null"}}}})
}

fn one_of(first: &str, second: &str) -> Json {
    json!({"not": {"allOf": [there(first), there(second)]}})
}

fn one_form(kind: Kind, field: &Field) -> Json {
    let computed = format!("{}.$", field.name);
    if is_template(kind) {
        return json!({"not": {"required": [field.name, computed]}});
    }
    json!({"not": {"allOf": [there(field.name), {"required": [computed]}]}})
}

fn either_form(field: &Field) -> Json {
    json!({"anyOf": [there(field.name), {"required": [format!("{}.$", field.name)]}]})
}

fn recovery() -> [Json; 2] {
    let older = json!({"anyOf": [there("OnErrors"), there("OnError")]});
    let newer = json!({"anyOf": [there("Retry"), there("Catch")]});
    [one_of("OnErrors", "OnError"), json!({"not": {"allOf": [older, newer]}})]
}

fn map() -> Vec<Json> {
    let inner = json!({"required": ["Processor"], "properties": {"Processor": there("ProcessorConfig")}});
    let outer = there("ProcessorConfig");
    let null = |field: &Field| (field.name.to_owned(), json!({"type": "null"}));
    let absent: JsonMap<String, Json> = distributed::FIELDS.iter().map(null).collect();
    let mut rules = vec![
        json!({"anyOf": [there("ItemsPath"), there("ItemReader")]}),
        one_of("MaxConcurrency", "MaxConcuccency"),
        json!({"not": {"allOf": [outer.clone(), inner.clone()]}}),
        json!({"if": {"type": "object", "not": {"anyOf": [outer, inner]}}, "then": {"properties": absent}}),
    ];
    rules.extend(distributed::SPELLINGS.map(|(first, second)| one_of(first, second)));
    rules
}

/// What an action takes, and how its end can be known.
fn action(integration: &'static Integration) -> Json {
    let mut modes: Vec<Json> = integration.modes.iter().map(|mode| json!(mode.name())).collect();
    modes.push(Json::Null);
    let parameters = json!({"anyOf": [reference(&name(Kind::Parameters(integration))), {"type": "null"}]});
    let mut then = json!({"properties": {"TaskMode": {"enum": modes}, "Parameters": parameters}});
    if integration.shape.fields().any(|field| field.required) {
        let parameters = Field::new("Parameters", Takes::Template, "");
        super::add(&mut then, either_form(&parameters));
    }
    let is =
        json!({"type": "object", "required": ["Action"], "properties": {"Action": {"enum": spellings(integration)}}});
    json!({"if": is, "then": then})
}
