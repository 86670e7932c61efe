//! The local host: whoever gets a store's lock holds it, everybody else asks the holder, or a server.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use futures::FutureExt;
use futures::future::BoxFuture;
use stepwell_actions::Grants;
use stepwell_api::NewToken;
use stepwell_api::service::{self, Running};
use stepwell_cli::{
    Component, EditorEnd, Endpoint, Host, HostError, MadeToken, Place, Progress, Rehearsal, Rehearsed, RunEnd, Serving,
    Weather,
};
use stepwell_engine::{Driving, Engine};
use stepwell_ports::Seeds as _;
use stepwell_store_memory::MemoryStore;
use stepwell_wire::{Answer, Naming, Request, Run, Scope};

use crate::components;
use crate::doors::{Doors, doors, objects};
use crate::editor::serve_editor;
use crate::holder::Holder;
use crate::interrupt::Interrupt;
use crate::rehearsal::Stage;
use crate::remote::Exchange;
use crate::router::Places;
use crate::runs::{Watched, follow, interrupted, remember, unanswered, watch};
use crate::serving::serve;
use crate::socket::Connection;
use stepwell_system::SystemSeeds;

/// How long one waits before looking again for a holder that is just beginning or ending.
const LOOKED_EVERY: Duration = Duration::from_millis(20);
/// How often in a row; 30 s.
const LOOKS_MAX: u32 = 1500;

/// The host of the program `stepwell`.
#[derive(Debug)]
pub(crate) struct LocalHost {
    interrupt: Interrupt,
    stage: Stage,
}

/// How a store is reached.
pub(crate) enum Reached {
    /// This process holds it now.
    Held(Box<Holder>),
    /// Another process holds it.
    Elsewhere(Connection),
}

impl LocalHost {
    pub(crate) fn new(interrupt: Interrupt) -> Self {
        Self {
            interrupt,
            stage: Stage::default(),
        }
    }

    async fn answered(&self, store: &Path, request: Request) -> Result<Vec<Answer>, HostError> {
        loop {
            match reach(store, Driving::Nothing).await? {
                Reached::Held(holder) => {
                    let answers = service::answer(holder.engine(), request).await;
                    holder.close().await;
                    return answers.map_err(unanswered);
                }
                Reached::Elsewhere(connection) => {
                    if let Some(answers) = ask(connection, &request).await? {
                        return Ok(answers);
                    }
                }
            }
        }
    }

    async fn behind_a_server(
        &self,
        endpoint: &Endpoint,
        mut run: Run,
        progress: &mut Progress<'_>,
    ) -> Result<RunEnd, HostError> {
        let _careful = self.interrupt.careful();
        if run.naming == Naming::Fresh {
            run.nonce = Some(nonce());
        }
        Exchange::with(endpoint)?.run(run, &self.interrupt, progress).await
    }

    async fn to_its_end(
        &self,
        store: &Path,
        kept: Vec<Component>,
        mut run: Run,
        progress: &mut Progress<'_>,
    ) -> Result<RunEnd, HostError> {
        let _careful = self.interrupt.careful();
        if run.naming == Naming::Fresh {
            // Asked again, of another holder too, it is still this one start.
            run.nonce = Some(nonce());
        }
        keep(store, kept).await?;
        loop {
            let reached = tokio::select! {
                biased;
                () = self.interrupt.asked() => return Ok(interrupted(progress)),
                reached = reach(store, Driving::Named) => reached?,
            };
            match reached {
                Reached::Held(holder) => return self.hold(*holder, run, progress).await,
                Reached::Elsewhere(connection) if connection.drives() => {
                    match watch(connection, &mut run, &self.interrupt, progress).await? {
                        Watched::Over(end) => return Ok(end),
                        Watched::Gone if progress.execution().is_some() => {
                            progress.say("the process that drove it has gone; it goes on");
                        }
                        Watched::Gone => {}
                    }
                }
                // A verb that holds the store for a moment.
                Reached::Elsewhere(connection) => tokio::select! {
                    () = self.interrupt.asked() => return Ok(interrupted(progress)),
                    () = connection.gone() => {}
                },
            }
        }
    }

    /// Drives a run in this process, and whatever others hand over meanwhile.
    async fn hold(&self, mut holder: Holder, mut run: Run, progress: &mut Progress<'_>) -> Result<RunEnd, HostError> {
        let end = self.drive(&mut holder, &mut run, progress).await;
        progress.kept(holder.kept());
        if matches!(end, Ok(RunEnd::Ended { .. })) {
            tokio::select! {
                () = self.interrupt.asked() => {}
                () = holder.drain() => {}
            }
        }
        holder.close().await;
        end
    }

    async fn drive(
        &self,
        holder: &mut Holder,
        run: &mut Run,
        progress: &mut Progress<'_>,
    ) -> Result<RunEnd, HostError> {
        tokio::select! {
            biased;
            () = self.interrupt.asked() => return Ok(interrupted(progress)),
            prepared = holder.prepare_run(run) => prepared.map_err(unanswered)?,
        }
        let mut running = Running::begin(holder.engine(), run.clone()).await.map_err(unanswered)?;
        remember(run, &running.begun);
        tokio::select! {
            end = follow(&mut running, &self.interrupt, progress) => end,
            error = holder.failed() => Err(HostError::Broken(error.context("while waiting for what is due"))),
        }
    }

    async fn in_memory(
        &self,
        store: &Path,
        kept: Vec<Component>,
        run: Run,
        progress: &mut Progress<'_>,
    ) -> Result<RunEnd, HostError> {
        let _careful = self.interrupt.careful();
        let lodging = Lodging::for_express(store, &kept, &run)?;
        if let Some(lodging) = &lodging {
            keep(lodging.folder(), kept).await?;
        }
        let memory = Arc::new(MemoryStore::new());
        let places = lodging.as_ref().map(|lodging| lodging.places(&run)).transpose()?;
        let Doors { ports, router } = doors(memory.clone(), memory, places)?;
        let engine = Engine::open(ports, Driving::Named)
            .await
            .map_err(|error| anyhow!(error))?;
        tokio::select! {
            biased;
            () = self.interrupt.asked() => return Ok(interrupted(progress)),
            prepared = router.prepare_run(&run) => prepared.map_err(unanswered)?,
        }
        let due = tokio::spawn({
            let engine = engine.clone();
            async move { engine.dispatch().await }
        });
        let mut running = Running::begin(&engine, run).await.map_err(unanswered)?;
        let end = follow(&mut running, &self.interrupt, progress).await;
        engine.close().await;
        due.abort();
        end
    }
}

impl Host for LocalHost {
    fn call<'a>(&'a self, place: &'a Place, request: Request) -> BoxFuture<'a, Result<Vec<Answer>, HostError>> {
        match place {
            Place::Store(store) => self.answered(store, request).boxed(),
            Place::Endpoint(endpoint) => async { Exchange::with(endpoint)?.call(request).await }.boxed(),
        }
    }

    fn run<'a>(
        &'a self,
        place: &'a Place,
        components: Vec<Component>,
        run: Run,
        progress: &'a mut Progress<'_>,
    ) -> BoxFuture<'a, Result<RunEnd, HostError>> {
        match place {
            Place::Store(store) => self.to_its_end(store, components, run, progress).boxed(),
            Place::Endpoint(endpoint) => self.behind_a_server(endpoint, run, progress).boxed(),
        }
    }

    fn express<'a>(
        &'a self,
        store: &'a Path,
        components: Vec<Component>,
        run: Run,
        progress: &'a mut Progress<'_>,
    ) -> BoxFuture<'a, Result<RunEnd, HostError>> {
        self.in_memory(store, components, run, progress).boxed()
    }

    fn rehearse<'a>(
        &'a self,
        rehearsal: &'a Rehearsal,
        weather: Weather,
    ) -> BoxFuture<'a, Result<Option<Rehearsed>, HostError>> {
        async move {
            let _careful = self.interrupt.careful();
            tokio::select! {
                biased;
                () = self.interrupt.asked() => Ok(None),
                rehearsed = self.stage.rehearse(rehearsal, weather) => rehearsed.map(Some),
            }
        }
        .boxed()
    }

    fn serve<'a>(
        &'a self,
        store: &'a Path,
        serving: Serving,
        say: &'a mut (dyn FnMut(&str) + Send),
    ) -> BoxFuture<'a, Result<(), HostError>> {
        serve(&self.interrupt, store, serving, say).boxed()
    }

    fn make_token(&self, scopes: &[Scope]) -> MadeToken {
        let NewToken { token, line } = NewToken::new(SystemSeeds.seed(), scopes);
        MadeToken { token, line }
    }

    fn serve_editor(&self) -> BoxFuture<'_, EditorEnd> {
        serve_editor().boxed()
    }
}

/// A text that nobody else makes up.
fn nonce() -> String {
    SystemSeeds
        .seed()
        .iter()
        .take(16)
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// Takes the store's lock, or finds who has it.
pub(crate) async fn reach(store: &Path, driving: Driving) -> Result<Reached, HostError> {
    for _ in 0..LOOKS_MAX {
        if let Some(holder) = Holder::open(store, driving).await? {
            return Ok(Reached::Held(Box::new(holder)));
        }
        if let Some(connection) = Connection::open(store).await? {
            return Ok(Reached::Elsewhere(connection));
        }
        tokio::time::sleep(LOOKED_EVERY).await;
    }
    Err(anyhow!(
        "the store `{}` is held by a process that does not answer",
        store.display()
    )
    .into())
}

/// Asks the holder; nothing when it has gone before its last answer.
async fn ask(mut connection: Connection, request: &Request) -> Result<Option<Vec<Answer>>, HostError> {
    connection.ask(request).await;
    let mut answers = Vec::new();
    while let Some(answer) = connection.next().await? {
        if let Answer::Refused(refusal) = answer {
            return Err(HostError::Refused(refusal));
        }
        let is_last = answer.is_final();
        answers.push(answer);
        if is_last {
            return Ok(Some(answers));
        }
    }
    Ok(None)
}

pub(crate) async fn keep(folder: &Path, kept: Vec<Component>) -> Result<(), HostError> {
    let folder = folder.to_owned();
    let keeping = tokio::task::spawn_blocking(move || components::keep(&folder, &kept)).await;
    Ok(keeping.context("while keeping components")??)
}

/// Where an Express execution has its components: in the store if there is one, else in a folder that goes with it.
enum Lodging {
    Store(std::path::PathBuf),
    Passing(tempfile::TempDir),
}

impl Lodging {
    /// Nothing where the run has neither components nor objects.
    fn for_express(store: &Path, kept: &[Component], run: &Run) -> Result<Option<Self>, HostError> {
        if store.is_dir() || reaches_objects(run) {
            return Ok(Some(Self::Store(store.to_owned())));
        }
        if kept.is_empty() {
            return Ok(None);
        }
        let passing = tempfile::Builder::new().prefix("stepwell-").tempdir();
        Ok(Some(Self::Passing(
            passing.context("while making a folder for components")?,
        )))
    }

    fn folder(&self) -> &Path {
        match self {
            Self::Store(folder) => folder,
            Self::Passing(folder) => folder.path(),
        }
    }

    fn places(&self, run: &Run) -> Result<Places, HostError> {
        let objects = reaches_objects(run).then(|| objects(self.folder())).transpose()?;
        Ok(Places {
            folder: self.folder().to_owned(),
            objects,
        })
    }
}

/// Whether the grants name objects at all.
fn reaches_objects(run: &Run) -> bool {
    let grants: Grants = serde_json::from_str(&run.grants).unwrap_or_default();
    grants.0.iter().any(|grant| !grant.objects.is_empty())
}
