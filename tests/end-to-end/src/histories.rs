//! `stepwell history --json`: CloudFlow's six fields.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::program::House;

const FLOW: &str = "\
Type: StateMachine
SpecVersion: v1
Name: all
StartAt: Both
States:
  - Type: Parallel
    Name: Both
    Branches:
      - StartAt: Left
        States: [{Type: Pass, Name: Left, End: true}]
      - StartAt: Each
        States:
          - Type: Map
            Name: Each
            ItemsPath: toArray(1, 2)
            MaxConcurrency: 1
            Processor:
              StartAt: Call
              States:
                - Type: Task
                  Name: Call
                  Action: FC:InvokeFunction
                  Parameters: {resourceArn: work, invocationType: Sync}
                  Catch: [{Errors: [Odd], Next: Rest}]
                  End: true
                - {Type: Pass, Name: Rest, End: true}
            End: true
    End: true
";

const STUB: &str = "functions:\n  work: {stub: [{result: {}}, {fail: {code: Odd, detail: why}}]}\n";

/// Type, StepName, scope and index of an event.
fn told(event: &Value) -> Value {
    let detail: Value = serde_json::from_str(event["EventDetail"].as_str().unwrap()).unwrap();
    json!([event["Type"], event["StepName"], detail["scope"], detail["index"]])
}

/// Type, StepName and scope of an event.
fn place(event: &Value) -> String {
    let told = told(event);
    format!("{} {} {}", told[0], told[1], told[2])
}

/// The same of every line that the run printed.
fn told_while_running(out: &str) -> BTreeSet<String> {
    let lines = out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let events = lines.filter(|line| line["event"].is_string());
    events
        .map(|line| format!("{} {} {}", line["event"], line["state"], line["scope"]))
        .collect()
}

#[test]
fn events_have_six_fields_numbers_without_a_gap_and_times() {
    let house = House::with(&[("flow.yaml", FLOW), ("functions.yaml", STUB)]);
    let run = house.run(&["run", "flow.yaml", "--name", "n", "--json"]);
    assert_eq!(run.code, Some(0), "{}", run.error);
    let history = house.json(&["history", "n", "--json"]);
    let events = history.as_array().unwrap();
    let six = ["EventId", "ScheduleEventId", "Type", "StepName", "Time", "EventDetail"];
    for (number, event) in (1..).zip(events) {
        assert_eq!(event.as_object().unwrap().keys().collect::<Vec<_>>(), six);
        assert_eq!(event["EventId"], number);
        assert!(event["ScheduleEventId"].as_u64().unwrap() < number);
        let time = event["Time"].as_str().unwrap();
        assert!(
            time.len() == 24 && time.ends_with('Z') && time.as_bytes()[19] == b'.',
            "{time}"
        );
    }
    assert_eq!(
        told_while_running(&run.out),
        events.iter().map(place).collect::<BTreeSet<_>>()
    );
    let of = |scope: &str| -> Vec<Value> { events.iter().map(told).filter(|told| told[2] == scope).collect() };
    let expected = [
        json!(["ExecutionStarted", "", "", null]),
        json!(["StepEntered", "Both", "", null]),
        json!(["StepExited", "Both", "", null]),
        json!(["ExecutionSucceeded", "", "", null]),
    ];
    assert_eq!(of(""), expected);
    let second = [
        json!(["IterationEntered", "Each", "Both/1/Each/1", 1]),
        json!(["StepEntered", "Call", "Both/1/Each/1", null]),
        json!(["TaskScheduled", "Call", "Both/1/Each/1", null]),
        json!(["TaskFailed", "Call", "Both/1/Each/1", null]),
        json!(["StepExited", "Call", "Both/1/Each/1", null]),
        json!(["StepEntered", "Rest", "Both/1/Each/1", null]),
        json!(["StepExited", "Rest", "Both/1/Each/1", null]),
        json!(["IterationExited", "Each", "Both/1/Each/1", 1]),
    ];
    assert_eq!(of("Both/1/Each/1"), second);
    let branch: Vec<Value> = of("Both/0").iter().map(|told| json!([told[0], told[1]])).collect();
    let expected = [
        ("BranchEntered", "Both"),
        ("StepEntered", "Left"),
        ("StepExited", "Left"),
        ("BranchExited", "Both"),
    ]
    .map(|(kind, step)| json!([kind, step]));
    assert_eq!(branch, expected);
}

#[test]
fn a_person_reads_one_line_per_event() {
    let house = House::with(&[("flow.yaml", FLOW), ("functions.yaml", STUB)]);
    house.run(&["run", "flow.yaml", "--name", "n"]);
    let events = house.json(&["history", "all/n", "--json"]);
    let plain = house.run(&["history", "n"]);
    assert_eq!(
        (plain.code, plain.out.lines().count()),
        (Some(0), events.as_array().unwrap().len())
    );
}

/// A branch fails while the other has a Map under way; caught, and stopped while another one waits.
const CUT: &str = "\
Type: StateMachine
SpecVersion: v1
Name: cut
StartAt: Both
States:
  - Type: Parallel
    Name: Both
    Branches:
      - StartAt: Soon
        States:
          - {Type: Wait, Name: Soon, Seconds: 1, Next: Down}
          - {Type: Fail, Name: Down, Code: Down}
      - StartAt: Each
        States:
          - Type: Map
            Name: Each
            ItemsPath: toArray(1, 2, 3)
            MaxConcurrency: 2
            Processor: {StartAt: Long, States: [{Type: Wait, Name: Long, Seconds: 600, End: true}]}
            End: true
    Catch: [{Errors: [Down], Next: Rest}]
    End: true
  - {Type: Wait, Name: Rest, Seconds: 600, End: true}
";

#[test]
fn what_is_cut_off_is_closed_while_running_as_in_the_history() {
    let house = House::with(&[("flow.yaml", CUT)]);
    let run = house.start(&["run", "flow.yaml", "--name", "n", "--json"]);
    let mut lines = Vec::new();
    while !lines.last().is_some_and(|line: &String| line.contains("\"Rest\"")) {
        lines.push(run.line().unwrap());
    }
    assert_eq!(house.run(&["stop", "n"]).code, Some(0));
    lines.extend(run.end().out.lines().map(str::to_owned));
    let told: Vec<String> = lines
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line["event"].is_string())
        .map(|line| format!("{} {} {}", line["event"], line["state"], line["scope"]))
        .collect();
    let history = house.json(&["history", "n", "--json"]);
    let mut kept: Vec<String> = history.as_array().unwrap().iter().map(place).collect();
    let cut = kept
        .iter()
        .position(|place| place.contains("\"Soon\"") && place.contains("Exited"))
        .unwrap();
    assert_eq!(told[cut..], kept.split_off(cut));
}
