//! Runs every example and compares what it answers with what its folder says.
//!
//! An example is a folder in `examples/` with `flow.yaml`, `expected.json`, and where it needs them `input.json`,
//! `functions.yaml`, `grants.yaml`, and objects as `objects/<bucket>/<key>`. Where there is a `report.json`, the flow waits
//! for a report, and gets that. Every example has a `tests.yaml`, whose cases must hold in rough worlds too.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::{house::House, program, runtime};

/// The folder of an example, and of a store, that holds objects by bucket and key.
const OBJECTS: &str = "objects";

/// How often it is asked whether a task waits for a report, and with what pause before each time.
const REPORT_TRIES: u32 = 300;
const REPORT_PAUSE: Duration = Duration::from_millis(100);

/// In how many rough worlds every case of an example is tested.
const ROUGH_WORLDS: &str = "20";

/// Runs all of them with stores in a temporary folder, and answers how many there are.
pub(crate) fn check(house: &House) -> Result<usize> {
    let examples = list(house)?;
    if examples.is_empty() {
        return Ok(0);
    }
    let binary = runtime::build(house)?;
    let stores = std::env::temp_dir().join(format!("stepwell-examples-{}", std::process::id()));
    let checked = examples
        .iter()
        .try_for_each(|example| check_one(&binary, example, &stores));
    if stores.exists() {
        fs::remove_dir_all(&stores).with_context(|| format!("while removing {}", stores.display()))?;
    }
    checked.map(|()| examples.len())
}

/// The folders in `examples/`, by name.
fn list(house: &House) -> Result<Vec<PathBuf>> {
    let folder = house.root.join("examples");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("while listing {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn check_one(binary: &Path, example: &Path, stores: &Path) -> Result<()> {
    let name = example.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let expected = example.join("expected.json");
    if !expected.is_file() {
        bail!("example `{name}` has no expected.json");
    }
    let store = stores.join(&name);
    let mut run = command(binary, example, &store)?;
    let report = example.join("report.json");
    let answered = match report.is_file() {
        true => reported(&mut run, binary, &store, &fs::read_to_string(&report)?)?,
        false => program::output(&mut run)?,
    };
    let wanted = fs::read_to_string(&expected).with_context(|| format!("while reading {}", expected.display()))?;
    compare(&answered, &wanted).with_context(|| format!("example `{name}` answers something else"))?;
    let mut tests = Command::new(binary);
    tests
        .arg("test")
        .arg(example.join("tests.yaml"))
        .args(["--chaos", ROUGH_WORLDS]);
    program::shown(&mut tests).with_context(|| format!("while testing the example `{name}`"))
}

/// What a run answers whose task waits for a report, which it gets as soon as it does.
fn reported(run: &mut Command, binary: &Path, store: &Path, report: &str) -> Result<String> {
    let running = run
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("while starting the example")?;
    let token = (0..REPORT_TRIES).find_map(|_| {
        std::thread::sleep(REPORT_PAUSE);
        token(binary, store)
    });
    if let Some(token) = token {
        let mut reporting = Command::new(binary);
        program::output(
            reporting
                .args(["report", &token, "--output", report.trim(), "--store"])
                .arg(store),
        )?;
    }
    let output = running.wait_with_output().context("while waiting for the example")?;
    if !output.status.success() {
        bail!(
            "it ended with {}:\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The token of the task that waits, as `describe` shows it, once it does.
fn token(binary: &Path, store: &Path) -> Option<String> {
    let list = program::output(Command::new(binary).args(["list", "--json", "--store"]).arg(store)).ok()?;
    let rows: Vec<Value> = serde_json::from_str(&list).ok()?;
    let name = rows.first()?.get("name")?.as_str()?;
    let described = program::output(Command::new(binary).args(["describe", name, "--store"]).arg(store)).ok()?;
    let words = described.split_whitespace().collect::<Vec<_>>();
    let at = words.iter().position(|word| *word == "report")?;
    words.get(at + 1).map(|token| (*token).to_owned())
}

/// `stepwell run` for an example, with a store that holds its objects.
pub(crate) fn command(binary: &Path, example: &Path, store: &Path) -> Result<Command> {
    let objects = example.join(OBJECTS);
    if objects.is_dir() {
        copy(&objects, &store.join(OBJECTS))?;
    }
    let mut command = Command::new(binary);
    command
        .arg("run")
        .arg(example.join("flow.yaml"))
        .arg("--store")
        .arg(store);
    let input = example.join("input.json");
    if input.is_file() {
        command.arg("--input").arg(input);
    }
    Ok(command)
}

fn compare(answered: &str, wanted: &str) -> Result<()> {
    let answered: Value = serde_json::from_str(answered).context("what it prints is no JSON")?;
    let wanted: Value = serde_json::from_str(wanted).context("expected.json is no JSON")?;
    if answered != wanted {
        bail!("expected {wanted:#}\nanswered {answered:#}");
    }
    Ok(())
}

/// Copies a folder with all that is in it; files that are there stay as they are.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("while making {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("while listing {}", from.display()))? {
        let source = entry?.path();
        let target = to.join(source.file_name().unwrap_or_default());
        if source.is_dir() {
            copy(&source, &target)?;
        } else if !target.exists() {
            fs::copy(&source, &target).with_context(|| format!("while copying {}", source.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_compared_as_json() {
        assert!(compare("{\"a\": 1, \"b\": [2]}\n", "{\"b\":[2],\"a\":1}").is_ok());
        assert_eq!(
            compare("{\"a\":1}", "{\"a\":2}").unwrap_err().to_string(),
            "expected {\n  \"a\": 2\n}\nanswered {\n  \"a\": 1\n}"
        );
        assert_eq!(compare("", "{}").unwrap_err().to_string(), "what it prints is no JSON");
    }

    #[test]
    fn an_example_runs_with_its_input_and_its_objects() {
        let folder = std::env::temp_dir().join(format!("stepwell-xtask-{}", std::process::id()));
        let (example, store) = (folder.join("example"), folder.join("store"));
        fs::create_dir_all(example.join("objects/media/in")).unwrap();
        fs::write(example.join("objects/media/in/a.png"), "a").unwrap();
        let words = |command: Command| command.get_args().map(|word| word.to_owned()).collect::<Vec<_>>();
        let plain = words(command(Path::new("stepwell"), &example, &store).unwrap());
        fs::write(example.join("input.json"), "{}").unwrap();
        let with_input = words(command(Path::new("stepwell"), &example, &store).unwrap());
        let copied = fs::read_to_string(store.join("objects/media/in/a.png")).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        let expected = [
            "run".into(),
            example.join("flow.yaml").into(),
            "--store".into(),
            store.into_os_string(),
        ];
        assert_eq!(plain, expected);
        assert_eq!(
            with_input.strip_prefix(&expected).unwrap(),
            ["--input".into(), example.join("input.json").into_os_string()]
        );
        assert_eq!(copied, "a");
    }
}
