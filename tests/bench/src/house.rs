//! The engine over a store and real WASM tasks, wired as the local host wires them.
//!
//! **Invariant:** no part of it is a stand-in, but that calls to the store are counted on their way.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use stepwell_actions::{Function, Grants, Pattern, Registry, Target};
use stepwell_core::FlowVersion;
use stepwell_engine::{Driving, Ended, Engine, Ports, Start};
use stepwell_expression::Value;
use stepwell_model::Settings;
use stepwell_ports::{Catalogue, Log, LogEntry, ScopeKey};
use stepwell_store_embedded::{Durability, EmbeddedStore, Options, StoreStats};
use stepwell_store_memory::MemoryStore;
use stepwell_tasks_wasm::{Digest, Threads, WasmOptions, WasmTasks};
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::{Counted, Counts, System, echo};

/// What an acknowledgement means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// On the disk, synced.
    Fsync,
    /// In the kernel, not synced.
    NoSync,
    /// In memory.
    Memory,
}

impl Keeping {
    /// For a table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fsync => "fsync",
            Self::NoSync => "no fsync",
            Self::Memory => "memory",
        }
    }

    /// The embedded store in a folder; none in memory.
    pub(crate) fn embedded(self, folder: &Path, options: Options) -> Option<EmbeddedStore> {
        let durability = match self {
            Self::Fsync => Durability::Fsync,
            Self::NoSync => Durability::NoSync,
            Self::Memory => return None,
        };
        Some(EmbeddedStore::open(folder, Options { durability, ..options }).unwrap())
    }
}

/// How the tasks of a flow are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As effects, each with a record of its own: `tasks.fuse` off.
    Effects,
    /// As what they are, without an effect that anybody could see: `tasks.fuse` on.
    Pure,
}

impl Manner {
    /// For a table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Effects => "effects",
            Self::Pure => "pure",
        }
    }

    /// The settings that make it so.
    #[must_use]
    pub fn settings(self) -> Settings {
        Settings {
            fuse: self == Self::Pure,
            ..Settings::default()
        }
    }
}

/// What is run, and under which settings.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The flow's name.
    pub flow: Arc<str>,
    version: FlowVersion,
    registry: Registry,
    /// The settings of its executions.
    pub settings: Settings,
}

/// An engine with its store and tasks.
#[derive(Debug)]
pub struct House {
    engine: Engine,
    counted: Arc<Counted>,
    embedded: Option<EmbeddedStore>,
    digest: Digest,
    due: JoinHandle<()>,
    folder: TempDir,
}

impl House {
    /// Opens everything in a fresh folder, as a host does. Runs on the runtime that it is called on.
    pub async fn open(keeping: Keeping) -> Self {
        Self::with(keeping, Options::default(), Threads::default()).await
    }

    /// The same with every thread but the store's left out, and with a store that never settles: what is counted then is
    /// the same each time.
    pub async fn open_for_counting(keeping: Keeping) -> Self {
        let options = Options {
            settle_after: Duration::from_secs(1 << 20),
            ..Options::default()
        };
        Self::with(keeping, options, Threads::Of(Handle::current())).await
    }

    async fn with(keeping: Keeping, options: Options, threads: Threads) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let embedded = keeping.embedded(&folder.path().join("store"), options);
        let (log, catalogue): (Arc<dyn Log>, Arc<dyn Catalogue>) = match &embedded {
            Some(store) => (Arc::new(store.clone()), Arc::new(store.clone())),
            None => {
                let store = Arc::new(MemoryStore::new());
                (store.clone(), store)
            }
        };
        let counted = Arc::new(Counted::new(log, catalogue));
        let mut wasm = WasmOptions::new(folder.path().join("components"), folder.path().join("cache"));
        wasm.threads = threads;
        let tasks = WasmTasks::open(wasm).unwrap();
        let digest = tasks.install(&echo().bytes).unwrap();
        let system = Arc::new(System::new(Handle::current()));
        let ports = Ports {
            log: counted.clone(),
            catalogue: counted.clone(),
            tasks: Arc::new(tasks),
            clock: system.clone(),
            seeds: system.clone(),
            spawn: system,
        };
        let engine = Engine::open(ports, Driving::All).await.unwrap();
        let due = tokio::spawn({
            let engine = engine.clone();
            async move { drop(engine.dispatch().await) }
        });
        Self {
            engine,
            counted,
            embedded,
            digest,
            due,
            folder,
        }
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The folder that everything is in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Keeps a flow; its executions run with these settings.
    pub async fn keep(&self, definition: &str, settings: Settings) -> Shape {
        let flow = stepwell_definition::check(definition.as_bytes(), "flow.yaml")
            .flow
            .unwrap();
        let version = self.engine.keep_flow(&flow, definition.as_bytes()).await.unwrap();
        let function = Function {
            pattern: Pattern::new("echo"),
            target: Target::Component {
                digest: self.digest.as_str().into(),
            },
        };
        Shape {
            flow: flow.name.clone(),
            version,
            registry: Registry {
                functions: vec![function],
            },
            settings,
        }
    }

    /// Starts an execution, as a start through the socket does.
    pub async fn start(&self, shape: &Shape, name: &str, input: Value) -> Arc<str> {
        let start = Start {
            flow: shape.flow.clone(),
            version: shape.version.clone(),
            name: name.into(),
            input,
            registry: shape.registry.clone(),
            grants: Grants::default(),
            settings: shape.settings.clone(),
            environment: Value::Object(Arc::default()),
            flows: BTreeMap::new(),
            nonce: None,
        };
        self.engine.start(start).await.unwrap();
        let execution: Arc<str> = format!("{}/{name}", shape.flow).into();
        self.engine.drive(&execution).await.unwrap();
        execution
    }

    /// Runs an execution to its end, which must be a success.
    pub async fn run(&self, shape: &Shape, name: &str, input: Value) -> Value {
        let execution = self.start(shape, name, input).await;
        match self.engine.wait(&execution).await.unwrap() {
            Ended::Succeeded(output) => output,
            other @ (Ended::Running | Ended::Failed(_) | Ended::Stopped(_) | Ended::TimedOut(_)) => {
                panic!("`{execution}`: {other:?}")
            }
        }
    }

    /// What was asked of the store so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counted.counts()
    }

    /// What the embedded store did so far; nothing in memory.
    #[must_use]
    pub fn stats(&self) -> StoreStats {
        self.embedded.as_ref().map(EmbeddedStore::stats).unwrap_or_default()
    }

    /// The records of an execution's root.
    pub async fn records(&self, execution: &str) -> Vec<LogEntry> {
        let key = ScopeKey {
            execution: execution.into(),
            scope: "".into(),
        };
        Log::range(&*self.counted, &key, 1, usize::MAX).await.unwrap()
    }

    /// Lets everything go.
    pub async fn close(self) {
        drop(self.leave().await);
    }

    /// Lets everything go, and opens the embedded store again; how long that took.
    pub async fn close_and_reopen(self) -> Duration {
        let folder = self.leave().await;
        let began = Instant::now();
        let store = Keeping::NoSync.embedded(&folder.path().join("store"), Options::default());
        let took = began.elapsed();
        drop(store);
        took
    }

    async fn leave(self) -> TempDir {
        self.engine.close().await;
        self.due.abort();
        if let Some(store) = self.embedded {
            tokio::task::spawn_blocking(move || store.close()).await.unwrap();
        }
        self.folder
    }
}
