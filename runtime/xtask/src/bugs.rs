//! `cargo xtask bugs`: mistakes that were made on purpose, and the seeds that find them.
//!
//! Each patch of `tests/simulation/bugs` is put into a copy of the tree, whose random worlds then must disagree. Only a
//! test that fails and names its seed has found it: a run that does not end, or ends otherwise, has not.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::{house::House, program};

/// Where the patches are.
const BUGS: &str = "tests/simulation/bugs";
/// How many seeds of each world are tried.
const SEEDS: &str = "2000";
/// How long the worlds may take with one bug; a bug may also make them run for ever.
const TIME_MAX: Duration = Duration::from_secs(600);
/// How a hunt says what it found.
const CAUGHT: &str = "caught by ";
/// How a test ends that fails.
const FAILED: i32 = 101;
/// The test whose worlds hunt.
const TEST: &str = "simulation";

/// Plants every bug, or those whose names hold one of the words, and prints what finds each.
#[expect(clippy::print_stdout, reason = "the table is what is asked for")]
pub(crate) fn run(house: &House, words: &[String]) -> Result<()> {
    let mut bugs = patches(&house.root.join(BUGS))?;
    bugs.retain(|bug| words.is_empty() || words.iter().any(|word| name(bug).contains(word)));
    let tree = Tree::copy(house)?;
    println!("| bug | found by |\n|---|---|");
    let mut missed = Vec::new();
    for bug in &bugs {
        let found = tree.hunt(house, bug).with_context(|| format!("with {}", name(bug)))?;
        println!("| `{}` | {found} |", name(bug));
        missed.extend((!matches!(found, Hunt::Found { .. })).then(|| name(bug)));
    }
    if missed.is_empty() {
        return Ok(());
    }
    bail!("nothing finds {}", missed.join(", "))
}

/// The patches in a folder and those inside, by name.
fn patches(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).with_context(|| format!("while reading {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(patches(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "patch") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn name(bug: &Path) -> String {
    bug.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// A copy of the tree, into which bugs are planted.
struct Tree(PathBuf);

impl Tree {
    /// Copies every file that git tracks; one that is there already stays, so that little is built again.
    fn copy(house: &House) -> Result<Self> {
        let tree = house.target.join("bugs");
        let mut git = Command::new("git");
        let tracked = program::output(git.args(["ls-files", "-z"]).current_dir(&house.root))?;
        for file in tracked.split('\0').filter(|file| !file.is_empty()) {
            copy(&house.root.join(file), &tree.join(file)).with_context(|| format!("while copying {file}"))?;
        }
        Ok(Self(tree))
    }

    /// What finds a bug.
    fn hunt(&self, house: &House, bug: &Path) -> Result<Hunt> {
        self.apply(bug, &[])?;
        let found = self.search(house);
        self.apply(bug, &["-R"])?;
        found
    }

    fn apply(&self, bug: &Path, flags: &[&str]) -> Result<()> {
        let mut git = Command::new("git");
        // The copy belongs to no repository, wherever it lies.
        git.env("GIT_CEILING_DIRECTORIES", self.0.parent().unwrap_or(&self.0))
            .arg("apply")
            .args(flags)
            .arg(bug)
            .current_dir(&self.0);
        program::output(&mut git).map(drop)
    }

    fn search(&self, house: &House) -> Result<Hunt> {
        let build = ["test", "-p", "stepwell-simulation", "--test", TEST, "--no-run"];
        let cargo = |more: &[&str]| {
            let mut cargo = house.cargo(&[&build, more].concat());
            // Cargo tells packages of two trees apart by their places in them: in one target directory, what was built
            // with a bug would be taken for what the tree itself builds.
            cargo
                .current_dir(&self.0)
                .env("CARGO_TARGET_DIR", self.0.join("target"));
            cargo
        };
        program::quietly(&mut cargo(&[]))?;
        let built = program::output(&mut cargo(&["--quiet", "--message-format", "json"]))?;
        // Not by way of cargo, whose end would not be the test's.
        let mut worlds = Command::new(executable(&built).context("cargo names no test that it built")?);
        worlds.args(["agree", "--nocapture"]).current_dir(&self.0);
        worlds.env("HUNT", "1").env("SEEDS", SEEDS);
        let start = Instant::now();
        let ended = said_within(&mut worlds, TIME_MAX)?;
        Ok(Hunt::of(ended, start.elapsed()))
    }
}

/// What came of a hunt.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Hunt {
    /// A test failed and named its seed.
    Found { what: String, after: Duration },
    /// Every world agreed.
    Passed,
    /// It did not end in time.
    Hangs,
    /// It ended otherwise.
    Broke { how: String },
}

impl Hunt {
    /// Judges how a run ended, and what it said.
    fn of(ended: Option<(ExitStatus, String)>, after: Duration) -> Self {
        let Some((status, said)) = ended else {
            return Self::Hangs;
        };
        let caught = said.lines().find_map(|line| line.split_once(CAUGHT));
        match (status.code(), caught) {
            (Some(FAILED), Some((_, what))) => Self::Found {
                what: what.split(':').next().unwrap_or(what).to_owned(),
                after,
            },
            (Some(0), None) => Self::Passed,
            (_, _) => Self::Broke {
                how: status.to_string(),
            },
        }
    }
}

impl fmt::Display for Hunt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Found { what, after } => write!(formatter, "{what}, after {}", program::time(*after)),
            Self::Passed => formatter.write_str("nothing"),
            Self::Hangs => write!(formatter, "nothing: the worlds do not end in {} s", TIME_MAX.as_secs()),
            Self::Broke { how } => write!(
                formatter,
                "nothing: no test fails by a seed, and the run ends with {how}"
            ),
        }
    }
}

/// The test's program, from what cargo says that it built.
fn executable(built: &str) -> Option<PathBuf> {
    let messages = built
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let is_it = |message: &Value| message.pointer("/target/name").and_then(Value::as_str) == Some(TEST);
    let mut programs = messages.filter(is_it);
    programs.find_map(|message| Some(PathBuf::from(message.get("executable")?.as_str()?)))
}

/// How a program ends and what it prints; nothing where it takes longer and is killed.
fn said_within(command: &mut Command, most: Duration) -> Result<Option<(ExitStatus, String)>> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut output = child.stdout.take().context("a program without an output")?;
    let reader = thread::spawn(move || {
        let mut said = Vec::new();
        std::io::Read::read_to_end(&mut output, &mut said).map(|_| said)
    });
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if start.elapsed() > most {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(100));
    };
    let said = reader.join().unwrap_or_else(|_| Ok(Vec::new()))?;
    Ok(Some((status, String::from_utf8_lossy(&said).into_owned())))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let bytes = fs::read(from)?;
    if fs::read(to).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    Ok(fs::write(to, bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bug_can_still_be_planted() {
        let house = House::open().unwrap();
        let bugs = patches(&house.root.join(BUGS)).unwrap();
        assert!(bugs.len() >= 20, "{bugs:?}");
        for bug in bugs {
            let mut git = Command::new("git");
            git.args(["apply", "--check"]).arg(&bug).current_dir(&house.root);
            program::output(&mut git).unwrap();
        }
    }
    /// What a hunt makes of a shell that does that.
    fn hunted(script: &str) -> Hunt {
        let ended = said_within(Command::new("sh").args(["-c", script]), Duration::from_secs(60)).unwrap();
        Hunt::of(ended, Duration::ZERO)
    }

    #[test]
    fn only_a_failure_that_names_a_seed_is_a_find() {
        let caught = "echo 'caught by seed 7 in a world: why'";
        let found = Hunt::Found {
            what: "seed 7 in a world".to_owned(),
            after: Duration::ZERO,
        };
        assert_eq!(hunted(&format!("{caught}; exit 101")), found);
        assert_eq!(hunted("echo 'test result: ok'"), Hunt::Passed);
        let broke = |how: &str| Hunt::Broke { how: how.to_owned() };
        assert_eq!(hunted("exit 101"), broke("exit status: 101"));
        assert_eq!(hunted(&format!("{caught}; exit 3")), broke("exit status: 3"));
        assert_eq!(hunted(caught), broke("exit status: 0"));
    }

    #[test]
    fn a_run_that_does_not_end_is_killed_and_no_find() {
        let mut endless = Command::new("sh");
        endless.args(["-c", "echo 'caught by seed 7 in a world: why'; exec sleep 600"]);
        let ended = said_within(&mut endless, Duration::ZERO).unwrap();
        assert_eq!(Hunt::of(ended, Duration::ZERO), Hunt::Hangs);
    }

    #[test]
    fn the_test_is_what_cargo_says_that_it_built() {
        let built = r#"{"reason":"compiler-artifact","target":{"name":"core"},"executable":null}
{"reason":"compiler-artifact","target":{"name":"simulation"},"executable":"/t/simulation-1"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(executable(built), Some(PathBuf::from("/t/simulation-1")));
    }
}
