use crate::exit::Exit;
use crate::verbs::fake::{Fake, said};

const FLOW: &str = r#"Type: StateMachine
SpecVersion: v1
Name: order
StartAt: Decide
States:
  - Type: Choice
    Name: Decide
    Branches:
      - {Condition: $Input.n > 3, Next: Pay}
      - {Condition: $Input.n > 1, Next: Pay}
    Default: Rest
  - Type: Task
    Name: Pay
    Action: FC:InvokeFunction
    Timeout: 30
    InputConstructor: {id.$: $Input.n}
    Parameters: {resourceArn: pay, invocationType: Sync, body: {id.$: $Input.id, gone.$: $Input.gone}}
    OutputConstructor: {paid.$: $Output.Body.paid}
    GlobalConstructor: {last.$: $Input.id}
    Retry:
      - {Errors: [Other], MaxAttempts: 1, IntervalSeconds: 1}
      - {Errors: [Busy], MaxAttempts: 3, IntervalSeconds: 10, BackoffRate: 2}
    Catch:
      - {Errors: [Never], Next: Rest}
      - {Errors: [FnF.ALL], Next: Pay, OutputConstructor: {code.$: $Context.Current.Error.Code}}
    Next: Rest
  - {Type: Wait, Name: Rest, Seconds: 5, Next: Split}
  - Type: Parallel
    Name: Split
    Branches:
      - {StartAt: Left, States: [{Type: Succeed, Name: Left}]}
      - {StartAt: Left, States: [{Type: Fail, Name: Left, Code: Odd, Detail.$: $Context.Execution.Name}]}
    Next: Each
  - Type: Map
    Name: Each
    ItemsPath: $Input.list
    Processor: {StartAt: One, States: [{Type: Pass, Name: One, OutputConstructor: {x: 1}, End: true}]}
    End: true
"#;

fn words(words: &[&str]) -> (Exit, String, String) {
    let words: Vec<&str> = std::iter::once("eval").chain(words.iter().copied()).collect();
    let said = said(&Fake::default(), &words);
    (said.exit, said.out, said.error)
}

/// What one state of the flow shows.
fn state(name: &str, more: &[&str]) -> (Exit, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flow.yaml");
    std::fs::write(&path, FLOW).unwrap();
    let path = path.display().to_string();
    let at = ["--flow", &path, "--state", name, "--at", "2026-01-31T09:30:00Z"];
    words(&[&at, more].concat())
}

fn lines(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

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
fn a_choice_tells_the_condition_that_decided() {
    let taken = |n: &str| state("Decide", &["--input", &format!("{{\"n\":{n}}}")]).1;
    let shown = |n: &str, way: &str, next: &str| {
        let input = format!("input: {{\"n\":{n}}}");
        let output = format!("output: {{\"n\":{n}}}");
        lines(&["state: \"Decide\"", "type: \"Choice\"", &input, &output, way, next])
    };
    assert_eq!(taken("9"), shown("9", "condition: \"$Input.n > 3\"", "next: \"Pay\""));
    assert_eq!(taken("2"), shown("2", "condition: \"$Input.n > 1\"", "next: \"Pay\""));
    assert_eq!(taken("0"), shown("0", "default: true", "next: \"Rest\""));
}

#[test]
fn a_task_shows_what_it_asks_for_and_then_what_comes_of_it() {
    let head = [
        "state: \"Pay\"",
        "type: \"Task\"",
        "input: {\"id\":7}",
        "action: \"FC:InvokeFunction\"",
        "mode: \"RequestComplete\"",
        "parameters: {\"resourceArn\":\"pay\",\"invocationType\":\"Sync\",\"body\":{\"id\":7,\"gone\":null}}",
        "timeout_ms: 30000",
    ];
    let paid = |more: &[&str]| state("Pay", &[&["--input", "{\"n\":7}"], more].concat());
    let expected = |more: &[&str]| lines(&[&head[..], more].concat());
    let note = "note: `$Input.gone` is missing: null\n".to_owned();
    assert_eq!(paid(&[]), (Exit::Succeeded, expected(&[]), note.clone()));
    let good = ["output: {\"paid\":true}", "global: {\"last\":7}", "next: \"Rest\""];
    assert_eq!(
        paid(&["--result", "{\"paid\":true}"]),
        (Exit::Succeeded, expected(&good), note.clone())
    );
    let again = ["retry_rule: 2", "retry: 1", "after_ms: 10000"];
    assert_eq!(
        paid(&["--fail", "Busy:soon"]),
        (Exit::Succeeded, expected(&again), note.clone())
    );
    let later = ["retry_rule: 2", "retry: 3", "after_ms: 40000"];
    assert_eq!(paid(&["--fail", "Busy", "--retries", "2"]).1, expected(&later));
    let caught = [
        "caught: {\"code\":\"Busy\",\"detail\":\"\"}",
        "output: {\"code\":\"Busy\"}",
        "catch_rule: 2",
        "next: \"Pay\"",
    ];
    assert_eq!(
        paid(&["--fail", "Busy", "--retries", "3"]),
        (Exit::Succeeded, expected(&caught), note)
    );
}

#[test]
fn time_passes_for_a_wait() {
    let waited = lines(&[
        "state: \"Rest\"",
        "type: \"Wait\"",
        "input: {}",
        "waits_ms: 5000",
        "until: \"2026-01-31T09:30:05.000Z\"",
        "output: {}",
        "next: \"Split\"",
    ]);
    assert_eq!(state("Rest", &[]), (Exit::Succeeded, waited, String::new()));
}

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

#[test]
fn states_inside_of_others_have_paths() {
    let (exit, out, error) = state("Split/1/Left", &["--context", "{\"Execution\":{\"Name\":\"n7\"}}"]);
    let shown = lines(&["state: \"Left\"", "type: \"Fail\"", "input: {}"]);
    assert_eq!((exit, out, error.as_str()), (Exit::Failed, shown, "Odd: n7\n"));
    let one = lines(&[
        "state: \"One\"",
        "type: \"Pass\"",
        "input: {}",
        "output: {\"x\":1}",
        "end: true",
    ]);
    assert_eq!(state("One", &[]), (Exit::Succeeded, one.clone(), String::new()));
    assert_eq!(state("Each/One", &[]).1, one);
    let refused = |name: &str, more: &[&str]| {
        let (exit, out, error) = state(name, more);
        assert_eq!((exit, out.as_str()), (Exit::Usage, ""), "{name}");
        error
    };
    let several = "error: 2 states have the name `Left`; say which: `Split/0/Left`, `Split/1/Left`\n";
    assert_eq!(refused("Left", &[]), several);
    assert_eq!(
        refused("Lfet", &[]),
        "error: the flow has no state `Lfet`; did you mean `Left`?\n"
    );
    let at_once = "error: `One` is done at once, so that there is nothing for `--result` or `--fail` to come from\n";
    assert_eq!(refused("One", &["--result", "1"]), at_once);
}

#[test]
fn a_refusal_is_json_too() {
    let (exit, out, error) = words(&["1+", "--json"]);
    let place = r#""line":1,"column":3,"end_line":1,"end_column":3"#;
    let told = r#""expected a value, found the end""#;
    let object = format!(
        r#"{{"error":{{"code":"definition::bad_expression","detail":{told}}},"problems":[{{"file":"expression","code":"definition::bad_expression","severity":"error",{place},"message":{told},"help":"the expression stops too early; write what is missing at its end"}}]}}"#
    );
    assert_eq!((exit, out.trim_end()), (Exit::Usage, object.as_str()));
    assert!(error.starts_with("definition::bad_expression\n"), "{error}");
    let (exit, out, error) = words(&["1", "--input", "nowhere.json", "--json"]);
    let detail = "`--input nowhere.json` is neither JSON nor a file: there is no file `nowhere.json`";
    let object = format!("{{\"error\":{{\"code\":\"usage\",\"detail\":\"{detail}\"}},\"problems\":[]}}\n");
    assert_eq!((exit, out, error), (Exit::Usage, object, format!("error: {detail}\n")));
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
fn options_of_a_state_go_with_a_flow() {
    let (exit, _, error) = words(&["1", "--state", "A"]);
    let said = "error: `--state` goes with `--flow FILE`; an expression is tried without a state\n";
    assert_eq!((exit, error.as_str()), (Exit::Usage, said));
    let (exit, _, error) = words(&["1", "--result", "2"]);
    assert_eq!(exit, Exit::Usage);
    assert!(error.contains("--flow <FILE>"), "{error}");
    let (exit, _, error) = state("Decied", &[]);
    let said = "error: the flow has no state `Decied`; did you mean `Decide`?\n";
    assert_eq!((exit, error.as_str()), (Exit::Usage, said));
    let (_, _, error) = words(&["--flow", "f", "--state", "A", "--at", "noon"]);
    assert!(
        error.contains("write a moment in UTC such as 2026-01-31T09:30:00Z"),
        "{error}"
    );
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
fn a_limit_of_waits_hides_no_way_out() {
    let limited = ["--input", "{\"n\":9}", "--set", "wait.max_seconds=1"];
    let (exit, out, error) = state("Decide", &limited);
    assert_eq!((exit, error.as_str()), (Exit::Succeeded, ""));
    assert!(out.ends_with("condition: \"$Input.n > 3\"\nnext: \"Pay\"\n"), "{out}");
    let (exit, out, error) = state("Rest", &limited);
    let shown = lines(&["state: \"Rest\"", "type: \"Wait\"", "input: {\"n\":9}"]);
    let refused = "FnF.InvalidParameter: `wait.max_seconds` allows at most 1 seconds\n";
    assert_eq!((exit, out, error.as_str()), (Exit::Failed, shown, refused));
}

#[test]
fn a_failure_that_is_caught_before_the_work_is_shown() {
    let flow = "Type: StateMachine
SpecVersion: v1
Name: f
StartAt: A
States:
  - Type: Parallel
    Name: A
    Timeout.$: $Input.gone
    Branches: [{StartAt: B, States: [{Type: Succeed, Name: B}]}]
    Catch: [{Errors: [FnF.ALL], OutputConstructor: {c.$: $Context.Current.Error.Code}, Next: S}]
    Next: S
  - {Type: Succeed, Name: S}
";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flow.yaml");
    std::fs::write(&path, flow).unwrap();
    let (exit, out, error) = words(&["--flow", &path.display().to_string(), "--state", "A", "--result", "[1]"]);
    assert_eq!(
        (exit, error.as_str()),
        (Exit::Succeeded, "note: `$Input.gone` is missing: null\n")
    );
    let left = "output: {\"c\":\"FnF.InvalidParameter\"}\ncatch_rule: 1\nnext: \"S\"\n";
    assert!(out.ends_with(left) && out.contains("\ncaught: "), "{out}");
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
