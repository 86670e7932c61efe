//! Records that are too large for an item: their bodies are objects, named by their content.
//!
//! An object is written before the item that names it, so an item never names what is not there. One whose item lost its
//! append is left behind; the bucket's own rule deletes objects that are older than any record may get. That is why an
//! object that is there already is written again: it is young then.
//!
//! **Invariant:** what is read is what was written: it has the name of its content.

use bytes::Bytes;
use stepwell_ports::{LogError, Objects, ObjectsError};

use crate::RECORDS_BUCKET;
use crate::body::{self, Sha};
use crate::error::{of_objects, unreadable};
use crate::log::RECORD_BYTES_MAX;

/// Writes what is stored for a body; answers its name.
pub(crate) async fn put(objects: &dyn Objects, during: &'static str, stored: Vec<u8>) -> Result<Sha, LogError> {
    let sha = body::digest(&stored);
    let written = write(objects, &key(&sha), stored.into()).await;
    written.map_err(of_objects(during))?;
    Ok(sha)
}

async fn write(objects: &dyn Objects, key: &str, stored: Bytes) -> Result<(), ObjectsError> {
    let mut writer = objects.create(RECORDS_BUCKET, key).await?;
    writer.write(stored).await?;
    writer.finish().await.map(drop)
}

/// Reads the body that was written under a name.
pub(crate) async fn get(objects: &dyn Objects, during: &'static str, sha: &Sha) -> Result<Bytes, LogError> {
    // The format byte comes on top of the largest body.
    let read = objects.read(RECORDS_BUCKET, &key(sha), 0, RECORD_BYTES_MAX + 1);
    let stored = read.await.map_err(of_objects(during))?;
    body::decode_moved(&stored, sha, RECORD_BYTES_MAX).map_err(unreadable(during))
}

fn key(sha: &Sha) -> String {
    sha.iter().map(|byte| format!("{byte:02x}")).collect()
}
