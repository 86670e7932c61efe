//! The local cloud around one deployed package.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use futures::future::BoxFuture;
use serde_json::Value as Json;
use stepwell_cloud::lambda::{Lambda, Options};
use stepwell_cloud::parts::dynoxide::Dynoxide;
use stepwell_cloud::parts::elasticmq::{ElasticMq, create_queue};
use stepwell_cloud::parts::moto::Moto;
use stepwell_cloud::parts::scheduler::{self, Scheduler};
use stepwell_cloud::poller::{Poller, PollerCounters, PollerOptions};
use stepwell_cloud::settings::{ACCOUNT, REGION, settings};
use stepwell_cloud::unsteady::{Unsteady, Weather};
use stepwell_engine::{Ended, Engine, Ports, Room};
use stepwell_ports::{Call, Outcome, Tasks};
use stepwell_store_dynamodb::{DynamoStore, Options as Table, create_table};
use stepwell_system::{RuntimeSpawn, SystemClock, SystemSeeds};
use stepwell_wakes_aws::{AwsWakes, Resources};

use crate::package::Package;

/// How long an execution may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(240);

/// What a table and a queue answer that have too much to do.
const TABLE_THROTTLES: &str = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException";
const QUEUE_THROTTLES: &str = "com.amazonaws.sqs#RequestThrottled";

/// The group of schedules.
const GROUP: &str = "stepwell";

/// The servers, which all tests share.
pub(crate) struct Servers {
    pub(crate) table: Dynoxide,
    queues: ElasticMq,
    objects: Moto,
}

impl Servers {
    /// Those that run, started by whoever comes first, and ended with whoever goes last.
    pub(crate) fn shared() -> Arc<Self> {
        static RUNNING: OnceLock<Mutex<Weak<Servers>>> = OnceLock::new();
        let mut running = RUNNING
            .get_or_init(Mutex::default)
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(servers) = running.upgrade() {
            return servers;
        }
        let servers = Arc::new(Self {
            table: Dynoxide::start().unwrap(),
            queues: ElasticMq::start().unwrap(),
            objects: Moto::start().unwrap(),
        });
        *running = Arc::downgrade(&servers);
        servers
    }
}

/// One deployment: a table, a queue, a bucket, a function and what calls it.
pub(crate) struct Cloud {
    pub(crate) lambda: Arc<Lambda>,
    /// An engine as whoever calls the API has it: it drives nothing.
    pub(crate) engine: Engine,
    pub(crate) scheduler: Scheduler,
    pub(crate) config: SdkConfig,
    pub(crate) bucket: String,
    pub(crate) queue_url: String,
    /// Between the function and its table and queue, where the plan says that they lose and refuse.
    pub(crate) doors: Vec<Unsteady>,
    poller: Poller,
    _package: Package,
    _servers: Arc<Servers>,
}

/// What differs from the usual.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) timeout: Duration,
    pub(crate) instances_max: usize,
    /// How many pollers there are at first.
    pub(crate) pollers: usize,
    /// How long a message is hidden that was handed out.
    pub(crate) hidden_s: u32,
    /// How long one poll waits.
    pub(crate) poll: Duration,
    pub(crate) network: Network,
}

/// How the function's requests to its table and its queue fare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    /// All are answered.
    Steady,
    /// They are throttled, and requests and answers are lost.
    Rough,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(20),
            instances_max: 4,
            pollers: 5,
            // Shorter than at AWS, so that deaths are survived soon.
            hidden_s: 15,
            poll: Duration::from_secs(1),
            network: Network::Steady,
        }
    }
}

/// Nothing is run by whoever calls.
pub(crate) struct NoTasks;

/// Room for everything.
pub(crate) const AMPLE: Room = Room {
    attempts: 100,
    components: 100,
    patience_ms: 250,
};

impl Tasks for NoTasks {
    fn run(&self, _: Call) -> BoxFuture<'static, Outcome> {
        panic!("an engine that calls from outside runs no task")
    }
}

impl Cloud {
    pub(crate) async fn deploy(name: &str, package: Package, plan: Plan) -> Self {
        let servers = tokio::task::spawn_blocking(Servers::shared).await.unwrap();
        let clock = Arc::new(SystemClock);
        let scheduler = Scheduler::start(scheduler::Options {
            queues: servers.queues.endpoint(),
            groups: vec![GROUP.to_owned()],
            clock: clock.clone(),
            late_ms: 0,
        })
        .unwrap();
        let endpoints = [
            ("DynamoDB", servers.table.endpoint()),
            ("SQS", servers.queues.endpoint()),
            ("S3", servers.objects.endpoint()),
            ("Scheduler", scheduler.endpoint()),
        ];
        let config = settings(&endpoints);
        create_table(&config, name).await.unwrap();
        let queue = create_queue(&aws_sdk_sqs::Client::new(&config), name, plan.hidden_s)
            .await
            .unwrap();
        make_bucket(&config, name).await;
        let resources = Resources {
            queue_url: queue.url.clone(),
            queue_arn: queue.arn.clone(),
            schedule_group: GROUP.to_owned(),
            scheduler_role_arn: format!("arn:aws:iam::{ACCOUNT}:role/scheduler"),
        };
        let doors = match plan.network {
            Network::Steady => Vec::new(),
            Network::Rough => vec![
                door("DynamoDB", &servers.table.endpoint(), TABLE_THROTTLES),
                door("SQS", &servers.queues.endpoint(), QUEUE_THROTTLES),
            ],
        };
        let replaced = doors.iter().map(|(service, door)| (*service, door.endpoint()));
        let lambda = Arc::new(Lambda::start(Options {
            env: environment(name, &resources, endpoints.clone().into_iter().chain(replaced)),
            timeout: plan.timeout,
            instances_max: plan.instances_max,
            ..Options::new(package.program())
        }));
        let polled = PollerOptions {
            wait: plan.poll,
            concurrency_first: plan.pollers,
            concurrency_max: plan.instances_max,
            ..PollerOptions::new(&queue.url, &queue.arn)
        };
        let poller = Poller::start(&config, polled, lambda.clone()).unwrap();
        let engine = caller(&config, name, resources).await;
        Self {
            lambda,
            engine,
            scheduler,
            config,
            bucket: name.to_owned(),
            queue_url: queue.url,
            doors: doors.into_iter().map(|(_, door)| door).collect(),
            poller,
            _package: package,
            _servers: servers,
        }
    }

    /// How an execution ends; its poller and function are stopped when it does not.
    pub(crate) async fn end(&self, execution: &str) -> Ended {
        let began = Instant::now();
        loop {
            match self.engine.ended(execution).await {
                Ok(Ended::Running) | Err(_) if began.elapsed() < PATIENCE => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Ok(ended) if ended != Ended::Running => return ended,
                other => panic!(
                    "{execution} is {other:?}; the function says\n{}",
                    self.lambda.logs().join("\n")
                ),
            }
        }
    }

    /// Invokes the function directly, and expects that it answers.
    pub(crate) async fn invoke(&self, event: &Json) -> Json {
        let answer = self.lambda.invoke(event.to_string()).await.unwrap();
        assert_eq!(
            answer.failure,
            None,
            "{}\n{}",
            answer.json(),
            self.lambda.logs().join("\n")
        );
        answer.json()
    }

    /// The token of the task that waits, once it does.
    pub(crate) async fn token(&self, execution: &str) -> Arc<str> {
        loop {
            if let Ok(description) = self.engine.describe(execution).await
                && let Some(token) = description.open.iter().find_map(|state| state.token.clone())
            {
                return token;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Puts messages into the queue, ten with a request; how many requests that were.
    pub(crate) async fn send(&self, messages: impl Iterator<Item = Json>) -> usize {
        let client = aws_sdk_sqs::Client::new(&self.config);
        let bodies: Vec<String> = messages.map(|message| message.to_string()).collect();
        for bodies in bodies.chunks(10) {
            let entries = bodies.iter().enumerate().map(|(n, body)| {
                let entry = SendMessageBatchRequestEntry::builder().id(n.to_string());
                entry.message_body(body).build().unwrap()
            });
            let request = client.send_message_batch().queue_url(&self.queue_url);
            let sent = request.set_entries(Some(entries.collect())).send().await.unwrap();
            assert!(sent.failed().is_empty(), "{:?}", sent.failed());
        }
        bodies.len().div_ceil(10)
    }

    /// What the poller did so far.
    pub(crate) fn polled(&self) -> PollerCounters {
        self.poller.counters()
    }

    /// Waits until every message was acknowledged.
    pub(crate) async fn settle(&self) {
        use aws_sdk_sqs::types::QueueAttributeName::{
            ApproximateNumberOfMessages, ApproximateNumberOfMessagesDelayed, ApproximateNumberOfMessagesNotVisible,
        };
        let names = [
            ApproximateNumberOfMessages,
            ApproximateNumberOfMessagesDelayed,
            ApproximateNumberOfMessagesNotVisible,
        ];
        let client = aws_sdk_sqs::Client::new(&self.config);
        loop {
            let asked = client.get_queue_attributes().queue_url(&self.queue_url);
            let told = asked.set_attribute_names(Some(names.to_vec())).send().await.unwrap();
            if told.attributes().unwrap().values().all(|count| count == "0") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Stops polling; everything that is under way ends first.
    pub(crate) async fn close(self) {
        self.poller.stop().await;
    }
}

/// A door before a service that throttles, and before which requests and answers are lost.
fn door(service: &'static str, endpoint: &str, throttles: &str) -> (&'static str, Unsteady) {
    let server = endpoint.trim_start_matches("http://").parse().unwrap();
    let weather = Weather {
        seed: 1,
        requests_lost_one_in: 40,
        answers_lost_one_in: 20,
        refused_one_in: 8,
        refusal: (
            400,
            format!(r#"{{"__type":"{throttles}","message":"The rate was exceeded."}}"#),
        ),
    };
    (service, Unsteady::in_weather(server, weather).unwrap())
}

async fn make_bucket(config: &SdkConfig, name: &str) {
    let settings = aws_sdk_s3::config::Builder::from(config).force_path_style(true).build();
    let client = aws_sdk_s3::Client::from_conf(settings);
    client.create_bucket().bucket(name).send().await.unwrap();
}

/// Calls from outside, over the same table and queue.
async fn caller(config: &SdkConfig, table: &str, resources: Resources) -> Engine {
    let clock = Arc::new(SystemClock);
    let store = Arc::new(DynamoStore::new(config, Table::new(table, clock.clone())));
    let wakes = Arc::new(AwsWakes::new(config, resources, clock.clone()));
    let ports = Ports {
        log: store.clone(),
        catalogue: store,
        tasks: Arc::new(NoTasks),
        clock,
        seeds: Arc::new(SystemSeeds),
        spawn: Arc::new(RuntimeSpawn(tokio::runtime::Handle::current())),
    };
    Engine::share(ports, wakes, AMPLE).await.unwrap()
}

/// The function's own environment: its resources, and where the services are.
fn environment(
    name: &str,
    resources: &Resources,
    endpoints: impl Iterator<Item = (&'static str, String)>,
) -> std::collections::BTreeMap<String, String> {
    let own = [
        ("AWS_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("STEPWELL_TABLE", name),
        ("STEPWELL_BUCKET", name),
        ("STEPWELL_QUEUE_URL", &resources.queue_url),
        ("STEPWELL_QUEUE_ARN", &resources.queue_arn),
        ("STEPWELL_SCHEDULE_GROUP", &resources.schedule_group),
        ("STEPWELL_SCHEDULER_ROLE_ARN", &resources.scheduler_role_arn),
        ("STEPWELL_EVENT_FLOW", "hello"),
        ("STEPWELL_METRICS", "on"),
    ];
    let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
    // What stands behind replaces what stands before.
    let places = endpoints.map(|(service, url)| (format!("AWS_ENDPOINT_URL_{}", service.to_uppercase()), url));
    own.into_iter().chain(places).collect()
}
