//! The program itself, as a process: started, watched, killed.
//!
//! **Invariant:** it is built the way the benchmark was, so that nothing is compiled twice.

use std::env;
use std::io::{BufRead as _, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

/// A run of the program that ends with this value.
#[derive(Debug)]
pub struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    /// Starts it in a folder.
    #[must_use]
    pub fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(path());
        command.args(arguments).current_dir(folder);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Reads what it prints up to the event of that state.
    pub fn until(&mut self, event: &str, state: &str) {
        let found = self.lines.by_ref().map_while(Result::ok).any(|line| {
            let line: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            line.get("event") == Some(&event.into()) && line.get("state") == Some(&state.into())
        });
        assert!(found, "there is no {event} of `{state}`");
    }

    /// Its number among the processes.
    #[must_use]
    pub fn id(&self) -> String {
        self.child.id().to_string()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Where it is; it is built first, unless `STEPWELL_BIN` names it.
fn path() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        env::var_os("STEPWELL_BIN").map_or_else(
            || stepwell_programs::built(&["stepwell"]).join("stepwell"),
            PathBuf::from,
        )
    })
}
