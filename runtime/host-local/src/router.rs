//! One door for all tasks: each kind of work goes to the adapter that does it.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use futures::FutureExt;
use futures::future::BoxFuture;
use stepwell_actions::{Function, Registry, Target};
use stepwell_api::service::{self, Unanswered};
use stepwell_egress::Outbound;
use stepwell_ports::{Call, Objects, Outcome, TaskFailure, Tasks, Telemetry, Work};
use stepwell_tasks_http::HttpTasks;
use stepwell_tasks_wasm::{Digest, Pool, WasmOptions, WasmTasks};
use stepwell_wire::{Refusal, Run};

/// The adapters. WebAssembly starts with the first component: most verbs never need it.
pub(crate) struct Router {
    http: HttpTasks,
    /// Nothing where there is no place for components.
    guests: Option<Guests>,
}

/// What WebAssembly starts with, and the adapter once it has.
struct Guests {
    components: PathBuf,
    cache: PathBuf,
    objects: Option<Arc<dyn Objects>>,
    outbound: Arc<dyn Outbound>,
    started: OnceLock<Result<Arc<WasmTasks>, String>>,
}

/// Where components and objects are.
#[derive(Clone)]
pub(crate) struct Places {
    /// The folder that holds `components` and `cache`.
    pub(crate) folder: PathBuf,
    /// The objects that guests may be granted.
    pub(crate) objects: Option<Arc<dyn Objects>>,
}

impl fmt::Debug for Router {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Router").finish_non_exhaustive()
    }
}

impl Router {
    pub(crate) fn new(http: HttpTasks, outbound: Arc<dyn Outbound>, places: Option<Places>) -> Self {
        let guests = places.map(|Places { folder, objects }| Guests {
            components: folder.join(crate::components::FOLDER),
            cache: folder.join("cache"),
            objects,
            outbound,
            started: OnceLock::new(),
        });
        Self { http, guests }
    }

    /// Makes the components that a run names ready.
    ///
    /// # Errors
    ///
    /// As [`Router::prepare`], and where the run cannot be read.
    pub(crate) async fn prepare_run(self: &Arc<Self>, run: &Run) -> Result<(), Unanswered> {
        self.prepare(&service::registry(run)?).await
    }

    /// Checks and compiles the components of functions, if they are not; the compiler has a thread of its own.
    ///
    /// # Errors
    ///
    /// A refusal that says what is wrong with one.
    pub(crate) async fn prepare(self: &Arc<Self>, registry: &Registry) -> Result<(), Unanswered> {
        let digests = components(registry);
        if digests.is_empty() {
            return Ok(());
        }
        let router = self.clone();
        let refusal = match tokio::task::spawn_blocking(move || router.compile(&digests)).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(message)) => Refusal::user("InvalidArgument", message),
            Err(error) => Refusal::host(error.to_string()),
        };
        Err(Unanswered::Refused(refusal))
    }

    fn compile(&self, digests: &[Arc<str>]) -> Result<(), String> {
        for digest in digests {
            let digest = Digest::parse(digest).ok_or_else(|| format!("`{digest}` names no component"))?;
            self.guests()?.precompile(&digest).map_err(told)?;
        }
        Ok(())
    }

    fn guests(&self) -> Result<Arc<WasmTasks>, String> {
        let guests = self.guests.as_ref().ok_or("there is no place for components")?;
        guests.started.get_or_init(|| guests.start()).clone()
    }
}

impl Guests {
    /// Starts with reserved memory, or without where the address space is limited.
    fn start(&self) -> Result<Arc<WasmTasks>, String> {
        let open = |pool| {
            let mut options = WasmOptions::new(&self.components, &self.cache);
            options.objects = self.objects.clone();
            options.outbound = Some(self.outbound.clone());
            options.pool = pool;
            WasmTasks::open(options)
        };
        let reserved = Pool::default();
        let tasks = open(reserved).or_else(|_| open(Pool::OnDemand(reserved.guests_max())));
        tasks.map(Arc::new).map_err(told)
    }
}

impl Tasks for Router {
    fn run(&self, call: Call) -> BoxFuture<'static, Outcome> {
        match &call.work {
            Work::HttpFunction { .. } | Work::HttpRequest { .. } => self.http.run(call),
            Work::Component { .. } => match self.guests() {
                Ok(guests) => guests.run(call),
                Err(message) => async move { not_started(message) }.boxed(),
            },
        }
    }
}

/// The digests of the components that functions name.
fn components(registry: &Registry) -> Vec<Arc<str>> {
    let digest = |function: &Function| match &function.target {
        Target::Component { digest } => Some(digest.clone()),
        Target::Http { .. } | Target::Stub(_) => None,
    };
    let mut digests: Vec<Arc<str>> = registry.functions.iter().filter_map(digest).collect();
    digests.sort();
    digests.dedup();
    digests
}

fn not_started(message: String) -> Outcome {
    let failure = TaskFailure {
        code: "FnF.HostError".into(),
        detail: message.into(),
        retryable: true,
    };
    Outcome {
        result: Err(failure),
        telemetry: Telemetry::default(),
    }
}

/// The error with what caused it.
fn told(error: impl std::error::Error + Send + Sync + 'static) -> String {
    format!("{:#}", anyhow::Error::new(error))
}
