//! Checks that take long: each for a while, every night.
//!
//! A target of `tests/fuzz` is built with the coverage instrumentation that the compiler itself brings, so a plain stable
//! toolchain and a C++ compiler are all that it takes. Its corpus begins with what the fixtures show, lies in the target
//! directory and grows from night to night.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

use crate::{house::House, program};

/// How long each check runs unless somebody says so.
const SECONDS: u64 = 60;
/// What one case of a target may take: seconds, and megabytes.
const CASE_SECONDS_MAX: u32 = 10;
const CASE_MEGABYTES_MAX: u32 = 1_024;

/// A check: its name, what it holds, and how it runs for some seconds.
struct Check {
    name: &'static str,
    run: fn(&Fuzz<'_>, &'static str, u64) -> Result<String>,
}

/// Every check, in order.
const CHECKS: [Check; 4] = [
    fuzzed("definition"),
    fuzzed("expression"),
    fuzzed("input"),
    fuzzed("record"),
];

const fn fuzzed(name: &'static str) -> Check {
    Check {
        name,
        run: |fuzz, name, seconds| fuzz.run(name, seconds),
    }
}

/// What the compiler adds so that the fuzzer sees which way a case takes.
const INSTRUMENTED: [&str; 7] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
    "--cfg=fuzzing",
];

/// Runs every check, or those that are named; a number says for how many seconds each.
pub(crate) fn run(house: &House, arguments: &[String]) -> Result<()> {
    let Chosen { seconds, checks } = chosen(arguments)?;
    let fuzz = Fuzz::build(house)?;
    let mut failed = Vec::new();
    for check in checks {
        match (check.run)(&fuzz, check.name, seconds) {
            Ok(note) => eprintln!("{:12} ok      {note}", check.name),
            Err(error) => {
                eprintln!("{:12} FAILED  {error:#}", check.name);
                failed.push(check.name);
            }
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    bail!("findings in {}", failed.join(", "))
}

struct Chosen {
    seconds: u64,
    checks: Vec<&'static Check>,
}

fn chosen(arguments: &[String]) -> Result<Chosen> {
    let mut chosen = Chosen {
        seconds: SECONDS,
        checks: Vec::new(),
    };
    for argument in arguments {
        match (argument.parse(), CHECKS.iter().find(|check| check.name == argument)) {
            (Ok(seconds), _) => chosen.seconds = seconds,
            (Err(_), Some(check)) => chosen.checks.push(check),
            (Err(_), None) => {
                let known: Vec<_> = CHECKS.iter().map(|check| check.name).collect();
                bail!("there is no check `{argument}`; there are {}", known.join(", "))
            }
        }
    }
    if chosen.checks.is_empty() {
        chosen.checks.extend(&CHECKS);
    }
    Ok(chosen)
}

/// The fuzz targets, built.
struct Fuzz<'a> {
    house: &'a House,
    binaries: PathBuf,
}

impl<'a> Fuzz<'a> {
    fn build(house: &'a House) -> Result<Self> {
        let host = host()?;
        let place = house.target.join("fuzz");
        let manifest = house.root.join("tests").join("fuzz").join("Cargo.toml");
        let mut build = house.cargo(&["build", "--release", "--bins", "--target", &host, "--manifest-path"]);
        build.arg(manifest).arg("--target-dir").arg(&place);
        build
            .env_remove("RUSTFLAGS")
            .env("CARGO_ENCODED_RUSTFLAGS", INSTRUMENTED.join("\u{1f}"));
        eprintln!("building the fuzz targets (some minutes, once)");
        program::quietly(&mut build)?;
        Ok(Self {
            house,
            binaries: place.join(host).join("release"),
        })
    }

    /// Runs a target for some seconds; how many cases it ran, or what it found.
    fn run(&self, name: &'static str, seconds: u64) -> Result<String> {
        let folder = self.house.target.join("fuzz");
        let (corpus, seeds) = (folder.join("corpus").join(name), folder.join("seeds").join(name));
        for folder in [&corpus, &seeds] {
            fs::create_dir_all(folder).with_context(|| format!("while making {}", folder.display()))?;
        }
        let mut target = Command::new(self.binaries.join(name));
        let found = format!("{}/", folder.join("found").display());
        fs::create_dir_all(&found).with_context(|| format!("while making {found}"))?;
        target
            .arg(&corpus)
            .arg(&seeds)
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-timeout={CASE_SECONDS_MAX}"))
            .arg(format!("-rss_limit_mb={CASE_MEGABYTES_MAX}"))
            .arg(format!("-artifact_prefix={found}{name}-"))
            .arg("-print_final_stats=1")
            .env("STEPWELL_FUZZ_SEEDS", &seeds)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        told(&mut target, &corpus)
    }
}

fn told(target: &mut Command, corpus: &Path) -> Result<String> {
    let output = target.output().context("while starting a fuzz target")?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let lines: Vec<&str> = said.lines().collect();
        let last = lines.get(lines.len().saturating_sub(40)..).unwrap_or_default();
        bail!("{}\n{}", output.status, last.join("\n"));
    }
    let kept = fs::read_dir(corpus).map_or(0, Iterator::count);
    Ok(format!(
        "{} executions, no finding, {kept} cases kept",
        executions(&said).unwrap_or("?")
    ))
}

/// How many cases were run, by the statistics at the end.
fn executions(said: &str) -> Option<&str> {
    said.lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))
        .map(str::trim)
}

/// The machine that we build for, by its compiler's name.
fn host() -> Result<String> {
    let said = program::output(Command::new("rustc").arg("-vV"))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("`rustc -vV` names no host")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen_by(words: &[&str]) -> Result<(u64, Vec<&'static str>)> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let chosen = chosen(&words)?;
        Ok((chosen.seconds, chosen.checks.iter().map(|check| check.name).collect()))
    }

    #[test]
    fn checks_and_seconds_are_chosen() {
        let all = vec!["definition", "expression", "input", "record"];
        assert_eq!(chosen_by(&[]).unwrap(), (60, all.clone()));
        assert_eq!(chosen_by(&["5"]).unwrap(), (5, all));
        assert_eq!(chosen_by(&["record", "7"]).unwrap(), (7, vec!["record"]));
        assert_eq!(
            chosen_by(&["recrd"]).unwrap_err().to_string(),
            "there is no check `recrd`; there are definition, expression, input, record"
        );
    }

    #[test]
    fn executions_are_read_off_the_statistics() {
        let said = "Done 10 runs\nstat::number_of_executed_units: 4711\nstat::average_exec_per_sec: 9\n";
        assert_eq!((executions(said), executions("")), (Some("4711"), None));
    }
}
