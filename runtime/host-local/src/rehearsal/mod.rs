//! Rehearsals: one execution in a store of its own in memory, in a time of its own.
//!
//! ```text
//!   Stage ── components and objects in a folder that goes with it
//!     └── Course ── lives and deaths of the process, to the execution's end
//!           ├── World ── tick: poll what is ready; or wait for work outside; or move time
//!           │     └── Outside ── HTTP and components, which take real time while the world's stands still
//!           ├── Life ── an engine over the store, from its opening to its death
//!           └── Visitors ── reports and the stop, when they are due
//! ```
//!
//! Time moves only where nothing is ready and no HTTP request and no component is under way. Such work that takes longer
//! than what is left until its deadline no longer holds time up, so that it is timed out as anywhere else.
//!
//! **Invariant:** a rehearsal without work outside is decided by its seed alone, and every rehearsal ends: within a named
//! number of steps, a named stretch of its time, and a named stretch of real time without an answer from outside.

mod course;
mod life;
mod outside;
mod visitors;
mod wakes;
mod world;

use std::path::Path;
use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result};
use stepwell_cli::{HostError, Rehearsal, Rehearsed, Weather};
use stepwell_egress::Outbound;
use stepwell_objects_directory::DirectoryObjects;
use stepwell_ports::Objects;
use stepwell_simulator::VirtualClock;
use stepwell_tasks_http::{HttpClient, HttpTasks};
use tempfile::TempDir;
use tokio::runtime::Handle;

use self::course::Course;
use self::world::World;
use crate::components;
use crate::router::{Places, Router};
use crate::runs::unanswered;
use stepwell_system::EnvironmentSecrets;

/// Where rehearsals keep components, compiled once for all of them.
#[derive(Debug, Default)]
pub(crate) struct Stage {
    folder: OnceLock<TempDir>,
}

impl Stage {
    /// Rehearses one execution to its end. Dropping the future is harmless.
    ///
    /// # Errors
    ///
    /// Where its components or objects cannot be had, or its start is refused.
    pub(crate) async fn rehearse(&self, rehearsal: &Rehearsal, weather: Weather) -> Result<Rehearsed, HostError> {
        let clock = Arc::new(VirtualClock::default());
        let objects = objects(rehearsal.objects.as_deref())?;
        let router = self.router(rehearsal, &clock, objects.path()).await?;
        let world = World::new(clock, weather, router);
        Course::new(world, rehearsal, weather).run().await
    }

    async fn router(
        &self,
        rehearsal: &Rehearsal,
        clock: &Arc<VirtualClock>,
        objects: &Path,
    ) -> Result<Arc<Router>, HostError> {
        let client = HttpClient::new(Handle::current(), Arc::new(EnvironmentSecrets));
        let outbound: Arc<dyn Outbound> = Arc::new(client.context("while preparing requests")?);
        let http = HttpTasks::new(outbound.clone(), clock.clone());
        let places = match rehearsal.components.is_empty() {
            true => None,
            false => Some(self.places(rehearsal, objects)?),
        };
        let router = Arc::new(Router::new(http, outbound, places));
        router.prepare_run(&rehearsal.run).await.map_err(unanswered)?;
        Ok(router)
    }

    fn places(&self, rehearsal: &Rehearsal, objects: &Path) -> Result<Places> {
        let folder = self.folder()?.to_owned();
        components::keep(&folder, &rehearsal.components)?;
        let objects: Arc<dyn Objects> = Arc::new(DirectoryObjects::open(objects).context("while opening the objects")?);
        Ok(Places {
            folder,
            objects: Some(objects),
        })
    }

    fn folder(&self) -> Result<&Path> {
        if self.folder.get().is_none() {
            // Whoever comes second drops its own again.
            _ = self.folder.set(passing()?);
        }
        let folder = self.folder.get().context("while making a folder for components")?;
        Ok(folder.path())
    }
}

fn passing() -> Result<TempDir> {
    let made = tempfile::Builder::new().prefix("stepwell-").tempdir();
    made.context("while making a folder that goes with the rehearsal")
}

/// A copy of the objects that goes with the rehearsal.
fn objects(from: Option<&Path>) -> Result<TempDir> {
    let folder = passing()?;
    if let Some(from) = from {
        copy(from, folder.path())?;
    }
    Ok(folder)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let entries = std::fs::read_dir(from).with_context(|| format!("while listing `{}`", from.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("while listing `{}`", from.display()))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            std::fs::create_dir(&target)?;
            copy(&source, &target)?;
        } else if kind.is_file() {
            std::fs::copy(&source, &target).with_context(|| format!("while copying `{}`", source.display()))?;
        }
    }
    Ok(())
}
