//! Expressions by themselves, and what is wrong with what was typed.

use super::{state, words};
use crate::exit::Exit;

#[test]
fn an_expression_yields_json_and_nothing_else() {
    let input = r#"{"a": 1, "b": [1, 2, 3]}"#;
    let yielded = |text: &str| words(&[text, "--input", input]);
    let good = |out: &str| (Exit::Succeeded, format!("{out}\n"), String::new());
    assert_eq!(yielded("$Input.a + length($Input.b)"), good("4"));
    assert_eq!(yielded("$Input"), good(r#"{"a":1,"b":[1,2,3]}"#));
    assert_eq!(yielded("$Context.Execution.Input.a"), good("1"));
    assert_eq!(words(&["$Output.a", "--output", r#"{"a": 1.50}"#]), good("1.50"));
    assert_eq!(words(&["$Context.Current.Output", "--output", "1.0"]), good("1.0"));
    assert_eq!(words(&["$Item", "--item", "\"x\""]), good("\"x\""));
    assert_eq!(words(&["$Environment.A", "--environment", "A=b=c"]), good("\"b=c\""));
    let global = [
        "$Global.on && $Context.Map.Item.Index == 7",
        "--global",
        r#"{"on": true}"#,
    ];
    let context = ["--context", r#"{"Map": {"Item": {"Index": 7}}}"#];
    assert_eq!(words(&[&global[..], &context].concat()), good("true"));
}

#[test]
fn what_is_missing_is_noted_and_what_fails_is_said() {
    let (exit, out, error) = words(&["$Input.x ?? 1", "--input", "{}"]);
    assert_eq!(
        (exit, out.as_str(), error.as_str()),
        (Exit::Succeeded, "1\n", "note: `$Input.x` is missing: null\n")
    );
    let (exit, out, error) = words(&["length($Input.x)"]);
    let said = "note: `$Input.x` is missing: null\nFnF.RuntimeError: argument 1 of `length` must be an array, an object or text, not null (in `length($Input.x)`)\n";
    assert_eq!((exit, out.as_str(), error.as_str()), (Exit::Failed, "", said));
    let (exit, out, _) = words(&["length($Input.x)", "--json"]);
    let object = r#"{"error":{"code":"FnF.RuntimeError","detail":"argument 1 of `length` must be an array, an object or text, not null (in `length($Input.x)`)"},"missing":["$Input.x"]}"#;
    assert_eq!((exit, out.trim_end()), (Exit::Failed, object));
    let (exit, out, error) = words(&["1 + 1", "--json"]);
    assert_eq!(
        (exit, out.as_str(), error.as_str()),
        (Exit::Succeeded, "{\"value\":2,\"missing\":[]}\n", "")
    );
    let (exit, _, error) = words(&["$Output"]);
    assert_eq!(
        (exit, error.as_str()),
        (
            Exit::Failed,
            "FnF.RuntimeError: `$Output` is not available here (in `$Output`)\n"
        )
    );
}

#[test]
fn a_bad_expression_is_drawn() {
    let (exit, out, error) = words(&["length($Inptu.a) > 3"]);
    let drawn = "definition::unknown_variable\n\n  x there is no variable `$Inptu`\n   ,-[expression:1:8]\n 1 | length($Inptu.a) > 3\n   :        ^^^^^^^^\n   `----\n  help: did you mean `$Input`?\n\n";
    assert_eq!((exit, out.as_str(), error.as_str()), (Exit::Usage, "", drawn));
}

#[test]
fn mistakes_are_usage() {
    for (more, message) in [
        (
            vec!["1", "--input", "none.json"],
            "error: `--input none.json` is neither JSON nor a file: there is no file `none.json`",
        ),
        (
            vec!["1", "--global", "[]"],
            "error: `--global` takes an object, not an array",
        ),
        (
            vec!["1", "--environment", "A"],
            "error: `--environment A` has no key or no value",
        ),
        (
            vec!["1", "--context", r#"{"Execution":{"Name":1}}"#],
            "error: `Execution.Name` in `--context` must be text",
        ),
        (vec![], "error: the following required arguments were not provided"),
        (
            vec!["1", "--result", "1"],
            "error: the following required arguments were not provided",
        ),
    ] {
        let (exit, out, error) = words(&more);
        assert_eq!((exit, out.as_str()), (Exit::Usage, ""), "{more:?}");
        assert!(error.starts_with(message), "{more:?}: {error}");
    }
}

#[test]
fn a_key_that_stands_twice_is_refused() {
    let refused = |option: &str| words(&["1", option, r#"{"a":1,"b":{"c":1,"c":2}}"#]);
    for option in ["--input", "--global", "--context", "--output", "--item"] {
        let drawn = "definition::duplicate_key\n\n  x the key `c` stands here twice\n";
        let (exit, out, error) = refused(option);
        assert_eq!((exit, out.as_str()), (Exit::Usage, ""));
        assert!(error.starts_with(drawn), "{error}");
        assert!(error.contains(&format!("[{option}:1:19]")), "{error}");
    }
    let (exit, _, error) = words(&[r#"jsonMerge({"a":1,"a":2}, $Input)"#]);
    assert_eq!(exit, Exit::Usage);
    assert!(error.contains("the key `a` stands twice in this object"), "{error}");
}

#[test]
fn what_is_wrong_with_json_is_drawn_and_told_to_programs() {
    let (exit, out, error) = words(&["1", "--input", r#"{"a":1,"a":2}"#, "--global", "[1", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    let places = json["problems"].as_array().unwrap().iter();
    let places: Vec<_> = places
        .map(|problem| ["file", "code", "line", "column"].map(|key| problem[key].to_string()))
        .collect();
    let expected = [
        ["\"--input\"", "\"definition::duplicate_key\"", "1", "8"],
        ["\"--global\"", "\"definition::not_json\"", "1", "3"],
    ];
    assert_eq!(
        (exit, places.as_slice()),
        (Exit::Usage, &expected.map(|place| place.map(str::to_owned))[..])
    );
    let told = r#"{"code":"definition::duplicate_key","detail":"the key `a` stands here twice"}"#;
    assert_eq!(json["error"].to_string(), told);
    assert!(
        error.contains("[--input:1:8]") && error.contains("[--global:1:3]"),
        "{error}"
    );
    let (exit, out, error) = state("Pay", &["--result", "{\"a\": nope}"]);
    assert_eq!((exit, out.as_str()), (Exit::Usage, ""));
    assert!(
        error.starts_with("definition::not_json\n") && error.contains("[--result:1:7]"),
        "{error}"
    );
}

#[test]
fn fields_of_a_context_that_is_given_are_there() {
    let given = ["$Context.Foo", "--context", r#"{"Foo":1}"#];
    assert_eq!(words(&given), (Exit::Succeeded, "1\n".into(), String::new()));
    let (exit, out, error) = words(&["$Context.Foo"]);
    assert_eq!((exit, out.as_str()), (Exit::Succeeded, "null\n"));
    assert!(error.contains("definition::unknown_context_field"), "{error}");
}

#[test]
fn an_expression_may_begin_with_a_minus() {
    let good = |out: &str| (Exit::Succeeded, format!("{out}\n"), String::new());
    let input = ["--input", r#"{"a": 5}"#];
    assert_eq!(words(&[&["-$Input.a"], &input[..]].concat()), good("-5"));
    assert_eq!(words(&[&input[..], &["-$Input.a"]].concat()), good("-5"));
    assert_eq!(words(&["-1", "--json"]), good(r#"{"value":-1,"missing":[]}"#));
    assert_eq!(words(&["--", "- 1 + 2"]), good("1"));
    assert_eq!(words(&["- -1", "--environment", "A=-1"]), good("1"));
    for slip in ["--imput", "--imput=x.json"] {
        let (exit, _, error) = words(&[slip]);
        assert_eq!(exit, Exit::Usage);
        assert!(error.contains("there is no such option"), "{slip:?}: {error}");
    }
    let (exit, out, _) = words(&["--help"]);
    assert_eq!(exit, Exit::Succeeded);
    assert!(out.contains("Usage: stepwell eval [OPTIONS] [EXPR]"), "{out}");
}

#[test]
fn an_expression_draws_what_a_state_by_itself_draws() {
    let drawn = "toArray(uuid(), uuid(), randomInt(0, 255), randomInt(0, 255), randomInt(0, 255))";
    let (exit, alone, error) = words(&[drawn]);
    assert_eq!((exit, error.as_str()), (Exit::Succeeded, ""));
    let flow = format!(
        "Type: StateMachine\nSpecVersion: v1\nName: f\nStartAt: A\nStates:\n  - {{Type: Succeed, Name: A, OutputConstructor: {{x.$: '{drawn}'}}}}\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flow.yaml");
    std::fs::write(&path, flow).unwrap();
    let (_, in_state, _) = words(&["--flow", &path.display().to_string(), "--state", "A"]);
    let output = format!("output: {{\"x\":{}}}", alone.trim_end());
    assert!(in_state.lines().any(|line| line == output), "{in_state} {output}");
    let yielded: serde_json::Value = serde_json::from_str(&alone).unwrap();
    let hexadecimal = |drawn: &serde_json::Value| {
        drawn
            .as_u64()
            .is_some_and(|byte| u8::try_from(byte).is_ok_and(|byte| byte.is_ascii_hexdigit()))
    };
    let mut numbers = yielded.as_array().unwrap().iter().skip(2);
    assert!(!numbers.all(hexadecimal), "{yielded}");
}
