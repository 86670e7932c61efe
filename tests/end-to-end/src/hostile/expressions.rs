//! Expressions that are too long, too deep, or do too much.

use super::bound::{refused, run, runs};
use super::{computing, pass};
use crate::program::House;

#[test]
fn regular_expressions_that_explode_are_refused_or_linear() {
    for pattern in [
        "((((a{1000}){1000}){1000}){1000})",
        "a{500}{500}",
        "(((a{100}){100}){100})",
        &"(".repeat(3_000),
    ] {
        refused(
            "written",
            computing(&format!("regexMatchString(\"{pattern}\", \"aaaa\")")),
            "definition::bad_expression",
        );
        let input = format!("{{\"p\":\"{pattern}\"}}");
        runs(
            "computed",
            computing("regexMatchString($Input.p, \"aaaa\")"),
            &input,
            1,
            "FnF.RuntimeError: ",
        );
    }
    let long = format!("{{\"a\":\"{}\"}}", "a".repeat(60_000));
    runs(
        "backtracking",
        computing("regexMatchString(\"(a*)*b\", $Input.a)"),
        &long,
        0,
        "{\"x\":false}",
    );
    let many: Vec<String> = (0..250)
        .map(|number| format!("regexMatchString(\"[[:alpha:]]{{{number}}}\", $Input.a)"))
        .collect();
    let house = House::with(&[("flow.yaml", &computing(&format!("toArray({})", many.join(","))))]);
    run(&house, &["validate", "flow.yaml"]).ends(0, "");
}

#[test]
fn very_many_regular_expressions_share_one_bound() {
    let fields = |count: usize, pattern: &dyn Fn(usize) -> String| {
        let field = |at: usize| format!("      x{at}.$: '$Input.a =~ \"{}\"'\n", pattern(at));
        pass(&format!(
            "    OutputConstructor:\n{}",
            (0..count).map(field).collect::<String>()
        ))
    };
    let too_large = |at: usize| format!("(\\\\pL{{3,40}}|\\\\w{{2,40}}){{1,{}}}", 20 + at % 900);
    refused("large", fields(3_000, &too_large), "definition::bad_expression");
    refused("same", fields(30_000, &|_| too_large(0)), "definition::bad_expression");
    let house = House::with(&[]);
    for (name, pattern, code) in [("middle", "[\\\\pL\\\\pN]{300}", 2), ("small", "\\\\pL{20}x*", 0)] {
        let file = format!("{name}.yaml");
        house.write(&file, &fields(60_000, &|at| format!("{pattern}{at}")));
        run(&house, &["validate", &file, "--json"]).ends(code, "");
    }
    let classes = format!("(?i){}", "\\\\pL".repeat(1_000));
    house.write("classes.yaml", &fields(800, &|at| format!("{classes}{at}")));
    // Each is dearer than the check may be, so none is tried; a run says so.
    run(&house, &["validate", "classes.yaml"]).ends(0, "classes.yaml: no problems");
}

#[test]
fn functions_and_parentheses_that_are_too_deep_are_refused() {
    for text in [
        format!("{}\"a\"{}", "length(".repeat(11), ")".repeat(11)),
        format!("{}1{}", "(".repeat(7_000), ")".repeat(7_000)),
        format!("{}1{}", "[".repeat(7_000), "]".repeat(7_000)),
        "!".repeat(15_000) + "true",
        "-".repeat(15_000) + "1",
        format!("{}1{}", "1 ? ".repeat(2_000), " : 1".repeat(2_000)),
    ] {
        refused("deep", computing(&text), "definition::bad_expression");
        let house = House::with(&[]);
        run(&house, &["eval", "--", &text]).ends(2, "definition::bad_expression");
    }
}

#[test]
fn an_expression_of_a_megabyte_is_refused() {
    for text in [
        "1".to_owned() + &" + 1".repeat(250_000),
        format!("\"{}\"", "x".repeat(1_000_000)),
        "9".repeat(1_000_000),
        "$Input".to_owned() + &".a".repeat(500_000),
    ] {
        refused("long", computing(&text), "definition::bad_expression");
    }
}

#[test]
fn very_many_expressions_are_checked() {
    let deep = format!("{}1{}", "(".repeat(30), ")".repeat(30));
    let fields: String = (0..40_000)
        .map(|number| format!("      x{number}.$: '{deep}'\n"))
        .collect();
    runs(
        "many",
        pass(&format!("    OutputConstructor:\n{fields}")),
        "{}",
        1,
        "FnF.DataLimitExceeded: ",
    );
}

#[test]
fn functions_over_large_texts_end() {
    let commas = format!("{{\"s\":\"{}\"}}", "ab,".repeat(20_000));
    let house = House::with(&[("input.json", &commas)]);
    let brackets = format!("{{\"s\":\"{}\"}}", "[".repeat(60_000));
    house.write("brackets.json", &brackets);
    for (expression, input, code, says) in [
        ("length(split($Input.s, \"\"))", "input.json", 0, "60000\n"),
        ("length(split($Input.s, \",\"))", "input.json", 0, "20001\n"),
        (
            "arrayUnique(split($Input.s, \"\"))",
            "input.json",
            0,
            "[\"a\",\"b\",\",\"]\n",
        ),
        ("length(toBase64($Input.s))", "input.json", 0, "80000\n"),
        ("fromBase64($Input.s)", "input.json", 1, "FnF.RuntimeError: "),
        ("stringToJson($Input.s)", "brackets.json", 1, "nested"),
        ("length(jsonToString($Input.s))", "input.json", 0, "60002\n"),
        ("$Input.s[*][*][*]", "input.json", 0, "null\n"),
    ] {
        run(&house, &["eval", expression, "--input", input]).ends(code, says);
    }
    let bomb = |part: &str, count: usize| format!("toArray({})", vec![part; count].join(","));
    let split = bomb("split($Input.s,\"\")", 600);
    run(&house, &["eval", &split, "--input", "input.json"]).ends(1, "FnF.RuntimeError: evaluating");
    let joined = format!("jsonToString({})", bomb("$Input.s", 1_500));
    run(&house, &["eval", &joined, "--input", "input.json"]).ends(1, "FnF.RuntimeError: ");
}

/// One large text, and an expression that repeats it.
struct Often {
    input: String,
    /// In one constructor's field.
    made: String,
    /// In many fields.
    many: String,
}

impl Often {
    fn new() -> Self {
        let often = format!("toArray({})", ["$Input.s"; 1_500].join(","));
        Self {
            input: format!("{{\"s\":\"{}\"}}", "x".repeat(60_000)),
            made: format!("{{x.$: '{often}'}}"),
            many: (0..100).map(|number| format!("x{number}.$: '{often}', ")).collect(),
        }
    }
}

#[test]
fn one_large_text_very_often_is_refused_wherever_a_constructor_makes_it() {
    let Often { input, made, many } = Often::new();
    let limit = "FnF.DataLimitExceeded: ";
    for (name, flow) in [
        ("output", pass(&format!("    OutputConstructor: {made}\n"))),
        ("outputs", pass(&format!("    OutputConstructor: {{{many}}}\n"))),
        ("input", pass(&format!("    InputConstructor: {made}\n"))),
        ("global", pass(&format!("    GlobalConstructor: {made}\n"))),
        ("flow_input", format!("{}InputConstructor: {made}\n", pass(""))),
        ("flow_output", format!("{}OutputConstructor: {made}\n", pass(""))),
    ] {
        runs(name, flow, &input, 1, limit);
    }
}

#[test]
fn one_large_text_very_often_is_refused_in_errors_items_and_parameters() {
    let Often { input, many, .. } = Often::new();
    let state = |kind: &str, fields: &str| pass(fields).replacen("Type: Pass", kind, 1);
    let code = format!("'format(\"{}\", {})'", "{}".repeat(200), ["$Input.s"; 200].join(", "));
    let fail = state("Type: Fail", &format!("    Code.$: {code}\n"));
    runs("fail", fail, &input, 1, "FnF.DataLimitExceeded: ");
    let processor = "    Processor: {StartAt: B, States: [{Type: Succeed, Name: B}]}\n";
    let map = format!("    ItemsPath: 'toArray(1)'\n    ItemConstructor: {{{many}}}\n{processor}");
    runs("item", state("Type: Map", &map), &input, 1, "takes too many steps");
    let parameters = format!("    Parameters: {{resourceArn: f, invocationType: Sync, body: {{{many}}}}}\n");
    let task = format!("    Action: FC:InvokeFunction\n{parameters}");
    let large = "FnF.DataLimitExceeded: the parameters take more than 1048576 bytes";
    runs("parameters", state("Type: Task", &task), &input, 1, large);
}
