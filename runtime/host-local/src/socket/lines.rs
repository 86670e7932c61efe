//! JSON lines over a socket, within bounds.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use stepwell_wire::{LINE_BYTES_MAX, read_line, write_line};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

/// Reads the next message; nothing when the other side has gone.
///
/// # Errors
///
/// Where the line is no message, or longer than [`LINE_BYTES_MAX`].
pub(super) async fn receive<M: DeserializeOwned>(reader: &mut BufReader<OwnedReadHalf>) -> io::Result<Option<M>> {
    let mut line = Vec::new();
    match reader.take(LINE_BYTES_MAX as u64).read_until(b'\n', &mut line).await {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
        Err(error) => return Err(error),
    }
    if !line.ends_with(b"\n") {
        let too_long = line.len() >= LINE_BYTES_MAX;
        return if too_long {
            Err(io::Error::other("a line of the protocol is too long"))
        } else {
            Ok(None)
        };
    }
    read_line(&line).map(Some).map_err(io::Error::other)
}

/// Sends a message.
///
/// # Errors
///
/// Where the other side has gone.
pub(super) async fn send(writer: &mut OwnedWriteHalf, message: &impl Serialize) -> io::Result<()> {
    let line = write_line(message).map_err(io::Error::other)?;
    writer.write_all(&line).await
}
