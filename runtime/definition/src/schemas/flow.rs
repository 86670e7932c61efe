//! The JSON Schema of flows, made from the tables that the checker goes by.
//!
//! ```text
//! root = flow ── States ── state ── if Type is Task then $ref task …
//!                                                          └── Parameters: if Action is … then $ref
//! every kind of map ── $defs/<kind>: properties (as constants, with `.$`, refused) and rules between fields
//! ```
//!
//! **Invariant:** it never refuses what the checker accepts, and it refuses every flow that has a diagnostic whose code
//! says [`in_schema`](crate::Code::in_schema). What an expression means, where a name leads, slips in unknown keys and
//! numbers inside of strings only the checker knows.

mod rules;
mod values;

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::actions::{INTEGRATIONS, Integration};
use crate::editor::kinds::{Inside, Kind};
use crate::fields::{Field, Shape, Takes};
use crate::states::StateType;

/// The JSON Schema of flows.
#[must_use]
pub fn flow_schema() -> Json {
    let mut root = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:stepwell:flow.schema.json",
        "title": "Stepwell flow",
        "description": "A flow of the dialect `Type: StateMachine`.",
    });
    let kind = Kind::Flow;
    let mut schema = map_schema(kind);
    // A key that only the older dialect has at its root.
    property(&mut schema, "type", json!(false));
    add(&mut root, schema);
    add(&mut root, json!({"$defs": definitions()}));
    root
}

/// The text of the schema, as it is published.
#[cfg(test)]
pub(super) fn text() -> String {
    serde_json::to_string_pretty(&flow_schema()).unwrap_or_default() + "\n"
}

const KINDS: [Kind; 18] = [
    Kind::ChoiceBranch,
    Kind::ParallelBranch,
    Kind::Processor,
    Kind::ProcessorConfig,
    Kind::RetryRule,
    Kind::CatchRule,
    Kind::OnErrorsRule,
    Kind::OnErrorsRetry,
    Kind::ItemReader,
    Kind::SourceParameters,
    Kind::ReaderConfig,
    Kind::ItemBatcher,
    Kind::ResultWriter,
    Kind::WriterParameters,
    Kind::MessageAttributes,
    Kind::MailAttributes,
    Kind::SmsAttributes,
    Kind::AnyState,
];

fn definitions() -> Json {
    let mut all = JsonMap::new();
    let states = StateType::ALL.map(Kind::State);
    let actions = INTEGRATIONS.iter().map(Kind::Parameters);
    for kind in states.into_iter().chain(KINDS).chain(actions) {
        all.insert(name(kind), map_schema(kind));
    }
    all.insert("errorName".to_owned(), values::error_name());
    all.insert("template".to_owned(), values::template());
    all.insert("computed".to_owned(), values::computed());
    Json::Object(all)
}

/// What a kind of map is called among the definitions.
fn name(kind: Kind) -> String {
    match kind {
        Kind::State(state) => state.name().to_owned(),
        Kind::AnyState => "state".to_owned(),
        Kind::Parameters(integration) => integration.action.replace(':', "."),
        Kind::Flow
        | Kind::ChoiceBranch
        | Kind::ParallelBranch
        | Kind::Processor
        | Kind::ProcessorConfig
        | Kind::RetryRule
        | Kind::CatchRule
        | Kind::OnErrorsRule
        | Kind::OnErrorsRetry
        | Kind::MessageAttributes
        | Kind::MailAttributes
        | Kind::SmsAttributes
        | Kind::ItemReader
        | Kind::SourceParameters
        | Kind::ReaderConfig
        | Kind::ItemBatcher
        | Kind::ResultWriter
        | Kind::WriterParameters
        | Kind::Functions
        | Kind::Function
        | Kind::Answer
        | Kind::Failure
        | Kind::Grants
        | Kind::Grant
        | Kind::ObjectRule
        | Kind::SecretRule => {
            let name = format!("{kind:?}");
            let (first, rest) = name.split_at(1);
            first.to_lowercase() + rest
        }
    }
}

fn reference(name: &str) -> Json {
    json!({"$ref": format!("#/$defs/{name}")})
}

/// Whether a map's values go on as they are, with expressions anywhere in them.
fn is_template(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Parameters(_)
            | Kind::SourceParameters
            | Kind::WriterParameters
            | Kind::MessageAttributes
            | Kind::MailAttributes
            | Kind::SmsAttributes
    )
}

/// The schema of a kind of map.
fn map_schema(kind: Kind) -> Json {
    let Some(shape) = kind.shape() else {
        return any_state();
    };
    let mut schema = json!({"title": title(kind, &shape), "type": "object"});
    add(
        &mut schema,
        json!({"required": required(kind, &shape), "properties": {}}),
    );
    for field in shape.fields() {
        add_field(&mut schema, kind, field);
    }
    for key in refused_keys(&shape) {
        property(&mut schema, &format!("{key}.$"), json!(false));
        property(&mut schema, &key, json!(false));
    }
    let mut rules = rules::of(kind, &shape);
    if is_template(kind) {
        rules.push(reference("template"));
    }
    if !rules.is_empty() {
        add(&mut schema, json!({"allOf": rules}));
    }
    schema
}

fn title(kind: Kind, shape: &Shape) -> String {
    if let Kind::Parameters(integration) = kind {
        return format!("Parameters of {}", integration.action);
    }
    let owner = shape.owner.trim_start_matches("a ");
    owner.trim_start_matches("an ").to_owned()
}

/// What is required as a constant; what can also be computed is a rule.
fn required(kind: Kind, shape: &Shape) -> Vec<&'static str> {
    let fields = shape.fields().filter(|field| field.required && !field.computable);
    fields.map(|field| field.name).filter(|_| !is_template(kind)).collect()
}

fn add_field(schema: &mut Json, kind: Kind, field: &'static Field) {
    let mut value = value(kind, field);
    if !field.required || is_template(kind) {
        values::allow_null(&mut value);
    }
    add(&mut value, json!({"title": field.name, "description": field.doc}));
    property(schema, field.name, value);
    let computed = format!("{}.$", field.name);
    if !field.computable {
        return property(schema, &computed, json!(false));
    }
    let mut value = if is_template(kind) || field.takes == Takes::Template {
        reference("computed")
    } else {
        json!({"type": "string", "minLength": 1})
    };
    let doc = format!("{} Computed by an expression.", field.doc);
    add(&mut value, json!({"title": computed, "description": doc}));
    property(schema, &computed, value);
}

fn value(kind: Kind, field: &Field) -> Json {
    match kind.inside(field) {
        Inside::States => json!({"type": "array", "minItems": 1, "items": reference("state")}),
        Inside::Map(inner) => reference(&name(inner)),
        Inside::List(inner) => list(kind, inner),
        Inside::ErrorNames => json!({"type": "array", "minItems": 1, "items": reference("errorName")}),
        Inside::Parameters => values::constructor(),
        Inside::Template(_) if field.takes == Takes::Template => values::constructor(),
        Inside::Constant | Inside::Template(_) | Inside::Named(_) => values::constant(kind, field),
    }
}

fn list(kind: Kind, inner: Kind) -> Json {
    let mut list = json!({"type": "array", "items": reference(&name(inner))});
    if matches!(kind, Kind::State(StateType::Parallel)) && matches!(inner, Kind::ParallelBranch) {
        add(
            &mut list,
            json!({"minItems": 1, "maxItems": crate::states::parallel::BRANCHES_MAX}),
        );
    }
    list
}

/// Keys of which the checker knows that they belong elsewhere.
fn refused_keys(shape: &Shape) -> Vec<String> {
    let known: Vec<&str> = shape.fields().map(|field| field.name).collect();
    let of_states = StateType::ALL.into_iter().flat_map(StateType::fields);
    let candidates = of_states.map(|field| field.name).chain(crate::older::keys());
    let mut keys: Vec<String> = Vec::new();
    for key in candidates {
        let spelt_so = known.iter().any(|name| name.eq_ignore_ascii_case(key));
        if !spelt_so && (shape.elsewhere)(key).is_some() && !keys.iter().any(|seen| seen == key) {
            keys.push(key.to_owned());
        }
    }
    keys
}

/// A state, by its Type.
fn any_state() -> Json {
    let mut rules: Vec<Json> = Vec::new();
    for state in StateType::ALL {
        let is = json!({"type": "object", "required": ["Type"], "properties": {"Type": {"const": state.name()}}});
        rules.push(json!({"if": is, "then": reference(state.name())}));
    }
    json!({
        "title": "state",
        "type": "object",
        "required": ["Type", "Name"],
        "properties": {
            "Type": {"description": "What the state does.", "enum": StateType::NAMES},
            "Name": {"description": "The state's name, unique in its scope."},
        },
        "allOf": rules,
    })
}

/// Both spellings of an action.
fn spellings(integration: &Integration) -> [String; 2] {
    [integration.action.to_owned(), integration.action.replace(':', "::")]
}

fn property(schema: &mut Json, name: &str, value: Json) {
    if let Some(properties) = schema.get_mut("properties").and_then(Json::as_object_mut) {
        properties.insert(name.to_owned(), value);
    }
}

/// Adds the members of an object to another.
fn add(schema: &mut Json, more: Json) {
    if let (Json::Object(schema), Json::Object(more)) = (schema, more) {
        schema.extend(more);
    }
}

#[cfg(test)]
mod tests;
