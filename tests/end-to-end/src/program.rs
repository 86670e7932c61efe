//! The program, and a folder for it to work in.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{self, Receiver};
use std::{env, fs, thread};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with files and a store, in which the program is run.
pub(crate) struct House {
    folder: TempDir,
}

/// How a run of the program ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) error: String,
}

/// A program that runs.
pub(crate) struct Running {
    child: Process,
    lines: Receiver<String>,
    error: Receiver<String>,
}

/// A process that does not outlive its test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// The path of the program, which is built if it is not.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| match env::var_os("STEPWELL_BIN") {
        Some(path) => path.into(),
        None => stepwell_programs::built(&["stepwell"]).join("stepwell"),
    })
}

impl House {
    /// A house with these files.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let house = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        files.iter().for_each(|(name, text)| house.write(name, text));
        house
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    /// The program with these arguments, not yet run.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null());
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("STEPWELL_")) {
            command.env_remove(name);
        }
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.run_command(self.command(arguments))
    }

    pub(crate) fn run_command(&self, mut command: Command) -> Ended {
        let output = command.output().unwrap();
        Ended {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            error: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs the program and reads the JSON that it prints; it must succeed.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let ended = self.run(arguments);
        assert_eq!(ended.code, Some(0), "{arguments:?}: {}", ended.error);
        serde_json::from_str(&ended.out).unwrap()
    }

    /// Starts the program.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        self.start_command(self.command(arguments))
    }

    pub(crate) fn start_command(&self, mut command: Command) -> Running {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = lines(child.stdout.take().unwrap());
        let error = lines(child.stderr.take().unwrap());
        Running {
            child: Process(child),
            lines: out,
            error,
        }
    }
}

/// The lines of a stream, as they come.
fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    let stream = BufReader::new(stream);
    thread::spawn(move || {
        stream
            .lines()
            .map_while(Result::ok)
            .try_for_each(|line| sender.send(line))
    });
    lines
}

impl Running {
    /// The next line of standard output; none when it has ended.
    pub(crate) fn line(&self) -> Option<String> {
        self.lines.recv().ok()
    }

    /// The next event of `--json` that fits.
    pub(crate) fn until(&self, event: &str, state: &str) -> Value {
        while let Some(line) = self.line() {
            let line: Value = serde_json::from_str(&line).unwrap();
            if line["event"] == event && line["state"] == state {
                return line;
            }
        }
        panic!("there is no {event} of `{state}`");
    }

    /// Reads standard error up to a line that ends so.
    pub(crate) fn says(&self, ending: &str) {
        let found = self.error.iter().any(|line| line.ends_with(ending));
        assert!(found, "nothing said ends with `{ending}`");
    }

    /// Reads standard error up to a line that begins so; the rest of that line.
    pub(crate) fn told(&self, beginning: &str) -> String {
        let mut lines = self.error.iter();
        let found = lines.find_map(|line| line.strip_prefix(beginning).map(str::to_owned));
        found.unwrap_or_else(|| panic!("nothing said begins with `{beginning}`"))
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: impl AsRef<OsStr>) {
        let id = self.child.0.id().to_string();
        let sent = Command::new("kill").arg("-s").arg(name).arg(id).status().unwrap();
        assert!(sent.success());
    }

    /// Kills it as `kill -9` does, and waits until it is gone.
    pub(crate) fn kill(mut self) {
        self.child.0.kill().unwrap();
        self.child.0.wait().unwrap();
    }

    /// Whether it still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.0.try_wait().unwrap().is_none()
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Ended {
        let code = self.child.0.wait().unwrap().code();
        let all = |lines: Receiver<String>| lines.iter().map(|line| line + "\n").collect();
        Ended {
            code,
            out: all(self.lines),
            error: all(self.error),
        }
    }
}

/// Asks again and again until it is so.
pub(crate) fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    loop {
        if let Some(found) = look() {
            return found;
        }
        thread::yield_now();
    }
}
