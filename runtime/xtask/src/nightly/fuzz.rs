//! The targets of `tests/fuzz`.
//!
//! A target is built with the coverage instrumentation that the compiler itself brings, so a plain stable toolchain and a
//! C++ compiler are all that it takes. Its corpus begins with what the fixtures show and with the cases of
//! `tests/fuzz/seeds`, lies in the target directory and grows from night to night.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

use crate::{house::House, program};

/// What one case of a target may take: seconds, and megabytes. Every input is held to the same bound.
const CASE_SECONDS_MAX: u32 = 5;
const CASE_MEGABYTES_MAX: u32 = 500;

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

/// The fuzz targets, built.
pub(super) struct Fuzz<'a> {
    house: &'a House,
    binaries: PathBuf,
}

impl<'a> Fuzz<'a> {
    pub(super) fn build(house: &'a House) -> Result<Self> {
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
    pub(super) fn run(&self, name: &'static str, seconds: u64) -> Result<String> {
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
            .arg(self.house.root.join("tests").join("fuzz").join("seeds").join(name))
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

    #[test]
    fn executions_are_read_off_the_statistics() {
        let said = "Done 10 runs\nstat::number_of_executed_units: 4711\nstat::average_exec_per_sec: 9\n";
        assert_eq!((executions(said), executions("")), (Some("4711"), None));
    }
}
