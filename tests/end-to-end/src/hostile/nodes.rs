//! Very many parts: states, branches, keys, items.

use super::bound::{refused, run, runs};
use super::{HEAD, pass};
use crate::program::House;

fn chain(count: usize, next: impl Fn(usize) -> String) -> String {
    let states: String = (0..count)
        .map(|at| format!("  - {{Type: Pass, Name: A{at}, Next: {}}}\n", next(at)))
        .collect();
    format!("{HEAD}StartAt: A0\nStates:\n{states}  - {{Type: Succeed, Name: A{count}}}\n")
}

#[test]
fn a_hundred_thousand_states_are_refused() {
    refused(
        "bytes",
        chain(100_000, |at| format!("A{}", at + 1)),
        "definition::file_too_large",
    );
    let short: String = (0..100_000)
        .map(|at| format!("- {{Type: Pass,Name: {at:x},End: 1}}\n"))
        .collect();
    let short = format!("{HEAD}StartAt: A\nStates:\n{short}");
    assert!(short.len() < 4 * 1024 * 1024, "{}", short.len());
    refused("states", short, "definition::too_many_states");
    refused(
        "branches",
        pass("").replace("Type: Pass", "Type: Parallel") + &branches(50_000),
        "definition::too_many",
    );
}

fn branches(count: usize) -> String {
    let branch = "      - {StartAt: A, States: [{Type: Succeed, Name: A}]}\n";
    format!(
        "  - Type: Parallel\n    Name: B\n    End: true\n    Branches:\n{}",
        branch.repeat(count)
    )
}

#[test]
fn as_many_states_as_may_be_run_and_are_drawn() {
    let flow = chain(9_000, |at| format!("A{}", at + 1));
    runs("chain", &flow, "{}", 0, "A8999: done");
    let house = House::with(&[("flow.yaml", &flow)]);
    run(&house, &["graph", "flow.yaml"]).ends(0, "A8999");
    run(&house, &["graph", "flow.yaml", "--outline"]).ends(0, "A8999");
    run(&house, &["eval", "--flow", "flow.yaml", "--state", "A7000"]).ends(0, "next: \"A7001\"");
}

#[test]
fn as_many_mistakes_as_may_be_are_told_without_a_guess_for_each() {
    refused(
        "unknown",
        chain(9_000, |at| format!("B{at}")),
        "there are 8500 more problems than are shown",
    );
    let keys: String = (0..200_000).map(|key| format!("Nam{key}: 1\n")).collect();
    refused("keys", format!("{HEAD}{keys}"), "more problems than are shown");
    let conditions: String = (0..60_000)
        .map(|n| format!("      - {{Condition: $Input.a == {n}, Next: B}}\n"))
        .collect();
    let choice = format!(
        "{HEAD}StartAt: A\nStates:\n  - Type: Choice\n    Name: A\n    Default: B\n    Branches:\n{conditions}  - {{Type: Succeed, Name: B}}\n"
    );
    runs("choice", choice, "{}", 0, "{}");
}

#[test]
fn names_that_are_alike_are_not_compared_without_end() {
    let name = "n".repeat(55);
    let states: String = (0..9_000)
        .map(|at| format!("  - {{Type: Pass, Name: {name}{at:05}, Next: {name}{at:05}x}}\n"))
        .collect();
    refused(
        "states",
        format!("{HEAD}StartAt: A\nStates:\n{states}"),
        "definition::unknown_state",
    );
    let task = |at: usize| {
        format!(
            "  - {{Type: Task, Name: A{at}, Action: FC:InvokeFunction, Parameters: {{resourceArn: {name}{at:05}xxx}}, Next: A{}}}\n",
            at + 1
        )
    };
    let tasks: String = (0..9_000).map(task).collect();
    let functions: String = (0..9_000)
        .map(|at| format!("  {name}{at:05}: {{stub: [{{result: 1}}]}}\n"))
        .collect();
    let house = House::with(&[
        (
            "flow.yaml",
            &format!("{HEAD}StartAt: A0\nStates:\n{tasks}  - {{Type: Succeed, Name: A9000}}\n"),
        ),
        ("functions.yaml", &format!("functions:\n{functions}")),
    ]);
    run(&house, &["validate", "flow.yaml"]).ends(0, "definition::unknown_function");
    house.write(
        "functions.yaml",
        &format!("functions:\n{}", functions.replace(": {stub", "*: {stub")),
    );
    run(&house, &["validate", "flow.yaml"]).ends(0, "no problems");
    let keys: String = (0..100_000).map(|key| format!("InputConstructr{key}: 1\n")).collect();
    refused("keys", format!("{HEAD}{keys}"), "more problems than are shown");
    let errors: String = (0..150_000)
        .map(|error| format!("FC.ResourceThrotl{error}, "))
        .collect();
    let rule = format!("[{{MaxAttempts: 1, IntervalSeconds: 1, Errors: [{errors}]}}]");
    let task = pass(&format!(
        "    Action: HTTP:Request\n    Parameters: {{url: \"http://a\"}}\n    Retry: {rule}\n"
    ));
    let house = House::with(&[("flow.yaml", &task.replace("Type: Pass", "Type: Task"))]);
    run(&house, &["validate", "flow.yaml"]).ends(0, "warnings");
}

#[test]
fn inputs_of_very_many_parts_are_refused() {
    let house = House::with(&[("flow.yaml", &pass(""))]);
    let parts = |part: &str| {
        let count = 4_190_000 / (part.len() + 1);
        format!("{{\"s\":[{}]}}", vec![part; count].join(","))
    };
    for part in ["1", "{}", "[]", "[1]", "{\"a\":1}", "\"\""] {
        house.write("input.json", &parts(part));
        run(&house, &["run", "flow.yaml", "--input", "input.json"]).ends(2, "an execution takes at most 1048576");
        run(&house, &["eval", "length($Input.s)", "--input", "input.json"]).ends(0, "\n");
    }
}

#[test]
fn a_map_of_a_million_items_is_refused_and_one_of_as_many_as_fit_runs() {
    let map = "    ItemsPath: $Input.s\n    Processor: {StartAt: P, States: [{Type: Pass, Name: P, End: true}]}\n";
    let map = pass(map).replace("Type: Pass\n    Name: A", "Type: Map\n    Name: A");
    let items = |count: usize| format!("{{\"s\":[{}]}}", vec!["1"; count].join(","));
    let house = House::with(&[("flow.yaml", &map), ("input.json", &items(1_000_000))]);
    run(&house, &["run", "flow.yaml", "--input", "input.json"]).ends(2, "an execution takes at most 1048576");
    runs("half", &map, &items(500_000), 1, "FnF.DataLimitExceeded: ");
    runs("fit", &map, &items(30_000), 0, "A/29999/P: done");
    let wide = map.replace("    ItemsPath", "    MaxConcurrency: 1000000000\n    ItemsPath");
    runs("wide", wide, &items(30_000), 0, "A/29999/P: done");
}
