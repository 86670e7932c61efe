//! The import `objects` of one guest: what the grants allow of the host's objects.
//!
//! **Invariant:** the grants are asked before the store is; what they refuse answers with the line to add.

use std::sync::Arc;

use bytes::Bytes;
use stepwell_actions::Granted;
use stepwell_ports::{ObjectStat, ObjectWriter, Objects, ObjectsError};
use wasmtime::Result;
use wasmtime::component::Resource;

use crate::guest::Guest;
use crate::world::objects::{Error, Host, HostWriter, ObjectStat as WireStat};

/// The most that goes to or from a guest at once.
pub(crate) const CHUNK_BYTES_MAX: usize = 1024 * 1024;
/// The most objects that one answer lists.
const LIST_COUNT_MAX: u32 = 1_000;
/// The most objects that a guest may have in the making.
const WRITERS_MAX: usize = 16;

/// An object that a guest is making.
#[expect(
    unreachable_pub,
    reason = "the generated bindings re-export it as they do everything, for nobody"
)]
pub struct Writer(Box<dyn ObjectWriter>);

impl std::fmt::Debug for Writer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Writer")
    }
}

/// The host's objects as one attempt may touch them.
pub(crate) struct ObjectsDoor {
    pub(crate) store: Option<Arc<dyn Objects>>,
    pub(crate) granted: Arc<Granted>,
    pub(crate) grant_of: GrantOf,
    pub(crate) writers: usize,
}

/// For whom a line of the grants file would have to be.
#[derive(Clone, Debug)]
pub(crate) struct GrantOf {
    pub(crate) flow: Arc<str>,
    pub(crate) action: Arc<str>,
    pub(crate) function: Arc<str>,
}

impl ObjectsDoor {
    fn for_reading(&self, bucket: &str, key: &str) -> Result<Arc<dyn Objects>, Error> {
        if !self.granted.may_read(bucket, key) {
            return Err(self.grant_of.not_granted(bucket, key, "read"));
        }
        self.store()
    }

    fn for_writing(&self, bucket: &str, key: &str) -> Result<Arc<dyn Objects>, Error> {
        if !self.granted.may_write(bucket, key) {
            return Err(self.grant_of.not_granted(bucket, key, "write"));
        }
        if self.writers >= WRITERS_MAX {
            let detail = format!("a task may write at most {WRITERS_MAX} objects at the same time");
            return Err(Error::TooLarge(detail));
        }
        self.store()
    }

    fn store(&self) -> Result<Arc<dyn Objects>, Error> {
        self.store
            .clone()
            .ok_or_else(|| Error::Failed("this host has no objects".into()))
    }
}

impl GrantOf {
    fn not_granted(&self, bucket: &str, key: &str, access: &str) -> Error {
        let Self { flow, action, function } = self;
        // The longest folder of the key is what an operator would most likely grant.
        let prefix = key
            .rsplit_once('/')
            .map_or(String::new(), |(folder, _)| format!("{folder}/"));
        Error::NotGranted(format!(
            "`obj://{bucket}/{key}` is not granted for {access}; add to grants.yaml: {{flow: \"{flow}\", action: \
             \"{action}\", function: \"{function}\", objects: [{{bucket: \"{bucket}\", prefix: \"{prefix}\", access: \
             {access}}}]}}"
        ))
    }
}

impl Host for Guest {
    async fn stat(&mut self, bucket: String, key: String) -> Result<Result<WireStat, Error>> {
        Ok(self.objects.stat(&bucket, &key).await)
    }

    async fn list(
        &mut self,
        bucket: String,
        prefix: String,
        after: Option<String>,
        count_max: u32,
    ) -> Result<Result<Vec<WireStat>, Error>> {
        Ok(self.objects.list(&bucket, &prefix, after.as_deref(), count_max).await)
    }

    async fn read(
        &mut self,
        bucket: String,
        key: String,
        offset: u64,
        bytes_max: u32,
    ) -> Result<Result<Vec<u8>, Error>> {
        Ok(self.objects.read(&bucket, &key, offset, bytes_max).await)
    }

    async fn create(&mut self, bucket: String, key: String) -> Result<Result<Resource<Writer>, Error>> {
        match self.objects.create(&bucket, &key).await {
            Ok(writer) => {
                let resource = self.table.push(writer)?;
                self.objects.writers += 1;
                Ok(Ok(resource))
            }
            Err(error) => Ok(Err(error)),
        }
    }
}

impl HostWriter for Guest {
    async fn write(&mut self, writer: Resource<Writer>, chunk: Vec<u8>) -> Result<Result<(), Error>> {
        if chunk.len() > CHUNK_BYTES_MAX {
            let detail = format!("a chunk of {} bytes; at most {CHUNK_BYTES_MAX} go at once", chunk.len());
            return Ok(Err(Error::TooLarge(detail)));
        }
        let Writer(writer) = self.table.get_mut(&writer)?;
        Ok(writer.write(Bytes::from(chunk)).await.map_err(Into::into))
    }

    async fn finish(&mut self, writer: Resource<Writer>) -> Result<Result<WireStat, Error>> {
        let Writer(writer) = self.table.delete(writer)?;
        self.objects.writers = self.objects.writers.saturating_sub(1);
        Ok(writer.finish().await.map(Into::into).map_err(Into::into))
    }

    async fn drop(&mut self, writer: Resource<Writer>) -> Result<()> {
        self.table.delete(writer)?;
        self.objects.writers = self.objects.writers.saturating_sub(1);
        Ok(())
    }
}

impl ObjectsDoor {
    async fn stat(&self, bucket: &str, key: &str) -> Result<WireStat, Error> {
        Ok(self.for_reading(bucket, key)?.stat(bucket, key).await?.into())
    }

    async fn list(
        &self,
        bucket: &str,
        prefix: &str,
        after: Option<&str>,
        count_max: u32,
    ) -> Result<Vec<WireStat>, Error> {
        let store = self.for_reading(bucket, prefix)?;
        let count_max = usize::try_from(count_max.min(LIST_COUNT_MAX)).unwrap_or_default();
        let stats = store.list(bucket, prefix, after, count_max).await?;
        Ok(stats.into_iter().map(Into::into).collect())
    }

    async fn read(&self, bucket: &str, key: &str, offset: u64, bytes_max: u32) -> Result<Vec<u8>, Error> {
        let store = self.for_reading(bucket, key)?;
        let bytes_max = usize::try_from(bytes_max)
            .unwrap_or(CHUNK_BYTES_MAX)
            .min(CHUNK_BYTES_MAX);
        let chunk = store.read(bucket, key, offset, bytes_max).await?;
        Ok(chunk.into())
    }

    async fn create(&self, bucket: &str, key: &str) -> Result<Writer, Error> {
        let store = self.for_writing(bucket, key)?;
        Ok(Writer(store.create(bucket, key).await?))
    }
}

impl From<ObjectStat> for WireStat {
    fn from(ObjectStat { key, bytes }: ObjectStat) -> Self {
        Self { key, bytes }
    }
}

impl From<ObjectsError> for Error {
    fn from(error: ObjectsError) -> Self {
        match &error {
            ObjectsError::NotFound { .. } => Self::NotFound(error.to_string()),
            ObjectsError::BadName { .. } => Self::BadName(error.to_string()),
            ObjectsError::Store { source, .. } => Self::Failed(format!("{error}: {source}")),
        }
    }
}
