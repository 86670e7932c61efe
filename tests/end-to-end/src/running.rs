//! `stepwell run`: streams and exit codes.

use std::io::Write;
use std::process::Stdio;

use crate::flows::{ENDS, PASS, TASK};
use crate::program::{Ended, House};

fn ended(code: i32, out: &str, error: &str) -> Ended {
    Ended {
        code: Some(code),
        out: out.to_owned(),
        error: error.to_owned(),
    }
}

/// The text with every duration and size as `N`.
fn timeless(text: &str) -> String {
    let is_unit = |word: &str| ["ms", "s", "bytes", "kB"].contains(&word.trim_end());
    let words: Vec<&str> = text.split_inclusive([' ', '\n']).collect();
    let measured =
        |at: usize| words.get(at + 1).is_some_and(|next| is_unit(next)) && words[at].trim_end().parse::<f64>().is_ok();
    let numbered = (0..words.len()).map(|at| if measured(at) { "N " } else { words[at] });
    numbered.collect()
}

#[test]
fn success_prints_the_output_and_progress_goes_elsewhere() {
    let house = House::with(&[("flow.yaml", PASS), ("input.json", r#"{"name": "Ada"}"#)]);
    let mut run = house.run(&["run", "flow.yaml", "--input", "input.json", "--name", "n"]);
    run.error = timeless(&run.error);
    let progress = "greet/n: started\nGreet: done after N ms\ngreet/n: succeeded after N ms\n2 records, N kB written\n";
    assert_eq!(run, ended(0, "{\"text\":\"hello Ada\",\"number\":1.0}\n", progress));
}

#[test]
fn input_comes_from_standard_input_too() {
    let house = House::with(&[("flow.yaml", PASS)]);
    let mut command = house.command(&["run", "flow.yaml", "--input", "-"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(br#"{"name":"Bob"}"#).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "{\"text\":\"hello Bob\",\"number\":1.0}\n"
    );
}

#[test]
fn what_is_no_object_is_no_input() {
    let house = House::with(&[("flow.yaml", PASS), ("list.json", "[1]"), ("broken.json", "{\"a\": }")]);
    for input in ["list.json", "broken.json", "none.json"] {
        let run = house.run(&["run", "flow.yaml", "--input", input]);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{input}: {}", run.error);
        assert!(run.error.contains(input), "{input}: {}", run.error);
    }
}

#[test]
fn a_failure_exits_with_1_and_stderr_ends_with_it() {
    let house = House::with(&[("flow.yaml", ENDS), ("input.json", r#"{"end": "fail"}"#)]);
    let run = house.run(&["run", "flow.yaml", "--input", "input.json"]);
    assert_eq!((run.code, run.out.as_str()), (Some(1), ""));
    assert!(run.error.ends_with("\nBroken: as it was asked to\n"), "{}", run.error);
}

#[test]
fn a_timeout_exits_with_3() {
    let house = House::with(&[("flow.yaml", ENDS), ("input.json", r#"{"end": "late"}"#)]);
    let run = house.run(&["run", "flow.yaml", "--input", "input.json"]);
    assert_eq!((run.code, run.out.as_str()), (Some(3), ""), "{}", run.error);
    let last = run.error.lines().last().unwrap();
    assert!(last.starts_with("FnF.ExecutionTimeout: "), "{}", run.error);
}

#[test]
fn a_refused_definition_exits_with_2_and_prints_no_line() {
    let house = House::with(&[("flow.yaml", &PASS.replace("StartAt: Greet", "StartAt: Great"))]);
    let run = house.run(&["run", "flow.yaml", "--json"]);
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""));
    for part in ["definition::unknown_state", "did you mean `Greet`?", "flow.yaml:4"] {
        assert!(run.error.contains(part), "{part}: {}", run.error);
    }
    assert!(!house.path().join(".stepwell").exists());
}

#[test]
fn usage_exits_with_2_and_help_with_0() {
    let house = House::with(&[]);
    for arguments in [&["run"] as &[&str], &["walk"], &["run", "none.yaml"], &["stop"], &[]] {
        let run = house.run(arguments);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(
            !run.error.is_empty() && !run.error.contains("panicked"),
            "{arguments:?}: {}",
            run.error
        );
    }
    let help = house.run(&["run", "--help"]);
    assert_eq!((help.code, help.error.as_str()), (Some(0), ""));
    assert!(
        help.out.contains("--express") && help.out.contains("Examples:"),
        "{}",
        help.out
    );
}

#[test]
fn a_store_that_is_none_exits_with_5_and_one_message() {
    let house = House::with(&[("flow.yaml", PASS), ("store", "a file, not a directory")]);
    let run = house.run(&["run", "flow.yaml", "--store", "store"]);
    assert_eq!((run.code, run.out.as_str()), (Some(5), ""), "{}", run.error);
    assert_eq!(run.error.lines().count(), 1, "{}", run.error);
    assert!(run.error.starts_with("error: "), "{}", run.error);
}

#[test]
fn a_component_that_is_none_is_refused_before_anything_begins() {
    let files = [
        ("flow.yaml", TASK),
        ("functions.yaml", "functions:\n  work: {component: work.wasm}\n"),
        ("work.wasm", "no component"),
    ];
    let house = House::with(&files);
    let run = house.run(&["run", "flow.yaml"]);
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{}", run.error);
    assert!(run.error.contains("component"), "{}", run.error);
    assert_eq!(house.json(&["list", "--json"]), serde_json::json!([]));
    std::fs::remove_file(house.path().join("work.wasm")).unwrap();
    let missing = house.run(&["run", "flow.yaml"]);
    assert_eq!(missing.code, Some(2));
    assert!(missing.error.contains("functions.yaml:2:21]"), "{}", missing.error);
}

#[test]
fn the_store_is_where_the_environment_says_unless_an_option_does() {
    let house = House::with(&[("flow.yaml", PASS)]);
    let mut command = house.command(&["run", "flow.yaml"]);
    command.env("STEPWELL_STORE", "elsewhere");
    assert_eq!(house.run_command(command).code, Some(0));
    let mut command = house.command(&["run", "flow.yaml", "--store", "third"]);
    command.env("STEPWELL_STORE", "elsewhere");
    assert_eq!(house.run_command(command).code, Some(0));
    let exists = [".stepwell", "elsewhere", "third"].map(|store| house.path().join(store).is_dir());
    assert_eq!(exists, [false, true, true]);
}

#[test]
fn an_action_that_cannot_run_yet_is_refused_with_its_place() {
    let flow = TASK.replace("FC:InvokeFunction", "MNS:SendMessage").replace(
        "resourceArn: work, invocationType: Sync, body.$: $Input",
        "resourceArn: \"acs:mns:::/queues/q/messages\", message: m",
    );
    let house = House::with(&[("flow.yaml", &flow)]);
    let run = house.run(&["run", "flow.yaml"]);
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""));
    assert!(run.error.contains("the state `Call` cannot run yet"), "{}", run.error);
    assert_eq!(house.run(&["validate", "flow.yaml"]).code, Some(0));
}

#[test]
fn a_damaged_store_is_called_that() {
    let house = House::with(&[("flow.yaml", PASS)]);
    assert_eq!(house.run(&["run", "flow.yaml"]).code, Some(0));
    let file = house.path().join(".stepwell/store.redb");
    let mut bytes = std::fs::read(&file).unwrap();
    // Everything but the two roots at the head.
    bytes.iter_mut().skip(4096).for_each(|byte| *byte ^= 0xa5);
    std::fs::write(&file, bytes).unwrap();
    let list = house.run(&["list"]);
    assert_eq!((list.code, list.out.as_str()), (Some(5), ""));
    assert!(
        list.error.contains("damaged") && !list.error.contains("fault of stepwell"),
        "{}",
        list.error
    );
}
