//! Queues of ElasticMQ and a fake of Scheduler.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{Message as Handed, QueueAttributeName};
use futures::FutureExt;
use futures::future::BoxFuture;
use stepwell_cloud::fast_clock::FastClock;
use stepwell_cloud::parts::elasticmq::{self, ElasticMq};
use stepwell_cloud::parts::scheduler::{Options, Scheduler};
use stepwell_cloud::settings::settings;
use stepwell_ports::conformance::wakes::{Bench, Received, Receiver};
use stepwell_ports::{Clock, Millis, ScopeKey, Wake};

use crate::message::Message;
use crate::{AwsWakes, Resources};

/// One server serves every test of this program, which it ends with.
static ELASTICMQ: LazyLock<ElasticMq> =
    LazyLock::new(|| ElasticMq::start().unwrap_or_else(|error| panic!("{error:#}")));

const GROUP: &str = "group";
const ROLE: &str = "arn:aws:iam::000000000000:role/scheduler";

/// How far a clock goes that is stepped, from look to look: less than the queue's longest delay.
const STEP_MS: Millis = 300_000;

/// A clock that goes on only when its test does: what is far ahead when it is sent stays far ahead.
#[derive(Debug)]
struct SteppedClock(AtomicU64);

impl Clock for SteppedClock {
    fn now(&self) -> Millis {
        self.0.load(Ordering::Relaxed)
    }

    fn sleep_until(&self, _until: Millis) -> BoxFuture<'static, ()> {
        panic!("nobody sleeps by a clock that stands still")
    }
}

/// What a test asks for.
#[derive(Clone, Copy)]
pub(super) struct Setup {
    pub(super) name: &'static str,
    pub(super) group: &'static str,
    /// Whether time goes on only from look to look.
    pub(super) stepped: bool,
}

impl Setup {
    /// The usual time, and a queue of that name.
    pub(super) fn named(name: &'static str) -> Self {
        Self {
            name,
            group: GROUP,
            stepped: false,
        }
    }
}

/// A test's own queue and Scheduler.
pub(super) struct Local {
    pub(super) scheduler: Scheduler,
    pub(super) wakes: AwsWakes,
    pub(super) clock: Arc<dyn Clock>,
    stepped: Option<Arc<SteppedClock>>,
    pub(super) resources: Resources,
    pub(super) sqs: Client,
}

impl Local {
    pub(super) async fn start(setup: Setup) -> Self {
        let usual = FastClock::new(1);
        let stepped = setup.stepped.then(|| Arc::new(SteppedClock(usual.now().into())));
        let clock: Arc<dyn Clock> = match &stepped {
            Some(stepped) => stepped.clone(),
            None => Arc::new(usual),
        };
        let queues = queues().await;
        let options = Options {
            queues: queues.clone(),
            groups: vec![GROUP.to_owned()],
            clock: clock.clone(),
            // A minute as the service may, and the second that a time is cut by.
            late_ms: 61_000,
        };
        let scheduler = Scheduler::start(options).unwrap();
        let config = settings(&[("SQS", queues), ("Scheduler", scheduler.endpoint())]);
        let sqs = Client::new(&config);
        let queue = elasticmq::create_queue(&sqs, setup.name, 1).await.unwrap();
        let resources = Resources {
            queue_url: queue.url,
            queue_arn: queue.arn,
            schedule_group: setup.group.to_owned(),
            scheduler_role_arn: ROLE.to_owned(),
        };
        let wakes = AwsWakes::new(&config, resources.clone(), clock.clone());
        Self {
            scheduler,
            wakes,
            clock,
            stepped,
            resources,
            sqs,
        }
    }

    pub(super) fn bench<'a>(&'a self, ahead_ms: &'a [Millis]) -> Bench<'a> {
        Bench {
            wakes: &self.wakes,
            receiver: self,
            clock: &*self.clock,
            ahead_ms,
        }
    }

    /// What is handed out within a second.
    pub(super) async fn hand_out(&self) -> Vec<Handed> {
        if let Some(clock) = &self.stepped {
            clock.0.fetch_add(STEP_MS, Ordering::Relaxed);
        }
        let request = self.sqs.receive_message().queue_url(&self.resources.queue_url);
        let handed = request.max_number_of_messages(10).wait_time_seconds(1).send().await;
        handed.unwrap().messages.unwrap_or_default()
    }

    /// The first that is handed out.
    pub(super) async fn wait(&self) -> Handed {
        loop {
            if let Some(first) = self.hand_out().await.into_iter().next() {
                return first;
            }
        }
    }

    pub(super) async fn delete(&self, handle: &str) {
        let request = self.sqs.delete_message().queue_url(&self.resources.queue_url);
        request.receipt_handle(handle).send().await.unwrap();
    }

    /// How many messages are there to be handed out, and how many are delayed.
    pub(super) async fn counts(&self) -> [u32; 2] {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesDelayed,
        ];
        let request = self.sqs.get_queue_attributes().queue_url(&self.resources.queue_url);
        let counts = request.set_attribute_names(Some(names.to_vec())).send().await.unwrap();
        let counts = counts.attributes.unwrap_or_default();
        names.map(|name| counts[&name].parse().unwrap())
    }
}

/// The address of all queues.
pub(super) async fn queues() -> String {
    tokio::task::spawn_blocking(|| ELASTICMQ.endpoint()).await.unwrap()
}

impl Receiver for Local {
    fn receive(&self) -> BoxFuture<'_, Vec<Received>> {
        async move {
            let mut received = vec![];
            for handed in self.hand_out().await {
                let message = Message::decode(&handed.body.unwrap()).unwrap();
                let handle = handed.receipt_handle.unwrap();
                if message.at_ms > self.clock.now() {
                    self.wakes.hop(message).await.unwrap();
                    self.delete(&handle).await;
                    continue;
                }
                let wake = message.wake;
                received.push(Received { wake, handle });
            }
            received
        }
        .boxed()
    }

    fn acknowledge(&self, handle: String) -> BoxFuture<'_, ()> {
        async move { self.delete(&handle).await }.boxed()
    }
}

/// A wake with some contents.
pub(super) fn wake(id: &str) -> Wake {
    Wake {
        id: id.into(),
        key: ScopeKey {
            execution: "orders/o-17".into(),
            scope: "4.0".into(),
        },
        expects: 5,
        children: [].into(),
        sent_ms: 1_763_900_000_000,
    }
}
