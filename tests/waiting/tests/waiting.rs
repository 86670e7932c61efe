//! A hundred thousand executions wait in the embedded store, started through the engine.

#![expect(clippy::unwrap_used, reason = "a store that fails is a failed test")]
#![expect(clippy::print_stdout, reason = "the measured growth is worth reading")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};
use stepwell_actions::{Grants, Registry};
use stepwell_core::FlowVersion;
use stepwell_engine::{Driving, Ended, Engine, Ports, Start};
use stepwell_expression::Value;
use stepwell_model::Settings;
use stepwell_ports::{Call, Clock, Millis, Outcome, Seeds, Spawn, TaskFailure, Tasks, Telemetry};
use stepwell_store_embedded::{Durability, EmbeddedStore, Options};

const FLOW: &str = "
Type: StateMachine
SpecVersion: v1
Name: month
StartAt: W
States:
  - {Type: Wait, Name: W, Seconds: 2592000, End: true}
";

/// How many wait before memory is first weighed, and how many in the end.
const FIRST: u64 = 1_000;
const ALL: u64 = 100_000;

/// How much the resident memory may grow in between.
const GROWTH_BYTES_MAX: u64 = 10 << 20;

/// How many may be on their way to their Wait at once.
const LIVE_MAX: usize = 128;

struct System(std::sync::atomic::AtomicU64);

impl Clock for System {
    fn now(&self) -> Millis {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_millis()
            .try_into()
            .unwrap()
    }

    fn sleep_until(&self, until: Millis) -> BoxFuture<'static, ()> {
        tokio::time::sleep(Duration::from_millis(until.saturating_sub(self.now()))).boxed()
    }
}

impl Seeds for System {
    fn seed(&self) -> [u8; 32] {
        let number = self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let mut seed = [7; 32];
        seed[..8].copy_from_slice(&number.to_le_bytes());
        seed
    }
}

impl Spawn for System {
    fn spawn(&self, future: BoxFuture<'static, ()>) {
        drop(tokio::spawn(future));
    }
}

impl Tasks for System {
    fn run(&self, _call: Call) -> BoxFuture<'static, Outcome> {
        let failure = TaskFailure {
            code: "None".into(),
            detail: "there are no tasks here".into(),
            retryable: false,
        };
        futures::future::ready(Outcome {
            result: Err(failure),
            telemetry: Telemetry::default(),
        })
        .boxed()
    }
}

async fn engine(store: &EmbeddedStore) -> Engine {
    let system = Arc::new(System(0.into()));
    let ports = Ports {
        log: Arc::new(store.clone()),
        catalogue: Arc::new(store.clone()),
        tasks: system.clone(),
        clock: system.clone(),
        seeds: system.clone(),
        spawn: system,
    };
    Engine::open(ports, Driving::All).await.unwrap()
}

async fn start(engine: &Engine, version: &FlowVersion, number: u64) {
    let name = format!("e{number:06}");
    let start = Start {
        flow: "month".into(),
        version: version.clone(),
        name: name.as_str().into(),
        input: Value::object([("n", Value::from(number))]),
        registry: Registry::default(),
        grants: Grants::default(),
        settings: Settings::default(),
        environment: Value::Object(Arc::default()),
        flows: BTreeMap::new(),
        nonce: None,
    };
    engine.start(start).await.unwrap();
    engine.drive(&format!("month/{name}")).await.unwrap();
    // What is being driven costs memory; it is what waits that is weighed.
    while engine.live() > LIVE_MAX {
        tokio::task::yield_now().await;
    }
}

async fn start_many(engine: &Engine, version: &FlowVersion, numbers: std::ops::Range<u64>) {
    stream::iter(numbers)
        .for_each_concurrent(64, |number| start(engine, version, number))
        .await;
}

fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_waiting_executions_cost_storage_and_not_memory() {
    let folder = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(folder.path(), Options::with_durability(Durability::NoSync)).unwrap();
    let engine = engine(&store).await;
    let flow = stepwell_definition::check(FLOW.as_bytes(), "flow.yaml").flow.unwrap();
    let version = engine.keep_flow(&flow, FLOW.as_bytes()).await.unwrap();
    start_many(&engine, &version, 0..FIRST).await;
    let before = resident_bytes();
    start_many(&engine, &version, FIRST..ALL).await;
    let grown = resident_bytes().saturating_sub(before);
    println!("{ALL} executions wait; from {FIRST} on the process grew by {grown} bytes");
    assert!(grown < GROWTH_BYTES_MAX, "the process grew by {grown} bytes");
    assert_eq!(engine.ended("month/e099999").await.unwrap(), Ended::Running);
    let open = engine.describe("month/e050000").await.unwrap().open;
    assert_eq!(open.iter().map(|open| &*open.state).collect::<Vec<_>>(), ["W"]);
    engine.close().await;
}
