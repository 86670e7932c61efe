//! Ctrl-C, `kill` and `kill -9`.

use crate::flows::{ASK, LONG_WAIT, NOTIFY, TASK};
use crate::functions::Doubler;
use crate::program::House;

#[test]
fn the_first_signal_ends_cleanly_with_130_and_says_how_to_go_on() {
    for signal in ["INT", "TERM"] {
        let house = House::with(&[("flow.yaml", ASK), ("functions.yaml", NOTIFY)]);
        let run = house.start(&["run", "flow.yaml", "--name", "n", "--json"]);
        run.until("TaskSubmitted", "Ask");
        run.signal(signal);
        let ended = run.end();
        assert_eq!(ended.code, Some(130), "{signal}: {}", ended.error);
        let words = "interrupted; `n` goes on where it is with:\n  stepwell run flow.yaml --name n\n";
        assert_eq!(ended.error, words, "{signal}");
        assert_eq!(house.json(&["describe", "n", "--json"])["status"], "Running");
    }
}

#[test]
fn a_task_under_way_runs_again_after_a_clean_stop_and_after_a_kill() {
    let house = House::with(&[("flow.yaml", TASK), ("input.json", r#"{"n": 4}"#)]);
    let doubler = Doubler::start(house.path());
    house.write(
        "functions.yaml",
        &format!("functions:\n  work: {{http: \"{}\"}}\n", doubler.url),
    );
    let command = ["run", "flow.yaml", "--input", "input.json", "--name", "n", "--json"];
    for (kills, signal) in [(0, "INT"), (1, "KILL")] {
        doubler.let_through(0, kills);
        let run = house.start(&command);
        crate::program::until(|| doubler.calls().iter().any(|call| call.kills == kills).then_some(()));
        run.signal(signal);
        assert_eq!(run.end().code, Some(130).filter(|_| signal == "INT"));
    }
    doubler.let_through(1, 2);
    let on = house.run(&command);
    assert_eq!(
        on.out.lines().last(),
        Some(r#"{"name":"n","status":"Succeeded","output":{"result":{"n":8}}}"#),
        "{}",
        on.error
    );
    let attempts: Vec<Vec<u64>> = doubler.calls_by_attempt().into_values().collect();
    assert_eq!(attempts, [vec![0, 1, 2]]);
}

#[test]
fn a_wait_survives_kill_9_and_is_not_begun_again() {
    let house = House::with(&[("flow.yaml", LONG_WAIT)]);
    let since = |house: &House| {
        house.json(&["describe", "n", "--json"])["open"][0]["since_ms"]
            .as_u64()
            .unwrap()
    };
    let run = house.start(&["run", "flow.yaml", "--name", "n", "--json"]);
    run.until("StepEntered", "Pause");
    run.kill();
    let first = since(&house);
    let mut on = house.start(&["run", "flow.yaml", "--name", "n"]);
    assert_eq!(since(&house), first);
    assert!(on.is_running());
    on.kill();
}
