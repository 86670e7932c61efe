use std::fs;

use stepwell_expression::{Plain, Value};
use stepwell_wire::output::{End, Outcome, Status};

use super::super::fake::{Fake, Said, said};
use crate::account::Account;
use crate::exit::Exit;
use crate::host::Rehearsed;

const FLOW: &str =
    "Type: StateMachine\nSpecVersion: v1\nName: f\nStartAt: A\nStates:\n  - {Type: Pass, Name: A, End: true}\n";
const TESTS: &str = "flow: flow.yaml\ncases:\n  - {name: it's well, expect: {output: {a: 1}}}\n";

/// What came of a rehearsal whose output has that `a`.
fn came(a: u64, deaths: u64) -> Rehearsed {
    Rehearsed {
        end: End {
            status: Status::Succeeded,
            result: Some(Outcome::Output(Plain(Value::object([("a", Value::from(a))])))),
        },
        unended: None,
        account: Account {
            took_ms: 90_061_000,
            ..Account::default()
        },
        steps: 10,
        deaths,
    }
}

fn test(host: &Fake, more: &[&str]) -> Said {
    test_files(host, &[("flow.yaml", FLOW), ("tests.yaml", TESTS)], more)
}

fn test_files(host: &Fake, files: &[(&str, &str)], more: &[&str]) -> Said {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let path = folder.path().join("tests.yaml").display().to_string();
    let mut words = vec!["test", &path];
    words.extend(more);
    let mut said = said(host, &words);
    for text in [&mut said.out, &mut said.error] {
        *text = text.replace(&folder.path().display().to_string(), "DIR");
    }
    said
}

/// The codes of what was drawn, with the places.
fn places(drawn: &str) -> Vec<String> {
    let begins = |line: &&str| line.starts_with("definition::") || line.contains(",-[") || line.starts_with("error:");
    let lines = drawn.lines().filter(begins);
    lines
        .map(|line| line.trim().trim_start_matches(",-").to_owned())
        .collect()
}

#[test]
fn what_a_test_file_names_is_told_all_at_once_and_drawn() {
    let tests = "\
flow: flow.yaml
functions: none.yaml
grants: g.yaml
objects: o
cases:
  - {name: a, input: i.json, expect: {path: [B]}}
  - {name: b, functions: {c: {component: c.wasm}}, expect: {status: Failed}}
";
    let files = [
        ("flow.yaml", &*FLOW.replace("StartAt: A", "StartAt: B")),
        ("tests.yaml", tests),
    ];
    let said = test_files(&Fake::default(), &files, &[]);
    let expected = [
        "definition::unknown_state",
        "[DIR/flow.yaml:4:10]",
        "definition::no_component",
        "[DIR/tests.yaml:7:42]",
        "definition::unreadable_file",
        "[DIR/tests.yaml:2:12]",
        "definition::unreadable_file",
        "[DIR/tests.yaml:3:9]",
        "definition::unreadable_file",
        "[DIR/tests.yaml:4:10]",
        "definition::unreadable_file",
        "[DIR/tests.yaml:6:22]",
        "error: nothing is tested: 6 errors",
    ];
    assert_eq!((said.exit, said.out.as_str()), (Exit::Usage, ""));
    assert_eq!(places(&said.error), expected, "{}", said.error);
    assert!(said.error.contains("cargo build --release --target"), "{}", said.error);
}

#[test]
fn a_test_file_that_is_wrong_does_not_hide_its_flow_or_other_files() {
    let tests =
        "flow: flow.yaml\ncases:\n  - {name: a, expct: {status: Failed}}\n  - {name: b, input: [1], expect: {}}\n";
    let files = [
        ("flow.yaml", &*FLOW.replace("StartAt: A", "StartAt: B")),
        ("tests.yaml", tests),
    ];
    let said = test_files(&Fake::default(), &files, &["nowhere.yaml"]);
    let expected = [
        "definition::unknown_state",
        "[DIR/flow.yaml:4:10]",
        "definition::misspelt_key",
        "[DIR/tests.yaml:3:15]",
        "definition::wrong_type",
        "[DIR/tests.yaml:4:22]",
        "definition::bad_case",
        "[DIR/tests.yaml:4:27]",
        "error: there is no file `nowhere.yaml`",
        "error: nothing is tested: 5 errors",
    ];
    assert_eq!(places(&said.error), expected, "{}", said.error);
}

#[test]
fn seeds_follow_each_other_up_to_the_first_that_breaks() {
    let host = Fake::rehearsing([(0, came(1, 0)), (5, came(1, 1)), (6, came(1, 2)), (7, came(2, 3))]);
    let broken = test(&host, &["--chaos", "9", "--seed", "5"]);
    let expected = "\
DIR/tests.yaml
  FAILED  it's well  1 d 01 h, 2 rough worlds
      in the rough world of seed 7, with 3 deaths of the process:
      output.a: expected 1
                     got 2
      again: stepwell test DIR/tests.yaml --case 'it'\\''s well' --seed 7
1 case, 2 rough worlds: 1 failed
";
    assert_eq!(
        (broken.exit, broken.out.as_str(), broken.error.as_str()),
        (Exit::Failed, expected, "")
    );
    let alone = test(&host, &["--seed", "6"]);
    let expected = "DIR/tests.yaml\n  ok      it's well  1 d 01 h, 1 rough world\n1 case, 1 rough world: as expected\n";
    assert_eq!((alone.exit, alone.out.as_str()), (Exit::Succeeded, expected));
}

#[test]
fn an_interrupted_test_says_nothing_of_the_case() {
    let said = test(&Fake::rehearsing([(0, came(1, 0))]), &["--chaos", "2"]);
    assert_eq!((said.exit, said.out.as_str()), (Exit::Interrupted, ""));
}

#[test]
fn what_breaks_in_a_calm_world_is_not_tried_in_rough_ones() {
    let said = test(&Fake::rehearsing([(0, came(3, 0))]), &["--chaos", "2", "--json"]);
    let expected = "{\"file\":\"DIR/tests.yaml\",\"case\":\"it's well\",\"passed\":false,\"took_ms\":90061000,\"seeds\":0,\
                    \"seed\":null,\"unended\":null,\"mismatches\":[{\"field\":\"output.a\",\"expected\":\"1\",\"got\":\"3\"}]}\n\
                    {\"cases\":1,\"failed\":1}\n";
    assert_eq!((said.exit, said.out.as_str()), (Exit::Failed, expected));
}
