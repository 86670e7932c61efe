//! Runs of the program that are held to a bound.

use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::time::Duration;

use wait4::Wait4;

use crate::program::House;

/// What any input may cost at most.
const CPU_MAX: Duration = Duration::from_secs(5);
const MEMORY_BYTES_MAX: u64 = 500_000_000;
/// What ends a run that does not end by itself, in seconds of processor time.
const KILLED_AFTER: &str = "ulimit -t 30; exec \"$0\" \"$@\"";

/// How a run ended, and what it cost.
pub(super) struct Run {
    what: String,
    code: Option<i32>,
    pub(super) out: String,
    pub(super) error: String,
    cpu: Duration,
    memory_bytes: u64,
}

impl Run {
    /// Holds the run to its bound, its exit code, and a part of what it said.
    pub(super) fn ends(&self, code: i32, says: &str) {
        let Self { what, error, .. } = self;
        let tail: String = error
            .chars()
            .rev()
            .take(600)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect();
        assert_eq!(self.code, Some(code), "{what}: {tail}");
        assert!(
            error.contains(says) || self.out.contains(says),
            "{what} does not say `{says}`: {tail}"
        );
        assert!(self.cpu <= CPU_MAX, "{what}: {:?} of processor time", self.cpu);
        assert!(
            self.memory_bytes <= MEMORY_BYTES_MAX,
            "{what}: {} bytes of memory",
            self.memory_bytes
        );
    }
}

/// Runs the program with these arguments.
pub(super) fn run(house: &House, arguments: &[&str]) -> Run {
    run_reading(house, arguments, "")
}

/// Runs the program, which reads `input` from its standard input.
pub(super) fn run_reading(house: &House, arguments: &[&str], input: &str) -> Run {
    let place = |name: &str| house.path().join(name);
    house.write("stdin", input);
    let inner = house.command(arguments);
    let mut command = Command::new("sh");
    command
        .args(["-c", KILLED_AFTER])
        .arg(inner.get_program())
        .args(inner.get_args());
    command.current_dir(house.path());
    for (name, _) in inner.get_envs().filter(|(_, value)| value.is_none()) {
        command.env_remove(name);
    }
    command.stdin(File::open(place("stdin")).unwrap());
    command.stdout(Stdio::from(File::create(place("stdout")).unwrap()));
    command.stderr(Stdio::from(File::create(place("stderr")).unwrap()));
    let used = command.spawn().unwrap().wait4().unwrap();
    let read = |name: &str| String::from_utf8_lossy(&fs::read(place(name)).unwrap()).into_owned();
    Run {
        what: arguments
            .iter()
            .map(|word| word.chars().take(60).collect::<String>() + " ")
            .collect(),
        code: used.status.code(),
        out: read("stdout"),
        error: read("stderr"),
        cpu: used.rusage.utime + used.rusage.stime,
        memory_bytes: used.rusage.maxrss,
    }
}

/// Validates and runs a flow; both end with that code and say that.
pub(super) fn refused(name: &str, flow: impl AsRef<[u8]>, says: &str) {
    let house = House::with(&[]);
    let file = format!("{name}.yaml");
    fs::write(house.path().join(&file), flow).unwrap();
    run(&house, &["validate", &file]).ends(2, says);
    run(&house, &["run", &file]).ends(2, says);
}

/// Validates a flow, which is accepted, and runs it over an input; the run ends with that code and says that.
pub(super) fn runs(name: &str, flow: impl AsRef<[u8]>, input: &str, code: i32, says: &str) {
    let house = House::with(&[("input.json", input)]);
    let file = format!("{name}.yaml");
    fs::write(house.path().join(&file), flow).unwrap();
    run(&house, &["validate", &file]).ends(0, "");
    run(&house, &["run", &file, "--input", "input.json"]).ends(code, says);
}
