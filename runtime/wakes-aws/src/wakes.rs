//! The port `Wakes`, and what a receiver needs besides.
//!
//! **Invariant:** which way a wake takes is decided here, by how far its time is; nothing is remembered of it.

use std::sync::{Arc, Mutex, PoisonError};

use aws_config::SdkConfig;
use futures::FutureExt;
use futures::future::BoxFuture;
use stepwell_ports::{Clock, Millis, Wake, Wakes, WakesError};

use crate::error::AwsWakesError;
use crate::message::Message;
use crate::meter::{Meter, SchedulerMeter, Spent, SqsMeter};
use crate::outbox::Outbox;
use crate::queue::{DELAY_MAX_MS, Letter, Queue};
use crate::schedules::Schedules;

/// The resources that wakes go through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resources {
    /// The queue's address, for sending.
    pub queue_url: String,
    /// The queue's name for Scheduler.
    pub queue_arn: String,
    /// The group of schedules, of this deployment alone.
    pub schedule_group: String,
    /// The role by which Scheduler sends into the queue.
    pub scheduler_role_arn: String,
}

/// Wakes by SQS and EventBridge Scheduler. Clones share the meter.
#[derive(Clone)]
pub struct AwsWakes {
    ways: Arc<Ways>,
    clock: Arc<dyn Clock>,
}

#[derive(Debug)]
struct Ways {
    queue: Queue,
    outbox: Outbox,
    schedules: Schedules,
    meter: Meter,
    /// Why Scheduler did not take the last wake that it did not take. Held only to change it.
    refusal: Mutex<Option<AwsWakesError>>,
}

impl std::fmt::Debug for AwsWakes {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("AwsWakes")
            .field("ways", &self.ways)
            .finish_non_exhaustive()
    }
}

impl AwsWakes {
    /// Wakes that go through these resources.
    #[must_use]
    pub fn new(config: &SdkConfig, resources: Resources, clock: Arc<dyn Clock>) -> Self {
        let meter = Meter::default();
        let sqs = aws_sdk_sqs::config::Builder::from(config).interceptor(SqsMeter(meter.clone()));
        let scheduler = aws_sdk_scheduler::config::Builder::from(config).interceptor(SchedulerMeter(meter.clone()));
        let queue = Queue {
            client: aws_sdk_sqs::Client::from_conf(sqs.build()),
            url: resources.queue_url,
        };
        let schedules = Schedules {
            client: aws_sdk_scheduler::Client::from_conf(scheduler.build()),
            group: resources.schedule_group,
            role_arn: resources.scheduler_role_arn,
            queue_arn: resources.queue_arn,
            meter: meter.clone(),
        };
        let ways = Ways {
            outbox: Outbox::new(queue.clone()),
            queue,
            schedules,
            meter,
            refusal: Mutex::default(),
        };
        Self {
            ways: Arc::new(ways),
            clock,
        }
    }

    /// What wakes cost so far.
    #[must_use]
    pub fn spent(&self) -> Spent {
        self.ways.meter.spent()
    }

    /// Why Scheduler last refused a wake, told once. The wake was not lost; whoever keeps an account of what goes wrong
    /// asks for it, because every such wake costs a message each 15 minutes.
    #[must_use]
    pub fn take_refusal(&self) -> Option<AwsWakesError> {
        let mut refusal = self.ways.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        refusal.take()
    }

    /// Sends a message on that came before its time; then it is to be acknowledged.
    ///
    /// # Errors
    ///
    /// [`AwsWakesError`] where it is not known to have been taken: it must not be acknowledged.
    pub async fn hop(&self, message: Message) -> Result<(), AwsWakesError> {
        let hops = message.hops.saturating_add(1);
        self.bring(Message { hops, ..message }).await
    }

    /// Has a message handed out again at that time, or as late as the queue can: some minutes less than 12 hours from now.
    ///
    /// # Errors
    ///
    /// [`AwsWakesError`]; it is handed out again when its visibility timeout is over.
    pub async fn hide(&self, receipt_handle: &str, until_ms: Millis) -> Result<(), AwsWakesError> {
        let left_ms = until_ms.saturating_sub(self.clock.now());
        self.ways.queue.hide(receipt_handle, left_ms).await
    }

    async fn bring(&self, message: Message) -> Result<(), AwsWakesError> {
        let body = message.encode()?;
        let now = self.clock.now();
        let left_ms = message.at_ms.saturating_sub(now);
        if left_ms > DELAY_MAX_MS {
            match self.ways.schedules.make(&message, body.clone(), now).await {
                Ok(()) => return Ok(()),
                Err(refusal) => self.note(refusal),
            }
        }
        self.ways.outbox.send(Letter { body, left_ms }).await
    }

    fn note(&self, refusal: AwsWakesError) {
        self.ways.meter.was_refused();
        let mut last = self.ways.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some(refusal);
    }
}

impl Wakes for AwsWakes {
    fn send(&self, wake: Wake, at_ms: Millis) -> BoxFuture<'static, Result<(), WakesError>> {
        let wakes = self.clone();
        let message = Message { wake, at_ms, hops: 0 };
        async move {
            let brought = wakes.bring(message).await;
            brought.map_err(|error| WakesError(Box::new(error)))
        }
        .boxed()
    }
}
