//! The machine that a table was taken on, and what else it did meanwhile.
//!
//! **Invariant:** says what the system says of itself; nothing is guessed.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::process::family_cpu;

/// What is known of the machine, and how busy it was when a benchmark began.
#[derive(Clone, Debug)]
pub struct Machine {
    cores: usize,
    model: String,
    kernel: String,
    files: String,
    load: f64,
    busy: Duration,
    own: Duration,
}

impl Machine {
    /// Looks at the machine; temporary files go to `folder`.
    #[must_use]
    pub fn look(folder: &Path) -> Self {
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            model: field("/proc/cpuinfo", "model name"),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            files: file_system(folder),
            load: load(),
            busy: busy(),
            own: family_cpu(),
        }
    }

    /// The facts, and how busy the machine was from the look until now.
    #[must_use]
    pub fn facts(&self, elapsed: Duration) -> Vec<String> {
        let Self {
            cores,
            model,
            kernel,
            files,
            load: before,
            ..
        } = self;
        let mut facts = vec![
            format!("{cores} cores of {model}, Linux {kernel}; temporary files on {files}"),
            format!(
                "load average {before:.2} before, {:.2} after; others took {:.0} % of the machine meanwhile",
                load(),
                self.others(elapsed)
            ),
        ];
        if *before > 1.0 {
            facts.push(
                "NOT A QUIET MACHINE: the load average was above 1 (another benchmark just before counts)".into(),
            );
        }
        if cfg!(debug_assertions) {
            facts.push("NOT OPTIMISED: built with the profile for development".into());
        }
        facts
    }

    /// Percent of all processor time that neither idled nor was this process's.
    fn others(&self, elapsed: Duration) -> f64 {
        let busy = busy().saturating_sub(self.busy);
        let own = family_cpu().saturating_sub(self.own);
        100.0 * busy.saturating_sub(own).as_secs_f64() / (elapsed.as_secs_f64() * self.cores as f64)
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn field(path: &str, name: &str) -> String {
    let text = read(path);
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.split_once(':'));
    value
        .map_or("an unknown processor", |(_, value)| value.trim())
        .to_owned()
}

fn load() -> f64 {
    let text = read("/proc/loadavg");
    text.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or(0.0)
}

/// Processor time of all processes since the system started: user, nice, system, irq, softirq.
fn busy() -> Duration {
    let text = read("/proc/stat");
    let line = text.lines().next().unwrap_or_default();
    let ticks: Vec<u64> = line
        .split_whitespace()
        .skip(1)
        .filter_map(|number| number.parse().ok())
        .collect();
    let counted = [0, 1, 2, 5, 6].map(|place| ticks.get(place).copied().unwrap_or(0));
    Duration::from_millis(counted.iter().sum::<u64>() * 10)
}

/// The kind of the file system that a folder is on: that of the longest mount point above it.
fn file_system(folder: &Path) -> String {
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let mounts = read("/proc/self/mounts");
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        Some((words.next()?.to_owned(), words.next()?.to_owned()))
    });
    let above = mounts.filter(|(point, _)| folder.starts_with(point));
    above
        .max_by_key(|(point, _)| point.len())
        .map_or_else(|| "an unknown file system".into(), |(_, kind)| kind)
}
