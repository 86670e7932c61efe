//! The end of a store.

use std::thread;

use bytes::Bytes;
use futures::executor::block_on;
use futures::future::join_all;
use stepwell_ports::{Catalogue, Due, ExecutionRow, Log, LogError};

use super::{entry, key};
use crate::{EmbeddedStore, Options, StoreStats};

#[test]
fn what_was_handed_over_is_done_before_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(dir.path(), Options::default()).unwrap();
    let handed: Vec<_> = (1..=200)
        .map(|revision| store.append(entry("", revision), Due::Keep))
        .collect();
    store.close();
    for ended in block_on(join_all(handed)) {
        ended.unwrap();
    }
    let StoreStats { records, bytes, .. } = store.stats();
    assert_eq!((records, bytes), (200, 1600));
    let again = EmbeddedStore::open(dir.path(), Options::default()).unwrap();
    assert_eq!(block_on(again.last(&key(""))).unwrap(), Some(entry("", 200)));
}

#[test]
fn a_closed_store_refuses_everything() {
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(dir.path(), Options::default()).unwrap();
    let late_read = store.last(&key(""));
    store.close();
    store.close();
    let row = ExecutionRow {
        execution: "a".into(),
        status: "Running".into(),
        started_ms: 1,
        ended_ms: None,
    };
    let refused = [
        block_on(store.append(entry("", 1), Due::Keep)),
        block_on(store.arm(key(""), Due::At(1))),
        block_on(store.put("name", Bytes::new())),
        block_on(store.index(row)),
        block_on(store.get("name")).map(drop),
        block_on(store.executions(None, 1)).map(drop),
        block_on(store.range(&key(""), 1, 1)).map(drop),
        block_on(store.due(None, 1, 1)).map(drop),
        block_on(late_read).map(drop),
    ];
    for refused in refused {
        assert!(matches!(refused, Err(LogError::Closed)), "{refused:?}");
    }
}

/// The waker of the last acknowledgement runs on the writer's thread, and may drop the last handle there.
#[test]
fn the_last_handle_may_go_on_the_writer_thread() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..20 {
        let store = EmbeddedStore::open(dir.path(), Options::default()).unwrap();
        let appended = store.append(entry("", 1), Due::Keep);
        let dropping = thread::spawn(move || {
            block_on(async move {
                let _ended = appended.await;
                drop(store);
            })
        });
        dropping.join().unwrap();
    }
}
