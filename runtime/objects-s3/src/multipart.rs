//! An upload in parts.
//!
//! **Invariant:** an upload that was begun is completed, or aborted when it is dropped.

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use stepwell_ports::ObjectsError;
use tokio::runtime::Handle;

use crate::objects::{S3Objects, store};
use crate::place::Place;

/// The size of a part; S3 takes from 5 MiB on, and 10,000 of them.
pub const PART_BYTES: usize = 8 << 20;

/// The most parts of an upload.
const PARTS_MAX: i32 = 10_000;

const UPLOADING: &str = "uploading an object";

/// An object has more parts than S3 takes.
#[derive(Debug, thiserror::Error)]
#[error("an object takes at most {PARTS_MAX} parts of {PART_BYTES} bytes")]
struct TooManyParts;

/// S3 answered without what it has to.
#[derive(Debug, thiserror::Error)]
#[error("an upload was begun without a name")]
struct Nameless;

/// An upload that was begun.
#[derive(Debug)]
pub(crate) struct Multipart {
    client: Client,
    bucket: String,
    real_key: String,
    /// Away when it is over.
    upload: Option<String>,
    parts: Vec<CompletedPart>,
}

impl Multipart {
    pub(crate) async fn begin(objects: &S3Objects, place: &Place) -> Result<Self, ObjectsError> {
        let request = objects.client.create_multipart_upload().bucket(&objects.bucket.name);
        // S3 refuses parts with a checksum, as this SDK sends them, in an upload that announced none.
        let request = request.checksum_algorithm(ChecksumAlgorithm::Crc32);
        let begun = request.key(&place.real_key).send().await;
        let begun = begun.map_err(|error| store("beginning an upload", error))?;
        let upload = begun.upload_id.ok_or_else(|| store("beginning an upload", Nameless))?;
        Ok(Self {
            client: objects.client.clone(),
            bucket: objects.bucket.name.clone(),
            real_key: place.real_key.clone(),
            upload: Some(upload),
            parts: vec![],
        })
    }

    /// Uploads the next part; all but the last have [`PART_BYTES`].
    pub(crate) async fn add(&mut self, part: Bytes) -> Result<(), ObjectsError> {
        let number = i32::try_from(self.parts.len()).unwrap_or(PARTS_MAX) + 1;
        if number > PARTS_MAX {
            return Err(store(UPLOADING, TooManyParts));
        }
        let request = self.client.upload_part().bucket(&self.bucket).key(&self.real_key);
        let request = request.set_upload_id(self.upload.clone()).part_number(number);
        let request = request.checksum_algorithm(ChecksumAlgorithm::Crc32);
        let added = request.body(part.into()).send().await;
        let added = added.map_err(|error| store(UPLOADING, error))?;
        let part = CompletedPart::builder()
            .part_number(number)
            .set_e_tag(added.e_tag)
            .set_checksum_crc32(added.checksum_crc32);
        self.parts.push(part.build());
        Ok(())
    }

    /// Makes the parts an object.
    pub(crate) async fn complete(mut self) -> Result<(), ObjectsError> {
        let parts = std::mem::take(&mut self.parts);
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let request = self.client.complete_multipart_upload().bucket(&self.bucket);
        let request = request.key(&self.real_key).set_upload_id(self.upload.clone());
        let completed = request.multipart_upload(parts).send().await;
        completed.map_err(|error| store("finishing an object", error))?;
        self.upload = None;
        Ok(())
    }
}

impl Drop for Multipart {
    fn drop(&mut self) {
        let (Some(upload), Ok(runtime)) = (self.upload.take(), Handle::try_current()) else {
            return;
        };
        let request = self.client.abort_multipart_upload().bucket(&self.bucket);
        let request = request.key(&self.real_key).upload_id(upload);
        // Nobody is left to be told; what this misses goes by the bucket's lifecycle rule.
        drop(runtime.spawn(async move { drop(request.send().await) }));
    }
}
