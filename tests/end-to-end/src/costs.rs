//! `stepwell cost`, of executions and of flows.

use serde_json::{Value, json};

use crate::flows::{PASS, TASK};
use crate::program::House;

const WORK: &str = "functions:\n  work: {stub: [{result: {}}]}\n";

/// Amounts of a bill, by what is billed.
fn amounts(told: &Value) -> Value {
    let lines = told["bill"]["lines"].as_array().unwrap();
    lines
        .iter()
        .map(|line| (line["what"].as_str().unwrap().to_owned(), line["amount"].clone()))
        .collect()
}

#[test]
fn an_execution_costs_what_a_forecast_bounds() {
    let house = House::with(&[("task.yaml", TASK), ("functions.yaml", WORK)]);
    let ran = house.run(&["run", "task.yaml", "--name", "n"]);
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    let told = house.json(&["cost", "n", "--json"]);
    let cost = &told["cost"];
    assert_eq!(
        [&told["name"], &told["flow"], &told["status"], &cost["transitions"]],
        [&json!("n"), &json!("call"), &json!("Succeeded"), &json!(1)]
    );
    // Not deflated, the first record takes two units; the row of the end is another.
    assert_eq!(
        [&cost["records"], &cost["write_units"], &amounts(&told)["write units"]],
        [&json!(2), &json!(3), &json!(4.0)]
    );
    let bound = house.json(&["cost", "--flow", "task.yaml", "--json"]);
    // The rule allows three more attempts.
    assert_eq!(
        [
            &bound["records"],
            &bound["rows"],
            &bound["transitions"],
            &amounts(&bound)["write units"]
        ],
        [&json!(5.0), &json!(1.0), &json!(4.0), &json!(6.0)]
    );
    assert!(bound["bill"]["total_usd"].as_f64() > told["bill"]["total_usd"].as_f64());
    assert_eq!(bound["prices"], told["prices"]);
    let plain = house.run(&["cost", "n"]);
    assert_eq!(plain.code, Some(0));
    assert!(plain.out.contains("\nwrite units "), "{}", plain.out);
    assert!(
        plain.out.ends_with('\n') && plain.out.contains("List prices of us-east-1, "),
        "{}",
        plain.out
    );
}

#[test]
fn what_has_no_cost_or_no_bound_is_told_in_words() {
    let house = House::with(&[("pass.yaml", PASS)]);
    assert_eq!(
        house
            .run(&["run", "pass.yaml", "--name", "n", "--input", r#"{"name": "you"}"#])
            .code,
        Some(0)
    );
    let nobody = house.run(&["cost", "nobody"]);
    assert_eq!((nobody.code, nobody.out.as_str()), (Some(2), ""));
    assert!(nobody.error.contains("ExecutionNotExists"), "{}", nobody.error);
    house.write("polls.yaml", POLLS);
    let polls = house.run(&["cost", "--flow", "polls.yaml"]);
    let line = "polls.yaml:11:24: a loop has no bound: `Ask` -> `Done` -> `Pause` leads back to `Ask`\n";
    assert_eq!(
        (polls.code, polls.out.as_str(), polls.error.as_str()),
        (Some(1), "", line)
    );
}

/// Asks again and again.
const POLLS: &str = "\
Type: StateMachine
SpecVersion: v1
Name: polls
StartAt: Ask
States:
  - {Type: Pass, Name: Ask, Next: Done}
  - Type: Choice
    Name: Done
    Branches: [{Condition: $Input.done == true, Next: End}]
    Default: Pause
  - {Type: Wait, Name: Pause, Seconds: 5, Next: Ask}
  - {Type: Succeed, Name: End}
";
