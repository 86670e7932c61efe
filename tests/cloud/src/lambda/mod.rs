//! A Lambda of our own: the service around an unmodified `bootstrap`.
//!
//! What is like Lambda: parallel instances up to a bound, a cold start when none is idle, the documented environment and
//! headers, deadlines that kill, freezing between invocations, events that are queued and tried again, limits of payloads,
//! loops that are cut off, the wording of failures. What a test adds: kills at chosen or random moments, and counts.
//!
//! What is not: memory and processor are not limited; responses are not streamed; there are no extensions, versions or
//! aliases; idle instances are kept until [`Lambda::forget_idle`]. An answer is given to the caller when the process has
//! asked for its next invocation (or is gone), so that a caller who comes again at once finds it idle; Lambda answers a
//! moment earlier. As there, a process that fails to begin is tried a second time before the invocation fails.
//!
//! Dropped, everything of it is gone: processes are killed, events forgotten.
//!
//! **Invariant:** an invocation that was begun is carried out to its end, whether its caller waits or not.

mod answer;
mod counters;
mod events;
mod instance;
mod kills;
mod lineage;
mod logs;
mod options;
mod process;
mod runtime_api;
mod seats;
mod service;

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

pub use answer::{Answer, EVENT_BYTES_MAX, Failure, PAYLOAD_BYTES_MAX, Refused};
pub use counters::Counters;
pub use events::DeadEvent;
pub use kills::{Kill, RandomKills};
pub use lineage::CHAIN_MAX;
pub use options::{Between, Options, Recursion};

use service::{Service, lock};

/// A function that can be invoked.
#[derive(Debug)]
pub struct Lambda {
    service: Arc<Service>,
    // Guards the list of tasks and is never held across an await.
    tasks: Mutex<JoinSet<()>>,
}

impl Lambda {
    /// Makes the function. No process is started before the first invocation.
    #[must_use]
    pub fn start(options: Options) -> Self {
        Self {
            service: Arc::new(Service::new(options)),
            tasks: Mutex::default(),
        }
    }

    /// The function's name for AWS.
    #[must_use]
    pub fn arn(&self) -> String {
        self.service.arn()
    }

    /// Invokes it and waits for its answer (`RequestResponse`).
    ///
    /// # Errors
    ///
    /// [`Refused`] where it is not begun; a failure of the function is an [`Answer`].
    pub async fn invoke(&self, payload: impl Into<Bytes>) -> Result<Answer, Refused> {
        self.invoke_traced(payload, None).await
    }

    /// Invokes it as part of a chain that `trace`, a tracing header, stands for.
    ///
    /// # Errors
    ///
    /// As [`Lambda::invoke`], and [`Refused::RecursiveInvocation`].
    pub async fn invoke_traced(&self, payload: impl Into<Bytes>, trace: Option<&str>) -> Result<Answer, Refused> {
        let payload = answer::checked(payload.into(), PAYLOAD_BYTES_MAX)?;
        self.service.check_chain(trace)?;
        let place = self.service.place()?;
        let request_id = self.service.request_id();
        let job = self.service.job(request_id.clone(), payload, trace, PAYLOAD_BYTES_MAX);
        let (sender, answer) = oneshot::channel();
        let service = Arc::clone(&self.service);
        self.spawn(async move {
            sender.send(service.carry_out(&job, place).await).ok();
        });
        // Only this value's end takes the task away, and nobody waits for one without the value.
        let gone = |_| {
            Answer::worded(
                &request_id,
                Failure::Exited,
                "Runtime.ExitError",
                "the function is gone",
            )
        };
        Ok(answer.await.unwrap_or_else(gone))
    }

    /// Queues an event for it (`Event`) and answers with the id of the request.
    ///
    /// # Errors
    ///
    /// The payload is too large or no JSON.
    pub fn send_event(&self, payload: impl Into<Bytes>) -> Result<String, Refused> {
        self.send_event_traced(payload, None)
    }

    /// Queues an event that is part of a chain.
    ///
    /// # Errors
    ///
    /// The payload is too large or no JSON.
    pub fn send_event_traced(&self, payload: impl Into<Bytes>, trace: Option<&str>) -> Result<String, Refused> {
        let payload = answer::checked(payload.into(), EVENT_BYTES_MAX)?;
        let event = self.service.event(payload, trace);
        let request_id = event.request_id().to_owned();
        let service = Arc::clone(&self.service);
        let counted = self.service.one_event_more();
        self.spawn(async move {
            service.handle(event).await;
            drop(counted);
        });
        Ok(request_id)
    }

    /// Waits until no event is queued or handled.
    pub async fn events_settled(&self) {
        self.service.events_settled().await;
    }

    /// Events that were given up so far: what a dead letter queue or a destination would get.
    #[must_use]
    pub fn dead_events(&self) -> Vec<DeadEvent> {
        self.service.dead_events()
    }

    /// Kills one invocation in so many, from now on.
    pub fn kill_random(&self, kills: RandomKills) {
        lock(&self.service.plan).random(kills);
    }

    /// Kills the next invocation that is begun; called again, also the one after it.
    pub fn kill_next(&self, kill: Kill) {
        lock(&self.service.plan).next(kill);
    }

    /// Kills all processes, at work or idle.
    pub fn kill_all(&self) {
        self.service.kill_all();
    }

    /// Ends the idle processes, as Lambda does with those that nobody has needed for some minutes.
    pub fn forget_idle(&self) {
        lock(&self.service.idle).clear();
    }

    /// The processes that wait for an invocation.
    #[must_use]
    pub fn idle_processes(&self) -> Vec<u32> {
        let idle = lock(&self.service.idle);
        idle.iter().filter_map(instance::Instance::process_id).collect()
    }

    /// Counts so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.service.counters()
    }

    /// What the processes wrote to their outputs so far, and Lambda's own lines; the newest 200,000.
    #[must_use]
    pub fn logs(&self) -> Vec<String> {
        self.service.logs()
    }

    /// How often this function stands in the chain of a tracing header.
    #[must_use]
    pub fn chain_length(&self, trace: &str) -> u32 {
        lineage::count(trace, &lineage::mark(&self.arn()))
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }
}
