//! What a [`Log`] promises that one process drives: an order, no gaps, and a due-time index.

use std::sync::Arc;
use std::thread;

use futures::future::join_all;

use super::super::{ODD_NAMES, Open, megabyte, said};
use super::{entry, key, taken};
use crate::{Due, DueEntry, Log, LogError, Millis, ScopeKey};

/// The due-time index is shared by the cases; each has a span of time of its own.
const SPAN_MS: Millis = 1_000;

pub(super) async fn cases(log: &dyn Log) {
    a_gap_is_refused(log).await;
    a_refused_append_leaves_the_due_index_alone(log).await;
    the_order_of_calls_decides(log).await;
    nobody_has_to_wait_for_an_append(log).await;
    threads_fill_their_scopes_without_a_gap(log).await;
    a_scope_has_one_due_entry(log).await;
    due_entries_come_by_time_then_key(log).await;
    due_pages_are_strictly_after(log).await;
    odd_names_are_due(log).await;
}

pub(super) async fn reopened(open: Open<'_, dyn Log>) {
    let (key, armed) = (key("reopen", "1/0"), key("reopen", ""));
    let log = open();
    for revision in 1..=3 {
        assert_eq!(
            said(
                log.append(entry(&key, revision, b"kept"), Due::At(span(90) + revision))
                    .await
            ),
            Ok(())
        );
    }
    assert_eq!(
        said(log.append(entry(&armed, 1, &megabyte()), Due::At(span(90))).await),
        Ok(())
    );
    assert_eq!(said(log.arm(armed.clone(), Due::Never).await), Ok(()));
    drop(log);
    let log = open();
    let kept = (1..=3)
        .map(|revision| entry(&key, revision, b"kept"))
        .collect::<Vec<_>>();
    assert_eq!(said(log.range(&key, 0, usize::MAX).await), Ok(kept));
    assert_eq!(said(log.last(&armed).await), Ok(Some(entry(&armed, 1, &megabyte()))));
    assert_eq!(due_within(log.as_ref(), 90).await, [(span(90) + 3, key.clone())]);
    assert_eq!(
        said(log.append(entry(&key, 3, b"again"), Due::Never).await),
        Err(taken("1/0", 3))
    );
    assert_eq!(said(log.append(entry(&key, 4, b"next"), Due::Never).await), Ok(()));
    assert_eq!(due_within(log.as_ref(), 90).await, []);
    assert_eq!(said(log.append(entry(&armed, 2, b"next"), Due::Keep).await), Ok(()));
}

async fn a_gap_is_refused(log: &dyn Log) {
    let key = key("gap", "x");
    assert_eq!(
        said(log.append(entry(&key, 2, b"early"), Due::Keep).await),
        Err(gap("x", 2))
    );
    assert_eq!(said(log.append(entry(&key, 1, b"first"), Due::Keep).await), Ok(()));
    for revision in [3, u64::MAX] {
        assert_eq!(
            said(log.append(entry(&key, revision, b"early"), Due::Keep).await),
            Err(gap("x", revision))
        );
    }
    assert_eq!(said(log.range(&key, 0, 10).await), Ok(vec![entry(&key, 1, b"first")]));
}

async fn a_refused_append_leaves_the_due_index_alone(log: &dyn Log) {
    let (key, at) = (key("refused", ""), span(1));
    let untouched = [(at + 5, key.clone())];
    assert_eq!(
        said(log.append(entry(&key, 1, b"first"), Due::At(at + 5)).await),
        Ok(())
    );
    for due in [Due::At(at + 1), Due::Never] {
        assert_eq!(said(log.append(entry(&key, 1, b"other"), due).await), Err(taken("", 1)));
        assert_eq!(due_within(log, 1).await, untouched);
        assert_eq!(said(log.append(entry(&key, 3, b"other"), due).await), Err(gap("", 3)));
        assert_eq!(due_within(log, 1).await, untouched);
    }
}

async fn the_order_of_calls_decides(log: &dyn Log) {
    let (key, at) = (key("calls", ""), span(2));
    let first = log.append(entry(&key, 1, b"1"), Due::At(at + 1));
    let second = log.append(entry(&key, 2, b"2"), Due::Keep);
    let early = log.append(entry(&key, 4, b"4"), Due::At(at + 4));
    let third = log.append(entry(&key, 3, b"3"), Due::Keep);
    let armed = log.arm(key.clone(), Due::At(at + 7));
    let again = log.append(entry(&key, 3, b"!"), Due::Never);
    // Waited for backwards: what counts is when the call was made.
    assert_eq!(said(again.await), Err(taken("", 3)));
    assert_eq!(said(armed.await), Ok(()));
    assert_eq!(said(third.await), Ok(()));
    assert_eq!(said(early.await), Err(gap("", 4)));
    assert_eq!(said(second.await), Ok(()));
    assert_eq!(said(first.await), Ok(()));
    let kept = vec![entry(&key, 1, b"1"), entry(&key, 2, b"2"), entry(&key, 3, b"3")];
    assert_eq!(said(log.range(&key, 0, 10).await), Ok(kept));
    assert_eq!(due_within(log, 2).await, [(at + 7, key)]);
}

async fn nobody_has_to_wait_for_an_append(log: &dyn Log) {
    let key = key("unwaited", "");
    for revision in 1..=500 {
        drop(log.append(entry(&key, revision, b"unwaited"), Due::Keep));
    }
    assert_eq!(said(log.append(entry(&key, 501, b"waited"), Due::Keep).await), Ok(()));
    let revisions = said(log.range(&key, 1, usize::MAX).await).expect("a range");
    let revisions: Vec<u64> = revisions.iter().map(|entry| entry.revision).collect();
    assert_eq!(revisions, (1..=501).collect::<Vec<_>>());
}

async fn threads_fill_their_scopes_without_a_gap(log: &dyn Log) {
    let scopes: Vec<ScopeKey> = (0..8).map(|scope| key("threads", &format!("Map/{scope}"))).collect();
    let handed = thread::scope(|threads| {
        let writers: Vec<_> = scopes
            .iter()
            .map(|key| {
                threads.spawn(move || {
                    let entries = (1..=100_u64).map(|revision| entry(key, revision, &revision.to_be_bytes()));
                    entries.map(|entry| log.append(entry, Due::Keep)).collect::<Vec<_>>()
                })
            })
            .collect();
        writers
            .into_iter()
            .flat_map(|writer| writer.join().expect("a writer hands over"))
            .collect::<Vec<_>>()
    });
    let ended = join_all(handed).await.into_iter().map(said).collect::<Vec<_>>();
    assert_eq!(ended, vec![Ok(()); 800]);
    for key in &scopes {
        let all = (1..=100_u64)
            .map(|revision| entry(key, revision, &revision.to_be_bytes()))
            .collect::<Vec<_>>();
        assert_eq!(said(log.range(key, 1, usize::MAX).await), Ok(all));
    }
}

async fn a_scope_has_one_due_entry(log: &dyn Log) {
    let (key, at) = (key("one-due", ""), span(4));
    assert_eq!(said(log.append(entry(&key, 1, b""), Due::At(at + 5)).await), Ok(()));
    assert_eq!(due_within(log, 4).await, [(at + 5, key.clone())]);
    assert_eq!(said(log.append(entry(&key, 2, b""), Due::Keep).await), Ok(()));
    assert_eq!(due_within(log, 4).await, [(at + 5, key.clone())]);
    assert_eq!(said(log.append(entry(&key, 3, b""), Due::At(at + 9)).await), Ok(()));
    assert_eq!(due_within(log, 4).await, [(at + 9, key.clone())]);
    for at in [at + 1, at + 1, at + 2] {
        assert_eq!(said(log.arm(key.clone(), Due::At(at)).await), Ok(()));
        assert_eq!(due_within(log, 4).await, [(at, key.clone())]);
    }
    assert_eq!(said(log.arm(key.clone(), Due::Keep).await), Ok(()));
    assert_eq!(due_within(log, 4).await, [(at + 2, key.clone())]);
    assert_eq!(said(log.append(entry(&key, 4, b""), Due::Never).await), Ok(()));
    assert_eq!(due_within(log, 4).await, []);
    assert_eq!(said(log.arm(key.clone(), Due::At(at + 3)).await), Ok(()));
    assert_eq!(said(log.arm(key.clone(), Due::Never).await), Ok(()));
    assert_eq!(due_within(log, 4).await, []);
    assert_eq!(said(log.last(&key).await), Ok(Some(entry(&key, 4, b""))));
}

async fn due_entries_come_by_time_then_key(log: &dyn Log) {
    let at = span(5);
    let mut expected = Vec::new();
    for (at, execution, scope) in [
        (at + 7, "due/b", ""),
        (at + 7, "due/a", "y"),
        (at + 3, "due/z", ""),
        (at + 7, "due/a", ""),
        (at, "due/m", ""),
        (at + 999, "due/k", ""),
        (at + 7, "due/a", "x"),
        (at + 7, "due/a/b", ""),
        (at + 7, "due/a!", ""),
    ] {
        let key = key(execution, scope);
        assert_eq!(said(log.arm(key.clone(), Due::At(at)).await), Ok(()));
        expected.push((at, key));
    }
    expected.sort();
    assert_eq!(due_within(log, 5).await, expected);
}

async fn due_pages_are_strictly_after(log: &dyn Log) {
    let at = span(6);
    let mut all = Vec::new();
    for number in 0..10_u64 {
        let key = key(&format!("due-pages/{number}"), "");
        assert_eq!(said(log.arm(key.clone(), Due::At(at + number / 2)).await), Ok(()));
        all.push(DueEntry {
            at: at + number / 2,
            key,
        });
    }
    let mut after = before(at);
    for page in all.chunks(3) {
        let found = said(log.due(Some(&after), at + 999, 3).await).expect("a page");
        assert_eq!(found, page);
        after = page.last().cloned().expect("a page has entries");
    }
    assert_eq!(said(log.due(Some(&after), at + 999, 3).await), Ok(vec![]));
    let until = said(log.due(Some(&before(at)), at + 1, 100).await);
    assert_eq!(until, Ok(all.iter().take(4).cloned().collect()));
    assert_eq!(said(log.due(Some(&before(at)), at + 999, 0).await), Ok(vec![]));
    assert_eq!(said(log.due(Some(&before(at + 5)), at + 1, 9).await), Ok(vec![]));
    // An entry that is no longer there is a place like any other.
    let between = DueEntry {
        at: at + 1,
        key: key("due-pages/2!", ""),
    };
    assert_eq!(
        said(log.due(Some(&between), at + 1, 9).await),
        Ok(all.get(3..4).map(<[_]>::to_vec).unwrap_or_default())
    );
    farthest_times(log).await;
}

async fn farthest_times(log: &dyn Log) {
    let (first, last) = (key("due-pages/first", ""), key("due-pages/last", ""));
    assert_eq!(said(log.arm(first.clone(), Due::At(0)).await), Ok(()));
    assert_eq!(said(log.arm(last.clone(), Due::At(Millis::MAX)).await), Ok(()));
    assert_eq!(
        said(log.due(None, 0, 9).await),
        Ok(vec![DueEntry {
            at: 0,
            key: first.clone()
        }])
    );
    let all = said(log.due(None, Millis::MAX, usize::MAX).await).expect("the whole index");
    assert_eq!(
        all.last(),
        Some(&DueEntry {
            at: Millis::MAX,
            key: last.clone()
        })
    );
    assert_eq!(
        said(
            log.due(
                Some(&DueEntry {
                    at: Millis::MAX,
                    key: last.clone()
                }),
                Millis::MAX,
                9
            )
            .await
        ),
        Ok(vec![])
    );
    assert_eq!(said(log.arm(first, Due::Never).await), Ok(()));
    assert_eq!(said(log.arm(last, Due::Never).await), Ok(()));
}

async fn odd_names_are_due(log: &dyn Log) {
    let keys = ODD_NAMES.map(|name| key(&format!("odd-due/{name}"), name));
    for key in &keys {
        assert_eq!(said(log.append(entry(key, 1, b""), Due::At(span(7))).await), Ok(()));
    }
    let mut expected: Vec<_> = keys.into_iter().map(|key| (span(7), key)).collect();
    expected.sort();
    assert_eq!(due_within(log, 7).await, expected);
}

async fn due_within(log: &dyn Log, span_number: u64) -> Vec<(Millis, ScopeKey)> {
    let first = span(span_number);
    let found = said(log.due(Some(&before(first)), first + SPAN_MS - 1, usize::MAX).await).expect("the due-time index");
    found.into_iter().map(|entry| (entry.at, entry.key)).collect()
}

fn span(number: u64) -> Millis {
    1_000_000 + number * SPAN_MS
}

/// A place before everything that is due at `at` or later.
fn before(at: Millis) -> DueEntry {
    DueEntry {
        at: at - 1,
        key: key("\u{10ffff}", "\u{10ffff}"),
    }
}

fn gap(scope: &str, revision: u64) -> String {
    LogError::Gap {
        scope: Arc::from(scope),
        revision,
    }
    .to_string()
}
