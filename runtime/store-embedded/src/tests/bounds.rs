//! What is too large, and what may never be named.

use bytes::Bytes;
use futures::executor::block_on;
use futures::future::join_all;
use stepwell_ports::{Catalogue, Due, ExecutionRow, Log, LogEntry, LogError, ScopeKey};

use super::{entry, key};
use crate::{BLOB_BYTES_MAX, Durability, EmbeddedStore, Options, QUEUE_BYTES_MAX, RECORD_BYTES_MAX};

#[test]
fn more_than_the_queue_holds_is_written_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(dir.path(), Options::with_durability(Durability::NoSync)).unwrap();
    let body = Bytes::from(vec![3; QUEUE_BYTES_MAX / 16]);
    let handed: Vec<_> = (1..=40)
        .map(|revision| {
            store.append(
                LogEntry {
                    body: body.clone(),
                    ..entry("", revision)
                },
                Due::Keep,
            )
        })
        .collect();
    for ended in block_on(join_all(handed)) {
        ended.unwrap();
    }
    assert_eq!(store.stats().bytes, 40 * body.len() as u64);
}

#[test]
fn the_largest_record_and_blob_are_kept_and_larger_ones_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(dir.path(), Options::with_durability(Durability::NoSync)).unwrap();
    let largest = LogEntry {
        body: Bytes::from(vec![1; RECORD_BYTES_MAX]),
        ..entry("", 1)
    };
    block_on(store.append(largest.clone(), Due::Keep)).unwrap();
    assert_eq!(block_on(store.last(&key(""))).unwrap(), Some(largest));
    let larger = LogEntry {
        body: Bytes::from(vec![1; RECORD_BYTES_MAX + 1]),
        ..entry("", 2)
    };
    let refused = block_on(store.append(larger, Due::Keep)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the record takes 16777217 bytes; the store's limit is 16777216"
    );
    let refused = block_on(store.put("blob", Bytes::from(vec![1; BLOB_BYTES_MAX + 1]))).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the blob takes 67108865 bytes; the store's limit is 67108864"
    );
    block_on(store.put("blob", Bytes::from(vec![1; BLOB_BYTES_MAX]))).unwrap();
    let name = "n".repeat(ScopeKey::BYTES_MAX + 1);
    assert!(matches!(
        block_on(store.put(&name, Bytes::new())),
        Err(LogError::TooLarge { bytes: 2049, .. })
    ));
    let row = ExecutionRow {
        execution: name.into(),
        status: "Running".into(),
        started_ms: 1,
        ended_ms: None,
    };
    assert!(matches!(
        block_on(store.index(row)),
        Err(LogError::TooLarge { bytes: 2049, .. })
    ));
}

#[test]
fn a_key_with_a_nul_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(dir.path(), Options::with_durability(Durability::NoSync)).unwrap();
    for (execution, scope) in [("a\0b", ""), ("a", "\0")] {
        let key = ScopeKey {
            execution: execution.into(),
            scope: scope.into(),
        };
        let entry = LogEntry {
            key: key.clone(),
            revision: 1,
            body: Bytes::new(),
        };
        let refused = [
            block_on(store.append(entry, Due::At(1))),
            block_on(store.arm(key.clone(), Due::At(1))),
            block_on(store.last(&key)).map(drop),
            block_on(store.range(&key, 1, 1)).map(drop),
        ];
        for refused in refused {
            assert!(
                matches!(
                    refused,
                    Err(LogError::Store {
                        during: "reading a scope's key",
                        ..
                    })
                ),
                "{refused:?}"
            );
        }
    }
    assert_eq!(block_on(store.due(None, 9, 9)).unwrap(), []);
}
