//! `stepwell eval`: what it yields on standard output, why not on standard error.

use crate::flows::TASK;
use crate::program::{Ended, House};

fn ended(code: i32, out: &str, error: &str) -> Ended {
    Ended {
        code: Some(code),
        out: out.to_owned(),
        error: error.to_owned(),
    }
}

#[test]
fn an_expression_is_tried_over_json_a_file_or_standard_input() {
    let house = House::with(&[("input.json", r#"{"a": 1.50, "b": [1, 2]}"#)]);
    let text = "length($Input.b) + 1";
    assert_eq!(
        house.run(&["eval", text, "--input", r#"{"b": [1, 2]}"#]),
        ended(0, "3\n", "")
    );
    assert_eq!(house.run(&["eval", text, "--input", "input.json"]), ended(0, "3\n", ""));
    let mut command = house.command(&["eval", "$Input.a", "--input", "-"]);
    command.stdin(std::fs::File::open(house.path().join("input.json")).unwrap());
    assert_eq!(house.run_command(command), ended(0, "1.50\n", ""));
    let missing = house.run(&["eval", "$Input.x", "--input", "input.json"]);
    assert_eq!(missing, ended(0, "null\n", "note: `$Input.x` is missing: null\n"));
}

#[test]
fn what_fails_and_what_is_refused_differ() {
    let house = House::with(&[]);
    let failed = "FnF.RuntimeError: the result of `1 / 0` is not a finite number (in `1 / $Input.n`)\n";
    let nothing = ["eval", "1 / $Input.n", "--input", "{\"n\":0}"];
    assert_eq!(house.run(&nothing), ended(1, "", failed));
    let drawn = "definition::unknown_variable\n\n  x there is no variable `$Inptu`\n   ,-[expression:1:1]\n 1 | $Inptu\n   : ^^^^^^\n   `----\n  help: did you mean `$Input`?\n\n";
    assert_eq!(house.run(&["eval", "$Inptu"]), ended(2, "", drawn));
}

#[test]
fn a_state_is_tried_without_a_store() {
    let house = House::with(&[("flow.yaml", TASK)]);
    let tried = house.json(&[
        "eval",
        "--flow",
        "flow.yaml",
        "--state",
        "Call",
        "--result",
        "{\"a\": 1}",
        "--json",
    ]);
    assert_eq!((&tried["state"], &tried["type"]), (&"Call".into(), &"Task".into()));
    assert_eq!(tried["parameters"]["resourceArn"], "work");
    assert!(!house.path().join(".stepwell").exists());
}
