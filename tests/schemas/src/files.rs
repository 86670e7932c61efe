//! The functions file, the grants file and the test file.

use std::path::{Path, PathBuf};

use stepwell_definition::{
    FUNCTIONS_SCHEMA, GRANTS_SCHEMA, TESTS_SCHEMA, check_functions_file, check_grants_file, check_test_file,
};

use crate::Schema;
use crate::json_of;

fn schema(text: &str) -> Schema {
    Schema::read(text).unwrap()
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

/// Every part with one mistake in it, alone.
fn refused(root: &Schema, file: &str) -> bool {
    !root.fits(&json_of(file.as_bytes()).unwrap())
}

#[test]
fn schemas_accept_what_the_checker_accepts() {
    let mut accepted = 0;
    let (functions, grants) = (schema(FUNCTIONS_SCHEMA), schema(GRANTS_SCHEMA));
    for (path, text) in fixtures("functions.yaml") {
        if check_functions_file(&text, "f").content.is_some() {
            assert!(functions.fits(&json_of(&text).unwrap()), "{}", path.display());
            accepted += 1;
        }
    }
    for (path, text) in fixtures("grants.yaml") {
        if check_grants_file(&text, "g").content.is_some() {
            assert!(grants.fits(&json_of(&text).unwrap()), "{}", path.display());
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
fn the_schema_of_tests_accepts_what_the_checker_accepts() {
    let root = schema(TESTS_SCHEMA);
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let examples = std::fs::read_dir(examples).unwrap().filter_map(|entry| {
        let path = entry.unwrap().path().join("tests.yaml");
        Some((path.clone(), std::fs::read(path).ok()?))
    });
    let mut accepted = 0;
    for (path, text) in fixtures("tests.yaml").into_iter().chain(examples) {
        if check_test_file(&text, "t").content.is_some() {
            let objections = root.objections(&json_of(&text).unwrap());
            assert_eq!(objections, Vec::<String>::new(), "{}", path.display());
            accepted += 1;
        }
    }
    assert!(accepted >= 5, "{accepted}");
}

#[test]
fn the_schema_of_tests_refuses_what_it_can_refuse() {
    let root = schema(TESTS_SCHEMA);
    let case = |case: &str| format!("{{flow: f, cases: [{{name: a, {case}}}]}}");
    let refusals = [
        "[]".to_owned(),
        "{flow: f}".to_owned(),
        "{flow: f, cases: []}".to_owned(),
        "{flow: '', cases: [{name: a, expect: {calls: {}}}]}".to_owned(),
        case("input: {}"),
        case("expect: {}"),
        case("expect: {status: Running}"),
        case("expect: {output: 1, error: {code: a}}"),
        case("expect: {status: Succeeded, error: {code: a}}"),
        case("expect: {status: Failed, output: 1}"),
        case("expect: {error: {detail: a}}"),
        case("expect: {calls: {a: -1}}"),
        case("expect: {path: [{a: [b]}]}"),
        case("input: [1], expect: {status: Failed}"),
        case("functions: {a: {}}, expect: {status: Failed}"),
        case("reports: [{state: a}], expect: {status: Failed}"),
        case("reports: [{state: a, output: {}, times: 0}], expect: {status: Failed}"),
        case("stop: {}, expect: {status: Failed}"),
        case("expcet: {status: Failed}"),
    ];
    for file in refusals {
        assert!(refused(&root, &file), "{file}");
        assert!(check_test_file(file.as_bytes(), "t").content.is_none(), "{file}");
    }
}
