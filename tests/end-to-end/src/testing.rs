//! `stepwell test`: cases in virtual time, what they print, and rough worlds.

use serde_json::{Value, json};

use crate::flows::{ASK, NOTIFY, TASK};
use crate::functions::Doubler;
use crate::program::{Ended, House};

fn ended(code: i32, out: &str, error: &str) -> Ended {
    Ended {
        code: Some(code),
        out: out.to_owned(),
        error: error.to_owned(),
    }
}

/// Pays at most once, and waits for a day.
const ONCE: &str = "\
Type: StateMachine
SpecVersion: v1
Name: once
StartAt: Pay
States:
  - Type: Task
    Name: Pay
    Action: FC:InvokeFunction
    AtMostOnce: true
    Parameters: {resourceArn: pay, invocationType: Sync}
    Next: Rest
  - {Type: Wait, Name: Rest, Seconds: 86400, End: true}
";

const PAID_ONCE: &str = "\
flow: flow.yaml
functions: {pay: {stub: [{result: {paid: true}}]}}
cases:
  - {name: paid once, expect: {status: Succeeded, calls: {pay: 1}, path: [Pay, Rest]}}
";

/// The lines of `--json`.
fn lines(ended: &Ended) -> Vec<Value> {
    ended
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn cases_pass_in_no_time_of_ours_and_keep_nothing() {
    let tests = "\
flow: ask.yaml
functions: functions.yaml
cases:
  - name: answered after a week
    reports: [{state: Ask, after_ms: 604800000, output: {yes: true}}]
    expect: {output: {yes: true}, calls: {notify: 1}, path: [Ask]}
  - name: refused
    reports: [{state: Ask, error: {code: No, detail: never}}]
    expect: {status: Failed, error: {code: No, detail: never}}
  - name: stopped
    stop: {after_ms: 60000}
    expect: {status: Stopped, error: {code: FnF.ExecutionStopped}}
";
    let house = House::with(&[("ask.yaml", ASK), ("functions.yaml", NOTIFY), ("tests.yaml", tests)]);
    let expected = "\
tests.yaml
  ok      answered after a week  7 d 00 h, 5 rough worlds
  ok      refused                2 ms, 5 rough worlds
  ok      stopped                1 min 00 s, 5 rough worlds
3 cases, 15 rough worlds: as expected
";
    assert_eq!(
        house.run(&["test", "tests.yaml", "--chaos", "5"]),
        ended(0, expected, "")
    );
    let one = "tests.yaml\n  ok      refused  2 ms\n1 case: as expected\n";
    assert_eq!(
        house.run(&["test", "tests.yaml", "--case", "refused"]),
        ended(0, one, "")
    );
    let none = "error: there is no case `x`; there are `answered after a week`, `refused` and `stopped`\n";
    assert_eq!(house.run(&["test", "tests.yaml", "--case", "x"]), ended(2, "", none));
    assert!(!house.path().join(".stepwell").exists());
}

#[test]
fn what_is_not_as_expected_is_told_field_by_field() {
    let tests = "\
flow: flow.yaml
functions: {work: {stub: [{fail: {code: Again}}, {result: {a: [1, 2], b: x}}]}}
cases:
  - name: other output
    expect: {output: {result: {a: [1, 3], c: 0}}, calls: {work: 1}, path: [Call, Call]}
  - name: other end
    expect: {status: Failed, error: {code: E, detail: d}}
  - name: other error
    functions: {work: {stub: [{fail: {code: E, detail: d}}]}}
    expect: {status: Succeeded, output: {}, calls: {work: 1}}
  - {name: well, expect: {calls: {work: 2}}}
";
    let house = House::with(&[("flow.yaml", TASK), ("tests.yaml", tests)]);
    let expected = "\
tests.yaml
  FAILED  other output  2 ms
      output.result.a[1]: expected 3
                               got 2
      output.result.c: expected 0
                            got nothing
      output.result.b: expected nothing
                            got \"x\"
      calls.work: expected 1
                       got 2
      path: expected [Call, Call]
                 got [Call]
  FAILED  other end     2 ms
      status: expected Failed
                   got Succeeded
      error: expected E: d
                  got the output {\"result\":{\"a\":[1,2],\"b\":\"x\"}}
  FAILED  other error   1 ms
      status: expected Succeeded
                   got Failed
      output: expected {}
                   got the error E: d
  ok      well          2 ms
4 cases: 3 failed
";
    assert_eq!(house.run(&["test", "tests.yaml"]), ended(1, expected, ""));
    let json = house.run(&["test", "tests.yaml", "--json", "--case", "other end"]);
    let line = json!({
        "file": "tests.yaml", "case": "other end", "passed": false, "took_ms": 2, "seeds": 0, "seed": null,
        "unended": null,
        "mismatches": [
            {"field": "status", "expected": "Failed", "got": "Succeeded"},
            {"field": "error", "expected": "E: d", "got": "the output {\"result\":{\"a\":[1,2],\"b\":\"x\"}}"},
        ],
    });
    assert_eq!(
        (json.code, lines(&json)),
        (Some(1), vec![line, json!({"cases": 1, "failed": 1})])
    );
}

#[test]
fn a_case_that_cannot_end_says_what_it_waits_for() {
    let tests = "\
flow: ask.yaml
functions: functions.yaml
cases:
  - {name: nobody answers, expect: {status: Succeeded}}
  - name: answered three times
    reports: [{state: Ask, output: {a: {b: 1}}, times: 3}]
    expect: {path: [Ask]}
";
    let house = House::with(&[("ask.yaml", ASK), ("functions.yaml", NOTIFY), ("tests.yaml", tests)]);
    let expected = "\
tests.yaml
  FAILED  nobody answers        1 ms
      it has not ended: `Ask` waits for a report that nobody gives
  ok      answered three times  2 ms
2 cases: 1 failed
";
    assert_eq!(house.run(&["test", "tests.yaml"]), ended(1, expected, ""));
}

const UNKNOWN_OUTCOME: &str = "FnF.TaskOutcomeUnknown: the driver died or stopped while the attempt was under way, and \
                               it must run at most once";

#[test]
fn a_rough_world_finds_what_a_calm_one_hides_and_its_seed_makes_it_again() {
    let house = House::with(&[("flow.yaml", ONCE), ("tests.yaml", PAID_ONCE)]);
    let calm = "tests.yaml\n  ok      paid once  1 d 00 h\n1 case: as expected\n";
    assert_eq!(house.run(&["test", "tests.yaml"]), ended(0, calm, ""));
    let found = house.run(&["test", "tests.yaml", "--chaos", "500", "--json"]);
    let found = &lines(&found)[0];
    let seed = found["seed"].as_u64().unwrap();
    let mismatch = |field: &str, expected: &str, got: &str| json!({"field": field, "expected": expected, "got": got});
    let mismatches = json!([
        mismatch("status", "Succeeded", "Failed"),
        mismatch("error", "nothing", UNKNOWN_OUTCOME),
        mismatch("path", "[Pay, Rest]", "[Pay]"),
    ]);
    assert_eq!(
        (&found["mismatches"], found["seeds"].as_u64()),
        (&mismatches, Some(seed - 1))
    );
    let again = house.run(&["test", "tests.yaml", "--seed", &seed.to_string()]);
    let deaths = again.out.lines().nth(2).unwrap().split(" with ").nth(1).unwrap();
    let expected = format!(
        "\
tests.yaml
  FAILED  paid once  1 d 00 h
      in the rough world of seed {seed}, with {deaths}
      status: expected Succeeded
                   got Failed
      error: expected nothing
                  got {UNKNOWN_OUTCOME}
      path: expected [Pay, Rest]
                 got [Pay]
      again: stepwell test tests.yaml --case 'paid once' --seed {seed}
1 case: 1 failed
"
    );
    assert_eq!(again, ended(1, &expected, ""));
}

#[test]
fn a_flow_that_catches_an_unknown_outcome_holds_in_rough_worlds() {
    let flow = ONCE.replace(
        "    Next: Rest\n",
        "    Catch: [{Errors: [FnF.TaskOutcomeUnknown], Next: Rest}]\n    Next: Rest\n",
    );
    let house = House::with(&[("flow.yaml", &flow), ("tests.yaml", PAID_ONCE)]);
    let expected =
        "tests.yaml\n  ok      paid once  1 d 00 h, 200 rough worlds\n1 case, 200 rough worlds: as expected\n";
    assert_eq!(
        house.run(&["test", "tests.yaml", "--chaos", "200"]),
        ended(0, expected, "")
    );
}

#[test]
fn mistakes_are_drawn_where_they_are_and_nothing_is_tested() {
    let tests = "\
flow: flow.yaml
functions: {work: {stub: [{echo: true}]}}
cases:
  - {name: a, expect: {path: [Cal], calls: {wrok: 1}}}
";
    let house = House::with(&[("flow.yaml", TASK), ("tests.yaml", tests)]);
    let error = "\
definition::unknown_tested_state

  x no state named `Cal`
   ,-[tests.yaml:4:31]
 3 | cases:
 4 |   - {name: a, expect: {path: [Cal], calls: {wrok: 1}}}
   :                               ^^^
   `----
  help: did you mean `Call`?

definition::unknown_tested_function

  x the flow calls no function `wrok`
   ,-[tests.yaml:4:45]
 3 | cases:
 4 |   - {name: a, expect: {path: [Cal], calls: {wrok: 1}}}
   :                                             ^^^^
   `----
  help: did you mean `work`?

error: nothing is tested: 2 errors
";
    assert_eq!(house.run(&["test", "tests.yaml"]), ended(2, "", error));
    house.write(
        "tests.yaml",
        "flow: none.yaml\ncases: [{name: a, expect: {status: Failed}}]\n",
    );
    let error = "\
definition::unreadable_file

  x there is no file `none.yaml`
   ,-[tests.yaml:1:7]
 1 | flow: none.yaml
   :       ^^^^^^^^^
 2 | cases: [{name: a, expect: {status: Failed}}]
   `----
  help: write its path relative to this file

error: nothing is tested: 1 error
";
    assert_eq!(house.run(&["test", "tests.yaml"]), ended(2, "", error));
    house.write(
        "tests.yaml",
        "flow: flow.yaml\ncases: [{name: a, expect: {status: Failed}}]\n",
    );
    house.write("flow.yaml", &TASK.replace("StartAt: Call", "StartAt: Cal"));
    let refused = house.run(&["test", "tests.yaml"]);
    assert_eq!((refused.code, refused.out.as_str()), (Some(2), ""));
    assert!(
        refused.error.contains(",-[./flow.yaml:4:10]") || refused.error.contains(",-[flow.yaml:4:10]"),
        "{}",
        refused.error
    );
}

#[test]
fn http_functions_run_for_real_while_time_stands_still() {
    let house = House::with(&[("flow.yaml", &TASK.replace("    Retry:", "    Timeout: 1\n    Retry:"))]);
    let doubler = Doubler::start(house.path());
    let host = doubler
        .url
        .trim_start_matches("http://")
        .trim_end_matches("/double")
        .to_owned();
    let url = &doubler.url;
    let tests = format!(
        "\
flow: flow.yaml
functions: {{work: {{http: \"{url}\"}}}}
grants: [{{flow: \"*\", action: \"*\", http: [\"{host}\"]}}]
cases:
  - {{name: doubled, input: {{n: 4}}, expect: {{output: {{result: {{n: 8}}}}, calls: {{work: 1}}}}}}
"
    );
    house.write("tests.yaml", &tests);
    let doubled = "tests.yaml\n  ok      doubled  1 ms\n1 case: as expected\n";
    assert_eq!(house.run(&["test", "tests.yaml"]), ended(0, doubled, ""));
    assert_eq!(doubler.calls().len(), 1);
    doubler.let_through(0, 0);
    let late = "\
tests.yaml
  FAILED  doubled  1.0 s
      output: expected {\"result\":{\"n\":8}}
                   got the error FnF.TaskTimeout: the task took longer than its Timeout
1 case: 1 failed
";
    assert_eq!(house.run(&["test", "tests.yaml"]), ended(1, late, ""));
}

#[test]
fn components_run_as_they_are_also_when_they_are_cut_off() {
    let flow = TASK
        .replace("resourceArn: work", "resourceArn: fail")
        .replace("body.$: $Input", "body.$: $Input.words");
    let tests = "\
flow: flow.yaml
functions: {fail: {component: task.wasm}}
cases:
  - {name: again and again, input: {words: Again later true}, expect: {error: {code: Again, detail: later}, calls: {fail: 4}}}
  - {name: at once, input: {words: Never later true}, expect: {error: {code: Never}, calls: {fail: 1}, path: [Call]}}
";
    let house = House::with(&[("flow.yaml", &flow), ("tests.yaml", tests)]);
    let component = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../runtime/tasks-wasm/tests/fixtures/task-0.1.0.wasm"
    );
    std::fs::copy(component, house.path().join("task.wasm")).unwrap();
    let said = house.run(&["test", "tests.yaml", "--chaos", "3", "--json"]);
    let outcome = |line: &Value| json!([line["case"], line["passed"], line["seeds"], line["mismatches"]]);
    let told = lines(&said);
    let cases: Vec<Value> = told.iter().take(2).map(outcome).collect();
    assert_eq!(
        cases,
        [json!(["again and again", true, 3, []]), json!(["at once", true, 3, []])],
        "{}",
        said.error
    );
}
