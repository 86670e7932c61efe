//! `cargo xtask bugs`: mistakes that were made on purpose, and the seeds that find them.
//!
//! Each patch of `tests/simulation/bugs` is put into a copy of the tree, whose random worlds then must disagree.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use crate::{house::House, program};

/// Where the patches are.
const BUGS: &str = "tests/simulation/bugs";
/// How many seeds of each world are tried.
const SEEDS: &str = "2000";
/// How long the worlds may take with one bug; a bug may also make them run for ever.
const TIME_MAX: Duration = Duration::from_secs(300);
/// How a hunt says what it found.
const CAUGHT: &str = "caught by ";

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
        println!("| `{}` | {} |", name(bug), found.as_deref().unwrap_or("nothing"));
        missed.extend(found.is_none().then(|| name(bug)));
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
    fn hunt(&self, house: &House, bug: &Path) -> Result<Option<String>> {
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

    fn search(&self, house: &House) -> Result<Option<String>> {
        let arguments = ["test", "-p", "stepwell-simulation", "--test", "simulation"];
        let cargo = |more: &[&str]| {
            let mut cargo = house.cargo(&[&arguments, more].concat());
            cargo.current_dir(&self.0).env("CARGO_TARGET_DIR", &house.target);
            cargo
        };
        program::quietly(&mut cargo(&["--no-run"]))?;
        let mut worlds = cargo(&["agree", "--", "--nocapture"]);
        worlds.env("HUNT", "1").env("SEEDS", SEEDS);
        let start = Instant::now();
        let said = said_within(&mut worlds, TIME_MAX)?;
        let Some(said) = said else {
            return Ok(Some(format!("a world that does not end in {} s", TIME_MAX.as_secs())));
        };
        let caught = said.lines().find_map(|line| line.split_once(CAUGHT));
        let took = program::time(start.elapsed());
        Ok(caught.map(|(_, what)| format!("{}, after {took}", what.split(':').next().unwrap_or(what))))
    }
}

/// What a program prints, whether it succeeds or not; nothing where it takes longer and is ended.
fn said_within(command: &mut Command, most: Duration) -> Result<Option<String>> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut output = child.stdout.take().context("a program without an output")?;
    let reader = thread::spawn(move || {
        let mut said = Vec::new();
        std::io::Read::read_to_end(&mut output, &mut said).map(|_| said)
    });
    let start = Instant::now();
    while child.try_wait()?.is_none() {
        if start.elapsed() > most {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(100));
    }
    let said = reader.join().unwrap_or_else(|_| Ok(Vec::new()))?;
    Ok(Some(String::from_utf8_lossy(&said).into_owned()))
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
}
