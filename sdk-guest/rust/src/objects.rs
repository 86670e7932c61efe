//! Objects by bucket and key: what is too large for a payload.
//!
//! Payloads carry `obj://bucket/key`; a task opens it here. Which objects it may touch stands in the operator's grants.
//!
//! **Invariant:** an object is there whole or not at all: [`Writer::finish`] makes it visible, and a writer that is
//! dropped before leaves nothing.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::str::FromStr;

use crate::Failure;
use crate::bindings::stepwell::task::objects as host;

/// The most that goes to or from the host at once.
const CHUNK_BYTES_MAX: usize = 1024 * 1024;
const CHUNK_BYTES_MAX_U32: u32 = 1024 * 1024;

/// The name of an object, `obj://bucket/key`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uri {
    /// The bucket.
    pub bucket: String,
    /// The key in it; it may contain `/`.
    pub key: String,
}

impl Uri {
    /// Names an object.
    pub fn new(bucket: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            bucket: bucket.into(),
            key: key.into(),
        }
    }
}

impl FromStr for Uri {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (bucket, key) = text
            .strip_prefix("obj://")
            .and_then(|rest| rest.split_once('/'))
            .filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty())
            .ok_or_else(|| Error::BadName(format!("`{text}` is no `obj://bucket/key`")))?;
        Ok(Self::new(bucket, key))
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "obj://{}/{}", self.bucket, self.key)
    }
}

impl<'de> serde::Deserialize<'de> for Uri {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl serde::Serialize for Uri {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Why an object could not be had. Turns into a [`Failure`] by `?`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The grants do not allow it; the text names the line to add.
    NotGranted(String),
    /// No such object.
    NotFound(String),
    /// A bucket or key that no store accepts.
    BadName(String),
    /// A chunk, a count or an object above its limit.
    TooLarge(String),
    /// The store failed; a repeat may help.
    Failed(String),
}

impl Error {
    /// The error code of the [`Failure`] that it becomes.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotGranted(_) => "FnF.NotGranted",
            Self::NotFound(_) => "Objects.NotFound",
            Self::BadName(_) => "Objects.BadName",
            Self::TooLarge(_) => "Objects.TooLarge",
            Self::Failed(_) => "Objects.Failed",
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::NotGranted(text)
            | Self::NotFound(text)
            | Self::BadName(text)
            | Self::TooLarge(text)
            | Self::Failed(text) => text,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text())
    }
}

impl std::error::Error for Error {}

impl From<host::Error> for Error {
    fn from(error: host::Error) -> Self {
        match error {
            host::Error::NotGranted(text) => Self::NotGranted(text),
            host::Error::NotFound(text) => Self::NotFound(text),
            host::Error::BadName(text) => Self::BadName(text),
            host::Error::TooLarge(text) => Self::TooLarge(text),
            host::Error::Failed(text) => Self::Failed(text),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let failure = Self::new(error.code(), error.text());
        match error {
            Error::Failed(_) => failure,
            Error::NotGranted(_) | Error::NotFound(_) | Error::BadName(_) | Error::TooLarge(_) => {
                failure.not_retryable()
            }
        }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        Self::other(error)
    }
}

/// What is known of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// The key in its bucket.
    pub key: String,
    /// The size in bytes.
    pub bytes: u64,
}

impl From<host::ObjectStat> for Stat {
    fn from(stat: host::ObjectStat) -> Self {
        Self {
            key: stat.key,
            bytes: stat.bytes,
        }
    }
}

/// What is known of one object.
///
/// # Errors
///
/// [`Error`], as the host says.
pub fn stat(uri: &Uri) -> Result<Stat, Error> {
    Ok(host::stat(&uri.bucket, &uri.key)?.into())
}

/// Objects whose key starts with `prefix`, by key, strictly after `after`, at most `count_max` (and 1,000).
///
/// # Errors
///
/// [`Error`], as the host says.
pub fn list(bucket: &str, prefix: &str, after: Option<&str>, count_max: u32) -> Result<Vec<Stat>, Error> {
    let stats = host::list(bucket, prefix, after, count_max)?;
    Ok(stats.into_iter().map(Into::into).collect())
}

/// Reads a whole object of at most `bytes_max` bytes.
///
/// # Errors
///
/// [`Error::TooLarge`] without reading it, or [`Error`] as the host says.
pub fn read(uri: &Uri, bytes_max: u64) -> Result<Vec<u8>, Error> {
    let bytes = stat(uri)?.bytes;
    if bytes > bytes_max {
        return Err(Error::TooLarge(format!(
            "`{uri}` takes {bytes} bytes; at most {bytes_max} are read here"
        )));
    }
    let mut content = Vec::with_capacity(usize::try_from(bytes).unwrap_or(0));
    loop {
        let chunk = host::read(&uri.bucket, &uri.key, content.len() as u64, CHUNK_BYTES_MAX_U32)?;
        if chunk.is_empty() || content.len() as u64 >= bytes_max {
            return Ok(content);
        }
        content.extend_from_slice(&chunk);
    }
}

/// Opens an object for reading in chunks.
///
/// # Errors
///
/// [`Error`], as the host says.
pub fn open(uri: &Uri) -> Result<Reader, Error> {
    let bytes = stat(uri)?.bytes;
    Ok(Reader {
        uri: uri.clone(),
        bytes,
        offset: 0,
        chunk: Vec::new(),
        chunk_offset: 0,
    })
}

/// Begins to write an object.
///
/// # Errors
///
/// [`Error`], as the host says.
pub fn create(uri: &Uri) -> Result<Writer, Error> {
    Ok(Writer {
        host: host::create(&uri.bucket, &uri.key)?,
        chunk: Vec::new(),
    })
}

/// Writes a whole object.
///
/// # Errors
///
/// [`Error`], as the host says.
pub fn write(uri: &Uri, content: &[u8]) -> Result<Stat, Error> {
    let mut writer = create(uri)?;
    for chunk in content.chunks(CHUNK_BYTES_MAX) {
        writer.append(chunk)?;
    }
    writer.finish()
}

/// An object that is being read; holds one chunk of at most 1 MiB at a time.
#[derive(Debug)]
pub struct Reader {
    uri: Uri,
    bytes: u64,
    offset: u64,
    chunk: Vec<u8>,
    chunk_offset: u64,
}

impl Reader {
    /// The size of the object when it was opened.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What the chunk holds from `offset` on.
    fn ahead(&self) -> &[u8] {
        self.offset
            .checked_sub(self.chunk_offset)
            .and_then(|skip| self.chunk.get(usize::try_from(skip).ok()?..))
            .unwrap_or_default()
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ahead().is_empty() && self.offset < self.bytes {
            let chunk = host::read(&self.uri.bucket, &self.uri.key, self.offset, CHUNK_BYTES_MAX_U32);
            self.chunk = chunk.map_err(Error::from)?;
            self.chunk_offset = self.offset;
        }
        let count = self.ahead().read(buffer)?;
        self.offset += count as u64;
        Ok(count)
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(offset) => self.bytes.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.offset.checked_add_signed(offset),
        };
        self.offset = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.offset)
    }
}

/// An object in the making; dropped unfinished, it leaves nothing behind.
#[derive(Debug)]
pub struct Writer {
    host: host::Writer,
    chunk: Vec<u8>,
}

impl Writer {
    /// Appends bytes; they reach the host in chunks of at most 1 MiB.
    ///
    /// # Errors
    ///
    /// [`Error`], as the host says.
    pub fn append(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            let room = CHUNK_BYTES_MAX - self.chunk.len();
            let (now, later) = bytes.split_at(bytes.len().min(room));
            self.chunk.extend_from_slice(now);
            bytes = later;
            if self.chunk.len() == CHUNK_BYTES_MAX {
                self.send()?;
            }
        }
        Ok(())
    }

    /// Makes the object visible under its key, replacing what stood there.
    ///
    /// # Errors
    ///
    /// [`Error`], as the host says.
    pub fn finish(mut self) -> Result<Stat, Error> {
        self.send()?;
        Ok(host::Writer::finish(self.host)?.into())
    }

    fn send(&mut self) -> Result<(), Error> {
        if !self.chunk.is_empty() {
            self.host.write(&self.chunk)?;
            self.chunk.clear();
        }
        Ok(())
    }
}

impl Write for Writer {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.append(buffer)?;
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(self.send()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_names_a_bucket_and_a_key_with_slashes() {
        assert_eq!("obj://media/in/a.png".parse(), Ok(Uri::new("media", "in/a.png")));
        assert_eq!(Uri::new("media", "in/a.png").to_string(), "obj://media/in/a.png");
    }

    #[test]
    fn anything_else_is_no_uri() {
        for text in ["", "media/a", "obj://media", "obj:///a", "obj://media/", "s3://media/a"] {
            assert_eq!(
                text.parse::<Uri>(),
                Err(Error::BadName(format!("`{text}` is no `obj://bucket/key`")))
            );
        }
    }

    #[test]
    fn only_a_failing_store_is_worth_a_repeat() {
        assert_eq!(
            Failure::from(Error::Failed("disk".into())),
            Failure::new("Objects.Failed", "disk")
        );
        assert_eq!(
            Failure::from(Error::NotGranted("add it".into())),
            Failure::new("FnF.NotGranted", "add it").not_retryable()
        );
    }
}
