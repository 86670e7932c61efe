//! Objects in the making.
//!
//! **Invariant:** at most one part is in memory.

use bytes::{Buf, Bytes, BytesMut};
use futures::future::{BoxFuture, FutureExt};
use stepwell_ports::{ObjectStat, ObjectWriter, ObjectsError};

use crate::multipart::{Multipart, PART_BYTES};
use crate::objects::{S3Objects, store};
use crate::place::Place;

/// A call was made on a writer whose last write was cancelled or failed.
#[derive(Debug, thiserror::Error)]
#[error("an earlier write of this object was not carried out")]
struct Broken;

/// Writes one object: in one go if it is small, else in parts.
#[derive(Debug)]
pub(crate) struct S3Writer {
    objects: S3Objects,
    place: Place,
    /// Away while a write is under way, and for ever when that write fails or is cancelled.
    draft: Option<Draft>,
}

/// What was written so far.
#[derive(Debug, Default)]
struct Draft {
    /// Parts that are with S3 already.
    sent: Option<Multipart>,
    /// The beginning of the next part.
    next: BytesMut,
    bytes: u64,
}

impl S3Writer {
    pub(crate) fn new(objects: S3Objects, place: Place) -> Self {
        Self {
            objects,
            place,
            draft: Some(Draft::default()),
        }
    }
}

impl Draft {
    async fn write(&mut self, objects: &S3Objects, place: &Place, mut chunk: Bytes) -> Result<(), ObjectsError> {
        self.bytes += chunk.len() as u64;
        while chunk.has_remaining() {
            // A full part is sent only when more follows: what fits one part is written in one go.
            if self.next.len() == PART_BYTES {
                self.send_next(objects, place).await?;
            }
            let taken = chunk.len().min(PART_BYTES - self.next.len());
            self.next.extend_from_slice(&chunk.split_to(taken));
        }
        Ok(())
    }

    async fn send_next(&mut self, objects: &S3Objects, place: &Place) -> Result<(), ObjectsError> {
        let mut sent = match self.sent.take() {
            Some(sent) => sent,
            None => Multipart::begin(objects, place).await?,
        };
        sent.add(std::mem::take(&mut self.next).freeze()).await?;
        self.sent = Some(sent);
        Ok(())
    }

    async fn finish(mut self, objects: &S3Objects, place: &Place) -> Result<u64, ObjectsError> {
        let last = self.next.freeze();
        match self.sent.take() {
            Some(mut sent) => {
                sent.add(last).await?;
                sent.complete().await?;
            }
            None => put(objects, place, last).await?,
        }
        Ok(self.bytes)
    }
}

async fn put(objects: &S3Objects, place: &Place, body: Bytes) -> Result<(), ObjectsError> {
    let request = objects.client.put_object().bucket(&objects.bucket.name);
    let put = request.key(&place.real_key).body(body.into()).send().await;
    put.map_err(|error| store("writing an object", error))?;
    Ok(())
}

impl ObjectWriter for S3Writer {
    fn write(&mut self, chunk: Bytes) -> BoxFuture<'_, Result<(), ObjectsError>> {
        async move {
            let mut draft = self.draft.take().ok_or_else(broken)?;
            draft.write(&self.objects, &self.place, chunk).await?;
            self.draft = Some(draft);
            Ok(())
        }
        .boxed()
    }

    fn finish(mut self: Box<Self>) -> BoxFuture<'static, Result<ObjectStat, ObjectsError>> {
        async move {
            let draft = self.draft.take().ok_or_else(broken)?;
            let bytes = draft.finish(&self.objects, &self.place).await?;
            Ok(ObjectStat {
                key: self.place.key,
                bytes,
            })
        }
        .boxed()
    }
}

fn broken() -> ObjectsError {
    store("writing an object", Broken)
}
