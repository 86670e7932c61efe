//! Several processes on one store: one drives, others hand it their verbs, and one takes over when it goes.

use serde_json::Value;

use crate::flows::{ASK, NOTIFY, PASS};
use crate::program::{House, Running};

fn house() -> House {
    House::with(&[("ask.yaml", ASK), ("functions.yaml", NOTIFY), ("pass.yaml", PASS)])
}

/// An execution that waits, driven by the process that is answered.
fn waiting(house: &House, name: &str) -> Running {
    let run = house.start(&["run", "ask.yaml", "--name", name, "--json"]);
    run.until("TaskSubmitted", "Ask");
    run
}

fn token(house: &House, name: &str) -> String {
    let shown = house.run(&["describe", name]).out;
    let words: Vec<&str> = shown.split_whitespace().collect();
    let at = words.iter().position(|word| *word == "report").unwrap();
    words[at + 1].to_owned()
}

/// What is said of an execution that another process drives.
const WATCHED: &str = "runs; watching it in the process that drives it";

/// Another process that watches the execution.
fn attach(house: &House, name: &str) -> Running {
    let run = house.start(&["run", "ask.yaml", "--name", name]);
    run.says(WATCHED);
    run
}

#[test]
fn a_second_run_attaches_and_ends_with_the_same_answer() {
    let house = house();
    let first = waiting(&house, "n");
    let second = attach(&house, "n");
    let token = token(&house, "n");
    assert_eq!(house.run(&["report", &token, "--output", r#"{"a": 1}"#]).code, Some(0));
    let (first, second) = (first.end(), second.end());
    assert_eq!(
        first.out.lines().last(),
        Some(r#"{"name":"n","status":"Succeeded","output":{"a":1}}"#)
    );
    assert_eq!(
        (second.code, second.out.as_str()),
        (Some(0), "{\"a\":1}\n"),
        "{}",
        second.error
    );
}

#[test]
fn every_verb_works_while_another_process_drives() {
    let house = house();
    let first = waiting(&house, "n");
    assert_eq!(house.json(&["list", "--json"])[0]["status"], "Running");
    assert_eq!(house.json(&["describe", "n", "--json"])["open"][0]["state"], "Ask");
    assert_eq!(house.json(&["history", "n", "--json"])[0]["Type"], "ExecutionStarted");
    let other = house.run(&["run", "pass.yaml", "--name", "p"]);
    assert_eq!(
        (other.code, other.out.as_str()),
        (Some(0), "{\"text\":\"hello null\",\"number\":1.0}\n"),
        "{}",
        other.error
    );
    let refused = house.run(&[
        "run",
        "pass.yaml",
        "--name",
        "p",
        "--functions",
        "functions.yaml",
        "--input",
        "ask.yaml",
    ]);
    assert_eq!(refused.code, Some(2));
    assert_eq!(house.run(&["stop", "n"]).code, Some(0));
    assert_eq!(first.end().code, Some(4));
}

#[test]
fn one_takes_over_when_the_driving_process_is_killed() {
    let house = house();
    let first = waiting(&house, "n");
    let others = [attach(&house, "n"), attach(&house, "n"), waiting(&house, "m")];
    first.kill();
    others[0].says("the process that drove it has gone; it goes on");
    let (n, m) = (token(&house, "n"), token(&house, "m"));
    for token in [n, m] {
        let reported = house.run(&["report", &token, "--output", "{}"]);
        assert_eq!(reported.code, Some(0), "{}", reported.error);
    }
    for run in others {
        let ended = run.end();
        assert_eq!(ended.code, Some(0), "{}", ended.error);
    }
}

#[test]
fn the_driving_process_ends_with_its_own_execution_and_others_go_on() {
    let house = house();
    let first = waiting(&house, "n");
    let second = waiting(&house, "m");
    let n = token(&house, "n");
    assert_eq!(house.run(&["report", &n, "--output", "{}"]).code, Some(0));
    assert_eq!(first.end().code, Some(0));
    let m = token(&house, "m");
    assert_eq!(house.run(&["report", &m, "--output", "{}"]).code, Some(0));
    let ended = second.end();
    let last: Value = serde_json::from_str(ended.out.lines().last().unwrap()).unwrap();
    assert_eq!((ended.code, &last["status"]), (Some(0), &Value::from("Succeeded")));
}

#[test]
fn an_interrupted_watcher_leaves_the_execution_alone() {
    let house = house();
    let first = waiting(&house, "n");
    let second = attach(&house, "n");
    second.signal("INT");
    let ended = second.end();
    assert_eq!(ended.code, Some(130), "{}", ended.error);
    let n = token(&house, "n");
    assert_eq!(house.run(&["report", &n, "--output", "{}"]).code, Some(0));
    assert_eq!(first.end().code, Some(0));
}

#[test]
fn verbs_at_once_on_an_idle_store_all_get_their_answer() {
    let house = house();
    assert_eq!(house.run(&["run", "pass.yaml", "--name", "p"]).code, Some(0));
    let asked: Vec<Running> = (0..8).map(|_| house.start(&["describe", "p", "--json"])).collect();
    for run in asked {
        let ended = run.end();
        assert_eq!(ended.code, Some(0), "{}", ended.error);
        let described: Value = serde_json::from_str(&ended.out).unwrap();
        assert_eq!(described["status"], "Succeeded");
    }
}

#[test]
fn a_store_with_a_long_path_is_shared_too() {
    let house = house();
    let long = "a-folder-with-quite-a-long-name/".repeat(5);
    std::fs::create_dir_all(house.path().join(&long)).unwrap();
    let run = house.start(&["run", "ask.yaml", "--name", "n", "--json", "--store", &long]);
    run.until("TaskSubmitted", "Ask");
    assert_eq!(house.run(&["stop", "n", "--store", &long]).code, Some(0));
    assert_eq!(run.end().code, Some(4));
}

#[test]
fn every_fresh_start_is_one_execution_whoever_holds_the_store() {
    let house = house();
    for _ in 0..3 {
        let asked: Vec<Running> = (0..8)
            .map(|_| house.start(&["run", "pass.yaml", "--name", "p", "--new", "--json"]))
            .collect();
        for run in asked {
            let ended = run.end();
            assert_eq!(ended.code, Some(0), "{}", ended.error);
        }
    }
    let list = house.json(&["list", "--json"]);
    let mut names: Vec<&str> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    names.sort_by_key(|name| (name.len(), *name));
    let expected: Vec<String> = (1..=24)
        .map(|number| {
            if number == 1 {
                "p".to_owned()
            } else {
                format!("p-{number}")
            }
        })
        .collect();
    assert_eq!(names, expected);
}
