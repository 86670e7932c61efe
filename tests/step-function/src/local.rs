//! An example as the command line runs it on one machine, and what its history says of each scope.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value as Json;
use stepwell_engine::HistoryEvent;
use tempfile::TempDir;

use crate::programs;

/// What differs from one execution to another of the same flow and input.
const OWN: &str = "token";

/// How often it is asked whether a task waits for a report, and with what pause.
const TRIES: u32 = 1200;
const PAUSE: Duration = Duration::from_millis(50);

/// Of every scope, what happened in it, in order: type, state, and detail.
pub(crate) type Entries = BTreeMap<String, Vec<(String, String, Json)>>;

/// The entries of an example's execution `e` on one machine.
pub(crate) fn entries(flow: &str, example: &Path) -> Entries {
    let store = tempfile::tempdir().unwrap();
    let execution = format!("{flow}/e");
    let mut run = Run::start(example, &store);
    let report = example.join("report.json");
    if report.is_file() {
        let token = until(|| token(&store, &execution));
        let output = fs::read_to_string(report).unwrap();
        command(&store, &["report", &token, "--output", output.trim()]);
    }
    assert!(run.0.wait().unwrap().success(), "{flow} runs on one machine");
    let told: Vec<Json> = serde_json::from_str(&command(&store, &["history", &execution, "--json"])).unwrap();
    let word = |event: &Json, field: &str| event[field].as_str().unwrap().to_owned();
    by_scope(told.iter().map(|event| {
        let [kind, state, detail] = ["Type", "StepName", "EventDetail"].map(|field| word(event, field));
        (kind, state, detail)
    }))
}

/// The entries of a history that an engine has read.
pub(crate) fn entries_of(history: &[HistoryEvent]) -> Entries {
    by_scope(history.iter().map(|event| {
        let [kind, state, detail] = [&event.kind, &event.step_name, &event.event_detail].map(ToString::to_string);
        (kind, state, detail)
    }))
}

fn by_scope(events: impl Iterator<Item = (String, String, String)>) -> Entries {
    let mut entries = Entries::new();
    for (kind, state, detail) in events {
        let mut detail: Json = serde_json::from_str(&detail).unwrap();
        let scope = detail["scope"].as_str().unwrap().to_owned();
        forget_own(&mut detail);
        entries.entry(scope).or_default().push((kind, state, detail));
    }
    entries
}

fn forget_own(value: &mut Json) {
    match value {
        Json::Object(fields) => {
            fields.retain(|name, _| name != OWN);
            fields.values_mut().for_each(forget_own);
        }
        Json::Array(items) => items.iter_mut().for_each(forget_own),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

/// A run of the command line, which does not outlive its test.
struct Run(Child);

impl Run {
    fn start(example: &Path, store: &TempDir) -> Self {
        copy(&example.join("objects"), &store.path().join("objects"));
        let mut run = Command::new(programs::command_line());
        run.arg("run").arg(example.join("flow.yaml"));
        run.args(["--name", "e", "--store"]).arg(store.path());
        run.arg("--input").arg(example.join("input.json"));
        Self(run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn command(store: &TempDir, arguments: &[&str]) -> String {
    let mut command = Command::new(programs::command_line());
    let output = command.args(arguments).arg("--store").arg(store.path()).output();
    String::from_utf8(output.unwrap().stdout).unwrap()
}

/// The token that `describe` shows to a person; it is no part of what programs read.
fn token(store: &TempDir, execution: &str) -> Option<String> {
    let described = command(store, &["describe", execution]);
    let (_, token) = described.split_once("stepwell report ")?;
    token.split_whitespace().next().map(str::to_owned)
}

fn until<T>(found: impl Fn() -> Option<T>) -> T {
    for _ in 0..TRIES {
        if let Some(found) = found() {
            return found;
        }
        thread::sleep(PAUSE);
    }
    panic!("nothing waits for a report on one machine");
}

/// Copies what is in a folder, where there is one.
fn copy(from: &Path, to: &Path) {
    let Ok(entries) = fs::read_dir(from) else { return };
    fs::create_dir_all(to).unwrap();
    for path in entries.map(|entry| entry.unwrap().path()) {
        let place = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &place);
        } else {
            fs::copy(&path, place).unwrap();
        }
    }
}
