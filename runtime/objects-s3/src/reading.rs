//! Looking at objects and reading ranges of them.
//!
//! **Invariant:** what is answered begins at the offset that was asked for, and is no longer than was asked for.

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use bytes::{Bytes, BytesMut};
use stepwell_ports::{ObjectStat, ObjectsError};

use crate::objects::{S3Objects, store};
use crate::place::Place;

/// No object is as large; a range that begins here or behind is not asked for, because S3 answers the whole object where
/// it does not understand a range.
const OFFSET_MAX: u64 = 1 << 50;

/// Of a range that lies behind the end.
const RANGE_NOT_SATISFIABLE: u16 = 416;

const READING: &str = "reading an object";
const LOOKING: &str = "looking at an object";

/// S3 answered another range.
#[derive(Debug, thiserror::Error)]
#[error("another range than the one that was asked for was answered")]
struct OtherRange;

/// What is known of an object. The answer to such a request has no body, so an object of a real bucket that is not there
/// is an absent object.
pub(crate) async fn stat(objects: &S3Objects, place: Place) -> Result<ObjectStat, ObjectsError> {
    let request = objects.client.head_object().bucket(&objects.bucket.name);
    let answer = match request.key(&place.real_key).send().await {
        Ok(answer) => answer,
        Err(error) if error.as_service_error().is_some_and(|modelled| modelled.is_not_found()) => {
            return Err(place.not_found());
        }
        Err(error) => return Err(store(LOOKING, error)),
    };
    let bytes = answer.content_length.unwrap_or_default();
    Ok(ObjectStat {
        key: place.key,
        bytes: u64::try_from(bytes).unwrap_or_default(),
    })
}

/// Reads a range of an object.
pub(crate) async fn read(
    objects: &S3Objects,
    place: &Place,
    offset: u64,
    bytes_max: usize,
) -> Result<Bytes, ObjectsError> {
    if bytes_max == 0 || offset >= OFFSET_MAX {
        // Nothing can be there, but the object itself.
        stat(objects, place.clone()).await?;
        return Ok(Bytes::new());
    }
    let last = offset.saturating_add(bytes_max as u64 - 1).min(OFFSET_MAX);
    let request = objects.client.get_object().bucket(&objects.bucket.name);
    let request = request.key(&place.real_key).range(format!("bytes={offset}-{last}"));
    match request.send().await {
        Ok(answer) => body(answer, offset, bytes_max).await,
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|modelled| modelled.is_no_such_key()) =>
        {
            Err(place.not_found())
        }
        Err(error) => match error.raw_response().map(|response| response.status().as_u16()) {
            Some(RANGE_NOT_SATISFIABLE) => Ok(Bytes::new()),
            Some(_) | None => Err(store(READING, error)),
        },
    }
}

async fn body(answer: GetObjectOutput, offset: u64, bytes_max: usize) -> Result<Bytes, ObjectsError> {
    let begins = answer.content_range().and_then(first_byte);
    if begins != Some(offset) {
        return Err(store(READING, OtherRange));
    }
    let (mut chunks, mut read) = (answer.body, BytesMut::new());
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| store(READING, error))?;
        if chunk.len() > bytes_max - read.len() {
            return Err(store(READING, OtherRange));
        }
        read.extend_from_slice(&chunk);
    }
    Ok(read.freeze())
}

/// The first byte of a range such as `bytes 3-7/100`.
fn first_byte(range: &str) -> Option<u64> {
    let (first, _) = range.strip_prefix("bytes ")?.split_once('-')?;
    first.parse().ok()
}
