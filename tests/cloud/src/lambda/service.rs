//! Who carries out an invocation: an idle instance, or a new one while there may be more.
//!
//! **Invariant:** an instance is idle or at work, never both, and is idle before its last answer is given.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::sync::watch;

use super::answer::{Answer, Refused};
use super::counters::{Counters, Tally};
use super::events::DeadEvent;
use super::instance::{Instance, Job, NotBegun, Shared};
use super::kills::Plan;
use super::lineage;
use super::options::{Options, Recursion};
use super::seats::{Seat, Seats};

/// How often a process is started for one invocation, where it fails to begin.
const BEGINS_MAX: usize = 2;

/// A function with its processes. Each lock guards one small value and is never held across an await.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) shared: Arc<Shared>,
    pub(super) idle: Mutex<Vec<Instance>>,
    pub(super) plan: Mutex<Plan>,
    pub(super) dead: Mutex<Vec<DeadEvent>>,
    pub(super) under_way: watch::Sender<usize>,
    seats: Seats,
    ids: Mutex<StdRng>,
}

/// Where an invocation is carried out.
#[derive(Debug)]
pub(super) enum Place {
    /// By a process that waits for it.
    Warm(Box<Instance>),
    /// By one that is still to be started.
    Cold(Seat),
}

impl Service {
    pub(super) fn new(options: Options) -> Self {
        Self {
            idle: Mutex::default(),
            plan: Mutex::new(Plan::new(options.seed)),
            dead: Mutex::default(),
            under_way: watch::Sender::new(0),
            seats: Seats::new(options.instances_max),
            ids: Mutex::new(StdRng::seed_from_u64(!options.seed)),
            shared: Arc::new(Shared {
                options,
                tally: Tally::default(),
                logs: Arc::default(),
                kill_all: watch::Sender::new(0),
            }),
        }
    }

    pub(super) fn arn(&self) -> String {
        self.shared.options.arn()
    }

    pub(super) fn counters(&self) -> Counters {
        self.shared.tally.now()
    }

    pub(super) fn logs(&self) -> Vec<String> {
        self.shared.logs.all()
    }

    /// Whether one more invocation may come of a chain.
    pub(super) fn check_chain(&self, trace: Option<&str>) -> Result<(), Refused> {
        let so_far = trace.map_or(0, |trace| lineage::count(trace, &lineage::mark(&self.arn())));
        if so_far >= lineage::CHAIN_MAX && self.shared.options.recursion == Recursion::Terminate {
            self.shared.tally.add(|counters| counters.recursions += 1);
            return Err(Refused::RecursiveInvocation);
        }
        Ok(())
    }

    /// An invocation for a request.
    pub(super) fn job(&self, request_id: String, payload: Bytes, trace: Option<&str>, answer_bytes_max: usize) -> Job {
        Job {
            request_id,
            payload,
            trace: lineage::next(trace, &lineage::mark(&self.arn()), &self.trace_root()),
            answer_bytes_max,
            kill: lock(&self.plan).draw(),
        }
    }

    /// Somebody who can carry out an invocation now.
    pub(super) fn place(&self) -> Result<Place, Refused> {
        let mut idle = lock(&self.idle);
        while let Some(mut instance) = idle.pop() {
            if !instance.has_ended() {
                return Ok(Place::Warm(Box::new(instance)));
            }
        }
        let seat = self.seats.take().ok_or(Refused::TooManyRequests);
        seat.map(Place::Cold).inspect_err(|_| {
            self.shared.tally.add(|counters| counters.throttles += 1);
        })
    }

    /// Carries out an invocation to its end.
    pub(super) async fn carry_out(&self, job: &Job, place: Place) -> Answer {
        let instance = match place {
            Place::Warm(instance) => Ok(*instance),
            Place::Cold(seat) => self.begin(seat).await,
        };
        match instance {
            Err(not_begun) => self.count_failure(not_begun.answer(&job.request_id)),
            Ok(instance) => {
                let (answer, left) = instance.serve(job).await;
                lock(&self.idle).extend(left);
                self.count_failure(answer)
            }
        }
    }

    async fn begin(&self, seat: Seat) -> Result<Instance, NotBegun> {
        let seat = Arc::new(seat);
        let mut tries = 1;
        loop {
            match Instance::begin(&self.shared, Arc::clone(&seat)).await {
                Err(_) if tries < BEGINS_MAX => tries += 1,
                ended => return ended,
            }
        }
    }

    fn count_failure(&self, answer: Answer) -> Answer {
        if answer.failure == Some(super::Failure::Reported) {
            self.shared.tally.add(|counters| counters.reported += 1);
        }
        answer
    }

    /// Kills all processes.
    pub(super) fn kill_all(&self) {
        let idle = std::mem::take(&mut *lock(&self.idle));
        let killed = u64::try_from(idle.len()).unwrap_or(u64::MAX);
        self.shared.tally.add(|counters| counters.kills += killed);
        self.shared.kill_all.send_modify(|generation| *generation += 1);
    }

    /// An id like those of AWS: a random UUID.
    pub(super) fn request_id(&self) -> String {
        let [high, low] = lock(&self.ids).random::<[u64; 2]>();
        let (a, b, c) = (high >> 32, (high >> 16) & 0xffff, high & 0xfff);
        let (d, e) = ((low >> 48) & 0x3fff | 0x8000, low & 0xffff_ffff_ffff);
        format!("{a:08x}-{b:04x}-4{c:03x}-{d:04x}-{e:012x}")
    }

    /// The root of a chain: a version, a time, a number.
    fn trace_root(&self) -> String {
        let [high, low] = lock(&self.ids).random::<[u64; 2]>();
        format!("1-{:08x}-{low:016x}{:08x}", high >> 32, high & 0xffff_ffff)
    }
}

/// What a lock guards; a panic elsewhere leaves it whole.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
