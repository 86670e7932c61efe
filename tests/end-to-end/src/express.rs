//! `stepwell run --express`: in memory, and nothing is left behind.

use serde_json::Value;

use crate::flows::{ASK, ENDS, NOTIFY, TASK};
use crate::program::House;

#[test]
fn an_express_execution_prints_its_result_and_leaves_nothing() {
    let stub = "functions:\n  work: {stub: [{fail: {code: Again}}, {echo: true}]}\n";
    let house = House::with(&[
        ("flow.yaml", TASK),
        ("functions.yaml", stub),
        ("input.json", r#"{"n": 1.50}"#),
    ]);
    let run = house.run(&["run", "flow.yaml", "--express", "--input", "input.json"]);
    assert_eq!(
        (run.code, run.out.as_str()),
        (Some(0), "{\"result\":{\"n\":1.50}}\n"),
        "{}",
        run.error
    );
    assert!(!house.path().join(".stepwell").exists());
    let json = house.run(&["run", "flow.yaml", "--express", "--json", "--name", "n"]);
    let last: Value = serde_json::from_str(json.out.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["name"], &last["status"]),
        (&Value::from("n"), &Value::from("Succeeded"))
    );
}

#[test]
fn it_fails_as_any_other_does() {
    let house = House::with(&[("flow.yaml", ENDS), ("input.json", r#"{"end": "fail"}"#)]);
    let run = house.run(&["run", "flow.yaml", "--express", "--input", "input.json"]);
    assert_eq!((run.code, run.out.as_str()), (Some(1), ""));
    assert!(run.error.ends_with("Broken: as it was asked to\n"), "{}", run.error);
}

#[test]
fn callbacks_are_refused_when_the_flow_is_checked() {
    let house = House::with(&[("flow.yaml", ASK), ("functions.yaml", NOTIFY)]);
    let run = house.run(&["run", "flow.yaml", "--express", "--json"]);
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""));
    assert!(run.error.contains("definition::express_callback"), "{}", run.error);
}
