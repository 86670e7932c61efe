//! A store's file after something else wrote to it: answers or errors, never a panic, never a hang.

use std::fs;
use std::path::Path;

use bytes::Bytes;
use futures::executor::block_on;
use stepwell_ports::{Catalogue, Due, ExecutionRow, Log, LogEntry, LogError};

use super::{entry, key, mix};
use crate::{Durability, EmbeddedStore, OpenError, Options};

#[test]
fn a_damaged_file_is_an_error_at_worst() {
    let dir = tempfile::tempdir().unwrap();
    let good = filled(dir.path());
    let (mut refused, mut opened) = (0, 0);
    for seed in 0..250 {
        let mut bad = good.clone();
        for blow in 0..=mix(seed) % 4 {
            let chance = mix(seed << 8 | blow);
            let place = usize::try_from(chance).unwrap() % if chance & 1 << 40 == 0 { 512 } else { bad.len() };
            let end = bad
                .len()
                .min(place + [1, 8, 512, 4096][usize::try_from(chance >> 60).unwrap() % 4]);
            bad[place..end].fill_with(|| u8::try_from(chance >> 41 & 0xff).unwrap());
        }
        count(use_all(dir.path(), &bad), &mut opened, &mut refused);
    }
    assert!(opened > 20 && refused > 20, "{opened} opened, {refused} refused");
}

#[test]
fn a_file_that_was_cut_off_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let good = filled(dir.path());
    for bytes in [1, 9, 100, 4096, 5000, good.len() / 2, good.len() - 4096, good.len() - 1] {
        let used = use_all(dir.path(), &good[..bytes]);
        assert!(used.is_err(), "{bytes} of {} bytes opened", good.len());
    }
}

fn count(used: Result<(), OpenError>, opened: &mut u32, refused: &mut u32) {
    match used {
        Ok(()) => *opened += 1,
        Err(
            OpenError::Foreign { .. } | OpenError::Damaged { .. } | OpenError::Format { .. } | OpenError::Store { .. },
        ) => {
            *refused += 1;
        }
        Err(other) => panic!("{other:?}"),
    }
}

/// Opens the store and does everything once.
fn use_all(dir: &Path, file: &[u8]) -> Result<(), OpenError> {
    fs::write(dir.join("store.redb"), file).unwrap();
    let store = EmbeddedStore::open(dir, options())?;
    let _read: Result<_, LogError> = block_on(store.range(&key("a"), 0, usize::MAX));
    let _read: Result<_, LogError> = block_on(store.last(&key("b")));
    let _read: Result<_, LogError> = block_on(store.due(None, u64::MAX, usize::MAX));
    let _read: Result<_, LogError> = block_on(store.executions(None, usize::MAX));
    let _read: Result<_, LogError> = block_on(store.get("blob"));
    let _written: Result<_, LogError> = block_on(store.append(entry("a", 101), Due::At(1)));
    let _written: Result<_, LogError> = block_on(store.append(entry("new", 1), Due::At(1)));
    let _written: Result<_, LogError> = block_on(store.put("more", Bytes::from_static(b"more")));
    Ok(())
}

fn filled(dir: &Path) -> Vec<u8> {
    let store = EmbeddedStore::open(dir, options()).unwrap();
    for revision in 1..=100 {
        for scope in ["a", "b"] {
            let body = Bytes::from(vec![7; 700]);
            block_on(store.append(
                LogEntry {
                    body,
                    ..entry(scope, revision)
                },
                Due::At(revision),
            ))
            .unwrap();
        }
    }
    block_on(store.put("blob", Bytes::from(vec![8; 20_000]))).unwrap();
    for number in 0..50 {
        let execution = format!("flow/{number}").into();
        let row = ExecutionRow {
            execution,
            status: "Running".into(),
            started_ms: number,
            ended_ms: None,
        };
        block_on(store.index(row)).unwrap();
    }
    drop(store);
    fs::read(dir.join("store.redb")).unwrap()
}

fn options() -> Options {
    Options::with_durability(Durability::NoSync)
}
