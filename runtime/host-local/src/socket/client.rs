//! The side of a socket that asks.

use std::io;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use stepwell_wire::{Answer, Hello, Request};
use tokio::io::BufReader;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use super::lines::{receive, send};
use super::place::find;

/// How long the other side may take to say who it is.
const HELLO_WITHIN: Duration = Duration::from_secs(5);

/// A connection to the process that holds a store.
#[derive(Debug)]
pub(crate) struct Connection {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    drives: bool,
}

impl Connection {
    /// Reaches the process that holds the store; nothing where nobody listens, or who did is gone.
    ///
    /// # Errors
    ///
    /// Where somebody answers who is not understood.
    pub(crate) async fn open(store: &Path) -> Result<Option<Self>> {
        let Some(path) = find(store) else { return Ok(None) };
        let stream = match UnixStream::connect(&path).await {
            Ok(stream) => stream,
            Err(error) if is_gone(&error) => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("while connecting to `{}`", path.display())),
        };
        let (reader, writer) = stream.into_split();
        let mut reader = BufReader::new(reader);
        let hello: Option<Hello> = match timeout(HELLO_WITHIN, receive(&mut reader)).await {
            Ok(hello) => hello.with_context(|| format!("while talking through `{}`", path.display()))?,
            Err(_) => bail!(
                "the process that holds the store does not answer on `{}`",
                path.display()
            ),
        };
        let Some(hello) = hello else { return Ok(None) };
        if !hello.is_understood() {
            let (theirs, own) = (hello.version, env!("CARGO_PKG_VERSION"));
            bail!("the store is held by stepwell {theirs}, which stepwell {own} does not understand");
        }
        Ok(Some(Self {
            reader,
            writer,
            drives: hello.drives,
        }))
    }

    /// Whether the other side drives executions.
    pub(crate) fn drives(&self) -> bool {
        self.drives
    }

    /// Asks; an answer that the other side has gone comes from [`Connection::next`].
    pub(crate) async fn ask(&mut self, request: &Request) {
        // Who cannot be written to is gone, and reading says so too.
        _ = send(&mut self.writer, request).await;
    }

    /// The next answer; nothing when the other side has gone. Not to be dropped half-way.
    ///
    /// # Errors
    ///
    /// Where what comes is no answer.
    pub(crate) async fn next(&mut self) -> Result<Option<Answer>> {
        receive(&mut self.reader)
            .await
            .context("while reading what the holder of the store answers")
    }

    /// Waits until the other side has gone.
    pub(crate) async fn gone(mut self) {
        while let Ok(Some(_)) = receive::<Answer>(&mut self.reader).await {}
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset
    )
}
