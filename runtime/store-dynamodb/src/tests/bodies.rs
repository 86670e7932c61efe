//! How bodies are kept, and what becomes of those that cannot be read.

use bytes::Bytes;
use stepwell_ports::{Due, Log, LogError, Remedy};

use super::world::{World, entry, key, noise};
use crate::body::{DICTIONARY, Place, Unreadable, decode, digest, encode, in_an_object, in_chunks};
use crate::item::{Item, record, scope, write_units};

/// A record as the engine writes it where several processes drive: the end of one task and the beginning of the next.
const STEP: &str = include_str!("bodies/step.record");

/// One of 5 KB: a task gave the same shape many times.
const ORDER: &str = include_str!("bodies/order.record");

fn read(stored: &[u8]) -> Result<Place, Unreadable> {
    decode(stored, 1 << 20)
}

fn here(body: &[u8]) -> Result<Place, Unreadable> {
    Ok(Place::Here(Bytes::copy_from_slice(body)))
}

#[test]
fn a_body_is_kept_as_the_shorter_of_both() {
    let noise = noise(5000);
    for (body, format) in [
        (&b""[..], 1),
        (b"a", 1),
        (&noise, 1),
        (&[0; 5000], 2),
        (STEP.as_bytes(), 2),
    ] {
        let stored = encode(body);
        assert_eq!((stored[0], stored.len() <= body.len() + 1), (format, true));
        assert_eq!(read(&stored), here(body));
    }
}

#[test]
fn every_length_is_read_back() {
    let bodies = [noise(3000), ORDER.bytes().cycle().take(3000).collect()];
    for body in &bodies {
        for length in 0..body.len() {
            assert_eq!(read(&encode(&body[..length])), here(&body[..length]), "{length}");
        }
    }
    let large: Vec<u8> = ORDER.bytes().cycle().take(1 << 20).collect();
    assert_eq!(read(&encode(&large)), here(&large));
}

/// What earlier versions stored is read for ever: these files are not made again.
#[test]
fn stored_formats_are_still_read() {
    let sha = digest(b"content");
    assert_eq!(read(include_bytes!("bodies/format-1.stored")), here(b"as it is"));
    assert_eq!(read(include_bytes!("bodies/format-2.stored")), here(STEP.as_bytes()));
    assert_eq!(read(include_bytes!("bodies/format-3.stored")), Ok(Place::Object(sha)));
    assert_eq!(
        read(include_bytes!("bodies/format-4.stored")),
        Ok(Place::Chunks(sha, 300))
    );
    assert_eq!(in_an_object(&sha), include_bytes!("bodies/format-3.stored"));
    assert_eq!(in_chunks(&sha, 300), include_bytes!("bodies/format-4.stored"));
}

#[test]
fn the_dictionary_stays_as_it_is() {
    let hex: String = digest(DICTIONARY).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, include_str!("bodies/dictionary-1.sha256").trim());
}

#[test]
fn records_of_a_usual_shape_fit_one_write_unit() {
    let units = |body: Vec<u8>| {
        let item = Item::new(scope(&key("order/17", "")), record(2), body, Some(1_799_342_191));
        write_units(item.bytes())
    };
    let costs = [STEP, ORDER].map(|body| (body.len(), units(body.into()), units(encode(body.as_bytes()))));
    assert_eq!(costs, [(963, 1, 1), (5219, 6, 1)]);
}

#[test]
fn what_is_damaged_is_said_to_be() {
    let stored = encode(STEP.as_bytes());
    for length in 0..stored.len() {
        assert!(read(&stored[..length]).is_err(), "{length}");
    }
    let longer = [&stored[..], b"!"].concat();
    assert_eq!(read(&longer), Err(Unreadable::Damaged(2)));
    assert_eq!(read(b""), Err(Unreadable::Empty));
    for format in [0, 5, 255] {
        assert_eq!(read(&[format, 1, 2]), Err(Unreadable::Format(format)));
    }
    assert_eq!(read(&[3, 1]), Err(Unreadable::Damaged(3)));
    assert_eq!(read(&[4, 1]), Err(Unreadable::Damaged(4)));
}

#[test]
fn nothing_is_inflated_beyond_the_bound() {
    let bomb = encode(&vec![0; 64 << 20]);
    assert!(bomb.len() < 70_000);
    assert_eq!(decode(&bomb, 1000), Err(Unreadable::TooLarge(1000)));
    assert_eq!(decode(&bomb, 16 << 20), Err(Unreadable::TooLarge(16 << 20)));
    assert_eq!(decode(&encode(&[7; 1000]), 1000), here(&[7; 1000]));
    assert_eq!(decode(&encode(&[7; 1001]), 1000), Err(Unreadable::TooLarge(1000)));
    assert_eq!(decode(&encode(b"ab"), 1), Err(Unreadable::TooLarge(1)));
}

#[tokio::test]
async fn a_format_of_a_later_version_is_no_failure_of_the_execution() {
    let world = World::start().await;
    let (store, key) = (world.store(), key("flow/later", ""));
    store.append(entry(&key, 1, "one"), Due::Keep).await.unwrap();
    let later = Item::new(scope(&key), record(2), vec![9, 1, 2, 3], None);
    store.table.put("testing", later).await.unwrap();
    for error in [
        store.last(&key).await.unwrap_err(),
        store.range(&key, 1, 9).await.unwrap_err(),
    ] {
        assert!(matches!(error, LogError::Unreadable { .. }), "{error:?}");
        assert_eq!(error.remedy(), Remedy::GiveUp);
    }
    assert_eq!(store.range(&key, 1, 1).await.unwrap(), [entry(&key, 1, "one")]);
    let kept = world.item(scope(&key), record(2)).await.unwrap();
    assert_eq!(kept["b"].as_b().unwrap().as_ref(), [9, 1, 2, 3]);
}
