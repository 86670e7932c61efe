//! Blobs: one item, or chunks that the item names.
//!
//! Chunks are named by the content as a whole and written before the item that names it, which is written if there is none.
//! So a reader sees all of a content or none, and of several writers one content stays. The chunks of a content that
//! came too late are left behind.
//!
//! **Invariant:** a chunk never changes: its key says what is in it.

use bytes::{BufMut, Bytes, BytesMut};
use futures::stream::{self, StreamExt, TryStreamExt};
use stepwell_ports::{LogError, ScopeKey};

use crate::body::{self, Place, Sha, Unreadable};
use crate::error::unreadable;
use crate::item::{self, ITEM_BYTES_MAX, Item, within};
use crate::store::{Order, Span, Table};

/// The most that a blob may take.
pub const BLOB_BYTES_MAX: usize = 16 << 20;

/// What a chunk holds; the rest is for its key and its names.
const CHUNK_BYTES: usize = 390 << 10;

/// So many chunks are written at once.
const WRITES_MAX: usize = 4;

/// More than any blob has.
const CHUNKS_MAX: usize = 1 << 10;

const WRITING: &str = "writing a blob";
const READING: &str = "reading a blob";

pub(crate) async fn put(table: &Table, name: &str, body: Bytes) -> Result<(), LogError> {
    within("the blob's name", name.len(), ScopeKey::BYTES_MAX)?;
    within("the blob", body.len(), BLOB_BYTES_MAX)?;
    // Reading costs a twentieth of a write that finds its place taken.
    let partition = item::blob(name);
    let there = table.get(WRITING, partition.clone(), item::whole()).await?;
    if there.is_some() {
        return Ok(());
    }
    let stored = body::encode(&body);
    let mut item = Item::new(partition, item::whole(), stored.clone(), None);
    if item.bytes() > ITEM_BYTES_MAX {
        let (sha, count) = put_chunks(table, &stored).await?;
        item = item.with_body(body::in_chunks(&sha, count));
    }
    // Whoever was faster: the first content stays.
    table.put_new(WRITING, item).await.map(drop)
}

async fn put_chunks(table: &Table, stored: &[u8]) -> Result<(Sha, u16), LogError> {
    let sha = body::digest(stored);
    let chunks: Vec<Vec<u8>> = stored.chunks(CHUNK_BYTES).map(<[u8]>::to_vec).collect();
    let writes = chunks.into_iter().zip(0_u16..).map(|(chunk, number)| {
        let item = Item::new(item::chunks(&sha), item::chunk(number), chunk, None);
        table.put(WRITING, item)
    });
    let written = stream::iter(writes).buffer_unordered(WRITES_MAX);
    let count = written.try_fold(0_u16, async |count, ()| Ok(count + 1)).await?;
    Ok((sha, count))
}

pub(crate) async fn get(table: &Table, name: &str) -> Result<Option<Bytes>, LogError> {
    let Some(stored) = table.get(READING, item::blob(name), item::whole()).await? else {
        return Ok(None);
    };
    match body::decode(&stored.body, BLOB_BYTES_MAX).map_err(unreadable(READING))? {
        Place::Here(body) => Ok(Some(body)),
        Place::Chunks(sha, count) => {
            let stored = read_chunks(table, &sha, count).await?;
            let body = body::decode_moved(&stored, &sha, BLOB_BYTES_MAX);
            body.map(Some).map_err(unreadable(READING))
        }
        Place::Object(_) => Err(unreadable(READING)(Unreadable::Misplaced)),
    }
}

async fn read_chunks(table: &Table, sha: &Sha, count: u16) -> Result<Bytes, LogError> {
    let mut stored = BytesMut::new();
    let mut next = 0_u16;
    while next < count {
        let span = Span {
            partition: item::chunks(sha),
            from: item::chunk(next),
            order: Order::Ascending,
            count_max: CHUNKS_MAX,
        };
        let page = table.page(READING, span).await?;
        // What is missing or too much is noticed by the digest.
        if page.items.is_empty() || stored.len() > BLOB_BYTES_MAX {
            break;
        }
        for chunk in page.items {
            stored.put_slice(&chunk.body);
            next = next.saturating_add(1);
        }
    }
    Ok(stored.freeze())
}
