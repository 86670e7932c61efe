//! Running other programs: shown, read, or quietly with a sign of life.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

/// How often a quiet program gives a sign of life.
const BEAT: Duration = Duration::from_secs(60);
/// How many of its last lines are kept for the case that it fails.
const LINES_MAX: usize = 2000;

/// Runs a program whose output goes to the terminal.
pub(crate) fn shown(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("while starting {}", name(command)))?;
    if !status.success() {
        bail!("{} failed ({status})", name(command));
    }
    Ok(())
}

/// Runs a program and reads what it prints; what it prints as errors is shown if it fails.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("while starting {}", name(command)))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("{} failed ({})\n{}", name(command), output.status, errors.trim_end());
    }
    String::from_utf8(output.stdout).with_context(|| format!("while reading the output of {}", name(command)))
}

/// Whether a program can be started and succeeds; its output is dropped.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs a build of cargo's without its output, which is shown if it fails. A long build says each minute how far it is.
pub(crate) fn quietly(command: &mut Command) -> Result<()> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("while starting {}", name(command)))?;
    let (sender, lines) = mpsc::channel();
    let errors = child.stderr.take();
    let reader = thread::spawn(move || {
        for line in errors
            .into_iter()
            .flat_map(|errors| BufReader::new(errors).lines())
            .map_while(Result::ok)
        {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    let said = watch(&lines);
    let status = child
        .wait()
        .with_context(|| format!("while waiting for {}", name(command)))?;
    drop(reader.join());
    if !status.success() {
        eprintln!("{}", said.join("\n"));
        bail!("{} failed ({status})", name(command));
    }
    Ok(())
}

/// Reads a build's lines to their end, and answers the last of them.
fn watch(lines: &mpsc::Receiver<String>) -> Vec<String> {
    let start = Instant::now();
    let mut said: Vec<String> = Vec::new();
    let (mut compiled, mut beats) = (0_u32, 0_u32);
    loop {
        let next = start + BEAT * (beats + 1);
        match lines.recv_timeout(next.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                compiled += u32::from(crate_of(&line).is_some());
                said.push(line);
                said.drain(..said.len().saturating_sub(LINES_MAX));
            }
            Err(RecvTimeoutError::Timeout) => {
                beats += 1;
                let now = said
                    .iter()
                    .rev()
                    .find_map(|line| crate_of(line))
                    .unwrap_or("nothing yet");
                eprintln!("  {beats} min: {compiled} crates begun, the last is {now}");
            }
            Err(RecvTimeoutError::Disconnected) => return said,
        }
    }
}

/// The crate that a line of cargo's says is being compiled.
fn crate_of(line: &str) -> Option<&str> {
    line.trim_start().strip_prefix("Compiling ")?.split(' ').next()
}

/// `8 min 5 s`, or `1.4 s` below ten seconds.
pub(crate) fn time(taken: Duration) -> String {
    let seconds = taken.as_secs();
    match seconds {
        0..=9 => format!("{:.1} s", taken.as_secs_f64()),
        10..=59 => format!("{seconds} s"),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

fn name(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program())
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy();
    let arguments = command.get_args().map(|argument| argument.to_string_lossy());
    let words: Vec<_> = std::iter::once(program).chain(arguments).collect();
    format!("`{}`", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        let shown = |ms| time(Duration::from_millis(ms));
        assert_eq!(
            [0, 1449, 59_999, 60_000, 485_000].map(shown),
            ["0.0 s", "1.4 s", "59 s", "1 min 0 s", "8 min 5 s"]
        );
    }

    #[test]
    fn a_failing_program_is_named_with_its_errors() {
        let failed = output(Command::new("sh").args(["-c", "echo why >&2; exit 3"])).unwrap_err();
        assert_eq!(
            failed.to_string(),
            "`sh -c echo why >&2; exit 3` failed (exit status: 3)\nwhy"
        );
        assert_eq!(output(Command::new("sh").args(["-c", "echo yes"])).unwrap(), "yes\n");
    }

    #[test]
    fn what_cargo_compiles_is_read_off_its_lines() {
        let lines = [
            "   Compiling wasmtime v48.0.8",
            "    Finished `dev` profile",
            "warning: unused",
        ];
        assert_eq!(lines.map(crate_of), [Some("wasmtime"), None, None]);
    }
}
