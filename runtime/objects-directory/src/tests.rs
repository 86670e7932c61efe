//! The conformance suite on a real directory, and what only this store promises.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use stepwell_ports::{ObjectStat, Objects, ObjectsError, conformance};

use crate::DirectoryObjects;
use crate::names::{self, Piece};

#[tokio::test]
async fn keeps_the_promises_of_objects() {
    let root = tempfile::tempdir().unwrap();
    let open = || -> Arc<dyn Objects> { Arc::new(DirectoryObjects::open(root.path()).unwrap()) };
    conformance::objects::all(&open).await;
    conformance::objects::all_reopened(&open).await;
}

#[test]
fn works_without_tokio() {
    let root = tempfile::tempdir().unwrap();
    let objects = DirectoryObjects::open(root.path()).unwrap();
    let done = futures::executor::block_on(async {
        put(&objects, "a.txt", b"body").await?;
        objects.read("bucket", "a.txt", 1, 2).await
    });
    assert_eq!(done.unwrap(), Bytes::from_static(b"od"));
}

#[test]
fn usual_keys_are_their_own_files() {
    for (key, path) in [
        ("out/thumb.png", "out/thumb.png"),
        ("in/2026-01/scan_01.tar.gz", "in/2026-01/scan_01.tar.gz"),
        ("notes", "notes%"),
        ("v1.2/notes", "v1.2%/notes%"),
        ("IMG 1.JPG", "%49%4d%47%201.%4a%50%47"),
        ("../x.txt", "%2e%2e%/x.txt"),
        ("/etc/passwd", "%_/etc/passwd%"),
        ("a//b.c", "a/%_/b.c"),
        ("a/", "a/%_%"),
        ("a.", "a%2e"),
    ] {
        assert_eq!(names::path(key).unwrap(), Path::new(path), "{key}");
    }
    let long = "n".repeat(400);
    let path = format!("{0}%+/{0}%+/nnnn%", "n".repeat(198));
    assert_eq!(names::path(&long).unwrap(), Path::new(&path));
    assert_eq!(
        names::path(&"n".repeat(198)).unwrap(),
        Path::new(&format!("{}%+/%_%", "n".repeat(198)))
    );
}

#[test]
fn names_of_others_are_not_read() {
    for name in [
        "", "A", "a b", "%4", "%zz", "%61", "%%", "a%%", ".", "..", ".a", "a.", "%2E", "%_%+%", "é", "a%_",
    ] {
        assert_eq!(Piece::read(name), None, "{name}");
    }
    assert_eq!(Piece::read("a.b"), Some(Piece::File(b"a.b".to_vec())));
    assert_eq!(Piece::read("a"), Some(Piece::Directory(b"a".to_vec())));
    assert_eq!(Piece::read("%_%"), Some(Piece::File(vec![])));
}

#[tokio::test]
async fn strange_files_are_left_alone() {
    let root = tempfile::tempdir().unwrap();
    let objects = DirectoryObjects::open(root.path()).unwrap();
    put(&objects, "real.txt", b"real").await.unwrap();
    let bucket = root.path().join("bucket");
    fs::write(bucket.join("UPPER.TXT"), b"strange").unwrap();
    fs::write(bucket.join("plain"), b"a file where a directory would be").unwrap();
    fs::create_dir(bucket.join("directory.txt")).unwrap();
    assert_eq!(keys(&objects).await, ["real.txt"]);
    for key in ["plain/x.txt", "directory.txt", "directory.txt/x.txt"] {
        let refused = objects.stat("bucket", key).await;
        assert!(
            matches!(refused, Err(ObjectsError::Store { .. } | ObjectsError::NotFound { .. })),
            "{refused:?}"
        );
    }
    for key in ["plain/x.txt", "directory.txt"] {
        let refused = put(&objects, key, b"x").await;
        assert!(matches!(refused, Err(ObjectsError::Store { .. })), "{refused:?}");
    }
    assert_eq!(left_in_the_making(root.path()), 0);
}

#[cfg(unix)]
#[tokio::test]
async fn links_are_not_followed() {
    use std::os::unix::fs::symlink;
    let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(outside.path().join("secret.txt"), b"secret").unwrap();
    let objects = DirectoryObjects::open(root.path()).unwrap();
    put(&objects, "real.txt", b"real").await.unwrap();
    let bucket = root.path().join("bucket");
    symlink(outside.path(), bucket.join("dir")).unwrap();
    symlink(outside.path().join("secret.txt"), bucket.join("link.txt")).unwrap();
    symlink(outside.path(), root.path().join("linked")).unwrap();
    for (bucket, key) in [
        ("bucket", "dir/secret.txt"),
        ("bucket", "link.txt"),
        ("linked", "secret.txt"),
    ] {
        for refused in [
            objects.read(bucket, key, 0, 9).await.map(|_| ()),
            objects.stat(bucket, key).await.map(|_| ()),
        ] {
            assert!(matches!(refused, Err(ObjectsError::Store { .. })), "{key}: {refused:?}");
        }
    }
    assert_eq!(keys(&objects).await, ["real.txt"]);
    assert!(matches!(
        objects.list("linked", "", None, 9).await,
        Err(ObjectsError::Store { .. })
    ));
    assert!(matches!(
        put(&objects, "dir/new.txt", b"new").await,
        Err(ObjectsError::Store { .. })
    ));
    assert!(!outside.path().join("new.txt").exists());
    // Writing over a link replaces the link.
    put(&objects, "link.txt", b"mine").await.unwrap();
    assert_eq!(fs::read(outside.path().join("secret.txt")).unwrap(), b"secret");
    assert_eq!(
        objects.read("bucket", "link.txt", 0, 9).await.unwrap(),
        Bytes::from_static(b"mine")
    );
}

#[tokio::test]
async fn what_a_killed_writer_left_is_removed() {
    let root = tempfile::tempdir().unwrap();
    let objects = DirectoryObjects::open(root.path()).unwrap();
    let mut living = objects.create("bucket", "living.txt").await.unwrap();
    living.write(Bytes::from_static(b"alive")).await.unwrap();
    fs::write(root.path().join(".writing/1-0"), b"left").unwrap();
    assert_eq!(left_in_the_making(root.path()), 2);
    DirectoryObjects::open(root.path()).unwrap();
    assert_eq!(left_in_the_making(root.path()), 1);
    assert_eq!(
        living.finish().await.unwrap(),
        ObjectStat {
            key: "living.txt".to_owned(),
            bytes: 5
        }
    );
    assert_eq!(left_in_the_making(root.path()), 0);
}

#[tokio::test]
async fn a_large_directory_is_listed_in_passes() {
    let root = tempfile::tempdir().unwrap();
    let objects = DirectoryObjects::open(root.path()).unwrap();
    put(&objects, "d/00000.txt", b"").await.unwrap();
    let names: Vec<String> = (0..3000).map(|number| format!("d/{number:05}.txt")).collect();
    for name in &names {
        fs::write(root.path().join("bucket").join(name), b"").unwrap();
    }
    assert_eq!(keys(&objects).await, names);
    let page = objects.list("bucket", "d/0", Some("d/01500.txt"), 1100).await.unwrap();
    assert_eq!(
        page.into_iter().map(|stat| stat.key).collect::<Vec<_>>(),
        names[1501..2601]
    );
}

async fn put(objects: &DirectoryObjects, key: &str, body: &'static [u8]) -> Result<ObjectStat, ObjectsError> {
    let mut writer = objects.create("bucket", key).await?;
    writer.write(Bytes::from_static(body)).await?;
    writer.finish().await
}

async fn keys(objects: &DirectoryObjects) -> Vec<String> {
    objects
        .list("bucket", "", None, usize::MAX)
        .await
        .unwrap()
        .into_iter()
        .map(|stat| stat.key)
        .collect()
}

fn left_in_the_making(root: &Path) -> usize {
    fs::read_dir(root.join(".writing")).unwrap().count()
}
