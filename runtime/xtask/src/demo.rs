//! `cargo demo`: builds what the media example needs, quietly, runs it, and shows what came of it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    time::Instant,
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::{
    examples,
    guests::{self, Output},
    house::House,
    program, runtime,
};

const EXAMPLE: &str = "examples/media";
/// How the program ends where an execution of the same name was started with something else.
const REFUSED: i32 = 2;
/// Where the demo keeps its executions, below the working directory's root.
const STORE: &str = ".stepwell";

/// Builds, and runs the example with `arguments` added.
pub(crate) fn run(house: &House, arguments: &[String]) -> Result<()> {
    step("the runtime", "about 10 minutes", || {
        program::quietly(&mut runtime::build_command(house))
    })?;
    step("the example's components", "about 1 minute", || {
        guests::build(house, Output::Quiet)
    })?;
    let demo = Demo {
        binary: runtime::binary(house),
        example: house.root.join(EXAMPLE),
        store: house.root.join(STORE),
    };
    demo.draw()?;
    let status = demo.run(arguments)?;
    if status.success() {
        return demo.tell();
    }
    // The program has said why; its own exit code stands.
    std::process::exit(status.code().unwrap_or(1))
}

/// Says what is being built and how long that usually takes, and then how long it took.
fn step(what: &str, usually: &str, build: impl FnOnce() -> Result<()>) -> Result<()> {
    let start = Instant::now();
    eprintln!("Building {what} (the first time {usually} on two cores, then a second)");
    build().with_context(|| format!("while building {what}"))?;
    eprintln!("  done in {}", program::time(start.elapsed()));
    Ok(())
}

struct Demo {
    binary: PathBuf,
    example: PathBuf,
    store: PathBuf,
}

impl Demo {
    fn draw(&self) -> Result<()> {
        let drawn = program::output(
            Command::new(&self.binary)
                .arg("graph")
                .arg("--outline")
                .arg(self.example.join("flow.yaml")),
        )?;
        eprintln!("\nThe flow `media`:\n{drawn}");
        Ok(())
    }

    /// Goes on with an execution that was cut off, or starts a new one.
    fn run(&self, arguments: &[String]) -> Result<ExitStatus> {
        ctrlc::set_handler(|| {}).context("while asking for signals: the program itself answers Ctrl-C")?;
        let mut command = examples::command(&self.binary, &self.example, &self.store)?;
        let newest = self.newest()?;
        if let Some(row) = newest.as_ref().filter(|row| is(row, "status", "Running")) {
            let name = row.get("name").and_then(Value::as_str).unwrap_or_default();
            let status = started(command.args(["--name", name]).args(arguments))?;
            if status.code() != Some(REFUSED) {
                return Ok(status);
            }
            eprintln!("The example has changed since `{name}` was started; a new execution is started beside it.");
            command = examples::command(&self.binary, &self.example, &self.store)?;
        }
        if newest.is_some() {
            command.arg("--new");
        }
        started(command.args(arguments))
    }

    /// The demo's newest execution, if there is one.
    fn newest(&self) -> Result<Option<Value>> {
        if !self.store.is_dir() {
            return Ok(None);
        }
        let rows: Vec<Value> = serde_json::from_str(&self.stepwell(&["list", "--json"])?)?;
        let mine = rows.into_iter().filter(|row| is(row, "flow", "media"));
        Ok(mine.max_by_key(|row| row.get("started_ms").and_then(Value::as_u64)))
    }

    fn stepwell(&self, words: &[&str]) -> Result<String> {
        program::output(Command::new(&self.binary).args(words).arg("--store").arg(&self.store))
    }

    /// What came of it, and what to try next.
    fn tell(&self) -> Result<()> {
        eprintln!("\nWritten:");
        for (path, bytes) in images(&self.store.join("objects/media/out"))? {
            eprintln!("  {} ({bytes} bytes)", path.display());
        }
        let Some(row) = self.newest()? else {
            bail!("the execution is not in the store")
        };
        let name = row.get("name").and_then(Value::as_str).unwrap_or_default();
        let (program, store) = (self.binary.display(), self.store.display());
        eprintln!("\nTry next:");
        eprintln!("  cargo demo                      # and stop it half-way with Ctrl-C, then once more");
        eprintln!("  {program} history {name} --store {store}");
        eprintln!("  {program} run examples/saga/flow.yaml --input examples/saga/input.json");
        Ok(())
    }
}

fn started(command: &mut Command) -> Result<ExitStatus> {
    command.status().context("while starting the example")
}

fn is(row: &Value, key: &str, text: &str) -> bool {
    row.get(key).and_then(Value::as_str) == Some(text)
}

/// The files of a folder with their sizes, by name.
fn images(folder: &Path) -> Result<Vec<(PathBuf, u64)>> {
    let mut images = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("while listing {}", folder.display()))? {
        let entry = entry?;
        images.push((entry.path(), entry.metadata()?.len()));
    }
    images.sort();
    Ok(images)
}
