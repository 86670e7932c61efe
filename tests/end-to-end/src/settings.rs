//! `--set` and `stepwell.toml`.

use crate::flows::PASS;
use crate::program::{Ended, House};

const SLOW: &str = "\
Type: StateMachine
SpecVersion: v1
Name: slow
StartAt: Loop
States:
  - {Type: Pass, Name: Loop, Next: Again}
  - Type: Choice
    Name: Again
    Branches: [{Condition: $Input.stop == true, Next: Done}]
    Default: Loop
  - {Type: Succeed, Name: Done}
";

fn last(run: &Ended) -> &str {
    run.error.lines().last().unwrap_or_default()
}

#[test]
fn limits_are_set_by_option_and_by_file_and_the_option_wins() {
    let house = House::with(&[
        ("flow.yaml", PASS),
        ("input.json", r#"{"name": "somebody with a long name"}"#),
    ]);
    let run = |more: &[&str]| house.run(&[&["run", "flow.yaml", "--input", "input.json", "--new"], more].concat());
    let limited = run(&["--set", "limits.data=20"]);
    assert_eq!(limited.code, Some(1));
    assert!(
        last(&limited).starts_with("FnF.DataLimitExceeded: "),
        "{}",
        limited.error
    );
    house.write(".stepwell/stepwell.toml", "[limits]\ndata = 20\n");
    assert_eq!(run(&[]).code, Some(1));
    assert_eq!(run(&["--set", "limits.data=2000"]).code, Some(0));
}

#[test]
fn a_scope_that_never_stops_is_ended() {
    let house = House::with(&[("flow.yaml", SLOW)]);
    let run = house.run(&["run", "flow.yaml", "--set", "limits.states=100"]);
    assert_eq!(run.code, Some(1));
    assert!(last(&run).starts_with("FnF.StateLimitExceeded: "), "{}", run.error);
}

#[test]
fn a_wait_can_be_bounded() {
    let house = House::with(&[("flow.yaml", crate::flows::LONG_WAIT)]);
    let run = house.run(&["run", "flow.yaml", "--set", "wait.max_seconds=300"]);
    assert_eq!(run.code, Some(1), "{}", run.error);
}

#[test]
fn an_unknown_key_or_a_bad_value_is_usage_wherever_it_stands() {
    let house = House::with(&[("flow.yaml", PASS)]);
    for set in ["limits.dat=1", "limits.data=no", "limits.data", "tasks.fuse=maybe"] {
        let run = house.run(&["run", "flow.yaml", "--set", set]);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{set}: {}", run.error);
    }
    std::fs::create_dir(house.path().join(".stepwell")).unwrap();
    for file in ["limit = 1", "limits.data = 1.5", "= ="] {
        house.write(".stepwell/stepwell.toml", file);
        let run = house.run(&["run", "flow.yaml"]);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{file}: {}", run.error);
        assert!(run.error.contains("stepwell.toml"), "{file}: {}", run.error);
    }
}
