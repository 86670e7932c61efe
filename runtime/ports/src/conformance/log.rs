//! What every [`Log`] promises.

use std::sync::Arc;
use std::thread;

use bytes::Bytes;
use futures::future::join_all;

use super::{ODD_NAMES, Open, megabyte, said};
use crate::{Due, Log, LogEntry, LogError, ScopeKey};

mod driven;

/// Runs every case: those of [`shared`], and what a log promises that one process drives.
///
/// # Panics
///
/// At the first promise that the store does not keep.
pub async fn all(open: Open<'_, dyn Log>) {
    shared(open).await;
    let log = open();
    driven::cases(log.as_ref()).await;
}

/// Runs the cases that every log keeps, a table shared by several processes included: one with a limit for what an item
/// holds is given an object store for the rest.
///
/// # Panics
///
/// At the first promise that the store does not keep.
pub async fn shared(open: Open<'_, dyn Log>) {
    let log = open();
    let log = log.as_ref();
    an_empty_scope_has_nothing(log).await;
    appends_in_order_are_read_back(log).await;
    a_revision_is_written_once(log).await;
    one_of_many_racers_wins(log).await;
    scopes_are_filled_beside_each_other(log).await;
    ranges_come_in_pages(log).await;
    neighbouring_scopes_stay_apart(log).await;
    odd_names_are_kept(log).await;
    bodies_of_any_size_are_kept(log).await;
    keys_have_a_limit(log).await;
}

/// Runs the cases that open the store again.
///
/// # Panics
///
/// At the first promise that the store does not keep.
pub async fn all_reopened(open: Open<'_, dyn Log>) {
    shared_reopened(open).await;
    driven::reopened(open).await;
}

/// Runs the cases that open the store again and that every log keeps.
///
/// # Panics
///
/// At the first promise that the store does not keep.
pub async fn shared_reopened(open: Open<'_, dyn Log>) {
    let (key, other) = (key("shared-reopen", "1.0"), key("shared-reopen", ""));
    let log = open();
    for revision in 1..=3 {
        assert_eq!(
            said(log.append(entry(&key, revision, b"kept"), Due::Keep).await),
            Ok(())
        );
    }
    assert_eq!(said(log.append(entry(&other, 1, &megabyte()), Due::Keep).await), Ok(()));
    drop(log);
    let log = open();
    let kept = (1..=3)
        .map(|revision| entry(&key, revision, b"kept"))
        .collect::<Vec<_>>();
    assert_eq!(said(log.range(&key, 0, usize::MAX).await), Ok(kept));
    assert_eq!(said(log.last(&other).await), Ok(Some(entry(&other, 1, &megabyte()))));
    assert_eq!(
        said(log.append(entry(&key, 3, b"again"), Due::Keep).await),
        Err(taken("1.0", 3))
    );
    assert_eq!(said(log.append(entry(&key, 4, b"next"), Due::Keep).await), Ok(()));
}

async fn an_empty_scope_has_nothing(log: &dyn Log) {
    let key = key("empty", "");
    assert_eq!(said(log.last(&key).await), Ok(None));
    assert_eq!(said(log.range(&key, 1, 10).await), Ok(vec![]));
    assert_eq!(said(log.arm(key.clone(), Due::Keep).await), Ok(()));
    assert_eq!(said(log.arm(key.clone(), Due::Never).await), Ok(()));
    assert_eq!(said(log.last(&key).await), Ok(None));
}

async fn appends_in_order_are_read_back(log: &dyn Log) {
    let key = key("in-order", "");
    for revision in 1..=300 {
        let entry = entry(&key, revision, &revision.to_be_bytes());
        assert_eq!(said(log.append(entry.clone(), Due::Keep).await), Ok(()));
        assert_eq!(said(log.last(&key).await), Ok(Some(entry)));
    }
    let all = (1..=300)
        .map(|revision: u64| entry(&key, revision, &revision.to_be_bytes()))
        .collect::<Vec<_>>();
    assert_eq!(said(log.range(&key, 1, usize::MAX).await), Ok(all));
}

async fn a_revision_is_written_once(log: &dyn Log) {
    let key = key("once", "Map/17");
    assert_eq!(said(log.append(entry(&key, 1, b"first"), Due::Keep).await), Ok(()));
    assert_eq!(said(log.append(entry(&key, 2, b"second"), Due::Keep).await), Ok(()));
    for revision in [0, 1, 2] {
        let refused = log.append(entry(&key, revision, b"other"), Due::Keep).await;
        assert_eq!(said(refused), Err(taken("Map/17", revision)));
    }
    let kept = vec![entry(&key, 1, b"first"), entry(&key, 2, b"second")];
    assert_eq!(said(log.range(&key, 0, 10).await), Ok(kept));
}

async fn one_of_many_racers_wins(log: &dyn Log) {
    let key = key("race", "");
    for revision in 1..=20 {
        let handed = thread::scope(|threads| {
            let racers: Vec<_> = (0..8_u64)
                .map(|racer| {
                    threads.spawn({
                        let entry = entry(&key, revision, &racer.to_be_bytes());
                        move || log.append(entry, Due::Keep)
                    })
                })
                .collect();
            racers
                .into_iter()
                .map(|racer| racer.join().expect("a racer hands over"))
                .collect::<Vec<_>>()
        });
        let ended = join_all(handed).await.into_iter().map(said).collect::<Vec<_>>();
        let winners: Vec<u64> = (0..)
            .zip(&ended)
            .filter(|(_, ended)| ended.is_ok())
            .map(|(racer, _)| racer)
            .collect();
        assert_eq!(winners.len(), 1, "{ended:?}");
        let winner = winners.first().expect("a winner").to_be_bytes();
        let losers = ended.iter().filter(|ended| **ended == Err(taken("", revision))).count();
        assert_eq!(losers, 7, "{ended:?}");
        assert_eq!(said(log.last(&key).await), Ok(Some(entry(&key, revision, &winner))));
    }
}

async fn scopes_are_filled_beside_each_other(log: &dyn Log) {
    let scopes: Vec<ScopeKey> = (0..8).map(|scope| key("beside", &format!("1.{scope}"))).collect();
    let filled = scopes.iter().map(|key| async move {
        for revision in 1..=50_u64 {
            let appended = log.append(entry(key, revision, &revision.to_be_bytes()), Due::Keep);
            assert_eq!(said(appended.await), Ok(()));
        }
    });
    join_all(filled).await;
    for key in &scopes {
        let all = (1..=50_u64)
            .map(|revision| entry(key, revision, &revision.to_be_bytes()))
            .collect::<Vec<_>>();
        assert_eq!(said(log.range(key, 1, usize::MAX).await), Ok(all));
    }
}

async fn ranges_come_in_pages(log: &dyn Log) {
    let key = key("pages", "");
    for revision in 1..=5 {
        assert_eq!(
            said(log.append(entry(&key, revision, b"body"), Due::Keep).await),
            Ok(())
        );
    }
    for (from, count_max, expected) in [
        (0, 2, vec![1, 2]),
        (1, 2, vec![1, 2]),
        (3, 2, vec![3, 4]),
        (5, 2, vec![5]),
        (6, 2, vec![]),
        (u64::MAX, 2, vec![]),
        (1, 0, vec![]),
        (4, usize::MAX, vec![4, 5]),
    ] {
        let expected = expected
            .into_iter()
            .map(|revision| entry(&key, revision, b"body"))
            .collect::<Vec<_>>();
        assert_eq!(
            said(log.range(&key, from, count_max).await),
            Ok(expected),
            "from {from}, {count_max}"
        );
    }
}

async fn neighbouring_scopes_stay_apart(log: &dyn Log) {
    let keys = [
        key("near", ""),
        key("near", "a"),
        key("near", "a/b"),
        key("near", "ab"),
        key("neara", ""),
        key("near/a", ""),
        key("nea", "ra"),
    ];
    for (number, key) in (1_u64..).zip(&keys) {
        for revision in 1..=number {
            assert_eq!(
                said(log.append(entry(key, revision, &number.to_be_bytes()), Due::Keep).await),
                Ok(())
            );
        }
    }
    for (number, key) in (1_u64..).zip(&keys) {
        let own = (1..=number)
            .map(|revision| entry(key, revision, &number.to_be_bytes()))
            .collect::<Vec<_>>();
        assert_eq!(said(log.last(key).await), Ok(own.last().cloned()));
        assert_eq!(said(log.range(key, 0, usize::MAX).await), Ok(own));
    }
}

async fn odd_names_are_kept(log: &dyn Log) {
    let keys: Vec<ScopeKey> = ODD_NAMES.iter().map(|name| key(&format!("odd/{name}"), name)).collect();
    for key in &keys {
        assert_eq!(
            said(log.append(entry(key, 1, key.scope.as_bytes()), Due::Keep).await),
            Ok(())
        );
    }
    for key in &keys {
        let expected = entry(key, 1, key.scope.as_bytes());
        assert_eq!(said(log.last(key).await), Ok(Some(expected)));
    }
}

async fn bodies_of_any_size_are_kept(log: &dyn Log) {
    let key = key("sizes", "");
    let bodies = [
        Bytes::new(),
        Bytes::from_static(&[0]),
        Bytes::from_static(&[0xff; 4096]),
        megabyte(),
        megabyte(),
    ];
    for (revision, body) in (1..).zip(&bodies) {
        assert_eq!(said(log.append(entry(&key, revision, body), Due::Keep).await), Ok(()));
    }
    let kept = (1..)
        .zip(&bodies)
        .map(|(revision, body)| entry(&key, revision, body))
        .collect::<Vec<_>>();
    assert_eq!(said(log.range(&key, 1, 10).await), Ok(kept));
}

async fn keys_have_a_limit(log: &dyn Log) {
    let name = "e".repeat(ScopeKey::BYTES_MAX - key("", "scope").execution.len() - "scope".len());
    let long = key(&name, "scope");
    assert_eq!(said(log.append(entry(&long, 1, b"long"), Due::Never).await), Ok(()));
    assert_eq!(said(log.last(&long).await), Ok(Some(entry(&long, 1, b"long"))));
    let longer = key(&name, "scope!");
    let refused = [
        log.append(entry(&longer, 1, b"long"), Due::At(0)).await,
        log.arm(longer.clone(), Due::At(0)).await,
        log.last(&longer).await.map(|_| ()),
        log.range(&longer, 1, 1).await.map(|_| ()),
    ];
    for refused in refused {
        let over = matches!(
            refused,
            Err(LogError::TooLarge { bytes, bytes_max, .. })
                if (bytes, bytes_max) == (ScopeKey::BYTES_MAX + 1, ScopeKey::BYTES_MAX)
        );
        assert!(over, "{refused:?}");
    }
    assert_eq!(said(log.due(None, 0, 9).await), Ok(vec![]));
}

fn key(execution: &str, scope: &str) -> ScopeKey {
    ScopeKey {
        execution: format!("conformance/{execution}").into(),
        scope: Arc::from(scope),
    }
}

fn entry(key: &ScopeKey, revision: u64, body: &[u8]) -> LogEntry {
    LogEntry {
        key: key.clone(),
        revision,
        body: Bytes::copy_from_slice(body),
    }
}

fn taken(scope: &str, revision: u64) -> String {
    LogError::Taken {
        scope: Arc::from(scope),
        revision,
    }
    .to_string()
}
