//! The conformance suite on a real server, and what only this store promises.

use std::sync::{Arc, LazyLock};

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use bytes::Bytes;
use stepwell_cloud::parts::moto::Moto;
use stepwell_cloud::settings::settings;
use stepwell_ports::{ObjectStat, Objects, ObjectsError, conformance};

use crate::place::Place;
use crate::{Addressing, KEY_BYTES_MAX, PART_BYTES, S3Bucket, S3Objects, Spent};

/// One server serves every test of this program, which it ends with.
static MOTO: LazyLock<Moto> = LazyLock::new(|| Moto::start().unwrap_or_else(|error| panic!("{error:#}")));

/// A bucket of a test's own.
async fn bucket(name: &str, prefix: &str) -> (SdkConfig, S3Bucket) {
    let endpoint = tokio::task::spawn_blocking(|| MOTO.endpoint()).await.unwrap();
    let bucket = S3Bucket {
        name: name.to_owned(),
        prefix: prefix.to_owned(),
        addressing: Addressing::Path,
    };
    let config = settings(&[("S3", endpoint)]);
    client(&config).create_bucket().bucket(name).send().await.unwrap();
    (config, bucket)
}

fn client(config: &SdkConfig) -> Client {
    let settings = aws_sdk_s3::config::Builder::from(config).force_path_style(true);
    Client::from_conf(settings.build())
}

fn opened((config, bucket): &(SdkConfig, S3Bucket)) -> S3Objects {
    S3Objects::new(config, bucket.clone()).unwrap()
}

#[tokio::test]
async fn keeps_the_promises_of_objects() {
    let there = bucket("conformance", "some/place/").await;
    let open = || -> Arc<dyn Objects> { Arc::new(opened(&there)) };
    conformance::objects::all_up_to(KEY_BYTES_MAX, &open).await;
    conformance::objects::all_reopened(&open).await;
}

#[tokio::test]
async fn what_fits_one_part_is_one_request() {
    let objects = opened(&bucket("one-part", "").await);
    write(&objects, &[Bytes::from(vec![7; PART_BYTES])]).await.unwrap();
    assert_eq!(objects.spent(), Spent { writes: 1, reads: 0 });
    objects.stat("media", "object").await.unwrap();
    objects.read("media", "object", 5, 2).await.unwrap();
    objects.list("media", "", None, 2000).await.unwrap();
    assert_eq!(objects.spent(), Spent { writes: 2, reads: 2 });
}

#[tokio::test]
async fn what_is_larger_is_uploaded_in_parts() {
    let objects = opened(&bucket("parts", "here/").await);
    let body: Bytes = (0..5_u32 << 20).flat_map(u32::to_be_bytes).collect();
    for chunks in [
        vec![body.clone()],
        (0..20)
            .map(|chunk| body.slice(chunk << 20..(chunk + 1) << 20))
            .collect(),
    ] {
        let before = objects.spent().writes;
        let written = write(&objects, &chunks).await.unwrap();
        assert_eq!(written, stat("object", 20 << 20));
        // The upload's beginning and end, and three parts.
        assert_eq!(objects.spent().writes - before, 5);
        let read = objects.read("media", "object", 0, usize::MAX).await.unwrap();
        assert!(read == body);
        let middle = objects.read("media", "object", (8 << 20) - 2, 4).await.unwrap();
        assert_eq!(middle, body.slice((8 << 20) - 2..(8 << 20) + 2));
    }
}

#[tokio::test]
async fn an_upload_that_is_dropped_is_aborted() {
    let there = bucket("aborted", "").await;
    let (objects, client) = (opened(&there), client(&there.0));
    let mut writer = objects.create("media", "object").await.unwrap();
    writer.write(Bytes::from(vec![7; PART_BYTES + 1])).await.unwrap();
    assert_eq!(uploads(&client).await, 1);
    drop(writer);
    while uploads(&client).await > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(objects.list("media", "", None, 9).await.unwrap(), []);
}

async fn uploads(client: &Client) -> usize {
    let uploads = client.list_multipart_uploads().bucket("aborted").send().await;
    uploads.unwrap().uploads().len()
}

#[tokio::test]
async fn a_real_bucket_that_is_not_there_is_no_absent_object() {
    let (config, there) = bucket("there", "").await;
    let missing = S3Bucket {
        name: "not-there".to_owned(),
        ..there
    };
    let objects = S3Objects::new(&config, missing).unwrap();
    let failed = [
        objects.read("media", "object", 0, 1).await.map(drop),
        objects.list("media", "", None, 1).await.map(drop),
        write(&objects, &[]).await.map(drop),
    ];
    for failed in failed {
        assert!(matches!(failed, Err(ObjectsError::Store { .. })), "{failed:?}");
    }
}

#[test]
fn keys_stay_below_their_bucket() {
    let real_key = |prefix, key| Place::new(prefix, "media", key).map(|place| place.real_key).ok();
    for (prefix, key, expected) in [
        ("", "a/b", Some("media/a/b")),
        ("p/", "/a", Some("p/media//a")),
        ("", "..", Some("media/..")),
        ("", "../..", None),
        ("", "a/../../..", None),
        ("", ".././../x", None),
        ("", "//../../x", None),
        ("p/", "../../x", Some("p/media/../../x")),
    ] {
        assert_eq!(real_key(prefix, key).as_deref(), expected, "{key}");
    }
}

async fn write(objects: &S3Objects, chunks: &[Bytes]) -> Result<ObjectStat, ObjectsError> {
    let mut writer = objects.create("media", "object").await?;
    for chunk in chunks {
        writer.write(chunk.clone()).await?;
    }
    writer.finish().await
}

fn stat(key: &str, bytes: u64) -> ObjectStat {
    ObjectStat {
        key: key.to_owned(),
        bytes,
    }
}
