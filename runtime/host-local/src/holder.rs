//! The process that holds a store: its lock, its engine, its socket.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use stepwell_actions::Registry;
use stepwell_api::service::Unanswered;
use stepwell_cli::Kept;
use stepwell_engine::{Driving, Engine, EngineError};
use stepwell_store_embedded::{EmbeddedStore, OpenError, Options, StoreStats};
use stepwell_wire::Run;
use tokio::task::JoinHandle;

use crate::doors::{Doors, doors, objects};
use crate::router::{Places, Router};
use crate::socket::{Served, Server};

/// How long tasks of others' runs may go on when this process's own run has ended.
const DRAINED_WITHIN_MS: u64 = 5_000;

/// A store that this process holds.
pub(crate) struct Holder {
    store: EmbeddedStore,
    engine: Engine,
    router: Arc<Router>,
    server: Server,
    due: Option<JoinHandle<EngineError>>,
}

impl Holder {
    /// Takes the store, and makes it where there is none; nothing where another process holds it.
    ///
    /// # Errors
    ///
    /// Where the store cannot be opened or served.
    pub(crate) async fn open(folder: &Path, driving: Driving) -> Result<Option<Self>> {
        let opening = folder.to_owned();
        let opened = tokio::task::spawn_blocking(move || EmbeddedStore::open(&opening, Options::default())).await?;
        let store = match opened {
            Ok(store) => store,
            Err(OpenError::Locked { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let places = Places {
            folder: folder.to_owned(),
            objects: Some(objects(folder)?),
        };
        let Doors { ports, router } = doors(Arc::new(store.clone()), Arc::new(store.clone()), Some(places))?;
        let engine = Engine::open(ports, driving).await.context("while opening the store")?;
        let drives = driving != Driving::Nothing;
        let served = Served {
            engine: engine.clone(),
            drives,
            router: router.clone(),
        };
        let server = Server::start(folder, served).context("while making the store's socket")?;
        let due = drives.then(|| tokio::spawn(due(engine.clone())));
        Ok(Some(Self {
            store,
            engine,
            router,
            server,
            due,
        }))
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What was written since the store was opened.
    pub(crate) fn kept(&self) -> Kept {
        let StoreStats { records, bytes, .. } = self.store.stats();
        Kept { records, bytes }
    }

    /// Makes a run's components ready.
    pub(crate) async fn prepare_run(&self, run: &Run) -> Result<(), Unanswered> {
        self.router.prepare_run(run).await
    }

    /// Makes the components of functions ready.
    pub(crate) async fn prepare(&self, registry: &Registry) -> Result<(), Unanswered> {
        self.router.prepare(registry).await
    }

    /// Waits until the store fails under the due-time loop. Dropping the future loses nothing.
    pub(crate) async fn failed(&mut self) -> anyhow::Error {
        match &mut self.due {
            Some(due) => match due.await {
                Ok(error) => error.into(),
                Err(error) => error.into(),
            },
            None => std::future::pending().await,
        }
    }

    /// Lets tasks that are under way end, those of runs that were handed over too. Dropping the future is harmless.
    pub(crate) async fn drain(&self) {
        self.engine.drain(DRAINED_WITHIN_MS).await;
    }

    /// Answers what is under way, stops driving cleanly, and lets the store go.
    pub(crate) async fn close(self) {
        self.server.close().await;
        self.engine.close().await;
        if let Some(due) = self.due {
            due.abort();
        }
        let store = self.store;
        // Joins the writer's thread; a panic there has ended the process already.
        _ = tokio::task::spawn_blocking(move || store.close()).await;
    }
}

async fn due(engine: Engine) -> EngineError {
    engine.dispatch().await
}
