//! Waits that no test outlasts: the engine with the adapters of the function, under a clock that is moved ahead whenever
//! nothing is left to do.
//!
//! ```text
//!   AwsWakes ──> a queue that goes by the clock ──> an invocation, as the function would carry it out
//!      └──────> the Scheduler that goes by it ──┘
//!   DynamoStore ──> the table of the local cloud
//! ```
//!
//! What is counted are the adapters' own meters; an invocation's time is the real one, its processor time that of its
//! thread, on which nothing else runs. A receipt and a removal are counted for each message. Nobody polls while time is
//! moved, so there are no idle polls in these rows.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use stepwell_actions::{Grants, Registry};
use stepwell_cloud::moved_clock::MovedClock;
use stepwell_cloud::parts::moved_queue::{MovedQueue, Received};
use stepwell_cloud::parts::scheduler::{self, Scheduler};
use stepwell_cloud::settings::{ACCOUNT, REGION, settings};
use stepwell_core::FlowVersion;
use stepwell_engine::{Ended, Engine, Handled, Ports, Start};
use stepwell_expression::Value;
use stepwell_model::Settings;
use stepwell_ports::{Clock, Millis};
use stepwell_store_dynamodb::{DynamoStore, Options as Table, create_table};
use stepwell_system::{RuntimeSpawn, SystemSeeds};
use stepwell_wakes_aws::{AwsWakes, Message, Resources};

use super::cases::{Case, Writes, wait};
use super::spent::Spent;
use super::table::Row;
use crate::cloud::{AMPLE, NoTasks, Servers};

/// The table's name, and the group of schedules.
const NAME: &str = "moved";

/// Of how many executions the average is taken.
const EXECUTIONS: usize = 5;

/// How long an invocation may take.
const INVOCATION_MS: Millis = 56_500;

/// What a wake may be early by, and what a queue hides at most: as in the function.
const WAITED_FOR_MS: Millis = 2_000;
const HIDDEN_MAX_MS: Millis = 15 * 60 * 1_000;

/// A schedule is aimed so much early.
const EARLY_MS: Millis = 60_000;

const MINUTE_S: u64 = 60;
const MONTH_S: u64 = 30 * 24 * 60 * 60;

/// The rows.
pub(super) async fn rows() -> Vec<Row> {
    let clock = MovedClock::default();
    let servers = tokio::task::spawn_blocking(Servers::shared).await.unwrap();
    let queue = Arc::new(MovedQueue::start(Arc::new(clock.clone())).await.unwrap());
    let mut rows = Vec::new();
    for (seconds, what) in [(MINUTE_S, "a minute"), (MONTH_S, "a month (30 days)")] {
        let case = wait(seconds, &format!("Wait of {what}, under virtual time"));
        let (clock, queue, table) = (clock.clone(), queue.clone(), servers.table.endpoint());
        let measured = move || row(&case, seconds * 1_000, clock, queue, &table);
        rows.push(tokio::task::spawn_blocking(measured).await.unwrap());
    }
    rows
}

/// Runs on one thread, so that the processor time is that of the engine and its adapters.
fn row(case: &Case, wait_ms: Millis, clock: MovedClock, queue: Arc<MovedQueue>, table: &str) -> Row {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(async {
        let mut world = World::open(clock, queue, table, wait_ms).await;
        let version = world.keep(case).await;
        world.run(&version, case, "warm").await;
        let before = world.spent();
        for n in 0..EXECUTIONS {
            world.run(&version, case, &format!("e{n}")).await;
        }
        let spent = world.spent().since(before).each_of(EXECUTIONS as f64);
        assert_eq!(Writes::Exactly(spent.write_units), case.writes, "{}", case.what);
        let cost = world.engine.cost(&format!("{}/e0", case.flow)).await.unwrap();
        Row {
            what: case.what.clone(),
            items: case.items,
            transitions: cost.transitions as f64,
            executions: EXECUTIONS,
            spent,
        }
    })
}

/// An instance of the function, and what is around it.
struct World {
    clock: MovedClock,
    queue: Arc<MovedQueue>,
    scheduler: Scheduler,
    store: Arc<DynamoStore>,
    wakes: Arc<AwsWakes>,
    engine: Engine,
    wait_ms: Millis,
    invoked: Spent,
}

impl World {
    async fn open(clock: MovedClock, queue: Arc<MovedQueue>, table: &str, wait_ms: Millis) -> Self {
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let scheduler = Scheduler::start(scheduler::Options {
            queues: queue.endpoint(),
            groups: vec![NAME.to_owned()],
            clock: shared.clone(),
            late_ms: 0,
        });
        let scheduler = scheduler.unwrap();
        let config = settings(&[
            ("DynamoDB", table.to_owned()),
            ("SQS", queue.endpoint()),
            ("Scheduler", scheduler.endpoint()),
        ]);
        let name = format!("{NAME}-{wait_ms}");
        create_table(&config, &name).await.unwrap();
        let store = Arc::new(DynamoStore::new(&config, Table::new(&name, shared.clone())));
        let wakes = Arc::new(AwsWakes::new(&config, resources(&queue), shared.clone()));
        let ports = Ports {
            log: store.clone(),
            catalogue: store.clone(),
            tasks: Arc::new(NoTasks),
            clock: shared,
            seeds: Arc::new(SystemSeeds),
            spawn: Arc::new(RuntimeSpawn(tokio::runtime::Handle::current())),
        };
        let engine = Engine::share(ports, wakes.clone(), AMPLE).await.unwrap();
        Self {
            clock,
            queue,
            scheduler,
            store,
            wakes,
            engine,
            wait_ms,
            invoked: Spent::default(),
        }
    }

    async fn keep(&self, case: &Case) -> FlowVersion {
        let flow = stepwell_definition::check(case.text.as_bytes(), "flow.yaml")
            .flow
            .unwrap();
        self.engine.keep_flow(&flow, case.text.as_bytes()).await.unwrap()
    }

    /// Runs one execution to its end, and until nothing is left in the queue.
    async fn run(&mut self, version: &FlowVersion, case: &Case, name: &str) {
        let began = self.clock.now();
        let (real, cpu) = (Instant::now(), cpu());
        self.engine.start(start(version, case, name)).await.unwrap();
        self.count_invocation(real, cpu);
        let execution = format!("{}/{name}", case.flow);
        loop {
            match (self.queue.next_ms(), self.scheduler.names().is_empty()) {
                (Some(next), _) => self.clock.move_to(next),
                // Its schedule fires soon after that.
                (None, false) => self.clock.move_to(began + self.wait_ms - EARLY_MS),
                (None, true) => break,
            }
            match self.queue.receive(self.clock.now()) {
                Some(message) => self.invocation(&message).await,
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
        let ended = self.engine.ended(&execution).await.unwrap();
        assert!(matches!(ended, Ended::Succeeded(_)), "{execution}: {ended:?}");
        assert!(self.clock.now() >= began + self.wait_ms, "{execution} waited");
    }

    /// One message, received, carried out and removed.
    async fn invocation(&mut self, message: &Received) {
        let (real, cpu) = (Instant::now(), cpu());
        let is_done = self.carry_out(message).await;
        self.count_invocation(real, cpu);
        self.invoked.queue_requests += 1.0;
        if is_done {
            self.queue.delete(&message.id);
            self.invoked.queue_requests += 1.0;
        }
    }

    /// As the function does; whether the message is done with.
    async fn carry_out(&self, received: &Received) -> bool {
        let message = Message::decode(&received.body).unwrap();
        if message.at_ms > self.clock.now() + WAITED_FOR_MS {
            self.wakes.hop(message).await.unwrap();
            return true;
        }
        self.clock.sleep_until(message.at_ms).await;
        let deadline_ms = self.clock.now() + INVOCATION_MS;
        let handled = self.engine.invoke(&message.wake, received.times, deadline_ms).await;
        match handled.unwrap() {
            Handled::Done => true,
            Handled::Later(at) if at > self.clock.now() + HIDDEN_MAX_MS => {
                self.wakes.hop(Message { at_ms: at, ..message }).await.unwrap();
                true
            }
            Handled::Later(at) | Handled::Again(at) => {
                self.wakes.hide(&received.receipt_handle, at).await.unwrap();
                false
            }
        }
    }

    fn count_invocation(&mut self, began: Instant, cpu_before: Duration) {
        self.invoked.invocations += 1.0;
        self.invoked.invoked_ms += began.elapsed().as_secs_f64() * 1e3;
        self.invoked.cpu_ms += (cpu() - cpu_before).as_secs_f64() * 1e3;
    }

    fn spent(&self) -> Spent {
        let (table, wakes) = (self.store.spent(), self.wakes.spent());
        self.invoked.plus(Spent {
            write_units: table.write_units,
            lost_writes: table.lost_writes as f64,
            read_units: table.read_units,
            items: table.items as f64,
            item_bytes: table.bytes as f64,
            // A schedule that fires sends a message.
            queue_requests: (wakes.sqs_requests + wakes.schedules) as f64,
            schedules: wakes.schedules as f64,
            ..Spent::default()
        })
    }
}

fn resources(queue: &MovedQueue) -> Resources {
    Resources {
        queue_url: format!("{}/{ACCOUNT}/{NAME}", queue.endpoint()),
        queue_arn: format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{NAME}"),
        schedule_group: NAME.to_owned(),
        scheduler_role_arn: format!("arn:aws:iam::{ACCOUNT}:role/scheduler"),
    }
}

fn start(version: &FlowVersion, case: &Case, name: &str) -> Start {
    Start {
        flow: case.flow.as_str().into(),
        version: version.clone(),
        name: name.into(),
        input: Value::object([("n", Value::from(1_u64))]),
        registry: Registry::default(),
        grants: Grants::default(),
        settings: Settings::default(),
        environment: Value::Object(Arc::default()),
        flows: BTreeMap::new(),
        nonce: None,
    }
}

/// The processor time of this thread. Its first number is in nanoseconds.
fn cpu() -> Duration {
    let told = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(told.split_whitespace().next().unwrap().parse().unwrap())
}
