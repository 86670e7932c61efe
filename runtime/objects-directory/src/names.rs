//! How keys become files, and files keys.
//!
//! A key is cut at its slashes. The last piece names a file, the others directories:
//!
//! - lower-case letters, digits, `-`, `_` and inner dots stand for themselves; every other byte, a dot at the beginning
//!   or at the end too, is `%` and two hex digits. So names differ by more than case, and none is `.` or `..`;
//! - files have a dot in their key and directories have none, as is usual; those that do otherwise get a `%` at the end,
//!   so `a` and `a/b` can both be there;
//! - an empty piece is `%_`;
//! - a piece of 198 bytes or more is cut there into directories that end in `%+`.
//!
//! Each key has one such name, each such name one key; a file with another name is none of ours.
//!
//! **Invariant:** nothing here looks at a disk.

use std::path::PathBuf;

use stepwell_ports::ObjectsError;

/// The most that a key may take.
pub const KEY_BYTES_MAX: usize = 1024;

/// File systems take names of 255 bytes.
const PIECE_BYTES_MAX: usize = 198;
const EXCHANGED: &str = "%";
const CONTINUED: &str = "%+";
const EMPTY: &str = "%_";

/// What a name in a directory stands for. The bytes are a part of a key and may end inside a character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// The end of a key.
    File(Vec<u8>),
    /// A piece of a key, and the slash behind it.
    Directory(Vec<u8>),
    /// The beginning of a long piece.
    Continued(Vec<u8>),
}

impl Piece {
    /// What it adds to the key: all keys in it begin with this, and a file's key is this.
    pub(crate) fn key_bytes(&self) -> Vec<u8> {
        match self {
            Self::File(bytes) | Self::Continued(bytes) => bytes.clone(),
            Self::Directory(bytes) => [bytes.as_slice(), b"/"].concat(),
        }
    }

    pub(crate) fn is_file(&self) -> bool {
        matches!(self, Self::File(_))
    }

    /// The name in a directory.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Continued(bytes) => encode(bytes) + CONTINUED,
            Self::File(bytes) => encode(bytes) + if bytes.contains(&b'.') { "" } else { EXCHANGED },
            Self::Directory(bytes) => encode(bytes) + if bytes.contains(&b'.') { EXCHANGED } else { "" },
        }
    }

    /// Reads a name in a directory; `None` if it is none of ours.
    pub(crate) fn read(name: &str) -> Option<Self> {
        let piece = if let Some(rest) = name.strip_suffix(CONTINUED) {
            Self::Continued(decode(rest)?)
        } else if let Some(rest) = name.strip_suffix(EXCHANGED) {
            let bytes = decode(rest)?;
            if bytes.contains(&b'.') {
                Self::Directory(bytes)
            } else {
                Self::File(bytes)
            }
        } else {
            let bytes = decode(name)?;
            if bytes.contains(&b'.') {
                Self::File(bytes)
            } else {
                Self::Directory(bytes)
            }
        };
        (piece.name() == name).then_some(piece)
    }
}

/// The path of an object below its bucket.
pub(crate) fn path(key: &str) -> Result<PathBuf, ObjectsError> {
    if key.is_empty() {
        return Err(ObjectsError::bad_key(key, "it is empty"));
    }
    if key.len() > KEY_BYTES_MAX {
        return Err(ObjectsError::bad_key(key, "it is longer than 1,024 bytes"));
    }
    let mut path = PathBuf::new();
    let mut pieces = key.split('/').peekable();
    while let Some(piece) = pieces.next() {
        let mut rest = piece.as_bytes();
        while let Some((first, others)) = rest.split_at_checked(cut(rest)).filter(|(first, _)| !first.is_empty()) {
            path.push(Piece::Continued(first.to_vec()).name());
            rest = others;
        }
        let last = pieces.peek().is_none();
        path.push(
            if last {
                Piece::File(rest.to_vec())
            } else {
                Piece::Directory(rest.to_vec())
            }
            .name(),
        );
    }
    Ok(path)
}

/// Where a piece is cut: behind the byte that fills a name; 0 if none does. It depends on the bytes before it alone, so
/// pieces that begin alike are cut alike.
fn cut(piece: &[u8]) -> usize {
    let mut length = 0;
    let full = piece.iter().position(|byte| {
        length += if stands_for_itself(*byte) { 1 } else { 3 };
        length >= PIECE_BYTES_MAX
    });
    full.map_or(0, |place| place + 1)
}

fn stands_for_itself(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_'
}

fn encode(piece: &[u8]) -> String {
    if piece.is_empty() {
        return EMPTY.to_owned();
    }
    let mut name = String::with_capacity(piece.len());
    for (place, &byte) in piece.iter().enumerate() {
        let inner_dot = byte == b'.' && place > 0 && place + 1 < piece.len();
        if inner_dot || stands_for_itself(byte) {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02x}"));
        }
    }
    name
}

fn decode(name: &str) -> Option<Vec<u8>> {
    if name == EMPTY {
        return Some(vec![]);
    }
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let [first, others @ ..] = rest {
        let (byte, behind) = match (first, others) {
            (b'%', [high, low, behind @ ..]) => (hex(*high)? << 4 | hex(*low)?, behind),
            (b'%', _) => return None,
            (other, behind) => (*other, behind),
        };
        bytes.push(byte);
        rest = behind;
    }
    Some(bytes)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}
