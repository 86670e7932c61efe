//! One door for all tasks: components that were deployed, and HTTP.

use std::fmt;
use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result};
use futures::FutureExt;
use futures::future::BoxFuture;
use stepwell_egress::Outbound;
use stepwell_ports::{Call, Objects, Outcome, TaskFailure, Tasks, Telemetry, Work};
use stepwell_system::{EnvironmentSecrets, SystemClock};
use stepwell_tasks_http::{HttpClient, HttpTasks};
use stepwell_tasks_wasm::{Deployment, OpenError, Pool, Threads, WasmOptions, WasmTasks};
use tokio::runtime::Handle;

use crate::settings::Settings;

/// Where a layer of the package lies, if there is one.
const LAYER: &str = "/opt/stepwell";

/// The adapters. WebAssembly starts with the first component.
pub(crate) struct Router {
    http: HttpTasks,
    open: Box<dyn Fn() -> Result<Arc<WasmTasks>, String> + Send + Sync>,
    guests: OnceLock<Result<Arc<WasmTasks>, String>>,
}

impl fmt::Debug for Router {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Router").finish_non_exhaustive()
    }
}

impl Router {
    /// Tasks whose components were deployed. Needs tokio's runtime.
    pub(crate) fn new(settings: &Settings, objects: Option<Arc<dyn Objects>>) -> Result<Self> {
        let client = HttpClient::new(Handle::current(), Arc::new(EnvironmentSecrets));
        let outbound: Arc<dyn Outbound> = Arc::new(client.context("while preparing requests")?);
        let http = HttpTasks::new(outbound.clone(), Arc::new(SystemClock));
        let (folder, pool) = (settings.deployed.clone(), Pool::of_function(settings.memory_mb));
        // What the guests reach is reached by the SDK, which needs the runtime.
        let threads = Threads::Of(Handle::current());
        let open = move || {
            let deployment = Deployment::open(&folder).map_err(told)?.with_layer(LAYER);
            let mut options = WasmOptions::deployed(deployment);
            options.pool = pool;
            options.threads = threads.clone();
            options.objects = objects.clone();
            options.outbound = Some(outbound.clone());
            WasmTasks::open(options).map(Arc::new).map_err(told)
        };
        Ok(Self {
            http,
            open: Box::new(open),
            guests: OnceLock::new(),
        })
    }

    fn guests(&self) -> Result<Arc<WasmTasks>, String> {
        self.guests.get_or_init(|| (self.open)()).clone()
    }
}

impl Tasks for Router {
    fn run(&self, call: Call) -> BoxFuture<'static, Outcome> {
        match &call.work {
            Work::HttpFunction { .. } | Work::HttpRequest { .. } => self.http.run(call),
            Work::Component { .. } => match self.guests() {
                Ok(guests) => guests.run(call),
                Err(detail) => async move { not_started(&detail) }.boxed(),
            },
        }
    }
}

fn told(error: OpenError) -> String {
    format!("{:#}", anyhow::Error::new(error))
}

fn not_started(detail: &str) -> Outcome {
    Outcome {
        result: Err(TaskFailure {
            code: "FnF.HostError".into(),
            detail: detail.into(),
            retryable: true,
        }),
        telemetry: Telemetry::default(),
    }
}
