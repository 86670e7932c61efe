//! Flows.

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use stepwell_definition::{Checked, Diagnostic, FLOW_SCHEMA, Severity, check, codes};

use crate::{Schema, json_of};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every flow of the repository: fixtures of all areas, their child flows, and the examples.
fn flows() -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for folder in ["tests/fixtures", "examples"] {
        collect(&root().join(folder), &mut found);
    }
    found.sort();
    found
}

fn collect(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let in_flows = path.parent().is_some_and(|parent| parent.ends_with("flows"));
        if path.is_dir() {
            collect(&path, found);
        } else if ["flow.yaml", "flow.json"].contains(&&*name) || (in_flows && name.ends_with(".yaml")) {
            let text = std::fs::read(&path).unwrap();
            found.push((path, text));
        }
    }
}

fn schema() -> Schema {
    Schema::read(FLOW_SCHEMA).unwrap()
}

/// The codes of errors which the schema is sure to refuse too.
fn refusable(checked: &Checked) -> Vec<&'static str> {
    let in_schema = |name: &str| codes().iter().any(|code| code.name == name && code.in_schema);
    let errors = checked
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity() == Severity::Error);
    errors.map(Diagnostic::code).filter(|code| in_schema(code)).collect()
}

#[test]
fn schema_and_checker_agree_over_every_flow_of_the_repository() {
    let schema = schema();
    let (mut accepted, mut refused) = (0, 0);
    for (path, text) in flows() {
        let Some(value) = json_of(&text) else { continue };
        let checked = check(&text, "flow");
        let fits = schema.fits(&value);
        if checked.flow.is_some() {
            let why = schema.objections(&value);
            assert!(fits, "{} is accepted: {why:?}", path.display());
            accepted += 1;
        } else if !refusable(&checked).is_empty() {
            assert!(!fits, "{} is refused: {:?}", path.display(), refusable(&checked));
            refused += 1;
        }
    }
    assert!(accepted > 200 && refused > 30, "{accepted} accepted, {refused} refused");
}

#[test]
fn schema_and_checker_agree_over_every_flow_one_change_away() {
    let schema = schema();
    let (mut accepted, mut refused) = (0, 0);
    let mut wrong = Vec::new();
    let definitions = root().join("tests/fixtures/definitions");
    let bases = flows()
        .into_iter()
        .filter(|(path, text)| path.starts_with(&definitions) && text.len() < 3_000);
    for (path, text) in bases {
        let Some(value) = json_of(&text).filter(|_| check(&text, "flow").flow.is_some()) else {
            continue;
        };
        for changed in changes(&value) {
            let text = changed.to_string();
            let checked = check(text.as_bytes(), "flow.json");
            let (fits, codes) = (schema.fits(&changed), refusable(&checked));
            accepted += usize::from(fits);
            refused += usize::from(!fits);
            let accepted_but_refused = checked.flow.is_some() && !fits;
            let refused_but_accepted = !codes.is_empty() && fits;
            if accepted_but_refused || refused_but_accepted {
                wrong.push(format!("{} {codes:?} {fits} {text}", path.display()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong: {:#?}",
        wrong.len(),
        wrong.iter().take(12).collect::<Vec<_>>()
    );
    assert!(
        accepted > 1_000 && refused > 1_000,
        "{accepted} accepted, {refused} refused"
    );
}

/// The value with one change: a part replaced, a key removed, renamed, or said to be computed.
fn changes(value: &Json) -> Vec<Json> {
    let mut all = Vec::new();
    let mut pointers = Vec::new();
    pointers_of(value, String::new(), &mut pointers);
    let others = [
        json!(null),
        json!(true),
        json!(-1),
        json!(7),
        json!(0.5),
        json!(9e30),
        json!(""),
        json!("x"),
        json!("$Input.a"),
        json!([]),
        json!({}),
        json!(["x"]),
        json!({"a.$": 5}),
        json!("*"),
    ];
    for pointer in pointers {
        for other in &others {
            let mut changed = value.clone();
            *changed.pointer_mut(&pointer).unwrap() = other.clone();
            all.push(changed);
        }
        all.extend(changes_of_keys(value, &pointer));
    }
    all
}

fn changes_of_keys(value: &Json, pointer: &str) -> Vec<Json> {
    let Some(Json::Object(members)) = value.pointer(pointer) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    let mut with = |change: &dyn Fn(&mut serde_json::Map<String, Json>)| {
        let mut changed = value.clone();
        change(changed.pointer_mut(pointer).unwrap().as_object_mut().unwrap());
        all.push(changed);
    };
    for (key, inner) in members {
        with(&|members| drop(members.shift_remove(key)));
        with(&|members| drop(members.insert(format!("{key}.$"), json!("$Input.a"))));
        with(&|members| {
            members.shift_remove(key);
            members.insert(format!("{key}.$"), inner.clone());
        });
    }
    for key in [
        "Seconds",
        "Retry",
        "Next",
        "End",
        "Branches",
        "goto",
        "steps",
        "ItemReader",
        "OnError",
        "Comment",
    ] {
        for other in [json!(null), json!({}), json!([])] {
            with(&|members| drop(members.insert(key.to_owned(), other.clone())));
        }
    }
    all
}

fn pointers_of(value: &Json, at: String, pointers: &mut Vec<String>) {
    match value {
        Json::Object(members) => {
            for (key, inner) in members {
                let key = key.replace('~', "~0").replace('/', "~1");
                pointers_of(inner, format!("{at}/{key}"), pointers);
            }
        }
        Json::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                pointers_of(inner, format!("{at}/{index}"), pointers);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
    pointers.push(at);
}
