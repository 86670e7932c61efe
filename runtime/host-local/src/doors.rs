//! The engine's ports, built from this host's adapters.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use stepwell_egress::Outbound;
use stepwell_engine::Ports;
use stepwell_objects_directory::DirectoryObjects;
use stepwell_ports::{Catalogue, Log, Objects};
use stepwell_system::{EnvironmentSecrets, RuntimeSpawn, SystemClock, SystemSeeds};
use stepwell_tasks_http::{HttpClient, HttpTasks};
use tokio::runtime::Handle;

use crate::router::{Places, Router};

/// The folder of the objects below the store's.
const OBJECTS: &str = "objects";

/// The ports over a store, and the tasks behind them.
pub(crate) struct Doors {
    pub(crate) ports: Ports,
    pub(crate) router: Arc<Router>,
}

/// Builds the ports over a log and a catalogue. Needs tokio's runtime.
pub(crate) fn doors(log: Arc<dyn Log>, catalogue: Arc<dyn Catalogue>, places: Option<Places>) -> Result<Doors> {
    let runtime = Handle::current();
    let client = HttpClient::new(runtime.clone(), Arc::new(EnvironmentSecrets)).context("while preparing requests")?;
    let outbound: Arc<dyn Outbound> = Arc::new(client);
    let http = HttpTasks::new(outbound.clone(), Arc::new(SystemClock));
    let router = Arc::new(Router::new(http, outbound, places));
    let ports = Ports {
        log,
        catalogue,
        tasks: router.clone(),
        clock: Arc::new(SystemClock),
        seeds: Arc::new(SystemSeeds),
        spawn: Arc::new(RuntimeSpawn(runtime)),
    };
    Ok(Doors { ports, router })
}

/// The objects below a folder.
pub(crate) fn objects(folder: &Path) -> Result<Arc<dyn Objects>> {
    let folder = folder.join(OBJECTS);
    let objects = DirectoryObjects::open(&folder);
    Ok(Arc::new(objects.with_context(|| {
        format!("while opening the objects in `{}`", folder.display())
    })?))
}
