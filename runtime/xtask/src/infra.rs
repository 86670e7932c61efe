//! Checks `infra/`: the template by cfn-lint and checkov, and by the SAM translator and moto what comes of it.
//!
//! The tools are Python packages of fixed versions, installed once beside what cargo builds.

use std::{
    fs::{self, File},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use crate::{house::House, program};

/// The templates.
const TEMPLATES: [&str; 2] = ["infra/template.yaml", "infra/rule.yaml"];
/// What else must be sound JSON.
const EVENTS: &str = "infra/events";
/// cfn-lint has no module that can be run, and its own program names the place where it was installed.
const LINT: &str = "import sys; from cfnlint.runner import main; sys.exit(main())";
const MISSING: &str = "Python 3.10 or later is missing; install `python3` with its modules `venv` and `pip`";

/// Runs every check; answers a note.
pub(crate) fn check(house: &House) -> Result<String> {
    let events = events(&house.root.join(EVENTS))?;
    let lint = python(house, "check")?;
    run(house, &lint, &[&["-c", LINT][..], &TEMPLATES].concat()).context("cfn-lint refuses a template")?;
    let created = run(house, &lint, &["infra/tests/check.py"]).context("the template makes no stack")?;
    let checkov = python(house, "checkov")?;
    for template in TEMPLATES {
        let arguments = [
            "-m",
            "checkov.main",
            "--framework",
            "cloudformation",
            "--compact",
            "--quiet",
        ];
        let file = ["--skip-download", "--file", template];
        run(house, &checkov, &[&arguments[..], &file].concat()).context("checkov refuses a template")?;
    }
    let stacks = created.lines().count();
    Ok(format!(
        "{} templates, {stacks} stacks, {events} events",
        TEMPLATES.len()
    ))
}

fn run(house: &House, python: &Path, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new(python);
    command.args(arguments).current_dir(&house.root);
    // What Python compiles would stand in the tree; and nothing needs the network.
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    let output = command.output().context("while starting Python")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        bail!("{}{}", said, String::from_utf8_lossy(&output.stderr).trim_end());
    }
    Ok(said)
}

/// How many examples of events there are; each is JSON.
fn events(folder: &Path) -> Result<usize> {
    let mut count = 0;
    for entry in fs::read_dir(folder).with_context(|| format!("while listing {}", folder.display()))? {
        let path = entry?.path();
        let text = fs::read(&path).with_context(|| format!("while reading {}", path.display()))?;
        let read: Result<serde_json::Value, _> = serde_json::from_slice(&text);
        read.with_context(|| format!("{} is no JSON", path.display()))?;
        count += 1;
    }
    Ok(count)
}

/// A Python with the packages of `infra/tests/<name>.txt`, installed where nobody has yet; one process at a time does.
fn python(house: &House, name: &str) -> Result<PathBuf> {
    let list = house.root.join("infra/tests").join(name).with_extension("txt");
    let packages = fs::read_to_string(&list).with_context(|| format!("while reading {}", list.display()))?;
    let tools = std::env::var_os("STEPWELL_TOOLS").map_or_else(|| house.target.join("tools"), PathBuf::from);
    let name = format!("infra-{name}-{:016x}", digest(&packages));
    let ready = tools.join(&name);
    if !ready.exists() {
        fs::create_dir_all(&tools).with_context(|| format!("while making {}", tools.display()))?;
        let lock = File::create(tools.join(format!("{name}.lock")))?;
        lock.lock().with_context(|| format!("while waiting for {name}"))?;
        // Somebody else may have installed it while this process waited.
        if !ready.exists() {
            install(&tools.join(format!("{name}.making")), &ready, &list)?;
        }
    }
    Ok(ready.join("bin/python"))
}

/// Another list is another folder.
fn digest(packages: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    packages.hash(&mut hasher);
    hasher.finish()
}

/// A folder under its own name is complete: it is renamed when everything is in it.
fn install(making: &Path, ready: &Path, list: &Path) -> Result<()> {
    if !program::succeeds(
        Command::new("python3").args(["-c", "import sys, venv; sys.exit(sys.version_info < (3, 10))"]),
    ) {
        bail!("{MISSING}");
    }
    if making.exists() {
        fs::remove_dir_all(making)?;
    }
    let name = list.file_name().unwrap_or_default().to_string_lossy();
    eprintln!("installing the Python packages of infra/tests/{name} (about 1 minute, once)");
    program::output(Command::new("python3").args(["-m", "venv"]).arg(making)).context(MISSING)?;
    let mut pip = Command::new(making.join("bin/python"));
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
    ]);
    program::output(pip.arg(list)).with_context(|| format!("while installing the packages of infra/tests/{name}"))?;
    fs::rename(making, ready).with_context(|| format!("while renaming {}", making.display()))
}
