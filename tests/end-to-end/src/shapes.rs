//! The shapes of `--json`, field by field and in order.

use serde_json::{Value, json};

use crate::flows::{ASK, ENDS, NOTIFY, PASS, TASK};
use crate::program::House;

/// The names of an object's fields, in order.
fn fields(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_run_prints_one_object_per_event_and_a_last_line() {
    let stub = "functions:\n  work: {stub: [{fail: {code: Again, detail: not yet}}, {result: {a: 1}}]}\n";
    let house = House::with(&[("flow.yaml", TASK), ("functions.yaml", stub)]);
    let run = house.run(&["run", "flow.yaml", "--name", "n", "--json"]);
    assert_eq!((run.code, run.error.as_str()), (Some(0), ""));
    let mut lines = lines(&run.out);
    let last = lines.pop().unwrap();
    assert_eq!(
        run.out.lines().last().unwrap(),
        r#"{"name":"n","status":"Succeeded","output":{"result":{"a":1}}}"#
    );
    assert_eq!(fields(&last), ["name", "status", "output"]);
    let seven = ["event", "execution", "scope", "state", "status", "attempt", "at_ms"];
    assert!(
        lines.iter().all(|line| fields(line) == seven && line["at_ms"].is_u64()),
        "{}",
        run.out
    );
    let shape: Vec<_> = lines
        .iter()
        .map(|line| {
            json!([
                line["event"],
                line["execution"],
                line["scope"],
                line["state"],
                line["status"],
                line["attempt"]
            ])
        })
        .collect();
    let expected = [
        json!(["ExecutionStarted", "n", "", "", "Running", 0]),
        json!(["StepEntered", "n", "", "Call", "Running", 0]),
        json!(["TaskScheduled", "n", "", "Call", "Running", 1]),
        json!(["TaskFailed", "n", "", "Call", "Running", 1]),
        json!(["TaskScheduled", "n", "", "Call", "Running", 2]),
        json!(["TaskSucceeded", "n", "", "Call", "Running", 2]),
        json!(["StepExited", "n", "", "Call", "Running", 0]),
        json!(["ExecutionSucceeded", "n", "", "", "Succeeded", 0]),
    ];
    assert_eq!(shape, expected);
}

#[test]
fn without_success_the_last_line_has_an_error() {
    let house = House::with(&[("flow.yaml", ENDS), ("input.json", r#"{"end": "fail"}"#)]);
    let run = house.run(&["run", "flow.yaml", "--input", "input.json", "--name", "n", "--json"]);
    let last = r#"{"name":"n","status":"Failed","error":{"code":"Broken","detail":"as it was asked to"}}"#;
    assert_eq!((run.code, run.out.lines().last().unwrap()), (Some(1), last));
    assert!(run.error.ends_with("Broken: as it was asked to\n"), "{}", run.error);
}

#[test]
fn an_ended_execution_prints_its_last_line_again() {
    let house = House::with(&[("flow.yaml", PASS)]);
    let first = house.run(&["run", "flow.yaml", "--name", "n", "--json"]);
    let again = house.run(&["run", "flow.yaml", "--name", "n", "--json"]);
    assert_eq!(
        (again.code, again.out.trim_end()),
        (Some(0), first.out.lines().last().unwrap())
    );
}

#[test]
fn list_has_five_fields_and_the_newest_first() {
    let house = House::with(&[("flow.yaml", PASS), ("ask.yaml", ASK), ("functions.yaml", NOTIFY)]);
    house.run(&["run", "flow.yaml", "--name", "old"]);
    let ask = house.start(&["run", "ask.yaml", "--name", "new", "--json"]);
    ask.until("TaskSubmitted", "Ask");
    let list = house.json(&["list", "--json"]);
    ask.kill();
    let rows = list.as_array().unwrap();
    assert!(
        rows.iter()
            .all(|row| fields(row) == ["name", "flow", "status", "started_ms", "ended_ms"]),
        "{list}"
    );
    let shape: Vec<_> = rows
        .iter()
        .map(|row| json!([row["name"], row["flow"], row["status"], row["ended_ms"].is_u64()]))
        .collect();
    assert_eq!(
        shape,
        [
            json!(["new", "ask", "Running", false]),
            json!(["old", "greet", "Succeeded", true])
        ]
    );
    assert!(rows[0]["ended_ms"].is_null() && rows[0]["started_ms"].as_u64() >= rows[1]["started_ms"].as_u64());
}

#[test]
fn describe_adds_input_and_what_came_of_it_or_what_is_open() {
    let house = House::with(&[
        ("flow.yaml", ENDS),
        ("ask.yaml", ASK),
        ("functions.yaml", NOTIFY),
        ("fail.json", r#"{"end":"fail"}"#),
    ]);
    house.run(&["run", "flow.yaml", "--name", "well"]);
    house.run(&["run", "flow.yaml", "--name", "badly", "--input", "fail.json"]);
    let ask = house.start(&["run", "ask.yaml", "--name", "open", "--json"]);
    ask.until("TaskSubmitted", "Ask");
    let [well, badly, open] = ["well", "badly", "open"].map(|name| house.json(&["describe", name, "--json"]));
    ask.kill();
    let row = ["name", "flow", "status", "started_ms", "ended_ms", "input"];
    let with = |more: &[&str]| {
        row.iter()
            .copied()
            .chain(more.iter().copied())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(fields(&well), with(&["output", "open"]));
    assert_eq!(fields(&badly), with(&["error", "open"]));
    assert_eq!(fields(&open), with(&["open"]));
    assert_eq!((&well["output"], &well["open"]), (&json!({}), &json!([])));
    assert_eq!(
        badly["error"],
        json!({"code": "Broken", "detail": "as it was asked to"})
    );
    let states = open["open"].as_array().unwrap();
    assert_eq!(states.len(), 1);
    assert_eq!(fields(&states[0]), ["scope", "state", "attempt", "since_ms"]);
    assert_eq!(
        json!([states[0]["scope"], states[0]["state"], states[0]["attempt"]]),
        json!(["", "Ask", 1])
    );
}

#[test]
fn validate_has_nine_fields_and_a_place() {
    let house = House::with(&[
        ("flow.yaml", &PASS.replace("StartAt: Greet", "StartAt: Great")),
        ("good.yaml", PASS),
    ]);
    let run = house.run(&["validate", "flow.yaml", "--json"]);
    let found: Value = serde_json::from_str(&run.out).unwrap();
    let expected = json!({
        "file": "flow.yaml",
        "code": "definition::unknown_state",
        "severity": "error",
        "line": 4,
        "column": 10,
        "end_line": 4,
        "end_column": 15,
        "message": found[0]["message"],
        "help": "did you mean `Greet`?",
    });
    assert_eq!((run.code, found[0].clone()), (Some(2), expected.clone()));
    assert_eq!(fields(&found[0]), fields(&expected));
    let good = house.run(&["validate", "good.yaml", "--json"]);
    assert_eq!((good.code, good.out.as_str()), (Some(0), "[]\n"));
}

#[test]
fn graph_prints_mermaid_and_nothing_else() {
    let house = House::with(&[("flow.yaml", PASS)]);
    let graph = house.run(&["graph", "flow.yaml"]);
    assert_eq!((graph.code, graph.error.as_str()), (Some(0), ""));
    assert!(graph.out.contains("Greet"), "{}", graph.out);
}

#[test]
fn what_is_unknown_is_refused_by_cloudflows_names() {
    let house = House::with(&[("flow.yaml", PASS)]);
    let refused = |arguments: &[&str]| {
        let run = house.run(arguments);
        assert_eq!(run.out, "", "{arguments:?}");
        (run.code, run.error.split(':').next().unwrap().to_owned())
    };
    let unknown = (Some(2), "ExecutionNotExists".to_owned());
    for verb in ["history", "describe", "stop"] {
        assert_eq!(refused(&[verb, "none"]), unknown, "{verb} without a store");
    }
    house.run(&["run", "flow.yaml", "--name", "done"]);
    for verb in ["history", "describe", "stop"] {
        assert_eq!(refused(&[verb, "none"]), unknown, "{verb}");
    }
    assert_eq!(
        refused(&["stop", "done"]),
        (Some(2), "ExecutionAlreadyCompleted".to_owned())
    );
    assert_eq!(
        refused(&["report", "no-token", "--output", "{}"]),
        (Some(2), "InvalidArgument".to_owned())
    );
    assert_eq!(house.json(&["list", "--json"]).as_array().unwrap().len(), 1);
}

#[test]
fn output_that_cannot_be_written_is_an_error() {
    let house = House::with(&[("flow.yaml", PASS)]);
    let mut command = house.command(&["run", "flow.yaml", "--name", "n"]);
    command.stdout(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    let ended = command.output().unwrap();
    let error = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(5));
    assert!(
        error.ends_with("error: standard output cannot be written: No space left on device (os error 28)\n"),
        "{error}"
    );
}
