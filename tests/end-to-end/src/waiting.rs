//! Tasks that wait for somebody: `report` and `stop` from outside.

use serde_json::{Value, json};

use crate::flows::{ASK, LONG_WAIT, NOTIFY};
use crate::program::{House, Running};

fn asking() -> (House, Running, String) {
    let house = House::with(&[("flow.yaml", ASK), ("functions.yaml", NOTIFY)]);
    let run = house.start(&["run", "flow.yaml", "--name", "n", "--json"]);
    run.until("TaskSubmitted", "Ask");
    let token = token(&house);
    (house, run, token)
}

/// The token that the flow handed out.
fn token(house: &House) -> String {
    let history = house.json(&["history", "n", "--json"]);
    let scheduled = history
        .as_array()
        .unwrap()
        .iter()
        .find(|event| event["Type"] == "TaskScheduled")
        .unwrap();
    let detail: Value = serde_json::from_str(scheduled["EventDetail"].as_str().unwrap()).unwrap();
    detail["parameters"]["body"]["token"].as_str().unwrap().to_owned()
}

#[test]
fn a_report_completes_the_task_once() {
    let (house, run, token) = asking();
    let shown = house.run(&["describe", "n"]);
    assert!(shown.out.contains(&format!("stepwell report {token}")), "{}", shown.out);
    let reported = house.run(&["report", &token, "--output", r#"{"answer": 42}"#]);
    assert_eq!(
        (reported.code, reported.out.as_str()),
        (Some(0), ""),
        "{}",
        reported.error
    );
    assert_eq!(
        run.end().out.lines().last(),
        Some(r#"{"name":"n","status":"Succeeded","output":{"answer":42}}"#)
    );
    let again = house.run(&["report", &token, "--output", "{}"]);
    assert_eq!(again.code, Some(2));
    assert!(again.error.starts_with("TaskAlreadyCompleted: "), "{}", again.error);
}

#[test]
fn a_reported_error_fails_the_task() {
    let (house, run, token) = asking();
    let reported = house.run(&["report", &token, "--error", "Refused", "--cause", "no"]);
    assert_eq!(reported.code, Some(0), "{}", reported.error);
    let ended = run.end();
    assert_eq!(ended.code, Some(1));
    assert!(ended.error.ends_with("Refused: no\n"), "{}", ended.error);
}

#[test]
fn a_report_counts_while_nobody_drives_and_the_execution_goes_on_later() {
    let (house, run, token) = asking();
    run.kill();
    assert_eq!(
        house.run(&["report", &token, "--output", r#"{"answer": 1}"#]).code,
        Some(0)
    );
    let on = house.run(&["run", "flow.yaml", "--name", "n"]);
    assert_eq!(
        (on.code, on.out.as_str()),
        (Some(0), "{\"answer\":1}\n"),
        "{}",
        on.error
    );
}

#[test]
fn what_is_no_report_is_refused_by_name() {
    let (house, run, token) = asking();
    for (arguments, name) in [
        (["report", "bm8=", "--output", "{}"], "InvalidArgument"),
        (["report", &token, "--output", "nope"], "InvalidArgument"),
        (["report", &token, "--output", "[]"], "InvalidArgument"),
    ] {
        let refused = house.run(&arguments);
        assert_eq!(
            (refused.code, refused.error.split(':').next()),
            (Some(2), Some(name)),
            "{}",
            refused.error
        );
    }
    run.kill();
}

#[test]
fn stop_ends_a_running_execution_with_4() {
    let house = House::with(&[("flow.yaml", LONG_WAIT)]);
    let run = house.start(&["run", "flow.yaml", "--name", "n", "--json"]);
    run.until("StepEntered", "Pause");
    let stopped = house.run(&["stop", "n"]);
    assert_eq!((stopped.code, stopped.out.as_str()), (Some(0), ""), "{}", stopped.error);
    let ended = run.end();
    assert_eq!(ended.code, Some(4));
    let last: Value = serde_json::from_str(ended.out.lines().last().unwrap()).unwrap();
    assert_eq!((&last["status"], last["error"].is_object()), (&json!("Stopped"), true));
    let again = house.run(&["run", "flow.yaml", "--name", "n"]);
    assert_eq!((again.code, again.out.as_str()), (Some(4), ""));
}

#[test]
fn stop_counts_while_nobody_drives() {
    let house = House::with(&[("flow.yaml", LONG_WAIT)]);
    let run = house.start(&["run", "flow.yaml", "--name", "n", "--json"]);
    run.until("StepEntered", "Pause");
    run.kill();
    assert_eq!(house.run(&["stop", "n"]).code, Some(0));
    assert_eq!(house.json(&["describe", "n", "--json"])["status"], "Stopped");
    assert_eq!(house.run(&["run", "flow.yaml", "--name", "n"]).code, Some(4));
}
