//! The index of executions: one row for a beginning, one for an end, spread over buckets and merged when they are read.
//!
//! ```text
//!   bucket 3:  order/17␀E  order/17␀R  order/99␀R      one sorted list each;
//!   bucket 7:  order/18␀R  order/42␀R                  the lowest of all fronts comes next
//! ```
//!
//! The row of an end stands before that of the beginning, so the first row of a name is the one that counts.
//!
//! **Invariant:** no row is ever read to write one: whoever comes late with a beginning hides no end.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::future;
use stepwell_ports::{ExecutionRow, LogError};

use crate::body::{self, Place, Unreadable};
use crate::error::unreadable;
use crate::item::{self, BUCKETS, INDEX_NAME_BYTES_MAX, Item, NUL, Stored, within};
use crate::store::{Order, Span, Table};

/// The kind of a row: that an execution has ended.
const ENDED: u8 = b'E';
/// The kind of a row: that it runs.
const RUNNING: u8 = b'R';
/// Sorts behind every kind.
const BEHIND: u8 = 0xff;

/// What a row's body may take once it is inflated: a few numbers and a name.
const ROW_BYTES_MAX: usize = 64 << 10;

/// The most rows that are read from a bucket at once.
const PAGE_MAX: usize = 500;

const WRITING: &str = "writing an execution's row";
const READING: &str = "reading the index of executions";

pub(crate) async fn put(table: &Table, row: ExecutionRow) -> Result<(), LogError> {
    within("the execution's name", row.execution.len(), INDEX_NAME_BYTES_MAX)?;
    let json = serde_json::to_vec(&row).map_err(|error| LogError::Refused {
        during: WRITING,
        source: Box::new(error),
    })?;
    let kind = match row.ended_ms {
        Some(_) => ENDED,
        None => RUNNING,
    };
    let item = Item::new(
        item::bucket_of(&row.execution),
        key(&row.execution, kind),
        body::encode(&json),
        Some(table.expires()),
    );
    table.put(WRITING, item).await
}

fn key(execution: &str, kind: u8) -> Vec<u8> {
    [execution.as_bytes(), &[NUL, kind]].concat()
}

pub(crate) async fn list(
    table: &Arc<Table>,
    after: Option<&str>,
    count_max: usize,
) -> Result<Vec<ExecutionRow>, LogError> {
    if count_max == 0 {
        return Ok(Vec::new());
    }
    let from = after.map_or(Vec::new(), behind);
    let page = (count_max / usize::from(BUCKETS)).saturating_mul(3).clamp(8, PAGE_MAX);
    let mut buckets = (0..BUCKETS)
        .map(|number| Bucket::new(number, &from))
        .collect::<Vec<_>>();
    let mut rows: Vec<ExecutionRow> = Vec::new();
    while rows.len() < count_max {
        future::try_join_all(buckets.iter_mut().map(|bucket| bucket.fill(table, page))).await?;
        let fronts = buckets.iter_mut().filter(|bucket| !bucket.rows.is_empty());
        let lowest = fronts.min_by(|one, other| one.front().cmp(&other.front()));
        let Some(row) = lowest.and_then(|bucket| bucket.rows.pop_front()) else {
            break;
        };
        if rows.last().is_none_or(|last| last.execution != row.execution) {
            rows.push(row);
        }
    }
    Ok(rows)
}

/// The lowest sort key behind all rows of a name, which may be longer than any in the index.
fn behind(after: &str) -> Vec<u8> {
    let name = after.as_bytes();
    let name = name.get(..INDEX_NAME_BYTES_MAX).unwrap_or(name);
    [name, &[NUL, BEHIND]].concat()
}

/// What was read of one bucket and not yet given.
struct Bucket {
    partition: Vec<u8>,
    rows: VecDeque<ExecutionRow>,
    /// Where to go on; nothing at the end.
    from: Option<Vec<u8>>,
}

impl Bucket {
    fn new(number: u8, from: &[u8]) -> Self {
        Self {
            partition: item::bucket(number),
            rows: VecDeque::new(),
            from: Some(from.to_vec()),
        }
    }

    fn front(&self) -> Option<&Arc<str>> {
        self.rows.front().map(|row| &row.execution)
    }

    /// Reads on where nothing is left.
    async fn fill(&mut self, table: &Table, count_max: usize) -> Result<(), LogError> {
        while self.rows.is_empty()
            && let Some(from) = self.from.take()
        {
            let span = Span {
                partition: self.partition.clone(),
                from,
                order: Order::Ascending,
                count_max,
            };
            let page = table.page(READING, span).await?;
            let last = page.items.last().filter(|_| !page.is_last);
            self.from = last.map(|stored| [stored.sort.as_slice(), &[NUL]].concat());
            for stored in &page.items {
                self.rows.push_back(row(stored).map_err(unreadable(READING))?);
            }
        }
        Ok(())
    }
}

fn row(stored: &Stored) -> Result<ExecutionRow, Unreadable> {
    match body::decode(&stored.body, ROW_BYTES_MAX)? {
        Place::Here(json) => serde_json::from_slice(&json).map_err(|_| Unreadable::Row),
        Place::Object(_) | Place::Chunks(..) => Err(Unreadable::Row),
    }
}
