//! Lists a bucket by key, a page at a time.
//!
//! **Invariant:** keys come in the order of their bytes, as S3 keeps them.

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::types::{EncodingType, Object};
use stepwell_ports::{ObjectStat, ObjectsError};

use crate::objects::{S3Objects, store};

/// How many objects S3 lists at once.
const PAGE_MAX: usize = 1000;

const LISTING: &str = "listing objects";

/// A key in a list cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("a listed key is not encoded as it should be")]
struct BadKey;

/// Objects whose real key begins with `beginning`, and the rest of it with `prefix`, strictly after `after`.
pub(crate) async fn list(
    objects: &S3Objects,
    beginning: &str,
    prefix: &str,
    mut after: Option<String>,
    count_max: usize,
) -> Result<Vec<ObjectStat>, ObjectsError> {
    let mut found = vec![];
    while found.len() < count_max {
        let wanted = (count_max - found.len()).min(PAGE_MAX);
        let page = page(objects, beginning, prefix, after.as_deref(), wanted).await?;
        let is_last = page.is_truncated != Some(true) || page.contents().is_empty();
        for object in page.contents() {
            found.extend(read(beginning, object)?);
        }
        if is_last {
            break;
        }
        after = found.last().map(|stat: &ObjectStat| stat.key.clone());
    }
    Ok(found)
}

async fn page(
    objects: &S3Objects,
    beginning: &str,
    prefix: &str,
    after: Option<&str>,
    wanted: usize,
) -> Result<ListObjectsV2Output, ObjectsError> {
    let request = objects.client.list_objects_v2().bucket(&objects.bucket.name);
    let request = request
        .prefix(format!("{beginning}{prefix}"))
        // Keys may hold what XML cannot.
        .encoding_type(EncodingType::Url)
        .set_start_after(after.map(|after| format!("{beginning}{after}")))
        .max_keys(i32::try_from(wanted).unwrap_or(i32::MAX));
    request.send().await.map_err(|error| store(LISTING, error))
}

/// What a listed object is to us; `None` for the bucket's own name, which others make to see a folder.
fn read(beginning: &str, object: &Object) -> Result<Option<ObjectStat>, ObjectsError> {
    let real_key = decode(object.key().unwrap_or_default()).ok_or_else(|| store(LISTING, BadKey))?;
    let key = real_key.strip_prefix(beginning).ok_or_else(|| store(LISTING, BadKey))?;
    if key.is_empty() {
        return Ok(None);
    }
    Ok(Some(ObjectStat {
        key: key.to_owned(),
        bytes: u64::try_from(object.size.unwrap_or_default()).unwrap_or_default(),
    }))
}

/// Reads a key that is encoded as in a query: `%` and two digits for a byte, `+` for a space.
fn decode(encoded: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let [first, others @ ..] = rest {
        let (byte, behind) = match (first, others) {
            (b'%', [high, low, behind @ ..]) => (hex(*high)? << 4 | hex(*low)?, behind),
            (b'%', _) => return None,
            (b'+', _) => (b' ', others),
            (other, _) => (*other, others),
        };
        bytes.push(byte);
        rest = behind;
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    let digit = char::from(digit).to_digit(16)?;
    u8::try_from(digit).ok()
}
