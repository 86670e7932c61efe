//! Asynchronous invocation: events wait in a queue of Lambda's own, and are tried again.
//!
//! ```text
//! refused for want of a process   again after 1 s, 2 s, 4 s … 5 min, for 6 hours; counts as no attempt
//! failed                          again after 1 min, then after 2 min; then it is a dead event
//! a loop                          a dead event at once
//! ```
//!
//! Source: "How Lambda handles errors and retries with asynchronous invocation", Lambda developer guide.
//!
//! **Invariant:** an event is handled by one invocation at a time and keeps its request's id.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::answer::{Answer, EVENT_BYTES_MAX, Refused};
use super::service::{Service, lock};

/// How many times its first length a pause may become: 1 s and 5 min at AWS.
const BACKOFF_FACTOR_MAX: u32 = 300;

/// An event on its way.
#[derive(Debug)]
pub(super) struct Event {
    request_id: String,
    payload: Bytes,
    trace: Option<String>,
}

/// An event that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadEvent {
    /// The request's id.
    pub request_id: String,
    /// What the function was to handle.
    pub payload: Bytes,
    /// How often it was invoked.
    pub attempts: usize,
    /// What it answered last, or why it was not invoked.
    pub last: Result<Answer, Refused>,
}

/// One event is queued or handled, as long as this lives.
#[derive(Debug)]
pub(super) struct UnderWay(watch::Sender<usize>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.send_modify(|events| *events = events.saturating_sub(1));
    }
}

impl Event {
    pub(super) fn request_id(&self) -> &str {
        &self.request_id
    }
}

impl Service {
    pub(super) fn event(&self, payload: Bytes, trace: Option<&str>) -> Event {
        Event {
            request_id: self.request_id(),
            payload,
            trace: trace.map(str::to_owned),
        }
    }

    pub(super) fn one_event_more(&self) -> UnderWay {
        self.under_way.send_modify(|events| *events += 1);
        UnderWay(self.under_way.clone())
    }

    pub(super) async fn events_settled(&self) {
        // The sender lives in this value.
        self.under_way.subscribe().wait_for(|events| *events == 0).await.ok();
    }

    pub(super) fn dead_events(&self) -> Vec<DeadEvent> {
        lock(&self.dead).clone()
    }

    /// Invokes the function until it has handled the event, or gives it up.
    pub(super) async fn handle(self: Arc<Self>, event: Event) {
        let until = Instant::now() + self.shared.options.event_age_max;
        let mut delays = self.shared.options.event_retries.iter();
        let mut attempts = 0;
        let last = loop {
            let answer = match self.patiently(&event, until).await {
                Ok(answer) => answer,
                refused @ Err(_) => break refused,
            };
            attempts += 1;
            match (answer.failure, delays.next()) {
                (None, _) => return,
                (Some(_), None) => break Ok(answer),
                (Some(_), Some(delay)) => sleep(*delay).await,
            }
        };
        lock(&self.dead).push(DeadEvent {
            request_id: event.request_id,
            payload: event.payload,
            attempts,
            last,
        });
    }

    /// One attempt, as soon as there is a process for it.
    async fn patiently(&self, event: &Event, until: Instant) -> Result<Answer, Refused> {
        let first = self.shared.options.event_backoff;
        let mut pause = first;
        loop {
            match self.attempt(event).await {
                Err(Refused::TooManyRequests) if Instant::now() < until => {
                    sleep(pause).await;
                    pause = longer(pause, first);
                }
                ended => return ended,
            }
        }
    }

    async fn attempt(&self, event: &Event) -> Result<Answer, Refused> {
        self.check_chain(event.trace.as_deref())?;
        let place = self.place()?;
        let (id, payload) = (event.request_id.clone(), event.payload.clone());
        let job = self.job(id, payload, event.trace.as_deref(), EVENT_BYTES_MAX);
        Ok(self.carry_out(&job, place).await)
    }
}

fn longer(pause: Duration, first: Duration) -> Duration {
    pause.saturating_mul(2).min(first.saturating_mul(BACKOFF_FACTOR_MAX))
}
