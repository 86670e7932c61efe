//! States one by one.

use super::{lines, state, words};
use crate::exit::Exit;

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
