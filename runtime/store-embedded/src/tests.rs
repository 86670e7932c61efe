//! The conformance suites on the real thing, and what only this store promises.

mod bounds;
mod closing;
mod cuts;
mod damage;
mod faulty_disk;
mod grouping;
mod kill;
mod opening;
mod power;

use std::sync::Arc;

use bytes::Bytes;
use futures::executor::block_on;
use stepwell_ports::{Catalogue, Log, LogEntry, ScopeKey, conformance};

use crate::{Durability, EmbeddedStore, Options};

#[test]
fn keeps_the_promises_of_log() {
    for durability in [Durability::Fsync, Durability::NoSync] {
        let dir = tempfile::tempdir().unwrap();
        let options = Options::with_durability(durability);
        let open = || -> Arc<dyn Log> { Arc::new(EmbeddedStore::open(dir.path(), options).unwrap()) };
        block_on(conformance::log::all(&open));
        block_on(conformance::log::all_reopened(&open));
    }
}

#[test]
fn keeps_the_promises_of_catalogue() {
    let dir = tempfile::tempdir().unwrap();
    let open = || -> Arc<dyn Catalogue> { Arc::new(EmbeddedStore::open(dir.path(), Options::default()).unwrap()) };
    block_on(conformance::catalogue::all(&open));
    block_on(conformance::catalogue::all_reopened(&open));
}

fn key(scope: &str) -> ScopeKey {
    ScopeKey {
        execution: "flow/execution".into(),
        scope: scope.into(),
    }
}

fn entry(scope: &str, revision: u64) -> LogEntry {
    LogEntry {
        key: key(scope),
        revision,
        body: Bytes::copy_from_slice(&revision.to_be_bytes()),
    }
}

/// SplitMix64: chance that comes back with its seed.
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
