//! Several processes that append to one log.

use std::sync::Arc;

use futures::future::join_all;
use stepwell_ports::{Due, Log, LogEntry, LogError};

use super::world::{World, entry, key};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_revision_has_one_writer() {
    const WRITERS: u8 = 4;
    const RECORDS: u64 = 30;
    let world = Arc::new(World::start().await);
    let writers = (0..WRITERS).map(|writer| tokio::spawn(write(world.clone(), writer, RECORDS)));
    let outcomes = join_all(writers).await.into_iter().map(Result::unwrap);
    let (written, lost): (Vec<_>, Vec<u64>) = outcomes.unzip();
    let mut written: Vec<LogEntry> = written.into_iter().flatten().collect();
    written.sort_by_key(|entry| entry.revision);
    let key = key("flow/raced", "");
    assert_eq!(world.store().range(&key, 1, usize::MAX).await.unwrap(), written);
    let revisions: Vec<u64> = written.iter().map(|entry| entry.revision).collect();
    assert_eq!(revisions, (1..=RECORDS).collect::<Vec<_>>());
    // Who found its revision taken went on behind it.
    assert!(lost.iter().all(|lost| *lost <= RECORDS));
}

/// Reads the last record and appends the next, until there are enough; what it wrote, and how often it was too late.
async fn write(world: Arc<World>, writer: u8, records: u64) -> (Vec<LogEntry>, u64) {
    let (store, key) = (world.store(), key("flow/raced", ""));
    let mut written = Vec::new();
    loop {
        let last = store.last(&key).await.unwrap();
        let revision = last.map_or(1, |last| last.revision + 1);
        if revision > records {
            return (written, store.spent().lost_writes);
        }
        let entry = entry(&key, revision, vec![writer]);
        match store.append(entry.clone(), Due::Keep).await {
            Ok(()) => written.push(entry),
            Err(LogError::Taken { revision: taken, .. }) => assert_eq!(taken, revision),
            Err(error) => panic!("{error}"),
        }
    }
}
