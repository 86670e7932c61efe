//! The process that is killed: this binary, started again by its parent with these variables.
//!
//! It says on its output what it was told, a line each, and nothing before it was told.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use stepwell_core::{Failure, Report};
use stepwell_engine::{Driving, Ended, Engine, EngineError, Ports, Start, Started};
use stepwell_ports::Millis;
use stepwell_store_embedded::{Durability, EmbeddedStore, Options};

use crate::case::{Case, Expected};
use crate::clock::System;
use crate::tasks::WitnessedTasks;
use crate::witness::{Line, Witness, WitnessedLog};

/// What the child is asked, by its environment.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) dir: PathBuf,
    pub(crate) case: String,
    pub(crate) seed: u64,
    pub(crate) begun_ms: Millis,
    pub(crate) verb: Verb,
}

/// What it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// Starts the execution and drives everything to its end.
    Drive,
    /// Reports to all tasks that wait, and is gone.
    Report,
}

const DIR: &str = "STEPWELL_KILLS_DIR";
const CASE: &str = "STEPWELL_KILLS_CASE";
/// Tokens of reports that were acknowledged.
const REPORTED: &str = "reported";

impl Asked {
    pub(crate) fn to_environment(&self) -> [(&'static str, std::ffi::OsString); 2] {
        let verb = match self.verb {
            Verb::Drive => "drive",
            Verb::Report => "report",
        };
        let case = format!("{} {} {} {verb}", self.case, self.seed, self.begun_ms);
        [(DIR, self.dir.clone().into()), (CASE, case.into())]
    }

    fn from_environment() -> Option<Self> {
        let dir = std::env::var_os(DIR)?.into();
        let case = std::env::var(CASE).unwrap();
        let fields: Vec<&str> = case.split(' ').collect();
        let [case, seed, begun_ms, verb] = fields[..] else {
            panic!("`{case}` is no case")
        };
        Some(Self {
            dir,
            case: case.to_owned(),
            seed: seed.parse().unwrap(),
            begun_ms: begun_ms.parse().unwrap(),
            verb: if verb == "drive" { Verb::Drive } else { Verb::Report },
        })
    }
}

/// Not a test of its own: the process that is killed.
#[test]
fn child() {
    let Some(asked) = Asked::from_environment() else { return };
    let case = Case::named(&asked.case, asked.seed);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.unwrap().block_on(async {
        let (store, engine) = open(&asked, &case).await;
        match asked.verb {
            Verb::Drive => drive(&engine, &case).await,
            Verb::Report => report(&engine, &case, &asked.dir).await,
        }
        engine.close().await;
        drop(engine);
        store.close();
        say("closed");
    });
}

fn say(what: &str) {
    // The harness writes the test's name without ending its line.
    let mut out = std::io::stdout();
    out.write_all(format!("\n@{what}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// Opens the store of a round.
pub(crate) fn store(dir: &Path, seed: u64) -> EmbeddedStore {
    let durability = if seed.is_multiple_of(2) {
        Durability::Fsync
    } else {
        Durability::NoSync
    };
    EmbeddedStore::open(&dir.join("store"), Options::with_durability(durability)).unwrap()
}

/// An engine over that store.
pub(crate) async fn engine(store: &EmbeddedStore, asked: &Asked, factor: u64, driving: Driving) -> Engine {
    let (system, witness) = (Arc::new(System::new(asked.begun_ms, factor)), Witness::open(&asked.dir));
    let log = WitnessedLog {
        store: store.clone(),
        witness: witness.clone(),
    };
    let tasks = WitnessedTasks {
        system: system.clone(),
        witness,
    };
    let ports = Ports {
        log: Arc::new(log),
        catalogue: Arc::new(store.clone()),
        tasks: Arc::new(tasks),
        clock: system.clone(),
        seeds: system.clone(),
        spawn: system,
    };
    Engine::open(ports, driving).await.unwrap()
}

async fn open(asked: &Asked, case: &Case) -> (EmbeddedStore, Engine) {
    let store = store(&asked.dir, asked.seed);
    Witness::open(&asked.dir).write(&Line::Opened);
    say("opened");
    let driving = match asked.verb {
        Verb::Drive => Driving::All,
        Verb::Report => Driving::Nothing,
    };
    let engine = engine(&store, asked, case.factor, driving).await;
    (store, engine)
}

async fn drive(engine: &Engine, case: &Case) {
    let dispatcher = engine.clone();
    drop(tokio::spawn(async move { dispatcher.dispatch().await }));
    let execution = case.execution();
    match start(engine, case).await {
        Started::New => say("started anew"),
        Started::Repeated(_) | Started::Existing(_) => say("started before"),
    }
    engine.drive(&execution).await.unwrap();
    let ended = tokio::select! {
        ended = engine.wait(&execution) => ended.unwrap(),
        () = say_when_waiting(engine, case) => unreachable!("it says so for ever"),
    };
    if let Expected::Output { output, .. } = &case.expected {
        assert_eq!(ended, Ended::Succeeded(output.clone()));
    }
    for row in engine.list().await.unwrap() {
        engine.wait(&row.execution).await.unwrap();
    }
}

async fn start(engine: &Engine, case: &Case) -> Started {
    let begin = &case.begin;
    let version = engine.keep_flow(&case.flow, b"").await.unwrap();
    let mut flows = BTreeMap::new();
    for child in &begin.flows {
        flows.insert(child.name.clone(), engine.keep_flow(child, b"").await.unwrap());
    }
    let start = Start {
        flow: case.flow.name.clone(),
        version,
        name: begin.name.as_str().into(),
        input: begin.input.clone(),
        registry: begin.registry.clone(),
        grants: begin.grants.clone(),
        settings: begin.settings.clone(),
        environment: begin.environment.clone(),
        flows,
        nonce: None,
    };
    engine.start(start).await.unwrap()
}

/// Says again and again that nothing will happen before somebody reports, while that is so.
async fn say_when_waiting(engine: &Engine, case: &Case) {
    loop {
        tokio::time::sleep(Duration::from_millis(5)).await;
        let open = engine.describe(&case.execution()).await.unwrap().open;
        if case.report.is_some()
            && engine.live() == 0
            && !open.is_empty()
            && open.iter().all(|state| state.token.is_some())
        {
            say("waits");
        }
    }
}

/// Reports to whoever waits; what was reported once is refused.
async fn report(engine: &Engine, case: &Case, dir: &Path) {
    let reported = std::fs::read_to_string(dir.join(REPORTED)).unwrap_or_default();
    for token in reported.lines() {
        refused(engine.report(token, again()).await);
    }
    for row in engine.list().await.unwrap() {
        for open in engine.describe(&row.execution).await.unwrap().open {
            let (Some(token), Some(report)) = (open.token, case.report) else {
                continue;
            };
            engine.report(&token, report(&open.state, open.attempt)).await.unwrap();
            remember(dir, &token);
            say("reported");
            refused(engine.report(&token, again()).await);
        }
    }
}

fn again() -> Report {
    Report::Failed(Failure {
        code: "Again".into(),
        detail: "for the second time".into(),
        retryable: true,
    })
}

fn refused(reported: Result<(), EngineError>) {
    let error = reported.unwrap_err();
    assert!(
        matches!(error, EngineError::TaskAlreadyCompleted | EngineError::TaskInvalidState),
        "{error:?}"
    );
}

fn remember(dir: &Path, token: &str) {
    let file = OpenOptions::new().create(true).append(true).open(dir.join(REPORTED));
    file.unwrap().write_all(format!("{token}\n").as_bytes()).unwrap();
}
