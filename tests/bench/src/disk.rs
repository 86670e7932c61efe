//! How often the disk makes a block durable when nothing else is asked of it.
//!
//! **Invariant:** one file that grows, one writer: no store that syncs every commit can be faster.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::Sample;

/// What is appended each time.
const BLOCK_BYTES: usize = 4096;

/// What the disk can do.
#[derive(Clone, Copy, Debug)]
pub struct SyncRate {
    /// Syncs per second.
    pub per_second: f64,
    /// Half of them took at most this long.
    pub p50: Duration,
    /// All but one in a hundred took at most this long.
    pub p99: Duration,
}

/// Appends 4 KiB and syncs, again and again for that long.
#[must_use]
pub fn sync_rate(folder: &Path, time: Duration) -> SyncRate {
    let path = folder.join("raw-syncs");
    let mut file = File::create(&path).unwrap();
    let (block, began, mut sample) = ([1; BLOCK_BYTES], Instant::now(), Sample::default());
    while began.elapsed() < time {
        let before = Instant::now();
        file.write_all(&block).unwrap();
        file.sync_data().unwrap();
        sample.add_since(before);
    }
    let per_second = crate::per_second(sample.count(), began.elapsed());
    std::fs::remove_file(path).unwrap();
    SyncRate {
        per_second,
        p50: sample.percentile(50),
        p99: sample.percentile(99),
    }
}
