//! Other files of the same kinds, files that are none, and names.

use std::fs;
use std::process::Command;

use super::bound::run;
use super::pass;
use crate::flows::TASK;
use crate::program::House;

fn laughs(root: &str) -> String {
    let first = format!("{root}:\n  a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    let more = (1..12).map(|level| {
        let before = [format!("*a{}", level - 1).as_str(); 10].join(",");
        format!("  a{level}: &a{level} [{before}]\n")
    });
    first + &more.collect::<String>()
}

#[test]
fn functions_files_are_held_to_the_same() {
    let house = House::with(&[("flow.yaml", TASK)]);
    let stub = |result: &str| format!("functions:\n  work: {{stub: [{{result: {result}}}]}}\n");
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let names: String = (0..60_000)
        .map(|number| format!("  f{number}: {{stub: [{{result: 1}}]}}\n"))
        .collect();
    for (functions, code, says) in [
        (laughs("functions"), 2, "definition::too_many_aliases"),
        (stub(&nested(10_000)), 2, "definition::too_deep"),
        (stub(&nested(100)), 0, "[[[["),
        (
            stub(&format!("\"{}\"", "x".repeat(3_000_000))),
            1,
            "FnF.DataLimitExceeded: ",
        ),
        (stub("1e999999999"), 0, "1e999999999"),
        ("functions:\n  a\0: 1\n".to_owned(), 2, "definition::nul_byte"),
        ("x".repeat(5_000_000), 2, "definition::file_too_large"),
        (format!("functions:\n{names}"), 1, "FC.FunctionNotFound: "),
        (
            "functions:\n  work: {component: /dev/zero}\n".to_owned(),
            2,
            "is larger than 268435456 bytes",
        ),
        (
            "functions:\n  work: {component: .}\n".to_owned(),
            2,
            "is a directory, not a file",
        ),
        (
            "functions:\n  work: {component: \"a\\0b\"}\n".to_owned(),
            2,
            "cannot be read",
        ),
        (
            "functions:\n  work: {component: flow.yaml}\n".to_owned(),
            2,
            "definition::no_component",
        ),
    ] {
        house.write("functions.yaml", &functions);
        run(&house, &["run", "flow.yaml", "--new"]).ends(code, says);
    }
}

#[test]
fn grants_and_settings_are_held_to_the_same() {
    let house = House::with(&[("flow.yaml", &pass(""))]);
    for (grants, says) in [
        (laughs("grants"), "definition::too_many_aliases"),
        ("[".repeat(100_000), "definition::too_deep"),
        (
            "grants:\n".to_owned() + &"  - {action: \"*\", hosts: [a.b]}\n".repeat(100_000),
            "definition::",
        ),
        ("x".repeat(5_000_000), "definition::file_too_large"),
    ] {
        house.write("grants.yaml", &grants);
        run(&house, &["run", "flow.yaml"]).ends(2, says);
    }
    fs::remove_file(house.path().join("grants.yaml")).unwrap();
    fs::create_dir(house.path().join(".stepwell")).unwrap();
    for settings in [
        "a=".to_owned() + &"[".repeat(10_000),
        (0..300)
            .map(|number| format!("[a{}{number}]\n", ".a".repeat(100)))
            .collect(),
        format!("a{} = 1", ".a".repeat(30_000)),
        "a\0 = 1".to_owned(),
        "limits.data = 1\nlimits.data = 2\n".to_owned(),
        "limits.data = 1e999999999".to_owned(),
        format!("limits.data = {}", "9".repeat(60_000)),
        "limits.data = 4194305".to_owned(),
        "#".repeat(10_000_000),
    ] {
        house.write(".stepwell/stepwell.toml", &settings);
        run(&house, &["run", "flow.yaml"]).ends(2, "stepwell.toml: ");
    }
}

#[test]
fn what_is_no_file_is_refused_by_name() {
    let house = House::with(&[("flow.yaml", &pass(""))]);
    fs::create_dir(house.path().join("folder")).unwrap();
    assert!(
        Command::new("mkfifo")
            .arg(house.path().join("pipe"))
            .status()
            .unwrap()
            .success()
    );
    for (file, says) in [
        ("folder", "is a directory, not a file"),
        ("pipe", "`pipe` is a named pipe"),
        ("none", "there is no file `none`"),
        ("/dev/zero", "definition::file_too_large"),
        ("/dev/null", "definition::"),
    ] {
        run(&house, &["validate", file]).ends(2, says);
        run(&house, &["graph", file]).ends(2, says);
        run(&house, &["run", file]).ends(2, says);
        run(&house, &["eval", "--flow", file, "--state", "A"]).ends(2, says);
        for option in ["--input", "--functions", "--grants"] {
            run(&house, &["run", "flow.yaml", option, file, "--new"]).ends(2, says);
        }
    }
    run(&house, &["eval", "1", "--input", "pipe"]).ends(2, "`pipe` is a named pipe");
    run(&house, &["eval", "1", "--input", "/dev/zero"]).ends(2, "definition::file_too_large");
    house.write("functions.yaml", "functions:\n  work: {component: pipe}\n");
    run(&house, &["run", "flow.yaml"]).ends(2, "is a named pipe");
    run(
        &house,
        &["run", "flow.yaml", "--store", "flow.yaml", "--functions", "none"],
    )
    .ends(2, "there is no file `none`");
}

#[test]
fn names_lead_nowhere() {
    let house = House::with(&[("flow.yaml", &pass(""))]);
    let long = "x".repeat(100_000);
    for name in ["../x", "a/b", "..", ".", "", "a\nb", &long] {
        run(&house, &["run", "flow.yaml", "--name", name]).ends(2, "an execution's name has 1 to 128");
    }
    run(&house, &["run", "flow.yaml", "--name", "real"]).ends(0, "");
    for name in ["../x", "real/../real", "", &long] {
        for verb in ["history", "describe", "stop"] {
            run(&house, &[verb, name]).ends(2, "ExecutionNotExists: ");
        }
        run(&house, &["report", name, "--output", "{}"]).ends(2, "InvalidArgument: ");
    }
    let beside: Vec<_> = fs::read_dir(house.path())
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    let known = [".stepwell", "flow.yaml", "stdin", "stdout", "stderr"];
    assert!(
        beside.iter().all(|name| known.iter().any(|known| name == known)),
        "{beside:?}"
    );
}
