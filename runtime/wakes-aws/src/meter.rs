//! What was spent.
//!
//! **Invariant:** a request counts when it is sent, so each try counts, and one whose answer was lost does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_sqs::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_sqs::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_sqs::error::BoxError;

/// What SQS bills as one request.
///
/// Source: <https://aws.amazon.com/sqs/pricing/>, "Every 64 KB chunk of a payload is billed as 1 request".
const UNIT_BYTES: u64 = 64 << 10;

/// What wakes cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Requests to SQS, in units of 64 KiB; a payload's size is taken as it goes over the wire.
    pub sqs_requests: u64,
    /// Schedules that are known to have been made by this; one whose answer was lost is not. Each is billed as one invocation when it fires, and sends one message then: one more
    /// request to SQS.
    pub schedules: u64,
    /// Requests to Scheduler; they are free.
    pub scheduler_requests: u64,
    /// Wakes that Scheduler did not take, so that they go through the queue in steps of 15 minutes.
    pub refused: u64,
}

/// Counts what is spent. Clones share the counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meter(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    sqs_requests: AtomicU64,
    schedules: AtomicU64,
    scheduler_requests: AtomicU64,
    refused: AtomicU64,
}

/// Counts the requests to SQS.
#[derive(Debug)]
pub(crate) struct SqsMeter(pub(crate) Meter);

/// Counts the requests to Scheduler.
#[derive(Debug)]
pub(crate) struct SchedulerMeter(pub(crate) Meter);

impl Meter {
    pub(crate) fn spent(&self) -> Spent {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Spent {
            sqs_requests: read(&self.0.sqs_requests),
            schedules: read(&self.0.schedules),
            scheduler_requests: read(&self.0.scheduler_requests),
            refused: read(&self.0.refused),
        }
    }

    pub(crate) fn made_a_schedule(&self) {
        self.0.schedules.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn was_refused(&self) {
        self.0.refused.fetch_add(1, Ordering::Relaxed);
    }
}

impl Intercept for SqsMeter {
    fn name(&self) -> &'static str {
        "SqsMeter"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _settings: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.request().body().bytes().unwrap_or_default();
        let units = (body.len() as u64).div_ceil(UNIT_BYTES).max(1);
        self.0.0.sqs_requests.fetch_add(units, Ordering::Relaxed);
        Ok(())
    }
}

impl Intercept for SchedulerMeter {
    fn name(&self) -> &'static str {
        "SchedulerMeter"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _settings: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.0.scheduler_requests.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}
