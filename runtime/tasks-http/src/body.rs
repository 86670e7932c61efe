//! Reading the body of an answer within a bound.

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};

/// How much of a body that is too long is kept, to say what it was.
const START_BYTES: u64 = 2048;

/// Why a body was not read.
#[derive(Debug)]
pub(crate) enum BodyError {
    /// It is longer than the limit; here are its first bytes.
    TooLarge(Bytes),
    /// It broke off or is no HTTP.
    Broken(hyper::Error),
}

/// Reads the whole body, at most `limit` bytes of it. No more than the limit and one chunk is ever held.
pub(crate) async fn read(mut body: Incoming, limit: u64) -> Result<Bytes, BodyError> {
    let announced = body.size_hint().lower();
    let enough = if announced > limit {
        START_BYTES.min(limit)
    } else {
        limit
    };
    let mut read: Vec<u8> = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(BodyError::Broken)?;
        let Ok(data) = frame.into_data() else { continue };
        read.extend_from_slice(&data);
        if length(&read) > enough {
            return Err(BodyError::TooLarge(start(read)));
        }
    }
    if announced > limit {
        Err(BodyError::TooLarge(start(read)))
    } else {
        Ok(read.into())
    }
}

fn start(mut read: Vec<u8>) -> Bytes {
    read.truncate(usize::try_from(START_BYTES).unwrap_or(usize::MAX));
    read.into()
}

fn length(read: &[u8]) -> u64 {
    u64::try_from(read.len()).unwrap_or(u64::MAX)
}
