//! The port `Objects`.
//!
//! **Invariant:** an error that S3 models as an absent object, and only that, is `NotFound`.

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use bytes::Bytes;
use futures::future::{self, BoxFuture, FutureExt};
use stepwell_ports::{ObjectStat, ObjectWriter, Objects, ObjectsError};

use crate::meter::{Meter, Spent};
use crate::place::{self, Place};
use crate::writing::S3Writer;
use crate::{listing, reading};

/// How the real bucket is named in requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressing {
    /// By the host, as AWS recommends.
    Host,
    /// By the path, as servers need that have one address.
    Path,
}

/// The real bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Bucket {
    /// Its name.
    pub name: String,
    /// What all keys in it begin with: empty, or ends with a slash. At most [`crate::PREFIX_BYTES_MAX`] bytes.
    pub prefix: String,
    /// How it is named in requests.
    pub addressing: Addressing,
}

/// Objects in a bucket of S3. Clones share the meter.
#[derive(Clone, Debug)]
pub struct S3Objects {
    pub(crate) client: Client,
    pub(crate) bucket: S3Bucket,
    meter: Meter,
}

impl S3Objects {
    /// Objects in that bucket.
    ///
    /// # Errors
    ///
    /// [`ObjectsError::BadName`] when the prefix cannot be one.
    pub fn new(config: &SdkConfig, bucket: S3Bucket) -> Result<Self, ObjectsError> {
        place::check_prefix(&bucket.prefix)?;
        let meter = Meter::default();
        let settings = aws_sdk_s3::config::Builder::from(config)
            .force_path_style(bucket.addressing == Addressing::Path)
            .interceptor(meter.clone());
        let client = Client::from_conf(settings.build());
        Ok(Self { client, bucket, meter })
    }

    /// What was spent so far.
    #[must_use]
    pub fn spent(&self) -> Spent {
        self.meter.spent()
    }

    fn place(&self, bucket: &str, key: &str) -> Result<Place, ObjectsError> {
        Place::new(&self.bucket.prefix, bucket, key)
    }
}

impl Objects for S3Objects {
    fn read(
        &self,
        bucket: &str,
        key: &str,
        offset: u64,
        bytes_max: usize,
    ) -> BoxFuture<'static, Result<Bytes, ObjectsError>> {
        let objects = self.clone();
        match self.place(bucket, key) {
            Ok(place) => async move { reading::read(&objects, &place, offset, bytes_max).await }.boxed(),
            Err(error) => refused(error),
        }
    }

    fn create(&self, bucket: &str, key: &str) -> BoxFuture<'static, Result<Box<dyn ObjectWriter>, ObjectsError>> {
        let created = self.place(bucket, key);
        let created = created.map(|place| Box::new(S3Writer::new(self.clone(), place)) as Box<dyn ObjectWriter>);
        future::ready(created).boxed()
    }

    fn stat(&self, bucket: &str, key: &str) -> BoxFuture<'static, Result<ObjectStat, ObjectsError>> {
        let objects = self.clone();
        match self.place(bucket, key) {
            Ok(place) => async move { reading::stat(&objects, place).await }.boxed(),
            Err(error) => refused(error),
        }
    }

    fn list(
        &self,
        bucket: &str,
        prefix: &str,
        after: Option<&str>,
        count_max: usize,
    ) -> BoxFuture<'static, Result<Vec<ObjectStat>, ObjectsError>> {
        let objects = self.clone();
        let (prefix, after) = (prefix.to_owned(), after.map(str::to_owned));
        match place::beginning(&self.bucket.prefix, bucket) {
            Ok(place) => async move { listing::list(&objects, &place, &prefix, after, count_max).await }.boxed(),
            Err(error) => refused(error),
        }
    }
}

fn refused<T: Send + 'static>(error: ObjectsError) -> BoxFuture<'static, Result<T, ObjectsError>> {
    future::ready(Err(error)).boxed()
}

/// S3 failed, or did not answer.
pub(crate) fn store(during: &'static str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ObjectsError {
    ObjectsError::Store {
        during,
        source: source.into(),
    }
}
