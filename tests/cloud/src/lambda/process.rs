//! One process of the function: started, stopped and continued, killed, looked at.
//!
//! It is the leader of a process group of its own. Dropped, it is killed. Where the test itself dies without dropping
//! anything, the system hangs up and continues what was stopped (an orphaned group), and what runs finds nobody to ask.
//!
//! **Invariant:** nothing here knows the Runtime API.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::logs::Logs;
use super::options::Options;

/// How long the last lines of a dead process may take; somebody that it started may hold its outputs.
const LAST_LINES_MAX: Duration = Duration::from_millis(200);

/// A tick of the kernel's accounts: `USER_HZ` is 100 on every Linux.
const TICK_MS: u64 = 10;

/// A running process.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    group: Option<Pid>,
    lines: JoinSet<()>,
}

impl Process {
    pub(super) fn start(options: &Options, runtime_api: &str, log_stream: &str, logs: &Arc<Logs>) -> Result<Self> {
        let mut command = Command::new(&options.program);
        command
            .env_clear()
            .envs(options.environment(runtime_api, log_stream))
            .current_dir(options.task_root())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let shown = || format!("while starting `{}`", options.program.display());
        let mut child = command.spawn().with_context(shown)?;
        let mut lines = JoinSet::new();
        child
            .stdout
            .take()
            .map(|output| lines.spawn(keep(output, Arc::clone(logs))));
        child
            .stderr
            .take()
            .map(|output| lines.spawn(keep(output, Arc::clone(logs))));
        let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        Ok(Self { child, group, lines })
    }

    /// Its number, while it lives.
    pub(super) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Whether it is gone.
    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// How it ended, once it has, and all that it wrote is kept.
    pub(super) async fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.child.wait().await.ok();
        let last = async { while self.lines.join_next().await.is_some() {} };
        timeout(LAST_LINES_MAX, last).await.ok();
        status
    }

    /// Stops all its threads.
    pub(super) fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets its threads run again.
    pub(super) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Kills it and what it started.
    pub(super) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        // A process that has been waited for has no number any more, and its number may be another's.
        if let (Some(group), Some(_)) = (self.group, self.child.id()) {
            kill_process_group(group, signal).ok();
        }
    }

    /// Its processor time so far in milliseconds; 0 when it is gone.
    pub(super) fn cpu_ms(&self) -> u64 {
        let stat = self.proc("stat");
        // The name may hold anything; what follows its parenthesis does not: utime and stime are the 12th and 13th.
        let numbers = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let ticks = numbers.split_whitespace().skip(11).take(2);
        ticks.filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>() * TICK_MS
    }

    /// The most resident memory that it had so far; 0 when it is gone.
    pub(super) fn memory_bytes_peak(&self) -> u64 {
        let status = self.proc("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kib.unwrap_or(0) * 1024
    }

    fn proc(&self, file: &str) -> String {
        let id = self.child.id();
        let read = id.and_then(|id| fs::read_to_string(format!("/proc/{id}/{file}")).ok());
        read.unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn keep(output: impl AsyncRead + Unpin, logs: Arc<Logs>) {
    let mut lines = BufReader::new(output).split(b'\n');
    while let Ok(Some(line)) = lines.next_segment().await {
        logs.write(String::from_utf8_lossy(&line).into_owned());
    }
}

/// Why a process is gone, in Lambda's words.
pub(super) fn worded(status: Option<ExitStatus>) -> String {
    let Some(status) = status else {
        return "Runtime exited without providing a reason".to_owned();
    };
    match (status.code(), status.signal()) {
        (Some(0), _) => "Runtime exited without providing a reason".to_owned(),
        (Some(code), _) => format!("Runtime exited with error: exit status {code}"),
        (None, Some(6)) => "Runtime exited with error: signal: aborted".to_owned(),
        (None, Some(9)) => "Runtime exited with error: signal: killed".to_owned(),
        (None, Some(11)) => "Runtime exited with error: signal: segmentation fault".to_owned(),
        (None, Some(15)) => "Runtime exited with error: signal: terminated".to_owned(),
        (None, signal) => format!("Runtime exited with error: signal: {}", signal.unwrap_or(0)),
    }
}
