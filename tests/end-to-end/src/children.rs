//! Child flows in the three modes.

use serde_json::{Value, json};

use crate::program::House;

fn parent(mode: &str, parameters: &str) -> String {
    format!(
        "Type: StateMachine\nSpecVersion: v1\nName: parent\nStartAt: Child\nStates:\n  - Type: Task\n    Name: Child\n    \
         Action: FNF:StartExecution\n    TaskMode: {mode}\n    Parameters:\n      resourceArn: acs:fnf:::flow/child\n      \
         executionName: c1\n      input: {{n: 20{parameters}}}\n    End: true\n"
    )
}

const CHILD: &str = "\
Type: StateMachine
SpecVersion: v1
Name: child
StartAt: Add
States:
  - Type: Choice
    Name: Add
    Branches: [{Condition: $Input.n > 100, Next: TooMany}]
    Default: Sum
  - {Type: Pass, Name: Sum, OutputConstructor: {n.$: \"intAdd($Input.n, 1)\"}, End: true}
  - {Type: Fail, Name: TooMany, Code: TooMany, Detail: more than a hundred}
";

#[test]
fn a_parent_that_waits_gets_the_childs_output() {
    let house = House::with(&[
        ("flow.yaml", &parent("WaitForSystemCallback", "")),
        ("child.yaml", CHILD),
    ]);
    let run = house.run(&["run", "flow.yaml"]);
    assert_eq!((run.code, run.out.as_str()), (Some(0), "{\"n\":21}\n"), "{}", run.error);
    assert_eq!(
        house.json(&["describe", "child/c1", "--json"])["output"],
        json!({"n": 21})
    );
}

#[test]
fn a_childs_failure_is_the_parents() {
    let flow = parent("WaitForSystemCallback", "").replace("n: 20", "n: 200");
    let house = House::with(&[("flow.yaml", &flow), ("child.yml", CHILD)]);
    let run = house.run(&["run", "flow.yaml"]);
    assert_eq!((run.code, run.out.as_str()), (Some(1), ""));
    assert!(run.error.ends_with("TooMany: more than a hundred\n"), "{}", run.error);
}

#[test]
fn a_parent_that_does_not_wait_gets_the_childs_name() {
    let house = House::with(&[("flow.yaml", &parent("RequestComplete", "")), ("child.yaml", CHILD)]);
    let run = house.run(&["run", "flow.yaml"]);
    let output: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(
        (run.code, &output["FlowName"], &output["ExecutionName"]),
        (Some(0), &json!("child"), &json!("c1")),
        "{}",
        run.error
    );
}

#[test]
fn a_child_can_be_handed_the_token() {
    let child = "\
Type: StateMachine
SpecVersion: v1
Name: child
StartAt: Take
States:
  - {Type: Pass, Name: Take, OutputConstructor: {token.$: $Input.token}, End: true}
";
    let flow = parent("WaitForCustomCallback", ", token.$: $Context.Current.TaskToken");
    let house = House::with(&[("flow.yaml", &flow), ("child.yaml", child)]);
    let run = house.start(&["run", "flow.yaml", "--name", "p", "--json"]);
    run.until("TaskSubmitted", "Child");
    let token = crate::program::until(|| {
        let described = house.run(&["describe", "child/c1", "--json"]);
        let described: Value = serde_json::from_str(&described.out).ok()?;
        described["output"]["token"].as_str().map(str::to_owned)
    });
    assert_eq!(
        house.run(&["report", &token, "--output", r#"{"done": true}"#]).code,
        Some(0)
    );
    let ended = run.end();
    assert_eq!(
        ended.out.lines().last(),
        Some(r#"{"name":"p","status":"Succeeded","output":{"done":true}}"#)
    );
}

#[test]
fn a_child_is_found_in_the_store_too() {
    let house = House::with(&[("child.yaml", CHILD), ("input.json", r#"{"n": 1}"#)]);
    assert_eq!(house.run(&["run", "child.yaml", "--input", "input.json"]).code, Some(0));
    std::fs::remove_file(house.path().join("child.yaml")).unwrap();
    house.write("flow.yaml", &parent("WaitForSystemCallback", ""));
    let run = house.run(&["run", "flow.yaml"]);
    assert_eq!((run.code, run.out.as_str()), (Some(0), "{\"n\":21}\n"), "{}", run.error);
}

/// Starts a child that waits, and waits longer itself.
const LEAVES: &str = "\
Type: StateMachine
SpecVersion: v1
Name: leaves
StartAt: Child
States:
  - Type: Task
    Name: Child
    Action: FNF:StartExecution
    Parameters: {resourceArn: acs:fnf:::flow/slow, executionName: c1, input: {n: 1}}
    Next: Stay
  - {Type: Wait, Name: Stay, Seconds: 4, End: true}
";

/// A child that takes its time.
const SLOW: &str = "\
Type: StateMachine
SpecVersion: v1
Name: slow
StartAt: Pause
States:
  - {Type: Wait, Name: Pause, Seconds: 1, Next: Sum}
  - {Type: Pass, Name: Sum, OutputConstructor: {n.$: \"intAdd($Input.n, 1)\"}, End: true}
";

#[test]
fn a_child_that_nobody_waits_for_goes_on_when_its_parent_does() {
    let house = House::with(&[("flow.yaml", LEAVES), ("slow.yaml", SLOW)]);
    let run = house.start(&["run", "flow.yaml", "--name", "p", "--json"]);
    run.until("StepEntered", "Stay");
    run.kill();
    assert_eq!(house.json(&["describe", "slow/c1", "--json"])["status"], "Running");
    assert_eq!(house.run(&["run", "flow.yaml", "--name", "p"]).code, Some(0));
    let child = house.json(&["describe", "slow/c1", "--json"]);
    assert_eq!(
        (&child["status"], &child["output"]),
        (&json!("Succeeded"), &json!({"n": 2}))
    );
}

#[test]
fn a_child_that_its_parent_has_left_goes_on_by_its_name() {
    let leaves = LEAVES.replace("Seconds: 4", "Seconds: 0");
    let house = House::with(&[
        ("flow.yaml", leaves.as_str()),
        ("slow.yaml", SLOW),
        ("input.json", r#"{"n": 1}"#),
    ]);
    assert_eq!(house.run(&["run", "flow.yaml", "--name", "p"]).code, Some(0));
    assert_eq!(house.json(&["describe", "slow/c1", "--json"])["status"], "Running");
    let child = house.run(&["run", "slow.yaml", "--name", "c1", "--input", "input.json"]);
    assert_eq!(
        (child.code, child.out.as_str()),
        (Some(0), "{\"n\":2}\n"),
        "{}",
        child.error
    );
}
