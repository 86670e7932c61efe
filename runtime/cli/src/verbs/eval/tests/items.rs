//! Forks: what branches and items get.

use super::{lines, state, words};
use crate::exit::Exit;

#[test]
fn a_fork_shows_what_its_children_get() {
    let fork = [
        "state: \"Split\"",
        "type: \"Parallel\"",
        "input: {\"a\":1}",
        "branches: 2",
        "branch_input: {\"a\":1}",
    ];
    let joined = ["output: {\"Branch0\":1,\"Branch1\":2}", "next: \"Each\""];
    let input = ["--input", "{\"a\":1}"];
    assert_eq!(state("Split", &input), (Exit::Succeeded, lines(&fork), String::new()));
    let result = state("Split", &[&input[..], &["--result", "[1, 2]"]].concat());
    assert_eq!(
        result,
        (Exit::Succeeded, lines(&[&fork[..], &joined].concat()), String::new())
    );
    let failed = state("Split", &[&input[..], &["--fail", "Odd: at last"]].concat());
    assert_eq!(failed, (Exit::Failed, lines(&fork), "Odd: at last\n".to_owned()));
    let map = [
        "state: \"Each\"",
        "type: \"Map\"",
        "input: {\"list\":[1,2]}",
        "items: [1,2]",
        "at_once: 2",
    ];
    let each = state("Each", &["--input", "{\"list\":[1,2]}", "--result", "[3, 4]"]);
    let ended = ["output: {\"Items\":[3,4]}", "end: true"];
    assert_eq!(
        each,
        (Exit::Succeeded, lines(&[&map[..], &ended].concat()), String::new())
    );
    let (exit, _, error) = state("Each", &["--input", "{\"list\":[1,2]}", "--result", "[3]"]);
    let message = "error: `--result` takes the list of what they put out, which has 2 elements here\n";
    assert_eq!((exit, error.as_str()), (Exit::Usage, message));
}

/// What a Map shows that makes its items by `constructor`.
fn map(constructor: &str, more: &[&str]) -> (Exit, String, String) {
    let flow = format!(
        "Type: StateMachine
SpecVersion: v1
Name: f
StartAt: M
States:
  - Type: Map
    Name: M
    ItemsPath: $Input.list
    ItemConstructor: {constructor}
    Processor: {{StartAt: P, States: [{{Type: Fail, Name: P}}]}}
    Retry: [{{Errors: [Never], MaxAttempts: 1, IntervalSeconds: 1}}]
    Catch: [{{Errors: [Odd], Next: M}}, {{Errors: [FnF.RuntimeError], Next: S, OutputConstructor: {{c.$: $Context.Current.Error.Code}}}}]
    Next: S
  - {{Type: Succeed, Name: S}}
"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flow.yaml");
    std::fs::write(&path, flow).unwrap();
    let path = path.display().to_string();
    words(&[&["--flow", &path, "--state", "M"], more].concat())
}

#[test]
fn items_are_shown_as_their_constructor_makes_them() {
    let constructor = "{i.$: 'intAdd($Item, 1)', n.$: $Context.Map.Item.Index, g.$: $Global.g, a.$: $Input.a, gone.$: $Item.x, r.$: 'randomInt(0, 1000000)'}";
    let given = ["--input", r#"{"list":[5,6],"a":1}"#, "--global", r#"{"g":2}"#];
    let head = [
        "state: \"M\"",
        "type: \"Map\"",
        "input: {\"list\":[5,6],\"a\":1}",
        r#"items: [{"i":6,"n":0,"g":2,"a":1,"gone":null,"r":882122},{"i":7,"n":1,"g":2,"a":1,"gone":null,"r":618483}]"#,
        "at_once: 2",
    ];
    let note = "note: `$Item.x` is missing: null\n".to_owned();
    assert_eq!(map(constructor, &given), (Exit::Succeeded, lines(&head), note.clone()));
    let with_result = [&given[..], &["--result", "[1,2]"]].concat();
    let ended = [&head[..], &["output: {\"Items\":[1,2]}", "next: \"S\""]].concat();
    assert_eq!(map(constructor, &with_result), (Exit::Succeeded, lines(&ended), note));
}

#[test]
fn an_item_that_cannot_be_made_fails_its_map() {
    let constructor = "{i.$: 'intAdd($Item, 1)'}";
    let shown = [
        "state: \"M\"",
        "type: \"Map\"",
        "input: {\"list\":[5,\"x\"]}",
        "failed_item: 1",
        "at_once: 2",
        r#"caught: {"code":"FnF.RuntimeError","detail":"argument 1 of `intAdd` must be an integer below 2^63, not text (in `intAdd($Item, 1)`)"}"#,
        r#"output: {"c":"FnF.RuntimeError"}"#,
        "catch_rule: 2",
        "next: \"S\"",
    ];
    let input = ["--input", r#"{"list":[5,"x"]}"#];
    assert_eq!(
        map(constructor, &input),
        (Exit::Succeeded, lines(&shown), String::new())
    );
    let limited = [&input[..], &["--set", "limits.data=20"]].concat();
    let (exit, out, error) = map("{i: a text of many letters}", &limited);
    let shown = lines(&[
        "state: \"M\"",
        "type: \"Map\"",
        "input: {\"list\":[5,\"x\"]}",
        "failed_item: 0",
        "at_once: 2",
    ]);
    assert_eq!((exit, out), (Exit::Failed, shown));
    assert!(error.starts_with("FnF.DataLimitExceeded: "), "{error}");
}

#[test]
fn what_many_items_get_is_cut() {
    let items: Vec<String> = (0..1003).map(|item| item.to_string()).collect();
    let given = format!("{{\"list\":[{}]}}", items.join(","));
    let (exit, out, error) = map("{i: 1}", &["--input", &given]);
    assert_eq!((exit, error.as_str()), (Exit::Succeeded, ""));
    let shown = format!(
        "items: [{}]\nitems_left_out: 3\nat_once: 40\n",
        ["{\"i\":1}"; 1000].join(",")
    );
    assert!(out.ends_with(&shown), "{out}");
    let (_, out, _) = map("{all.$: $Input.list}", &["--input", &given]);
    assert!(
        out.len() < 2_000_000 && out.contains("\nitems_left_out: "),
        "{}",
        out.len()
    );
}

#[test]
fn a_state_takes_the_item_and_refuses_what_it_cannot_take() {
    let flow = "Type: StateMachine
SpecVersion: v1
Name: f
StartAt: A
States:
  - {Type: Pass, Name: A, OutputConstructor: {i.$: $Context.Map.Item.Index, e.$: $Context.Current.Error}, End: true}
";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flow.yaml");
    std::fs::write(&path, flow).unwrap();
    let path = path.display().to_string();
    let given = |context: &str| words(&["--flow", &path, "--state", "A", "--context", context]);
    let shown = |out: &str| {
        let output = format!("output: {out}");
        lines(&["state: \"A\"", "type: \"Pass\"", "input: {}", &output, "end: true"])
    };
    let (exit, out, _) = given(r#"{"Map":{"Item":{"Index":3}},"Current":{"Error":{"Code":"C"}}}"#);
    assert_eq!(
        (exit, out),
        (Exit::Succeeded, shown(r#"{"i":3,"e":{"Code":"C","Detail":""}}"#))
    );
    for (context, path) in [
        (r#"{"Foo":1}"#, "Foo"),
        (r#"{"Map":{"Item":{"Key":3}}}"#, "Map.Item.Key"),
        (r#"{"Map":3}"#, "Map"),
        (r#"{"Current":{"RetryCount":1}}"#, "Current.RetryCount"),
    ] {
        let (exit, out, error) = given(context);
        let told = format!("error: a state takes no `{path}` from `--context`, only `Execution.Name`");
        assert_eq!((exit, out.as_str()), (Exit::Usage, ""), "{context}");
        assert!(error.starts_with(&told), "{error}");
    }
    let (exit, _, error) = given(r#"{"Map":{"Item":{"Index":-1}}}"#);
    let told = "error: `Map.Item.Index` in `--context` must be an integer from 0 on\n";
    assert_eq!((exit, error.as_str()), (Exit::Usage, told));
}

#[test]
fn what_is_missing_before_a_fork_is_noted() {
    let (exit, _, error) = map("{i: 1}", &["--input", "{}"]);
    let said =
        "note: `$Input.list` is missing: null\nFnF.InvalidItems: `ItemsPath` yields null where an array is needed\n";
    assert_eq!((exit, error.as_str()), (Exit::Failed, said));
    let flow = "Type: StateMachine
SpecVersion: v1
Name: f
StartAt: A
States:
  - {Type: Map, Name: A, ItemsPath: '$Input.l[*].n', Processor: {StartAt: B, States: [{Type: Succeed, Name: B}]}, End: true}
";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flow.yaml");
    std::fs::write(&path, flow).unwrap();
    let given = [
        "--flow",
        &path.display().to_string(),
        "--state",
        "A",
        "--input",
        r#"{"l":[3]}"#,
    ];
    let (exit, out, error) = words(&given);
    assert!(out.contains("items: [null]\n"), "{out}");
    let said = "note: `$Input.l[*].n` is missing: null\n";
    assert_eq!((exit, error.as_str()), (Exit::Succeeded, said));
}
