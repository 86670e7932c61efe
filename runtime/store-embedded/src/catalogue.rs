//! The port `Catalogue`.

use bytes::Bytes;
use futures::future::{self, BoxFuture, FutureExt};
use stepwell_ports::{Catalogue, CatalogueError, ExecutionRow, LogError, ScopeKey};

use crate::options::BLOB_BYTES_MAX;
use crate::queue::Change;
use crate::store::EmbeddedStore;
use crate::{layout, reader};

impl Catalogue for EmbeddedStore {
    fn put(&self, name: &str, body: Bytes) -> BoxFuture<'static, Result<(), CatalogueError>> {
        let checked = within("the blob's name", name.len(), ScopeKey::BYTES_MAX)
            .and_then(|()| within("the blob", body.len(), BLOB_BYTES_MAX));
        match checked {
            Ok(()) => self.shared().queue.hand_over(Change::Put {
                name: name.to_owned(),
                body,
            }),
            Err(error) => future::ready(Err(error)).boxed(),
        }
    }

    fn get(&self, name: &str) -> BoxFuture<'static, Result<Option<Bytes>, CatalogueError>> {
        let (shared, name) = (self.shared().clone(), name.to_owned());
        let read = move || {
            reader::read(&shared, "reading a blob", |transaction| {
                reader::blob(transaction, &name)
            })
        };
        future::lazy(move |_| read()).boxed()
    }

    fn index(&self, row: ExecutionRow) -> BoxFuture<'static, Result<(), CatalogueError>> {
        let checked = within("the execution's name", row.execution.len(), ScopeKey::BYTES_MAX);
        match checked.and_then(|()| layout::row(&row)) {
            Ok(json) => self.shared().queue.hand_over(Change::Index { row, json }),
            Err(error) => future::ready(Err(error)).boxed(),
        }
    }

    fn executions(
        &self,
        after: Option<&str>,
        count_max: usize,
    ) -> BoxFuture<'static, Result<Vec<ExecutionRow>, CatalogueError>> {
        let (shared, after) = (self.shared().clone(), after.map(str::to_owned));
        let read = move || {
            reader::read(&shared, "reading the index of executions", |transaction| {
                reader::executions(transaction, after.as_deref(), count_max)
            })
        };
        future::lazy(move |_| read()).boxed()
    }
}

fn within(what: &'static str, bytes: usize, bytes_max: usize) -> Result<(), LogError> {
    if bytes > bytes_max {
        Err(LogError::TooLarge { what, bytes, bytes_max })
    } else {
        Ok(())
    }
}
