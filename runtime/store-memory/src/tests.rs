//! The conformance suites, and what only this store does.

use std::sync::Arc;

use bytes::Bytes;
use futures::executor::block_on;
use stepwell_ports::{Catalogue, Due, DueEntry, Log, LogEntry, ScopeKey, conformance};

use crate::MemoryStore;

#[test]
fn keeps_the_promises_of_log() {
    let store = MemoryStore::new();
    let open = || -> Arc<dyn Log> { Arc::new(store.clone()) };
    block_on(conformance::log::all(&open));
    block_on(conformance::log::all_reopened(&open));
}

#[test]
fn keeps_the_promises_of_catalogue() {
    let store = MemoryStore::new();
    let open = || -> Arc<dyn Catalogue> { Arc::new(store.clone()) };
    block_on(conformance::catalogue::all(&open));
    block_on(conformance::catalogue::all_reopened(&open));
}

#[test]
fn a_fork_keeps_what_was_there_and_nothing_of_later() {
    let key = ScopeKey {
        execution: "flow/a".into(),
        scope: "".into(),
    };
    let entry = |revision, body| LogEntry {
        key: key.clone(),
        revision,
        body: Bytes::from_static(body),
    };
    let store = MemoryStore::new();
    block_on(store.append(entry(1, b"one"), Due::At(5))).unwrap();
    let fork = store.fork();
    block_on(store.append(entry(2, b"two"), Due::Never)).unwrap();
    block_on(fork.append(entry(2, b"other"), Due::Keep)).unwrap();
    assert_eq!(
        block_on(store.range(&key, 1, 9)).unwrap(),
        [entry(1, b"one"), entry(2, b"two")]
    );
    assert_eq!(
        block_on(fork.range(&key, 1, 9)).unwrap(),
        [entry(1, b"one"), entry(2, b"other")]
    );
    assert_eq!(block_on(store.due(None, u64::MAX, 9)).unwrap(), []);
    assert_eq!(
        block_on(fork.due(None, u64::MAX, 9)).unwrap(),
        [DueEntry { at: 5, key }]
    );
}
