//! Names of executions.

use serde_json::json;

use crate::flows::PASS;
use crate::program::House;

fn house() -> House {
    House::with(&[
        ("flow.yaml", PASS),
        ("input.json", r#"{"name": "Ada"}"#),
        ("other.json", r#"{"name": "Bob"}"#),
    ])
}

fn names(house: &House) -> Vec<String> {
    let list = house.json(&["list", "--json"]);
    list.as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|row| row["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_same_command_is_the_same_execution() {
    let house = house();
    let first = house.run(&["run", "flow.yaml", "--input", "input.json"]);
    house.write("input.json", "{ \"name\" :\n\"Ada\" }");
    let again = house.run(&["run", "flow.yaml", "--input", "input.json"]);
    assert_eq!((again.code, &again.out), (Some(0), &first.out));
    assert!(
        again.error.ends_with("has ended already; this is its stored result\n"),
        "{}",
        again.error
    );
    let other = house.run(&["run", "flow.yaml", "--input", "other.json"]);
    assert_eq!(other.code, Some(0));
    let names = names(&house);
    assert_eq!(names.len(), 2);
    let hex = |name: &String| {
        name.len() == 16
            && name
                .chars()
                .all(|digit| digit.is_ascii_hexdigit() && !digit.is_ascii_uppercase())
    };
    assert!(names.iter().all(hex), "{names:?}");
}

#[test]
fn new_adds_a_number() {
    let house = house();
    for _ in 0..3 {
        assert_eq!(house.run(&["run", "flow.yaml", "--name", "n", "--new"]).code, Some(0));
    }
    assert_eq!(names(&house), ["n", "n-2", "n-3"]);
}

#[test]
fn a_name_belongs_to_one_flow_functions_and_input() {
    let house = house();
    house.write("functions.yaml", "functions: {}\n");
    let run = |flow: &str, input: &str| house.run(&["run", flow, "--input", input, "--name", "n"]);
    assert_eq!(run("flow.yaml", "input.json").code, Some(0));
    let refused = |run: crate::program::Ended, what: &str| {
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{}", run.error);
        assert!(
            run.error.starts_with("ExecutionAlreadyExists: ") && run.error.contains(what),
            "{}",
            run.error
        );
    };
    refused(run("flow.yaml", "other.json"), "another input");
    house.write("changed.yaml", &PASS.replace("hello", "bye"));
    refused(run("changed.yaml", "input.json"), "another flow");
    house.write("functions.yaml", "functions:\n  f: {stub: [{echo: true}]}\n");
    refused(run("flow.yaml", "input.json"), "another functions");
}

#[test]
fn one_name_in_two_flows_is_asked_about() {
    let house = house();
    house.write("second.yaml", &PASS.replace("Name: greet", "Name: second"));
    for flow in ["flow.yaml", "second.yaml"] {
        assert_eq!(house.run(&["run", flow, "--name", "n"]).code, Some(0));
    }
    let asked = house.run(&["describe", "n"]);
    assert_eq!(asked.code, Some(2));
    assert_eq!(
        asked.error,
        "InvalidArgument: several flows have an execution `n`; say which: `greet/n`, `second/n`\n"
    );
    assert_eq!(house.json(&["describe", "second/n", "--json"])["flow"], json!("second"));
}

#[test]
fn a_name_that_is_none_is_usage() {
    let house = house();
    for name in ["a/b", "", "-x", "a b"] {
        let run = house.run(&["run", "flow.yaml", &format!("--name={name}")]);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{name}: {}", run.error);
    }
}
