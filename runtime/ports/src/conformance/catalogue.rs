//! What every [`Catalogue`] promises.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::join_all;

use super::{ODD_NAMES, Open, megabyte, said};
use crate::{Catalogue, ExecutionRow};

/// Runs every case: those of [`shared`], and what a catalogue promises that one process drives. The index of executions
/// must hold nothing below `conformance/` yet.
///
/// # Panics
///
/// At the first promise that the catalogue does not keep.
pub async fn all(open: Open<'_, dyn Catalogue>) {
    shared(open).await;
    any_row_replaces_any_row(open().as_ref()).await;
}

/// Runs the cases that every catalogue keeps, a table shared by several processes included.
///
/// # Panics
///
/// At the first promise that the catalogue does not keep.
pub async fn shared(open: Open<'_, dyn Catalogue>) {
    let catalogue = open();
    let catalogue = catalogue.as_ref();
    a_blob_is_read_back(catalogue).await;
    the_first_content_of_a_name_stays(catalogue).await;
    many_blobs_at_once(catalogue).await;
    one_content_of_many_racers_stays(catalogue).await;
    an_end_replaces_a_beginning(catalogue).await;
    executions_come_in_order_and_pages(catalogue).await;
}

/// Runs the cases that open the catalogue again.
///
/// # Panics
///
/// At the first promise that the catalogue does not keep.
pub async fn all_reopened(open: Open<'_, dyn Catalogue>) {
    let (body, row) = (megabyte(), row("reopen", "Failed", Some(7)));
    let catalogue = open();
    assert_eq!(said(catalogue.put("conformance/reopen", body.clone()).await), Ok(()));
    assert_eq!(said(catalogue.index(row.clone()).await), Ok(()));
    drop(catalogue);
    let catalogue = open();
    assert_eq!(said(catalogue.get("conformance/reopen").await), Ok(Some(body.clone())));
    assert_eq!(
        said(catalogue.put("conformance/reopen", Bytes::from_static(b"other")).await),
        Ok(())
    );
    assert_eq!(said(catalogue.get("conformance/reopen").await), Ok(Some(body)));
    assert_eq!(
        said(catalogue.executions(Some("conformance/reope"), 1).await),
        Ok(vec![row])
    );
}

async fn a_blob_is_read_back(catalogue: &dyn Catalogue) {
    assert_eq!(said(catalogue.get("conformance/absent").await), Ok(None));
    let bodies = [
        Bytes::new(),
        Bytes::from_static(&[0]),
        Bytes::from_static(&[0xff; 4096]),
        megabyte(),
    ];
    for body in bodies {
        let name = format!("conformance/body/{}", body.len());
        assert_eq!(said(catalogue.put(&name, body.clone()).await), Ok(()));
        assert_eq!(said(catalogue.get(&name).await), Ok(Some(body)));
    }
    assert_eq!(said(catalogue.get("conformance/body").await), Ok(None));
    assert_eq!(said(catalogue.get("conformance/body/").await), Ok(None));
}

async fn the_first_content_of_a_name_stays(catalogue: &dyn Catalogue) {
    let first = Bytes::from_static(b"first");
    for body in [first.clone(), Bytes::from_static(b"second"), Bytes::new()] {
        assert_eq!(said(catalogue.put("conformance/first", body).await), Ok(()));
        assert_eq!(said(catalogue.get("conformance/first").await), Ok(Some(first.clone())));
    }
}

async fn many_blobs_at_once(catalogue: &dyn Catalogue) {
    let put = |name: &str| {
        catalogue.put(
            &format!("conformance/odd/{name}"),
            Bytes::copy_from_slice(name.as_bytes()),
        )
    };
    let ended = join_all(ODD_NAMES.map(put))
        .await
        .into_iter()
        .map(said)
        .collect::<Vec<_>>();
    assert_eq!(ended, vec![Ok(()); ODD_NAMES.len()]);
    for name in ODD_NAMES {
        let body = Bytes::copy_from_slice(name.as_bytes());
        assert_eq!(
            said(catalogue.get(&format!("conformance/odd/{name}")).await),
            Ok(Some(body))
        );
    }
}

async fn one_content_of_many_racers_stays(catalogue: &dyn Catalogue) {
    for (name, bytes) in [("small", 10), ("large", 1 << 20)] {
        let name = format!("conformance/raced/{name}");
        let contents: Vec<Bytes> = (0..4_u8).map(|racer| vec![racer; bytes].into()).collect();
        let ended = join_all(contents.iter().map(|content| catalogue.put(&name, content.clone()))).await;
        let ended = ended.into_iter().map(said).collect::<Vec<_>>();
        assert_eq!(ended, vec![Ok(()); contents.len()]);
        let stays = said(catalogue.get(&name).await).expect("a blob").expect("a content");
        assert!(contents.contains(&stays), "none of the contents");
        assert_eq!(said(catalogue.get(&name).await), Ok(Some(stays)));
    }
}

async fn an_end_replaces_a_beginning(catalogue: &dyn Catalogue) {
    for row in [
        row("ended", "Running", None),
        row("ended", "Running", None),
        row("ended", "Succeeded", Some(u64::MAX)),
        row("ended", "Succeeded", Some(u64::MAX)),
    ] {
        assert_eq!(said(catalogue.index(row.clone()).await), Ok(()));
        assert_eq!(
            said(catalogue.executions(Some("conformance/ende"), 1).await),
            Ok(vec![row])
        );
    }
}

async fn any_row_replaces_any_row(catalogue: &dyn Catalogue) {
    for row in [
        row("replaced", "Running", None),
        row("replaced", "Succeeded", Some(u64::MAX)),
        row("replaced", "Running", None),
        row("replaced", "TimedOut", Some(0)),
    ] {
        assert_eq!(said(catalogue.index(row.clone()).await), Ok(()));
        assert_eq!(
            said(catalogue.executions(Some("conformance/replace"), 1).await),
            Ok(vec![row])
        );
    }
}

async fn executions_come_in_order_and_pages(catalogue: &dyn Catalogue) {
    let names = ["z", "a", "a/b", "a!", "ab", "é", "\u{10ffff}", "B", "a\u{1}", "a "];
    let mut rows: Vec<ExecutionRow> = names.map(|name| row(&format!("x/{name}"), "Running", None)).into();
    for ended in join_all(rows.iter().map(|row| catalogue.index(row.clone()))).await {
        assert_eq!(said(ended), Ok(()));
    }
    rows.sort_by(|one, other| one.execution.cmp(&other.execution));
    let mut after = Arc::from("conformance/x/");
    for page in rows.chunks(3) {
        assert_eq!(
            said(catalogue.executions(Some(&after), page.len()).await),
            Ok(page.to_vec())
        );
        after = page.last().map(|row| row.execution.clone()).expect("a page has rows");
    }
    assert_eq!(said(catalogue.executions(Some("conformance/x/"), 0).await), Ok(vec![]));
    assert_eq!(
        said(catalogue.executions(Some("\u{10ffff}\u{10ffff}"), 9).await),
        Ok(vec![])
    );
    let all = said(catalogue.executions(None, usize::MAX).await).expect("all rows");
    let own = all
        .into_iter()
        .filter(|row| row.execution.starts_with("conformance/x/"))
        .collect::<Vec<_>>();
    assert_eq!(own, rows);
}

fn row(name: &str, status: &str, ended_ms: Option<u64>) -> ExecutionRow {
    let execution = format!("conformance/{name}").into();
    ExecutionRow {
        execution,
        status: status.into(),
        started_ms: 1_760_000_000_123,
        ended_ms,
    }
}
