//! How many commits and syncs there are, and what they leave for the next opening.

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use futures::executor::block_on;
use futures::future::join_all;
use redb::Database;
use stepwell_ports::{Due, Log};

use super::faulty_disk::FaultyDisk;
use super::{entry, key};
use crate::{Durability, EmbeddedStore, Options, StoreStats};

/// Far enough away that no test sees it.
const NEVER: Duration = Duration::from_secs(86_400);

#[test]
fn what_waits_during_a_sync_shares_the_next_one() {
    let disk = FaultyDisk::default();
    let options = Options {
        settle_after: NEVER,
        ..Options::default()
    };
    let store = EmbeddedStore::open_on(disk.clone(), options).unwrap();
    block_on(store.append(entry("warm", 1), Due::Never)).unwrap();
    let (syncs, commits) = (disk.syncs(), store.stats().commits);
    disk.hold();
    let first = store.append(entry("", 1), Due::At(1));
    // The writer is at the first group, or will be; both ways the others come after it.
    let rest: Vec<_> = (2..=500)
        .map(|revision| store.append(entry("", revision), Due::At(revision)))
        .collect();
    disk.free();
    block_on(first).unwrap();
    for ended in block_on(join_all(rest)) {
        ended.unwrap();
    }
    let (syncs, commits) = (disk.syncs() - syncs, store.stats().commits - commits);
    // Growing the file may take one more.
    assert!((commits..=commits + 1).contains(&syncs), "{syncs} syncs");
    assert!((1..=2).contains(&commits), "{commits} commits");
    assert_eq!(
        store.stats(),
        StoreStats {
            records: 501,
            bytes: 4008,
            ..store.stats()
        }
    );
}

#[test]
fn what_changes_nothing_commits_nothing() {
    let disk = FaultyDisk::default();
    let options = Options {
        settle_after: NEVER,
        ..Options::default()
    };
    let store = EmbeddedStore::open_on(disk.clone(), options).unwrap();
    block_on(store.append(entry("", 1), Due::At(5))).unwrap();
    let (syncs, stats) = (disk.syncs(), store.stats());
    block_on(store.append(entry("", 1), Due::At(6))).unwrap_err();
    block_on(store.append(entry("", 3), Due::At(6))).unwrap_err();
    block_on(store.arm(key(""), Due::At(5))).unwrap();
    block_on(store.arm(key(""), Due::Keep)).unwrap();
    block_on(store.arm(key("other"), Due::Never)).unwrap();
    assert_eq!((disk.syncs(), store.stats()), (syncs, stats));
}

#[test]
fn without_syncs_there_are_none() {
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(dir.path(), Options::with_durability(Durability::NoSync)).unwrap();
    for revision in 1..=10 {
        block_on(store.append(entry("", revision), Due::Never)).unwrap();
    }
    assert_eq!(
        store.stats(),
        StoreStats {
            records: 10,
            bytes: 80,
            commits: 10,
            syncs: 0
        }
    );
}

#[test]
fn a_store_at_rest_opens_without_a_walk() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        settle_after: NEVER,
        ..Options::default()
    };
    let store = EmbeddedStore::open(&dir.path().join("busy"), options).unwrap();
    block_on(store.append(entry("", 1), Due::Never)).unwrap();
    assert_eq!(store.stats().syncs, 1);
    assert!(walks(&dir.path().join("busy"), dir.path()));

    let options = Options {
        settle_after: Duration::ZERO,
        ..Options::default()
    };
    let store = EmbeddedStore::open(&dir.path().join("at-rest"), options).unwrap();
    block_on(store.append(entry("", 1), Due::Never)).unwrap();
    while store.stats().syncs < 3 {
        thread::yield_now();
    }
    assert!(!walks(&dir.path().join("at-rest"), dir.path()));
}

/// Whether a copy of the store, as it is when its process dies now, is walked when it is opened.
fn walks(store: &Path, dir: &Path) -> bool {
    let (image, walked) = (dir.join("image"), Rc::new(Cell::new(false)));
    fs::copy(store.join("store.redb"), &image).unwrap();
    let noted = walked.clone();
    Database::builder()
        .set_repair_callback(move |_| noted.set(true))
        .open(image)
        .unwrap();
    walked.get()
}
