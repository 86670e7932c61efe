//! What a guest says: by the interface `log`, on standard output and on standard error.
//!
//! **Invariant:** a log holds at most [`LINES_MAX`] lines and [`BYTES_MAX`] bytes, and no control characters, so that it
//! can be shown on a terminal.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use crate::observed::Observed;
use crate::world::log::{Host, Level};

/// The most lines that an attempt may log.
pub const LINES_MAX: usize = 1_000;
/// The most bytes that an attempt may log, the names of levels and streams included.
pub const BYTES_MAX: usize = 64 * 1024;

/// A guest said more than it may; the guest ends with it.
#[derive(Debug, thiserror::Error)]
#[error("the task logged more than {LINES_MAX} lines or {BYTES_MAX} bytes")]
pub(crate) struct LogFlood;

/// One of the two streams that a guest inherits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// The lines of one attempt. The lock guards a few vectors and is never held across an await.
#[derive(Debug, Default)]
pub(crate) struct GuestLog(Mutex<Lines>);

#[derive(Debug, Default)]
struct Lines {
    whole: Vec<Arc<str>>,
    bytes: usize,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl GuestLog {
    /// Adds every line of `text`.
    pub(crate) fn say(&self, level: Level, text: &str) -> Result<(), LogFlood> {
        let mut lines = self.lock();
        text.split('\n')
            .try_for_each(|line| lines.add(level_name(level), line.as_bytes()))
    }

    /// Adds the lines that `bytes` complete, and keeps the rest for later.
    pub(crate) fn write(&self, stream: Stream, mut bytes: &[u8]) -> Result<(), LogFlood> {
        let mut lines = self.lock();
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = bytes.split_at(end);
            lines.hold(stream, line)?;
            lines.complete(stream)?;
            bytes = rest.get(1..).unwrap_or_default();
        }
        lines.hold(stream, bytes)
    }

    /// Every line so far, those not yet ended included.
    pub(crate) fn lines(&self) -> Vec<Arc<str>> {
        let mut lines = self.lock();
        for stream in [Stream::Stdout, Stream::Stderr] {
            if !lines.partial(stream).is_empty() {
                // A log that is full stays as it is.
                let _ = lines.complete(stream);
            }
        }
        lines.whole.clone()
    }

    /// A lock that a panic left is as good as any: its lines are whole.
    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    fn partial(&mut self, stream: Stream) -> &mut Vec<u8> {
        match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        }
    }

    fn hold(&mut self, stream: Stream, bytes: &[u8]) -> Result<(), LogFlood> {
        let held = self.stdout.len() + self.stderr.len() + bytes.len();
        if self.bytes.saturating_add(held) > BYTES_MAX {
            return Err(LogFlood);
        }
        self.partial(stream).extend_from_slice(bytes);
        Ok(())
    }

    fn complete(&mut self, stream: Stream) -> Result<(), LogFlood> {
        let line = std::mem::take(self.partial(stream));
        let name = match stream {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        };
        self.add(name, &line)
    }

    fn add(&mut self, name: &str, line: &[u8]) -> Result<(), LogFlood> {
        let bytes = self.bytes.saturating_add(name.len() + 2 + line.len());
        if bytes > BYTES_MAX || self.whole.len() >= LINES_MAX {
            return Err(LogFlood);
        }
        self.bytes = bytes;
        self.whole.push(format!("{name}: {}", printable(line)).into());
        Ok(())
    }
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    }
}

/// The line without its carriage return, and with every other control character but the tab made visible.
pub(crate) fn printable(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let visible = |c: char| {
        if c.is_control() && c != '\t' {
            char::REPLACEMENT_CHARACTER
        } else {
            c
        }
    };
    String::from_utf8_lossy(line).chars().map(visible).collect()
}

/// The import `log` of one guest.
impl Host for crate::guest::Guest {
    fn log(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        Ok(self.observed.log.say(level, &message)?)
    }
}

/// A stream of the guest that ends in its log.
#[derive(Clone, Debug)]
pub(crate) struct LogStream {
    pub(crate) stream: Stream,
    pub(crate) observed: Arc<Observed>,
}

impl IsTerminal for LogStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogStream {
    /// Asked for by hosts of other versions of WASI only.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Pollable for LogStream {
    async fn ready(&mut self) {}
}

#[async_trait]
impl OutputStream for LogStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.observed
            .log
            .write(self.stream, &bytes)
            .map_err(|flood| StreamError::Trap(flood.into()))
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(BYTES_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(log: &GuestLog) -> Vec<String> {
        log.lines().iter().map(|line| line.to_string()).collect()
    }

    #[test]
    fn lines_come_from_the_interface_and_both_streams() {
        let log = GuestLog::default();
        log.say(Level::Warn, "one\ntwo").unwrap();
        log.write(Stream::Stdout, b"thr").unwrap();
        log.write(Stream::Stderr, b"four\r\nfi\x1b[2Jve").unwrap();
        log.write(Stream::Stdout, b"ee\n").unwrap();
        let expected = [
            "warn: one",
            "warn: two",
            "stderr: four",
            "stdout: three",
            "stderr: fi\u{fffd}[2Jve",
        ];
        assert_eq!(texts(&log), expected);
    }

    #[test]
    fn a_flood_ends_at_the_limit_of_lines() {
        let log = GuestLog::default();
        assert!(log.say(Level::Info, &"\n".repeat(2 * LINES_MAX)).is_err());
        assert_eq!(log.lines().len(), LINES_MAX);
    }

    #[test]
    fn a_flood_ends_at_the_limit_of_bytes_even_without_a_line_end() {
        let log = GuestLog::default();
        let results: Vec<_> = (0..3)
            .map(|_| log.write(Stream::Stdout, &[b'x'; BYTES_MAX / 2]).is_ok())
            .collect();
        assert_eq!(results, [true, true, false]);
        assert!(log.say(Level::Info, &"x".repeat(BYTES_MAX)).is_err());
    }
}
