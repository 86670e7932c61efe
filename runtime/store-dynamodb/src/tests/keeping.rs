//! What is kept where, and for how long.

use std::sync::Arc;

use bytes::Bytes;
use stepwell_ports::{Catalogue, Due, ExecutionRow, Log, LogError, Objects, Remedy};

use super::world::{NOW, World, entry, key, noise};
use crate::body::{digest, encode};
use crate::item::{self, INDEX_NAME_BYTES_MAX, ITEM_BYTES_MAX};
use crate::{BLOB_BYTES_MAX, RECORD_BYTES_MAX, RECORDS_BUCKET};

fn row(name: &str, ended_ms: Option<u64>) -> ExecutionRow {
    let status = if ended_ms.is_some() { "Succeeded" } else { "Running" };
    ExecutionRow {
        execution: name.into(),
        status: status.into(),
        started_ms: NOW,
        ended_ms,
    }
}

#[tokio::test]
async fn what_belongs_to_an_execution_expires_and_the_rest_stays() {
    let world = World::start().await;
    let store = world.store();
    let (execution, flow) = (key("order/17", "3.1"), key("~flow/order", ""));
    for key in [&execution, &flow] {
        store.append(entry(key, 1, "body"), Due::Keep).await.unwrap();
    }
    store.put("model/abc", "blob".into()).await.unwrap();
    store.index(row("order/17", None)).await.unwrap();
    store.index(row("order/17", Some(NOW))).await.unwrap();
    let mut expiries = Vec::new();
    for (partition, sort) in [
        (item::scope(&execution), item::record(1)),
        (item::scope(&flow), item::record(1)),
        (item::blob("model/abc"), item::whole()),
        (item::bucket_of("order/17"), b"order/17\0R".to_vec()),
        (item::bucket_of("order/17"), b"order/17\0E".to_vec()),
    ] {
        let item = world.item(partition, sort).await.unwrap();
        expiries.push(item.get("x").map(|expires| expires.as_n().unwrap().clone()));
    }
    let expires = Some((NOW / 1000 + 45 * 24 * 60 * 60).to_string());
    assert_eq!(expiries, [expires.clone(), None, None, expires.clone(), expires]);
}

#[tokio::test]
async fn what_is_renewed_expires_as_if_it_were_written_then() {
    let world = World::start().await;
    let (key, other) = (key("order/17", ""), key("order/18", ""));
    for (day, revisions) in [(0, 1..=40), (10, 41..=41)] {
        for revision in revisions {
            let store = world.later(day);
            store.append(entry(&key, revision, "body"), Due::Keep).await.unwrap();
        }
    }
    world.store().append(entry(&other, 1, "body"), Due::Keep).await.unwrap();
    let store = world.later(20);
    store.renew(&key).await.unwrap();
    let spent = store.spent();
    assert_eq!((spent.write_units, spent.lost_writes), (40.0, 0));
    let mut days = Vec::new();
    for (key, revision) in [(&key, 1), (&key, 40), (&key, 41), (&other, 1)] {
        let item = world.item(item::scope(key), item::record(revision)).await.unwrap();
        let expires: u64 = item["x"].as_n().unwrap().parse().unwrap();
        days.push((expires - NOW / 1000) / (24 * 60 * 60));
    }
    assert_eq!(days, [65, 65, 55, 45]);
}

#[tokio::test]
async fn a_record_that_is_too_large_for_an_item_stands_in_an_object() {
    let world = World::start().await;
    let (store, key) = (world.store(), key("order/17", ""));
    let bodies = [noise(ITEM_BYTES_MAX), noise(3 << 20)].map(Bytes::from);
    for (revision, body) in (1..).zip(&bodies) {
        store
            .append(entry(&key, revision, body.clone()), Due::Keep)
            .await
            .unwrap();
    }
    let kept = (1..)
        .zip(&bodies)
        .map(|(revision, body)| entry(&key, revision, body.clone()));
    assert_eq!(store.range(&key, 1, 9).await.unwrap(), kept.collect::<Vec<_>>());
    let objects = world.objects.list(RECORDS_BUCKET, "", None, 9).await.unwrap();
    let mut sizes: Vec<u64> = objects.iter().map(|object| object.bytes).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, bodies.each_ref().map(|body| body.len() as u64 + 1));
    assert!(store.spent().bytes < 200, "the items only name the objects");
}

#[tokio::test]
async fn without_an_object_store_it_is_refused() {
    let world = World::start().await;
    let (store, key) = (world.bare(), key("order/17", ""));
    let fits = ITEM_BYTES_MAX - 36;
    let refused = store.append(entry(&key, 1, noise(fits + 1)), Due::Keep).await;
    let error = refused.unwrap_err();
    let said = "the record's item takes 409601 bytes; the store's limit is 409600";
    assert_eq!((error.to_string().as_str(), error.remedy()), (said, Remedy::GiveUp));
    store.append(entry(&key, 1, noise(fits)), Due::Keep).await.unwrap();
    let beyond = store
        .append(entry(&key, 2, vec![0; RECORD_BYTES_MAX + 1]), Due::Keep)
        .await;
    let said = format!(
        "the record takes {} bytes; the store's limit is {RECORD_BYTES_MAX}",
        RECORD_BYTES_MAX + 1
    );
    assert_eq!(beyond.unwrap_err().to_string(), said);
}

#[tokio::test]
async fn an_object_that_is_gone_or_changed_is_unreadable() {
    let world = World::start().await;
    let (store, key, body) = (world.store(), key("order/17", ""), noise(ITEM_BYTES_MAX));
    store.append(entry(&key, 1, body.clone()), Due::Keep).await.unwrap();
    let name: String = digest(&encode(&body))
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let unreadable = |error: LogError| {
        let LogError::Unreadable { source, .. } = error else {
            panic!("{error:?}");
        };
        source.to_string()
    };
    let mut writer = world.objects.create(RECORDS_BUCKET, &name).await.unwrap();
    writer.write(Bytes::from_static(b"\x01other")).await.unwrap();
    writer.finish().await.unwrap();
    let changed = unreadable(store.last(&key).await.unwrap_err());
    assert_eq!(changed, "what a stored body was moved to is something else");
    std::fs::remove_file(world.objects.path(RECORDS_BUCKET, &name).unwrap()).unwrap();
    let gone = unreadable(store.last(&key).await.unwrap_err());
    assert_eq!(gone, "what a stored body was moved to is not there");
    let nowhere = unreadable(world.bare().last(&key).await.unwrap_err());
    assert_eq!(nowhere, gone);
}

#[tokio::test]
async fn a_large_blob_stands_in_chunks_and_its_first_content_stays() {
    let world = World::start().await;
    let store = world.bare();
    let (first, second) = (Bytes::from(noise(3 << 20)), Bytes::from_static(b"second"));
    store.put("model/large", first.clone()).await.unwrap();
    store.put("model/large", second.clone()).await.unwrap();
    assert_eq!(store.get("model/large").await.unwrap(), Some(first.clone()));
    // The same content under another name shares its chunks.
    store.put("model/copy", first.clone()).await.unwrap();
    assert_eq!(store.get("model/copy").await.unwrap(), Some(first.clone()));
    let sha = digest(&encode(&first));
    let request = world.client().delete_item().table_name("stepwell");
    let request = request.key("p", item::binary(item::chunks(&sha)));
    request.key("s", item::binary(item::chunk(7))).send().await.unwrap();
    let damaged = store.get("model/large").await.unwrap_err();
    assert!(matches!(damaged, LogError::Unreadable { .. }), "{damaged:?}");
    let beyond = store.put("model/beyond", vec![0; BLOB_BYTES_MAX + 1].into()).await;
    let said = format!(
        "the blob takes {} bytes; the store's limit is {BLOB_BYTES_MAX}",
        BLOB_BYTES_MAX + 1
    );
    assert_eq!(beyond.unwrap_err().to_string(), said);
}

#[tokio::test]
async fn an_end_is_not_hidden_by_a_beginning_that_comes_late() {
    let world = World::start().await;
    let store = world.store();
    for row in [
        row("order/17", Some(NOW + 5)),
        row("order/17", None),
        row("order/18", None),
    ] {
        store.index(row).await.unwrap();
    }
    let expected = [row("order/17", Some(NOW + 5)), row("order/18", None)];
    assert_eq!(store.executions(None, 9).await.unwrap(), expected);
    assert_eq!(store.executions(None, 1).await.unwrap(), expected[..1]);
    assert_eq!(store.executions(Some("order/17"), 9).await.unwrap(), expected[1..]);
}

#[tokio::test]
async fn executions_are_merged_from_all_buckets_in_pages() {
    let world = World::start().await;
    let store = Arc::new(world.store());
    let mut rows = Vec::new();
    for number in 0..250_u64 {
        let ended = (number % 3 == 0).then_some(NOW + number);
        let name = format!("order/{number}");
        store.index(row(&name, None)).await.unwrap();
        if ended.is_some() {
            store.index(row(&name, ended)).await.unwrap();
        }
        rows.push(row(&name, ended));
    }
    rows.sort_by(|one, other| one.execution.cmp(&other.execution));
    for page_rows in [1, 7, 100, 1000] {
        let mut listed: Vec<ExecutionRow> = Vec::new();
        loop {
            let after = listed.last().map(|row| row.execution.clone());
            let page = store.executions(after.as_deref(), page_rows).await.unwrap();
            if page.is_empty() {
                break;
            }
            listed.extend(page);
        }
        assert_eq!(listed, rows, "{page_rows}");
    }
}

#[tokio::test]
async fn a_name_that_is_too_long_for_the_index_is_refused() {
    let world = World::start().await;
    let store = world.store();
    let longest = "n".repeat(INDEX_NAME_BYTES_MAX);
    store.index(row(&longest, None)).await.unwrap();
    assert_eq!(store.executions(None, 9).await.unwrap(), [row(&longest, None)]);
    let longer = format!("{longest}n");
    let refused = store.index(row(&longer, None)).await.unwrap_err();
    let said = "the execution's name takes 1001 bytes; the store's limit is 1000";
    assert_eq!(refused.to_string(), said);
    // It is a place in the order all the same.
    for (after, expected) in [(longer.as_str(), vec![]), ("m", vec![row(&longest, None)])] {
        assert_eq!(store.executions(Some(after), 9).await.unwrap(), expected);
    }
    let far = "m".repeat(5000);
    assert_eq!(store.executions(Some(&far), 9).await.unwrap(), [row(&longest, None)]);
}
