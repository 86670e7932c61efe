//! Messages on a stream: a head that tells the length, and JSON.
//!
//! The library's own transport is not used: it gives a session up over one message that is no JSON, and holds as much
//! of a message as its head promises.
//!
//! **Invariant:** no more than [`MESSAGE_BYTES_MAX`] of a message is ever held, whatever its head promises.

use std::{fmt, io};

use futures::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use serde_json::Value;

/// The largest message that is read; a text of the largest file, however it is escaped, fits.
pub const MESSAGE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The longest head.
const HEAD_BYTES_MAX: u64 = 4 * 1024;

/// How much of a head is repeated in a reason.
const SHOWN_CHARACTERS_MAX: usize = 60;

/// What comes from a stream.
#[derive(Debug, PartialEq)]
pub(crate) enum Frame {
    /// A message.
    Message(Value),
    /// A message that cannot be read; the next one can.
    Unreadable(Unreadable),
    /// What follows cannot be told apart any more.
    Lost(Lost),
    /// The stream has ended.
    End,
}

/// Why a message cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    TooLarge(u64),
    NotUtf8,
    NotJson(String),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge(length) => {
                write!(
                    f,
                    "a message of {length} bytes is too large; at most {MESSAGE_BYTES_MAX} are read"
                )
            }
            Self::NotUtf8 => f.write_str("a message is not UTF-8"),
            Self::NotJson(error) => write!(f, "a message is not JSON: {error}"),
        }
    }
}

/// Why it cannot be told any more where messages begin and end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lost {
    /// The head of a message has no `Content-Length`.
    NoLength,
    /// The `Content-Length` is no number of bytes.
    BadLength(String),
    /// The head is not UTF-8.
    HeadNotUtf8,
    /// The head does not end within so many bytes as a head has.
    HeadTooLong,
    /// The stream ends within a head.
    HeadCut,
    /// The stream ends within a message of that length.
    MessageCut(u64),
    /// The stream cannot be read.
    Broken(String),
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLength => f.write_str("the head of a message has no `Content-Length`"),
            Self::BadLength(value) => write!(f, "the `Content-Length` of a message is no number of bytes: `{value}`"),
            Self::HeadNotUtf8 => f.write_str("the head of a message is not UTF-8"),
            Self::HeadTooLong => write!(f, "the head of a message has more than {HEAD_BYTES_MAX} bytes"),
            Self::HeadCut => f.write_str("the stream ended within the head of a message"),
            Self::MessageCut(length) => write!(f, "the stream ended within a message of {length} bytes"),
            Self::Broken(error) => write!(f, "the stream cannot be read: {error}"),
        }
    }
}

impl From<io::Error> for Lost {
    fn from(error: io::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

/// Reads the next message.
pub(crate) async fn read(stream: &mut (impl AsyncBufRead + Unpin)) -> Frame {
    match next(stream).await {
        Ok(frame) => frame,
        Err(lost) => Frame::Lost(lost),
    }
}

async fn next(stream: &mut (impl AsyncBufRead + Unpin)) -> Result<Frame, Lost> {
    let Some(length) = head(stream).await? else {
        return Ok(Frame::End);
    };
    let mut body = stream.take(length);
    if length > MESSAGE_BYTES_MAX {
        let skipped = futures::io::copy(&mut body, &mut futures::io::sink()).await?;
        return match skipped == length {
            true => Ok(Frame::Unreadable(Unreadable::TooLarge(length))),
            false => Err(Lost::MessageCut(length)),
        };
    }
    let mut bytes = Vec::new();
    match body.read_to_end(&mut bytes).await? {
        read if read as u64 == length => Ok(message(&bytes).map_or_else(Frame::Unreadable, Frame::Message)),
        _ => Err(Lost::MessageCut(length)),
    }
}

fn message(bytes: &[u8]) -> Result<Value, Unreadable> {
    let text = std::str::from_utf8(bytes).map_err(|_| Unreadable::NotUtf8)?;
    serde_json::from_str(text).map_err(|error| Unreadable::NotJson(error.to_string()))
}

/// The length that a head tells; nothing at the end of the stream.
async fn head(stream: &mut (impl AsyncBufRead + Unpin)) -> Result<Option<u64>, Lost> {
    let mut length = None;
    let mut rest = HEAD_BYTES_MAX;
    loop {
        let mut line = Vec::new();
        let read = (&mut *stream).take(rest).read_until(b'\n', &mut line).await? as u64;
        let Some(text) = line.strip_suffix(b"\n") else {
            return match (read, rest) {
                (0, HEAD_BYTES_MAX) => Ok(None),
                (read, rest) if read < rest => Err(Lost::HeadCut),
                (_, _) => Err(Lost::HeadTooLong),
            };
        };
        rest -= read;
        let text = std::str::from_utf8(text).map_err(|_| Lost::HeadNotUtf8)?;
        match text.trim_end_matches('\r') {
            "" => return length.ok_or(Lost::NoLength).map(Some),
            field => length = length_of(field)?.or(length),
        }
    }
}

/// The length that a field of a head tells, if it is the one that does.
fn length_of(field: &str) -> Result<Option<u64>, Lost> {
    let value = field
        .split_once(':')
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("Content-Length"));
    let Some((_, value)) = value else { return Ok(None) };
    let value = value.trim();
    let shown = || value.chars().take(SHOWN_CHARACTERS_MAX).collect();
    // A sign, which a number may have elsewhere, has no place here.
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    let length = value.parse().ok().filter(|_| digits);
    length.map(Some).ok_or_else(|| Lost::BadLength(shown()))
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
        while !matches!(frames.last(), Some(Frame::End | Frame::Lost(_))) {
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
        bytes.extend(b"Content-Length: 3\n\n\"\xff\"");
        bytes.extend(b"Content-Length: 0\n\n");
        let not_json = |error: &str| Frame::Unreadable(Unreadable::NotJson(error.to_owned()));
        let expected = [
            Frame::Message(json!({"a": "é"})),
            Frame::Message(json!(7)),
            not_json("expected ident at line 1 column 2"),
            Frame::Unreadable(Unreadable::NotUtf8),
            not_json("EOF while parsing a value at line 1 column 0"),
            Frame::End,
        ];
        assert_eq!(all(&bytes), expected);
    }

    #[test]
    fn what_is_no_head_is_named_and_ends_the_conversation() {
        let long = vec![b'x'; 9_999];
        let lines = b"x: y\n".repeat(2_000);
        let lost = |bytes: &[u8]| match all(bytes).as_slice() {
            [Frame::Lost(lost)] => lost.to_string(),
            frames => panic!("{frames:?}"),
        };
        assert_eq!(all(b""), [Frame::End]);
        for (bytes, reason) in [
            (
                &b"GET / HTTP/1.1\r\n\r\n"[..],
                "the head of a message has no `Content-Length`",
            ),
            (b"\n", "the head of a message has no `Content-Length`"),
            (
                b"Content-Length: -1\r\n\r\n",
                "the `Content-Length` of a message is no number of bytes: `-1`",
            ),
            (
                b"Content-Length: +1\r\n\r\n7",
                "the `Content-Length` of a message is no number of bytes: `+1`",
            ),
            (
                b"Content-Length: 99999999999999999999\r\n\r\n",
                "the `Content-Length` of a message is no number of bytes: `99999999999999999999`",
            ),
            (
                b"Content-Length:\r\n\r\n",
                "the `Content-Length` of a message is no number of bytes: ``",
            ),
            (b"\xff\n\n", "the head of a message is not UTF-8"),
            (b"Content-Length: 9", "the stream ended within the head of a message"),
            (
                b"Content-Length: 9\r\n",
                "the stream ended within the head of a message",
            ),
            (
                b"Content-Length: 9\r\n\r\n{}",
                "the stream ended within a message of 9 bytes",
            ),
            (
                b"Content-Length: 67108865\r\n\r\n{}",
                "the stream ended within a message of 67108865 bytes",
            ),
            (&long, "the head of a message has more than 4096 bytes"),
            (&lines, "the head of a message has more than 4096 bytes"),
        ] {
            assert_eq!(lost(bytes), reason);
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
        let too_large = Unreadable::TooLarge(length);
        assert_eq!(
            too_large.to_string(),
            "a message of 67108865 bytes is too large; at most 67108864 are read"
        );
        assert_eq!(block_on(read(&mut stream)), Frame::Unreadable(too_large));
        assert_eq!(block_on(read(&mut stream)), Frame::Message(json!(1)));
    }
}
