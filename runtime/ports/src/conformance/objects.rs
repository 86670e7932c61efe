//! What every [`Objects`] promises.

use bytes::Bytes;
use futures::future::join_all;

use super::{ODD_NAMES, Open, megabyte, objects_said as said};
use crate::{ObjectStat, Objects, ObjectsError};

/// The most that a key takes in a store that says nothing else.
const KEY_BYTES: usize = 1024;

/// Runs every case, in buckets that begin with `conformance-` and have no objects yet. Keys take up to 1,024 bytes.
///
/// # Panics
///
/// At the first promise that the store does not keep.
pub async fn all(open: Open<'_, dyn Objects>) {
    all_up_to(KEY_BYTES, open).await;
}

/// [`all`] for a store whose keys take less.
///
/// # Panics
///
/// At the first promise that the store does not keep.
pub async fn all_up_to(key_bytes_max: usize, open: Open<'_, dyn Objects>) {
    let objects = open();
    let objects = objects.as_ref();
    an_absent_object_is_named(objects).await;
    an_object_is_read_back(objects).await;
    parts_of_an_object_are_read(objects).await;
    nothing_is_visible_before_the_end(objects).await;
    an_unfinished_object_leaves_nothing(objects).await;
    the_last_to_finish_stays(objects).await;
    many_objects_at_once(objects).await;
    keys_are_only_names(objects, key_bytes_max).await;
    buckets_stay_apart(objects).await;
    a_list_comes_by_key_in_pages(objects).await;
    bad_names_are_refused(objects, key_bytes_max).await;
}

/// Runs the cases that open the store again.
///
/// # Panics
///
/// At the first promise that the store does not keep.
pub async fn all_reopened(open: Open<'_, dyn Objects>) {
    let objects = open();
    let unfinished = said(objects.create("conformance-reopen", "unfinished").await).expect("a writer");
    assert_eq!(
        put(objects.as_ref(), "conformance-reopen", "kept", &[megabyte()]).await,
        Ok(stat("kept", 1 << 20))
    );
    drop(unfinished);
    drop(objects);
    let objects = open();
    assert_eq!(keys(objects.as_ref(), "conformance-reopen", "").await, ["kept"]);
    assert_eq!(
        whole(objects.as_ref(), "conformance-reopen", "kept").await,
        Ok(megabyte())
    );
}

async fn an_absent_object_is_named(objects: &dyn Objects) {
    let bucket = "conformance-absent";
    assert_eq!(said(objects.list(bucket, "", None, 9).await), Ok(vec![]));
    assert_eq!(said(objects.stat(bucket, "a/b").await), Err(not_found(bucket, "a/b")));
    assert_eq!(whole(objects, bucket, "a/b").await, Err(not_found(bucket, "a/b")));
    assert_eq!(put(objects, bucket, "a/b", &[]).await, Ok(stat("a/b", 0)));
    for key in ["a", "a/", "a/b/", "a/b/c", "A/b", "b"] {
        assert_eq!(said(objects.stat(bucket, key).await), Err(not_found(bucket, key)));
        assert_eq!(whole(objects, bucket, key).await, Err(not_found(bucket, key)));
    }
}

/// A key, the chunks that are written, and what is there then.
type Written<'a> = (&'a str, &'a [&'a [u8]], &'a [u8]);

async fn an_object_is_read_back(objects: &dyn Objects) {
    let bucket = "conformance-whole";
    let written: [Written<'_>; 5] = [
        ("empty", &[], b""),
        ("empty-chunks", &[b"", b""], b""),
        ("one", &[b"one"], b"one"),
        ("many", &[b"a", b"", b"bc", b"\0", b"d"], b"abc\0d"),
        ("deep/down/here.png", &[b"deep"], b"deep"),
    ];
    for (key, chunks, body) in written {
        let chunks: Vec<Bytes> = chunks.iter().map(|chunk| Bytes::copy_from_slice(chunk)).collect();
        let expected = stat(key, body.len() as u64);
        assert_eq!(put(objects, bucket, key, &chunks).await, Ok(expected.clone()));
        assert_eq!(said(objects.stat(bucket, key).await), Ok(expected));
        assert_eq!(whole(objects, bucket, key).await, Ok(Bytes::copy_from_slice(body)));
    }
}

async fn parts_of_an_object_are_read(objects: &dyn Objects) {
    let (bucket, key, body) = ("conformance-parts", "object", megabyte());
    let chunks: Vec<Bytes> = (0..16)
        .map(|chunk| body.slice(chunk << 16..(chunk + 1) << 16))
        .collect();
    assert_eq!(put(objects, bucket, key, &chunks).await, Ok(stat(key, 1 << 20)));
    for (offset, bytes_max) in [
        (0, 0),
        (0, 1),
        (0, 1 << 20),
        (7, 100_000),
        ((1 << 20) - 1, 1),
        (65_535, 2),
    ] {
        let start = usize::try_from(offset).expect("a small offset");
        let expected = body.slice(start..start + bytes_max);
        assert_eq!(
            said(objects.read(bucket, key, offset, bytes_max).await),
            Ok(expected),
            "{offset} {bytes_max}"
        );
    }
    let last = body.slice((1 << 20) - 3..);
    assert_eq!(
        said(objects.read(bucket, key, (1 << 20) - 3, usize::MAX).await),
        Ok(last)
    );
    for offset in [1 << 20, (1 << 20) + 1, 1 << 40, u64::MAX] {
        assert_eq!(
            said(objects.read(bucket, key, offset, 100).await),
            Ok(Bytes::new()),
            "{offset}"
        );
    }
}

async fn nothing_is_visible_before_the_end(objects: &dyn Objects) {
    let bucket = "conformance-visible";
    let mut writer = said(objects.create(bucket, "new").await).expect("a writer");
    for _ in 0..3 {
        assert_eq!(said(writer.write(megabyte()).await), Ok(()));
        assert_eq!(said(objects.stat(bucket, "new").await), Err(not_found(bucket, "new")));
        assert_eq!(said(objects.list(bucket, "", None, 9).await), Ok(vec![]));
    }
    assert_eq!(said(writer.finish().await), Ok(stat("new", 3 << 20)));
    assert_eq!(
        said(objects.list(bucket, "", None, 9).await),
        Ok(vec![stat("new", 3 << 20)])
    );
}

async fn an_unfinished_object_leaves_nothing(objects: &dyn Objects) {
    let bucket = "conformance-dropped";
    assert_eq!(
        put(objects, bucket, "old", &[Bytes::from_static(b"old")]).await,
        Ok(stat("old", 3))
    );
    for key in ["new", "old", "old/below"] {
        let mut writer = said(objects.create(bucket, key).await).expect("a writer");
        assert_eq!(said(writer.write(megabyte()).await), Ok(()));
        drop(writer);
    }
    assert_eq!(said(objects.list(bucket, "", None, 9).await), Ok(vec![stat("old", 3)]));
    assert_eq!(whole(objects, bucket, "old").await, Ok(Bytes::from_static(b"old")));
}

async fn the_last_to_finish_stays(objects: &dyn Objects) {
    let bucket = "conformance-replaced";
    let mut first = said(objects.create(bucket, "key").await).expect("a writer");
    let mut second = said(objects.create(bucket, "key").await).expect("a writer");
    assert_eq!(said(first.write(Bytes::from_static(b"longer content")).await), Ok(()));
    assert_eq!(said(second.write(Bytes::from_static(b"short")).await), Ok(()));
    assert_eq!(said(second.finish().await), Ok(stat("key", 5)));
    assert_eq!(whole(objects, bucket, "key").await, Ok(Bytes::from_static(b"short")));
    assert_eq!(said(first.finish().await), Ok(stat("key", 14)));
    assert_eq!(
        whole(objects, bucket, "key").await,
        Ok(Bytes::from_static(b"longer content"))
    );
    assert_eq!(put(objects, bucket, "key", &[]).await, Ok(stat("key", 0)));
    assert_eq!(said(objects.list(bucket, "", None, 9).await), Ok(vec![stat("key", 0)]));
}

async fn many_objects_at_once(objects: &dyn Objects) {
    let bucket = "conformance-many";
    let names: Vec<String> = (100..150).map(|number| format!("dir/{number}.txt")).collect();
    let chunks = [Bytes::from_static(b"a"), Bytes::from_static(b"b")];
    let ended = join_all(names.iter().map(|name| put(objects, bucket, name, &chunks))).await;
    assert_eq!(ended, names.iter().map(|name| Ok(stat(name, 2))).collect::<Vec<_>>());
    assert_eq!(keys(objects, bucket, "").await, names);
}

/// None of these may reach another object, leave the bucket, or stand in another's way.
async fn keys_are_only_names(objects: &dyn Objects, key_bytes_max: usize) {
    let bucket = "conformance-names";
    let mut names = names_like_paths(key_bytes_max);
    names.sort();
    names.dedup();
    for name in &names {
        let body = Bytes::copy_from_slice(name.as_bytes());
        assert_eq!(
            put(objects, bucket, name, std::slice::from_ref(&body)).await,
            Ok(stat(name, name.len() as u64))
        );
    }
    for name in &names {
        assert_eq!(
            whole(objects, bucket, name).await,
            Ok(Bytes::copy_from_slice(name.as_bytes())),
            "{name:?}"
        );
    }
    assert_eq!(keys(objects, bucket, "").await, names);
    for prefix in ["a", "a/", "a/b", "/", "n", "é", "\0", ".", "nn", "zzz"] {
        let expected: Vec<&String> = names.iter().filter(|name| name.starts_with(prefix)).collect();
        assert_eq!(
            keys(objects, bucket, prefix).await.iter().collect::<Vec<_>>(),
            expected,
            "{prefix:?}"
        );
    }
}

/// Names that a file system would take for something else, or not take at all.
fn names_like_paths(key_bytes_max: usize) -> Vec<String> {
    let mut names: Vec<String> = ODD_NAMES.map(str::to_owned).into();
    let paths = [
        "../conformance-other/key",
        "/",
        "//",
        "///a",
        "a",
        "A",
        "a/",
        "a//",
        "a/b",
        "a/b/",
        "a/../b",
        "a/./b",
        "./a",
        "a.",
        "a .",
        "a.b",
        "a.b/c.d",
        "a.b/c",
        "a%2fb",
        "a\\b",
        "CON",
        "nul.txt",
        "x/CON/y",
        "\0",
        "a\0b",
        "~",
        "-",
        "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z",
    ];
    names.extend(paths.map(str::to_owned));
    let longest = [key_bytes_max - 1, key_bytes_max];
    for length in [99, 100, 196, 197, 198, 199, 200, 201, 254, 255, 256, 400]
        .into_iter()
        .chain(longest)
    {
        names.push("n".repeat(length));
        names.push(format!("{}/x", "n".repeat(length - 2)));
        names.push(format!("{}-", "n".repeat(length - 1)));
        names.push("é".repeat(length / 2));
    }
    names.push("/".repeat(key_bytes_max));
    names.push("\0".repeat(key_bytes_max));
    names
}

async fn buckets_stay_apart(objects: &dyn Objects) {
    for bucket in ["conformance-one", "conformance-two"] {
        let body = Bytes::copy_from_slice(bucket.as_bytes());
        assert_eq!(put(objects, bucket, "key", &[body]).await, Ok(stat("key", 15)));
    }
    for bucket in ["conformance-one", "conformance-two"] {
        assert_eq!(
            whole(objects, bucket, "key").await,
            Ok(Bytes::copy_from_slice(bucket.as_bytes()))
        );
        assert_eq!(said(objects.list(bucket, "", None, 9).await), Ok(vec![stat("key", 15)]));
    }
    assert_eq!(said(objects.list("conformance", "", None, 9).await), Ok(vec![]));
}

async fn a_list_comes_by_key_in_pages(objects: &dyn Objects) {
    let bucket = "conformance-list";
    let mut names = vec![];
    for directory in ["", "a", "a/", "a/b", "a/b/", "a-", "a-/", "a/b/c/", "b/", "b."] {
        for name in ["0", "1.txt", "z"] {
            names.push(format!("{directory}{name}"));
        }
    }
    for name in &names {
        assert_eq!(put(objects, bucket, name, &[]).await, Ok(stat(name, 0)));
    }
    names.sort();
    for count_max in [1, 2, 7, 1000, usize::MAX] {
        let mut found: Vec<String> = vec![];
        loop {
            let page = said(
                objects
                    .list(bucket, "", found.last().map(String::as_str), count_max)
                    .await,
            );
            let page = page.expect("a page");
            assert!(page.len() <= count_max);
            if page.is_empty() {
                break;
            }
            found.extend(page.into_iter().map(|stat| stat.key));
        }
        assert_eq!(found, names, "{count_max} at a time");
    }
    for (prefix, after) in [
        ("a/", "a"),
        ("a/", "a/b/"),
        ("a", "a/b/1.txt"),
        ("a/b", "zzz"),
        ("b", "a"),
        ("a/b/", ""),
    ] {
        let expected = names
            .iter()
            .filter(|name| name.starts_with(prefix) && name.as_str() > after);
        let expected: Vec<_> = expected.map(|name| stat(name, 0)).collect();
        assert_eq!(
            said(objects.list(bucket, prefix, Some(after), 99).await),
            Ok(expected),
            "{prefix} {after}"
        );
    }
    assert_eq!(said(objects.list(bucket, "", None, 0).await), Ok(vec![]));
}

async fn bad_names_are_refused(objects: &dyn Objects, key_bytes_max: usize) {
    let long = "k".repeat(key_bytes_max + 1);
    let bad_keys = ["", long.as_str()].map(|key| ("conformance-bad", key));
    let long_bucket = "b".repeat(64);
    let bad_buckets = [
        "",
        ".",
        "..",
        "a/b",
        "/",
        "a\0",
        "Upper",
        "é",
        ".hidden",
        "-",
        &long_bucket,
    ];
    for (bucket, key) in bad_buckets.map(|bucket| (bucket, "key")).into_iter().chain(bad_keys) {
        let refused = [
            objects.stat(bucket, key).await.map(|_| ()),
            objects.read(bucket, key, 0, 1).await.map(|_| ()),
            objects.create(bucket, key).await.map(|_| ()),
        ];
        for refused in refused {
            assert!(
                matches!(refused, Err(ObjectsError::BadName { .. })),
                "{bucket:?} {key:?}: {refused:?}"
            );
        }
    }
    for bucket in bad_buckets {
        let refused = objects.list(bucket, "", None, 1).await;
        assert!(
            matches!(refused, Err(ObjectsError::BadName { .. })),
            "{bucket:?}: {refused:?}"
        );
    }
}

async fn put(objects: &dyn Objects, bucket: &str, key: &str, chunks: &[Bytes]) -> Result<ObjectStat, String> {
    let mut writer = said(objects.create(bucket, key).await)?;
    for chunk in chunks {
        said(writer.write(chunk.clone()).await)?;
    }
    said(writer.finish().await)
}

async fn whole(objects: &dyn Objects, bucket: &str, key: &str) -> Result<Bytes, String> {
    said(objects.read(bucket, key, 0, usize::MAX).await)
}

async fn keys(objects: &dyn Objects, bucket: &str, prefix: &str) -> Vec<String> {
    let found = said(objects.list(bucket, prefix, None, usize::MAX).await).expect("a list");
    found.into_iter().map(|stat| stat.key).collect()
}

fn stat(key: &str, bytes: u64) -> ObjectStat {
    ObjectStat {
        key: key.to_owned(),
        bytes,
    }
}

fn not_found(bucket: &str, key: &str) -> String {
    ObjectsError::NotFound {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
    }
    .to_string()
}
