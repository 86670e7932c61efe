//! Messages on a stream: a head that tells the length, and JSON.
//!
//! The library's own transport is not used: it gives a session up over one message that is no JSON, and holds as much
//! of a message as its head promises.
//!
//! **Invariant:** no more than [`MESSAGE_BYTES_MAX`] of a message is ever held, whatever its head promises.

use std::io;

use futures::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use serde_json::Value;

/// The largest message that is read; a text of the largest file, however it is escaped, fits.
pub const MESSAGE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The longest line of a head.
const HEAD_BYTES_MAX: u64 = 4 * 1024;

/// What comes from a stream.
#[derive(Debug, PartialEq)]
pub(crate) enum Frame {
    /// A message.
    Message(Value),
    /// A message that is no JSON, or too large.
    Unreadable,
    /// The stream has ended, or what follows cannot be told apart any more.
    End,
}

/// Reads the next message.
pub(crate) async fn read(stream: &mut (impl AsyncBufRead + Unpin)) -> Frame {
    let Ok(Some(length)) = head(stream).await else {
        return Frame::End;
    };
    if length > MESSAGE_BYTES_MAX {
        let mut rest = stream.take(length);
        return match futures::io::copy(&mut rest, &mut futures::io::sink()).await {
            Ok(skipped) if skipped == length => Frame::Unreadable,
            Ok(_) | Err(_) => Frame::End,
        };
    }
    let mut bytes = Vec::new();
    match stream.take(length).read_to_end(&mut bytes).await {
        Ok(read) if read as u64 == length => serde_json::from_slice(&bytes).map_or(Frame::Unreadable, Frame::Message),
        Ok(_) | Err(_) => Frame::End,
    }
}

/// The length that a head tells; nothing at the end of the stream.
async fn head(stream: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<u64>> {
    let mut length = None;
    loop {
        let mut line = Vec::new();
        let read = stream.take(HEAD_BYTES_MAX).read_until(b'\n', &mut line).await?;
        let Some(line) = std::str::from_utf8(&line).ok().and_then(|line| line.strip_suffix('\n')) else {
            return if read == 0 {
                Ok(None)
            } else {
                Err(io::ErrorKind::InvalidData.into())
            };
        };
        match line.trim_end_matches('\r') {
            "" if length.is_some() => return Ok(length),
            "" => return Err(io::ErrorKind::InvalidData.into()),
            field => length = length_of(field).or(length),
        }
    }
}

fn length_of(field: &str) -> Option<u64> {
    let (name, value) = field.split_once(':')?;
    name.trim()
        .eq_ignore_ascii_case("Content-Length")
        .then(|| value.trim().parse().ok())?
}

/// Writes a message.
pub(crate) async fn write(stream: &mut (impl AsyncWrite + Unpin), message: &Value) -> io::Result<()> {
    let text = message.to_string();
    let head = format!("Content-Length: {}\r\n\r\n", text.len());
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(text.as_bytes()).await?;
    stream.flush().await
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use futures::io::Cursor;
    use serde_json::json;

    use super::*;

    fn all(bytes: &[u8]) -> Vec<Frame> {
        let mut stream = Cursor::new(bytes.to_vec());
        let mut frames = Vec::new();
        while frames.last() != Some(&Frame::End) {
            frames.push(block_on(read(&mut stream)));
        }
        frames
    }

    #[test]
    fn messages_are_read_one_by_one() {
        let mut stream = Cursor::new(Vec::new());
        block_on(write(&mut stream, &json!({"a": "é"}))).unwrap();
        let mut bytes = stream.into_inner();
        assert_eq!(bytes, "Content-Length: 10\r\n\r\n{\"a\":\"é\"}".as_bytes());
        bytes.extend(b"content-length:1\r\nContent-Type: x; charset=utf-8\r\n\r\n7");
        bytes.extend(b"Content-Length: 3\n\nno!");
        let expected = [
            Frame::Message(json!({"a": "é"})),
            Frame::Message(json!(7)),
            Frame::Unreadable,
            Frame::End,
        ];
        assert_eq!(all(&bytes), expected);
    }

    #[test]
    fn what_is_no_head_ends_the_stream() {
        let long = vec![b'x'; 9_999];
        for bytes in [
            &b""[..],
            b"GET / HTTP/1.1\r\n\r\n",
            b"Content-Length: -1\r\n\r\n",
            b"\xff\n\n",
            b"Content-Length: 9\r\n\r\n{}",
            &long,
        ] {
            assert_eq!(all(bytes), [Frame::End]);
        }
    }

    #[test]
    fn a_message_that_is_too_large_is_passed_over() {
        let length = MESSAGE_BYTES_MAX + 1;
        let head = format!("Content-Length: {length}\r\n\r\n");
        let body = futures::io::repeat(b' ').take(length);
        let stream =
            futures::io::AsyncReadExt::chain(Cursor::new(head), body).chain(Cursor::new("Content-Length: 1\r\n\r\n1"));
        let mut stream = futures::io::BufReader::new(stream);
        assert_eq!(block_on(read(&mut stream)), Frame::Unreadable);
        assert_eq!(block_on(read(&mut stream)), Frame::Message(json!(1)));
    }
}
