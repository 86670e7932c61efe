//! A server, a table, and stores over it.

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_sdk_dynamodb::Client;
use bytes::Bytes;
use futures::future::{self, BoxFuture, FutureExt};
use stepwell_cloud::parts::dynoxide::Dynoxide;
use stepwell_cloud::settings::settings;
use stepwell_objects_directory::DirectoryObjects;
use stepwell_ports::{Clock, LogEntry, Millis, Objects, ScopeKey};
use tempfile::TempDir;

use crate::item::{Attributes, PARTITION, SORT, binary};
use crate::{DynamoStore, Options, create_table};

/// When everything happens.
pub(crate) const NOW: Millis = 1_795_454_191_555;

pub(crate) const TABLE: &str = "stepwell";

/// A clock that stands still, so long after [`NOW`].
#[derive(Clone, Copy, Debug)]
struct Still(Millis);

impl Clock for Still {
    fn now(&self) -> Millis {
        NOW + self.0
    }

    fn sleep_until(&self, _until: Millis) -> BoxFuture<'static, ()> {
        future::ready(()).boxed()
    }
}

pub(crate) struct World {
    pub(crate) dynoxide: Dynoxide,
    pub(crate) objects: Arc<DirectoryObjects>,
    _directory: TempDir,
}

impl World {
    pub(crate) async fn start() -> Self {
        let dynoxide = Dynoxide::start().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let world = Self {
            dynoxide,
            objects: Arc::new(DirectoryObjects::open(directory.path()).unwrap()),
            _directory: directory,
        };
        create_table(&world.config(), TABLE).await.unwrap();
        world
    }

    pub(crate) fn config(&self) -> SdkConfig {
        settings(&[("DynamoDB", self.dynoxide.endpoint())])
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(&self.config())
    }

    /// A store that has an object store.
    pub(crate) fn store(&self) -> DynamoStore {
        DynamoStore::new(&self.config(), self.options())
    }

    pub(crate) fn options(&self) -> Options {
        Options {
            objects: Some(self.objects.clone() as Arc<dyn Objects>),
            ..bare()
        }
    }

    /// A store that has none.
    pub(crate) fn bare(&self) -> DynamoStore {
        DynamoStore::new(&self.config(), bare())
    }

    /// A store so many days later.
    pub(crate) fn later(&self, days: u64) -> DynamoStore {
        let clock = Arc::new(Still(days * 24 * 60 * 60 * 1_000));
        DynamoStore::new(&self.config(), Options::new(TABLE, clock))
    }

    /// A store over another address, that tries once.
    pub(crate) fn once(&self, endpoint: &str) -> DynamoStore {
        let config = settings(&[("DynamoDB", endpoint.to_owned())]).into_builder();
        DynamoStore::new(&config.retry_config(RetryConfig::disabled()).build(), bare())
    }

    /// An item as it stands in the table.
    pub(crate) async fn item(&self, partition: Vec<u8>, sort: Vec<u8>) -> Option<Attributes> {
        let request = self.client().get_item().table_name(TABLE).consistent_read(true);
        let request = request.key(PARTITION, binary(partition)).key(SORT, binary(sort));
        request.send().await.unwrap().item
    }
}

pub(crate) fn bare() -> Options {
    Options::new(TABLE, Arc::new(Still(0)))
}

pub(crate) fn key(execution: &str, scope: &str) -> ScopeKey {
    ScopeKey {
        execution: execution.into(),
        scope: scope.into(),
    }
}

pub(crate) fn entry(key: &ScopeKey, revision: u64, body: impl Into<Bytes>) -> LogEntry {
    LogEntry {
        key: key.clone(),
        revision,
        body: body.into(),
    }
}

/// Bytes that do not get shorter.
pub(crate) fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()
    };
    std::iter::repeat_with(next).flatten().take(bytes).collect()
}
