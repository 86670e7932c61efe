//! Flows that go round and round.

use super::HEAD;
use super::bound::{run, runs};
use crate::program::House;

/// A flow of one Pass that leads to itself.
fn round(fields: &str) -> String {
    format!("{HEAD}StartAt: A\nStates:\n  - {{Type: Pass, Name: A, {fields} Next: A}}\n")
}

fn sixty_kilobytes() -> String {
    format!("{{\"s\":\"{}\"}}", "x".repeat(60_000))
}

#[test]
fn a_loop_without_an_end_is_ended() {
    let limit = "FnF.StateLimitExceeded: ";
    runs("pass", round(""), "{}", 1, limit);
    let choice = "Type: Choice, Name: A, Branches: [{Condition: 'true', Next: A}], Default: A";
    let choice = format!("{HEAD}StartAt: A\nStates:\n  - {{{choice}}}\n");
    let house = House::with(&[("flow.yaml", &choice)]);
    run(&house, &["run", "flow.yaml"]).ends(1, limit);
    run(&house, &["run", "flow.yaml", "--express", "--new"]).ends(1, limit);
}

#[test]
fn a_loop_that_writes_much_is_ended_before_it_fills_the_disk() {
    let limit = "FnF.StateLimitExceeded: ";
    let again = "OutputConstructor: {s.$: 'format(\"{}\", $Input.s)'},";
    runs("output", round(again), &sixty_kilobytes(), 1, limit);
    let global = "GlobalConstructor: {s.$: $Input.s, t.$: 'format(\"{}\", $Input.s)'},";
    runs("global", round(global), &sixty_kilobytes(), 1, limit);
    let names = "OutputConstructor: {n.$: 'intAdd($Input.n, 1)'}, \
                 GlobalConstructor.$: 'stringToJson(format(\"{{\\\"a{}\\\":1,\\\"b{}\\\":1}}\", $Input.n, $Input.n))',";
    runs("names", round(names), "{\"n\":1}", 1, limit);
}

#[test]
fn what_doubles_is_ended() {
    let limit = "FnF.DataLimitExceeded: ";
    let doubled = "OutputConstructor: {s.$: 'format(\"{}{}\", $Input.s, $Input.s)'},";
    runs("text", round(doubled), "{\"s\":\"x\"}", 1, limit);
    let coded = "OutputConstructor: {s.$: 'toBase64($Input.s)'},";
    runs("base64", round(coded), "{\"s\":\"x\"}", 1, limit);
    let quoted = "OutputConstructor: {s.$: 'jsonToString($Input.s)'},";
    runs("quotes", round(quoted), "{\"s\":\"x\"}", 1, limit);
    let listed = "GlobalConstructor: {s.$: 'toArray($Global.s, $Global.s)'},";
    runs("list", round(listed), "{}", 1, "FnF.");
    let global = "GlobalConstructor: {s.$: 'format(\"{}{}xxxxxxxx\", $Global.s, $Global.s)'},";
    runs("global", round(global), "{}", 1, limit);
    // As much as may be set.
    let house = House::with(&[("flow.yaml", &round(doubled)), ("input.json", "{\"s\":\"x\"}")]);
    let set = [
        "run",
        "flow.yaml",
        "--input",
        "input.json",
        "--set",
        "limits.data=4194304",
    ];
    run(&house, &set).ends(1, limit);
    house.write("flow.yaml", &round(quoted));
    run(&house, &set).ends(1, limit);
}

#[test]
fn what_nests_deeper_with_every_round_is_ended() {
    runs("output", round("OutputConstructor: {a.$: $Input},"), "{}", 1, "FnF.");
    runs(
        "global",
        round("GlobalConstructor: {a.$: $Global},"),
        "{}",
        1,
        "nested more than 128 levels deep",
    );
}
