//! One execution environment: a process with its Runtime API, from its start until it is gone.
//!
//! ```text
//! begin ──(asks for an invocation)──> idle, frozen ──> serve ──(answers, asks again)──> idle, frozen
//!   └─ ends, or takes too long          └─ is thrown away      └─ ends, is killed, passes its deadline: gone
//! ```
//!
//! As at AWS, an invocation is over when the process asks for the next one, not when it answers: what it does in between
//! counts and is cut off at the deadline, although the answer stands.
//!
//! **Invariant:** at most one invocation at a time.

use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep_until};

use super::answer::{Answer, Failure};
use super::counters::{Tally, millis_up};
use super::kills::Kill;
use super::logs::Logs;
use super::options::{Between, Options};
use super::process::{Process, worded};
use super::runtime_api::{Call, Handed, How, Reply, RuntimeApi};
use super::seats::Seat;

/// Far enough away never to come.
const NEVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// What all instances of a function share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) options: Options,
    pub(super) tally: Tally,
    pub(super) logs: Arc<Logs>,
    /// Changes when every process that is at work is to be killed.
    pub(super) kill_all: watch::Sender<u64>,
}

/// One invocation.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) request_id: String,
    pub(super) payload: Bytes,
    pub(super) trace: String,
    pub(super) answer_bytes_max: usize,
    pub(super) kill: Option<Kill>,
}

/// Why a process never asked for an invocation.
#[derive(Debug)]
pub(super) enum NotBegun {
    /// There is no such program, or it cannot be started.
    NoProgram(String),
    /// It said why.
    Reported(Bytes),
    /// It ended.
    Exited(String),
    /// It took too long.
    TimedOut(Duration),
}

/// A living process.
#[derive(Debug)]
pub(super) struct Instance {
    shared: Arc<Shared>,
    process: Process,
    api: RuntimeApi,
    next: Option<oneshot::Sender<Handed>>,
    cpu_ms_counted: u64,
    _seat: Arc<Seat>,
}

/// How an invocation came to its end.
enum End {
    AskedForNext,
    Exited(Option<ExitStatus>),
    TimedOut,
    Killed,
}

/// What follows from a call during an invocation.
enum Heeded {
    Nothing,
    Over,
    Killed,
}

impl Instance {
    /// Starts a process and waits until it asks for its first invocation.
    pub(super) async fn begin(shared: &Arc<Shared>, seat: Arc<Seat>) -> Result<Self, NotBegun> {
        let began = Instant::now();
        shared.tally.add(|counters| {
            counters.cold_starts += 1;
            counters.instances_peak = counters.instances_peak.max(seat.taken());
        });
        let mut instance = Self::spawn(shared, seat)
            .await
            .map_err(|error| NotBegun::NoProgram(format!("{error:#}")))?;
        let initialized = instance.initialize(began + shared.options.init_max).await;
        shared
            .tally
            .add(|counters| counters.init_ms += millis_up(began.elapsed()));
        initialized.map(|()| instance)
    }

    async fn spawn(shared: &Arc<Shared>, seat: Arc<Seat>) -> anyhow::Result<Self> {
        let api = RuntimeApi::start().await?;
        let address = api.address();
        let log_stream = format!("[$LATEST]{}", address.port());
        let process = Process::start(&shared.options, &address.to_string(), &log_stream, &shared.logs)?;
        Ok(Self {
            shared: Arc::clone(shared),
            process,
            api,
            next: None,
            cpu_ms_counted: 0,
            _seat: seat,
        })
    }

    async fn initialize(&mut self, deadline: Instant) -> Result<(), NotBegun> {
        let mut reported = None;
        loop {
            tokio::select! {
                biased;
                call = self.api.call() => match call {
                    Call::Next(next) => {
                        self.next = Some(next);
                        return Ok(());
                    }
                    Call::NotInitialized { error, reply } => {
                        reply.send(Reply::Accepted).ok();
                        reported = Some(error);
                    }
                    // Nothing is under way that could be over.
                    Call::Over { .. } => {}
                },
                status = self.process.ended() => {
                    let exited = || NotBegun::Exited(worded(status));
                    return Err(reported.map_or_else(exited, NotBegun::Reported));
                }
                () = sleep_until(deadline) => return Err(NotBegun::TimedOut(self.shared.options.init_max)),
            }
        }
    }

    /// The number of its process.
    pub(super) fn process_id(&self) -> Option<u32> {
        self.process.id()
    }

    /// Whether its process is gone, although nothing was asked of it.
    pub(super) fn has_ended(&mut self) -> bool {
        self.process.has_ended()
    }

    /// Carries out one invocation. What remains of the instance is ready for the next, or there is nothing left of it.
    pub(super) async fn serve(mut self, job: &Job) -> (Answer, Option<Self>) {
        let began = Instant::now();
        self.shared.tally.add(|counters| counters.invocations += 1);
        self.shared.logs.write(format!("START RequestId: {}", job.request_id));
        let mut said = None;
        let end = self.run(job, began, &mut said).await;
        let billed_ms = millis_up(began.elapsed());
        self.account(&end, billed_ms);
        let (worded, alive) = self.end(job, &end).await;
        self.report(&job.request_id, billed_ms);
        let answer = said.unwrap_or(worded);
        (answer, alive.then_some(self))
    }

    async fn run(&mut self, job: &Job, began: Instant, said: &mut Option<Answer>) -> End {
        let deadline = began + self.shared.options.timeout;
        let kill_at = match job.kill {
            Some(Kill::After(delay)) => began + delay,
            Some(Kill::AtAnswer | Kill::AfterAnswer) | None => began + NEVER,
        };
        let mut kill_all = self.shared.kill_all.subscribe();
        self.hand_over(job);
        loop {
            tokio::select! {
                biased;
                call = self.api.call() => match self.heed(call, job, said) {
                    Heeded::Nothing => {}
                    Heeded::Over => return End::AskedForNext,
                    Heeded::Killed => return End::Killed,
                },
                status = self.process.ended() => return End::Exited(status),
                () = sleep_until(deadline) => return End::TimedOut,
                () = sleep_until(kill_at) => return End::Killed,
                _ = kill_all.changed() => return End::Killed,
            }
        }
    }

    fn hand_over(&mut self, job: &Job) {
        self.process.thaw();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let handed = Handed {
            request_id: job.request_id.clone(),
            deadline_ms: (now + self.shared.options.timeout).as_millis(),
            arn: self.shared.options.arn(),
            trace: job.trace.clone(),
            payload: job.payload.clone(),
        };
        // Where it does not listen any more it is about to end, which is seen.
        if let Some(next) = self.next.take() {
            drop(next.send(handed));
        }
    }

    fn heed(&mut self, call: Call, job: &Job, said: &mut Option<Answer>) -> Heeded {
        match call {
            Call::Next(next) if said.is_some() => {
                self.next = Some(next);
                Heeded::Over
            }
            Call::Over { request_id, reply, .. } if request_id != job.request_id => {
                reply.send(Reply::WrongId).ok();
                Heeded::Nothing
            }
            Call::Over { .. } if said.is_none() && job.kill == Some(Kill::AtAnswer) => Heeded::Killed,
            Call::Over { how, reply, .. } if said.is_none() => {
                let (answer, told) = taken(how, job);
                *said = Some(answer);
                reply.send(told).ok();
                if job.kill == Some(Kill::AfterAnswer) {
                    Heeded::Killed
                } else {
                    Heeded::Nothing
                }
            }
            // Out of turn: dropped, and so refused.
            Call::Next(_) | Call::Over { .. } | Call::NotInitialized { .. } => Heeded::Nothing,
        }
    }

    /// Counts what the process took. It must not have been waited for.
    fn account(&mut self, end: &End, billed_ms: u64) {
        let cpu_ms = self.process.cpu_ms().max(self.cpu_ms_counted);
        let memory = self.process.memory_bytes_peak();
        let more = cpu_ms - self.cpu_ms_counted;
        self.cpu_ms_counted = cpu_ms;
        self.shared.tally.add(|counters| {
            counters.billed_ms += billed_ms;
            counters.cpu_ms += more;
            counters.memory_bytes_peak = counters.memory_bytes_peak.max(memory);
            match end {
                End::AskedForNext => {}
                End::Exited(_) => counters.exits += 1,
                End::TimedOut => counters.timeouts += 1,
                End::Killed => {
                    counters.exits += 1;
                    counters.kills += 1;
                }
            }
        });
    }

    /// What Lambda says where the function said nothing, and whether the process goes on.
    async fn end(&mut self, job: &Job, end: &End) -> (Answer, bool) {
        let id = &job.request_id;
        let exited = |status| Answer::worded(id, Failure::Exited, "Runtime.ExitError", &worded(status));
        match end {
            End::AskedForNext => {
                if self.shared.options.between == Between::Frozen {
                    self.process.freeze();
                }
                // Nobody asks for the next before having said something.
                (exited(None), true)
            }
            End::Exited(status) => (exited(*status), false),
            End::Killed => {
                self.process.kill();
                (exited(self.process.ended().await), false)
            }
            End::TimedOut => {
                self.process.kill();
                self.process.ended().await;
                (self.timed_out(id), false)
            }
        }
    }

    fn timed_out(&self, id: &str) -> Answer {
        let seconds = self.shared.options.timeout.as_secs_f64();
        let message = format!("Task timed out after {seconds:.2} seconds");
        self.shared.logs.write(format!("{id} {message}"));
        Answer::worded(id, Failure::TimedOut, "Sandbox.Timedout", &message)
    }

    fn report(&self, id: &str, billed_ms: u64) {
        let memory_mb = self.shared.options.memory_mb;
        self.shared.logs.write(format!("END RequestId: {id}"));
        self.shared.logs.write(format!(
            "REPORT RequestId: {id}\tBilled Duration: {billed_ms} ms\tMemory Size: {memory_mb} MB"
        ));
    }
}

impl NotBegun {
    /// What the invocation that waited for the process is answered.
    pub(super) fn answer(self, id: &str) -> Answer {
        let worded = |error_type, message: &str| Answer::worded(id, Failure::NotInitialized, error_type, message);
        match self {
            Self::NoProgram(message) => worded("Runtime.InvalidEntrypoint", &message),
            Self::Reported(error) => Answer::failed(id, Failure::NotInitialized, error),
            Self::Exited(message) => worded("Runtime.ExitError", &message),
            Self::TimedOut(limit) => {
                let message = format!("Init timed out after {:.2} seconds", limit.as_secs_f64());
                worded("Sandbox.Timedout", &message)
            }
        }
    }
}

/// The answer that follows from what a process said, and what it is told.
fn taken(how: How, job: &Job) -> (Answer, Reply) {
    let id = &job.request_id;
    match how {
        How::Answered(payload) if payload.len() <= job.answer_bytes_max => (Answer::of(id, payload), Reply::Accepted),
        How::Failed(error) => (Answer::failed(id, Failure::Reported, error), Reply::Accepted),
        How::Answered(_) | How::TooLarge => {
            let limit = job.answer_bytes_max;
            let message = format!("Response payload size exceeded maximum allowed payload size ({limit} bytes).");
            let payload = serde_json::json!({ "errorType": "Function.ResponseSizeTooLarge", "errorMessage": message });
            (
                Answer::failed(id, Failure::AnswerTooLarge, payload.to_string().into()),
                Reply::TooLarge,
            )
        }
    }
}
