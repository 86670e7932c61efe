//! A wake as the text of a queue's message.
//!
//! ```json
//! {"v":1,"id":"3f0c…","execution":"orders/o-17","scope":"4.0","expects":5,"sent_ms":1763900000000,"at_ms":1763900090000,"hops":0}
//! ```
//!
//! The text is ASCII: whatever a queue or a schedule refuses or replaces (control characters, noncharacters,
//! `<aws.scheduler.…>`) is escaped. About 200 bytes for usual names, never more than [`BODY_BYTES_MAX`]. A wake that names
//! children is of version 2: it has `"children":[3,7]`, and a program that knows only version 1 puts it back.
//!
//! **Invariant:** whatever [`Message::encode`] wrote is read back as it was, by every later version too.

use std::fmt::Write as _;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;
use stepwell_ports::{Millis, Remedy, ScopeKey, Wake};

/// Of a wake that names children; any other is of version 1.
const VERSION: u64 = 2;

/// The most that a wake's id may take.
const ID_BYTES_MAX: usize = 128;

/// The most that a message takes: a name of the longest key whose every byte is escaped as `\u0001`, and some room. A
/// queue accepts 1 MiB, and bills 64 KiB as one request.
pub const BODY_BYTES_MAX: usize = 16 << 10;

/// What one message of the queue says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The wake.
    pub wake: Wake,
    /// When it is to be handed out; a message that comes earlier is to be sent on: [`crate::AwsWakes::hop`].
    pub at_ms: Millis,
    /// How often it was sent on.
    pub hops: u32,
}

/// A message cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// A later version wrote it: it is to be put back for one that can read it.
    #[error("the message is of version {0}, and this program reads version {VERSION}")]
    UnknownVersion(u64),
    /// It is not a wake, and never will be.
    #[error("the message is not a wake")]
    NotAWake(#[source] serde_json::Error),
    /// It is over a limit.
    #[error("the message's {what} takes {bytes} bytes; the limit is {bytes_max}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// It names more children than a wake does.
    #[error("the message names {0} children; the limit is {max}", max = Wake::CHILDREN_MAX)]
    TooManyChildren(usize),
    /// Its key or its id cannot be.
    #[error("the message's {0} is empty or contains a NUL byte")]
    BadName(&'static str),
}

impl DecodeError {
    /// What to do with the message: have it handed out again later, or give it up.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::UnknownVersion(_) => Remedy::Retry,
            Self::NotAWake(_) | Self::TooLarge { .. } | Self::TooManyChildren(_) | Self::BadName(_) => Remedy::GiveUp,
        }
    }
}

#[derive(Deserialize)]
struct AnyVersion {
    v: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    #[serde(rename = "v")]
    _version: u64,
    id: Arc<str>,
    execution: Arc<str>,
    scope: Arc<str>,
    expects: u64,
    #[serde(default)]
    children: Arc<[u32]>,
    sent_ms: Millis,
    at_ms: Millis,
    hops: u32,
}

impl Message {
    /// The message's text.
    ///
    /// # Errors
    ///
    /// [`DecodeError::TooLarge`] or [`DecodeError::BadName`] where nobody could read it.
    pub fn encode(&self) -> Result<String, DecodeError> {
        self.check()?;
        let names_children = !self.wake.children.is_empty();
        let mut text = json!({
            "v": if names_children { VERSION } else { 1 },
            "id": &*self.wake.id,
            "execution": &*self.wake.key.execution,
            "scope": &*self.wake.key.scope,
            "expects": self.wake.expects,
            "sent_ms": self.wake.sent_ms,
            "at_ms": self.at_ms,
            "hops": self.hops,
        });
        if let Some(text) = text.as_object_mut().filter(|_| names_children) {
            text.insert("children".to_owned(), json!(self.wake.children));
        }
        Ok(escaped(&text.to_string()))
    }

    /// Reads a message's text.
    ///
    /// # Errors
    ///
    /// [`DecodeError`]; its remedy says what is to become of the message.
    pub fn decode(text: &str) -> Result<Self, DecodeError> {
        bounded("text", text, BODY_BYTES_MAX)?;
        let AnyVersion { v } = serde_json::from_str(text).map_err(DecodeError::NotAWake)?;
        if !(1..=VERSION).contains(&v) {
            return Err(DecodeError::UnknownVersion(v));
        }
        let read: Read = serde_json::from_str(text).map_err(DecodeError::NotAWake)?;
        let message = Self::from(read);
        message.check()?;
        Ok(message)
    }

    fn check(&self) -> Result<(), DecodeError> {
        let Wake { id, key, .. } = &self.wake;
        bounded("id", id, ID_BYTES_MAX)?;
        let bytes = key.execution.len() + key.scope.len();
        if bytes > ScopeKey::BYTES_MAX {
            return Err(too_large("key", bytes, ScopeKey::BYTES_MAX));
        }
        if self.wake.children.len() > Wake::CHILDREN_MAX {
            return Err(DecodeError::TooManyChildren(self.wake.children.len()));
        }
        for (what, name, may_be_empty) in [
            ("id", id, false),
            ("execution", &key.execution, false),
            ("scope", &key.scope, true),
        ] {
            if name.contains('\0') || (name.is_empty() && !may_be_empty) {
                return Err(DecodeError::BadName(what));
            }
        }
        Ok(())
    }
}

impl From<Read> for Message {
    fn from(read: Read) -> Self {
        let key = ScopeKey {
            execution: read.execution,
            scope: read.scope,
        };
        let wake = Wake {
            id: read.id,
            key,
            expects: read.expects,
            children: read.children,
            sent_ms: read.sent_ms,
        };
        Self {
            wake,
            at_ms: read.at_ms,
            hops: read.hops,
        }
    }
}

fn bounded(what: &'static str, text: &str, bytes_max: usize) -> Result<(), DecodeError> {
    match text.len() {
        bytes if bytes > bytes_max => Err(too_large(what, bytes, bytes_max)),
        _ => Ok(()),
    }
}

fn too_large(what: &'static str, bytes: usize, bytes_max: usize) -> DecodeError {
    DecodeError::TooLarge { what, bytes, bytes_max }
}

/// JSON with every character escaped that is not ASCII, and `<`, which begins what Scheduler replaces. Such characters
/// stand in strings only.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for char in json.chars() {
        if char.is_ascii() && char != '<' {
            text.push(char);
            continue;
        }
        for unit in char.encode_utf16(&mut [0; 2]) {
            // Writing into a text cannot fail.
            let _ = write!(text, "\\u{unit:04x}");
        }
    }
    text
}
