//! How a body is kept: a format byte, then the body as it is or deflated, whichever is shorter.
//!
//! | byte | then |
//! |---|---|
//! | 1 | the body |
//! | 2 | the body, deflated (RFC 1951) with the first dictionary |
//! | 3 | the SHA-256 of what is kept in an object instead: format 1 or 2 |
//! | 4 | the SHA-256 of what is kept in chunks instead, and their number (2 bytes) |
//!
//! The dictionary holds the shapes of records, made from those of this repository's fixtures without the users' own
//! words; the shapes met most often stand last, where pointing at them takes the fewest bits. It belongs to the format:
//! another dictionary is another format byte.
//!
//! **Invariant:** an unknown format is an error of whoever reads, never an empty body.

use bytes::Bytes;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use sha2::{Digest, Sha256};

const AS_IT_IS: u8 = 1;
const DEFLATED: u8 = 2;
const IN_AN_OBJECT: u8 = 3;
const IN_CHUNKS: u8 = 4;

/// What deflated bodies may point at. Never changed: bodies that are stored need it.
pub(crate) const DICTIONARY: &[u8] = include_bytes!("dictionary-1.txt");

/// Beyond this level it takes more time than it saves space.
const LEVEL: u32 = 6;

/// The least that is made room for at once while inflating.
const ROOM_BYTES: usize = 4096;

/// Names content.
pub(crate) type Sha = [u8; 32];

/// Where a body is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Here.
    Here(Bytes),
    /// In an object.
    Object(Sha),
    /// In that many chunks.
    Chunks(Sha, u16),
}

/// Why a body cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("a stored body is empty")]
    Empty,
    #[error("a stored body has format {0}; this version reads formats up to {IN_CHUNKS}")]
    Format(u8),
    #[error("a stored body of format {0} is damaged")]
    Damaged(u8),
    #[error("a stored body takes more than {0} bytes")]
    TooLarge(usize),
    #[error("what a stored body was moved to is not there")]
    Gone,
    #[error("what a stored body was moved to is something else")]
    Changed,
    #[error("a stored body is of a kind that does not belong there")]
    Misplaced,
    #[error("an item has no attribute `{0}`, or one of another type")]
    Attribute(&'static str),
    #[error("an item has a sort key of another kind")]
    Sort,
    #[error("a row of the index of executions is damaged")]
    Row,
}

/// What is stored for a body.
pub(crate) fn encode(body: &[u8]) -> Vec<u8> {
    deflated(body).unwrap_or_else(|| [&[AS_IT_IS], body].concat())
}

/// Nothing where it does not get shorter.
fn deflated(body: &[u8]) -> Option<Vec<u8>> {
    let mut compress = Compress::new(Compression::new(LEVEL), false);
    compress.set_dictionary(DICTIONARY).ok()?;
    let mut stored = Vec::with_capacity(body.len());
    stored.push(DEFLATED);
    // It writes into the room that there is, and no more: what does not end in it is no shorter.
    let status = compress.compress_vec(body, &mut stored, FlushCompress::Finish).ok()?;
    (status == Status::StreamEnd && stored.len() <= body.len()).then_some(stored)
}

/// What is stored for a body that stands in an object.
pub(crate) fn in_an_object(sha: &Sha) -> Vec<u8> {
    [&[IN_AN_OBJECT], sha.as_slice()].concat()
}

/// What is stored for a body that stands in chunks.
pub(crate) fn in_chunks(sha: &Sha, count: u16) -> Vec<u8> {
    [&[IN_CHUNKS], sha.as_slice(), &count.to_be_bytes()].concat()
}

/// Reads what is stored; a body that is here takes at most `bytes_max`.
pub(crate) fn decode(stored: &[u8], bytes_max: usize) -> Result<Place, Unreadable> {
    let (format, rest) = stored.split_first().ok_or(Unreadable::Empty)?;
    match *format {
        AS_IT_IS if rest.len() > bytes_max => Err(Unreadable::TooLarge(bytes_max)),
        AS_IT_IS => Ok(Place::Here(Bytes::copy_from_slice(rest))),
        DEFLATED => Ok(Place::Here(inflated(rest, bytes_max)?)),
        IN_AN_OBJECT => match rest.try_into() {
            Ok(sha) => Ok(Place::Object(sha)),
            Err(_) => Err(Unreadable::Damaged(IN_AN_OBJECT)),
        },
        IN_CHUNKS => moved_to_chunks(rest).ok_or(Unreadable::Damaged(IN_CHUNKS)),
        format => Err(Unreadable::Format(format)),
    }
}

/// Reads what stands elsewhere: it cannot stand elsewhere again.
pub(crate) fn decode_moved(stored: &[u8], sha: &Sha, bytes_max: usize) -> Result<Bytes, Unreadable> {
    if digest(stored) != *sha {
        return Err(Unreadable::Changed);
    }
    match decode(stored, bytes_max)? {
        Place::Here(body) => Ok(body),
        Place::Object(_) | Place::Chunks(..) => Err(Unreadable::Misplaced),
    }
}

fn moved_to_chunks(rest: &[u8]) -> Option<Place> {
    let (sha, count) = rest.split_first_chunk()?;
    Some(Place::Chunks(*sha, u16::from_be_bytes(count.try_into().ok()?)))
}

/// The name of content.
pub(crate) fn digest(content: &[u8]) -> Sha {
    Sha256::digest(content).into()
}

fn inflated(deflated: &[u8], bytes_max: usize) -> Result<Bytes, Unreadable> {
    let damaged = || Unreadable::Damaged(DEFLATED);
    let mut inflate = Decompress::new(false);
    inflate.set_dictionary(DICTIONARY).map_err(|_| damaged())?;
    let mut body = Vec::new();
    loop {
        let wanted = body.capacity().max(deflated.len()).max(ROOM_BYTES);
        body.reserve_exact(wanted.min((bytes_max + 1).saturating_sub(body.len())));
        let read = usize::try_from(inflate.total_in()).map_err(|_| damaged())?;
        let rest = deflated.get(read..).ok_or_else(damaged)?;
        let status = inflate
            .decompress_vec(rest, &mut body, FlushDecompress::Finish)
            .map_err(|_| damaged())?;
        let has_ended = status == Status::StreamEnd;
        if body.len() > bytes_max {
            return Err(Unreadable::TooLarge(bytes_max));
        }
        if has_ended && inflate.total_in() == deflated.len() as u64 {
            return Ok(body.into());
        }
        // It stopped though it had room, or before the end of what is stored.
        if has_ended || body.len() < body.capacity() {
            return Err(damaged());
        }
    }
}
