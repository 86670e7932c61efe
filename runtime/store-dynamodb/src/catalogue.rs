//! The port `Catalogue`.

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt};
use stepwell_ports::{Catalogue, CatalogueError, ExecutionRow};

use crate::store::DynamoStore;
use crate::{blobs, index};

impl Catalogue for DynamoStore {
    fn put(&self, name: &str, body: Bytes) -> BoxFuture<'static, Result<(), CatalogueError>> {
        let (table, name) = (self.table.clone(), name.to_owned());
        async move { blobs::put(&table, &name, body).await }.boxed()
    }

    fn get(&self, name: &str) -> BoxFuture<'static, Result<Option<Bytes>, CatalogueError>> {
        let (table, name) = (self.table.clone(), name.to_owned());
        async move { blobs::get(&table, &name).await }.boxed()
    }

    fn index(&self, row: ExecutionRow) -> BoxFuture<'static, Result<(), CatalogueError>> {
        let table = self.table.clone();
        async move { index::put(&table, row).await }.boxed()
    }

    fn executions(
        &self,
        after: Option<&str>,
        count_max: usize,
    ) -> BoxFuture<'static, Result<Vec<ExecutionRow>, CatalogueError>> {
        let (table, after) = (self.table.clone(), after.map(str::to_owned));
        async move { index::list(&table, after.as_deref(), count_max).await }.boxed()
    }
}
