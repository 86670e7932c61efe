//! What is known beside the logs: blobs by name, and the index of executions.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::{LogError, Millis};

/// One row of the index of executions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionRow {
    /// `<flow>/<execution name>`.
    pub execution: Arc<str>,
    /// The public status: `Running`, `Succeeded`, `Failed`, `Stopped`, `TimedOut`.
    pub status: Arc<str>,
    /// When it started.
    pub started_ms: Millis,
    /// When it ended.
    pub ended_ms: Option<Millis>,
}

/// Why the catalogue did not do it; the store behind it is the log's.
pub type CatalogueError = LogError;

/// Flows and other blobs by name, and the index of executions.
///
/// Promise: an acknowledged `put` or `index` is durable. A blob's name is content-addressed or written once: `put` of a
/// name that exists leaves the first content.
pub trait Catalogue: Send + Sync {
    /// Keeps `body` under `name` (`model/<digest>`, `definition/<digest>`, `secret/token` …), unless the name exists.
    fn put(&self, name: &str, body: Bytes) -> BoxFuture<'static, Result<(), CatalogueError>>;

    /// Reads a blob.
    fn get(&self, name: &str) -> BoxFuture<'static, Result<Option<Bytes>, CatalogueError>>;

    /// Replaces the execution's row in the index; a row with an end is never hidden by one without.
    ///
    /// Where one process drives, it is handed over when this is called, in one order with what is handed over to the log,
    /// and replaces any row. A shared table cannot tell which of two rows is older: there a row without an end that comes
    /// after one with an end changes nothing.
    fn index(&self, row: ExecutionRow) -> BoxFuture<'static, Result<(), CatalogueError>>;

    /// Reads the index in order of `execution`, strictly after `after`, at most `count_max` rows.
    fn executions(
        &self,
        after: Option<&str>,
        count_max: usize,
    ) -> BoxFuture<'static, Result<Vec<ExecutionRow>, CatalogueError>>;
}
