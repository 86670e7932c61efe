//! The power goes at any write or sync, under a store that runs as it does for users, its writer thread and all.

use std::time::Duration;

use bytes::Bytes;
use futures::executor::block_on;
use stepwell_ports::{Catalogue, Due, DueEntry, Log, LogEntry, LogError, ScopeKey};
use stepwell_simulator::Chance;

use super::faulty_disk::{FaultyDisk, Fuse};
use super::{entry, key, mix};
use crate::{EmbeddedStore, Options};

const SCOPES: u64 = 5;
const APPENDS: u64 = 60;

#[test]
fn everything_acknowledged_is_there_when_the_power_is_back() {
    let mut outcomes = [0, 0];
    for seed in 0..300 {
        let disk = FaultyDisk::default();
        drop(EmbeddedStore::open_on(disk.clone(), options(seed)).unwrap());
        let store = EmbeddedStore::open_on(disk.clone(), options(seed)).unwrap();
        disk.light(Fuse::Changes(mix(seed) % 700));
        let acknowledged = append_until_it_fails(&store, seed);
        outcomes[usize::from(acknowledged == APPENDS)] += 1;
        disk.cut();
        drop(store);
        disk.after_power_loss(&Chance::new(seed));
        let again = EmbeddedStore::open_on(disk, options(seed));
        let again = again.unwrap_or_else(|error| panic!("seed {seed}: {error:?}"));
        check(&again, acknowledged, seed);
        block_on(again.append(entry("after", 1), Due::Never)).unwrap();
    }
    // The seeds reach both the middle and the end.
    assert!(outcomes.iter().all(|count| *count > 20), "{outcomes:?}");
}

#[test]
fn a_failed_commit_fails_its_group_and_everything_after_it() {
    let disk = FaultyDisk::default();
    let store = EmbeddedStore::open_on(disk.clone(), options(0)).unwrap();
    block_on(store.append(entry("", 1), Due::Never)).unwrap();
    let stats = store.stats();
    disk.cut();
    let handed: Vec<_> = (2..=50)
        .map(|revision| store.append(entry("", revision), Due::Never))
        .collect();
    for (place, ended) in handed.into_iter().enumerate() {
        let error = block_on(ended).unwrap_err();
        let expected = matches!(error, LogError::Store { .. } | LogError::Closed);
        assert!(
            expected && (place > 0 || matches!(error, LogError::Store { .. })),
            "{place}: {error:?}"
        );
    }
    let after = [
        block_on(store.append(entry("", 2), Due::Never)),
        block_on(store.arm(key(""), Due::At(1))),
        block_on(store.put("name", Bytes::new())),
        block_on(store.last(&key(""))).map(drop),
        block_on(store.get("name")).map(drop),
    ];
    for refused in after {
        assert!(matches!(refused, Err(LogError::Closed)), "{refused:?}");
    }
    assert_eq!(store.stats().records, stats.records);
}

/// Settling at once mixes both kinds of commit; not settling leaves one.
fn options(seed: u64) -> Options {
    let settle_after = if seed.is_multiple_of(2) {
        Duration::from_secs(86_400)
    } else {
        Duration::ZERO
    };
    Options {
        settle_after,
        ..Options::default()
    }
}

/// Hands over in a known order, some at a time; answers how many were acknowledged.
fn append_until_it_fails(store: &EmbeddedStore, seed: u64) -> u64 {
    let mut acknowledged = 0;
    while acknowledged < APPENDS {
        let end = APPENDS.min(acknowledged + 1 + mix(seed ^ acknowledged) % 8);
        let handed: Vec<_> = (acknowledged..end)
            .map(|number| store.append(nth(number), Due::At(number)))
            .collect();
        for ended in handed {
            match block_on(ended) {
                Ok(()) => acknowledged += 1,
                Err(_) => return acknowledged,
            }
        }
    }
    acknowledged
}

/// What is there is what was handed over first, at least as much of it as was acknowledged.
fn check(store: &EmbeddedStore, acknowledged: u64, seed: u64) {
    let mut there = 0;
    for scope in 0..SCOPES {
        let found = block_on(store.range(&nth(scope).key, 0, usize::MAX)).unwrap();
        there += found.len() as u64;
    }
    assert!(there >= acknowledged, "seed {seed}: {there} of {acknowledged}");
    let mut due = vec![];
    for scope in 0..SCOPES {
        let numbers = (scope..there).step_by(usize::try_from(SCOPES).unwrap());
        let expected: Vec<LogEntry> = numbers.clone().map(nth).collect();
        assert_eq!(
            block_on(store.range(&nth(scope).key, 0, usize::MAX)).unwrap(),
            expected,
            "seed {seed}"
        );
        due.extend(numbers.last().map(|number| DueEntry {
            at: number,
            key: nth(scope).key,
        }));
    }
    due.sort();
    assert_eq!(
        block_on(store.due(None, u64::MAX, usize::MAX)).unwrap(),
        due,
        "seed {seed}"
    );
}

/// The `number`th append: scopes take turns. Bodies from a few bytes to several pages.
fn nth(number: u64) -> LogEntry {
    let (scope, revision) = (number % SCOPES, number / SCOPES + 1);
    let body: Vec<u8> = (0..mix(number) % 1500)
        .flat_map(|part| mix(number ^ part).to_be_bytes())
        .collect();
    let key = ScopeKey {
        execution: format!("flow/{scope}").into(),
        scope: "".into(),
    };
    LogEntry {
        key,
        revision,
        body: Bytes::from(body),
    }
}
