//! What all processes of a world of functions share: the table, the queue, the tasks; and how a process begins.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::BoxFuture;
use stepwell_core::Report;
use stepwell_engine::{Engine, EngineError, Ports, Room};
use stepwell_ports::Spawn;
use stepwell_simulator::{Chance, Disk, Executor, Process, ProcessClock, Struck, VirtualClock};
use stepwell_store_memory::MemoryStore;

use crate::WorldTasks;
use crate::expiring::Expiring;
use crate::functions::Trouble;
use crate::queue::Queue;
use crate::reports::Door;

/// After how many polls at most a process dies that dies while it answers a call.
const CALL_POLLS: u64 = 12;

/// Room for everything.
const AMPLE: Room = Room {
    attempts: 10_000,
    components: 1_000,
    patience_ms: 250,
};

/// Everything that outlives processes. Clones are the same.
#[derive(Clone)]
pub(crate) struct Cloud {
    pub(crate) store: MemoryStore,
    /// The logs of it, which are forgotten after a while.
    pub(crate) logs: Expiring,
    pub(crate) tasks: WorldTasks,
    pub(crate) queue: Queue,
    pub(crate) chance: Chance,
    pub(crate) clock: Arc<VirtualClock>,
    pub(crate) executor: Executor,
    pub(crate) trouble: Trouble,
    /// How often the table failed.
    pub(crate) struck: Arc<Struck>,
    /// How many processes died that answered a call.
    pub(crate) call_deaths: Arc<AtomicU32>,
}

impl Cloud {
    /// A process, with its clock.
    pub(crate) fn process(&self) -> (Process, ProcessClock) {
        let clock = ProcessClock::new(self.clock.clone());
        self.set_wrong(&clock);
        (self.executor.process(), clock)
    }

    /// Sets a clock wrong, by as much as clocks may be.
    pub(crate) fn set_wrong(&self, clock: &ProcessClock) {
        let most = self.trouble.skew_ms;
        if most > 0 {
            let ahead = self.chance.below(2 * most + 1).cast_signed();
            clock.set_ahead(ahead - most.cast_signed());
        }
    }

    /// The engine of a process that sends its wakes there.
    pub(crate) fn open(
        &self,
        process: &Process,
        clock: ProcessClock,
        queue: Queue,
    ) -> impl Future<Output = Result<Engine, EngineError>> + Send + 'static {
        let disk = Disk::new(
            Arc::new(self.logs.clone()),
            self.clock.clone(),
            process.clone(),
            self.chance.clone(),
        );
        let ports = Ports {
            log: Arc::new(disk.with(self.trouble.table, self.struck.clone())),
            catalogue: Arc::new(self.store.clone()),
            tasks: Arc::new(self.tasks.clone()),
            clock: Arc::new(clock),
            seeds: Arc::new(self.chance.clone()),
            spawn: Arc::new(process.clone()),
        };
        Engine::share(ports, Arc::new(queue), self.trouble.room.unwrap_or(AMPLE))
    }

    /// One call in a process of its own; nothing where it died before it answered.
    pub(crate) fn call<T, F>(
        &self,
        call: impl FnOnce(Engine) -> F + Send + 'static,
    ) -> impl Future<Output = Option<Result<T, EngineError>>> + Send + 'static
    where
        T: Send + 'static,
        F: Future<Output = Result<T, EngineError>> + Send + 'static,
    {
        let (process, clock) = self.process();
        let opened = self.open(&process, clock, self.queue.for_calls());
        let (sender, answer) = oneshot::channel();
        let answered = async move {
            let result = match opened.await {
                Ok(engine) => call(engine).await,
                Err(error) => Err(error),
            };
            // Whoever asked waits for the answer.
            drop(sender.send(result));
        };
        if self.trouble.call_death > 0 && self.chance.once_in(self.trouble.call_death) {
            process.die_after(1 + self.chance.below(CALL_POLLS));
        }
        process.spawn(answered.boxed());
        let deaths = self.call_deaths.clone();
        async move {
            let answer = answer.await.ok();
            deaths.fetch_add(u32::from(answer.is_none()), Ordering::Relaxed);
            process.kill();
            answer
        }
    }
}

impl Door for Cloud {
    fn report(&self, token: &str, report: Report) -> BoxFuture<'static, Option<Result<(), EngineError>>> {
        let token = token.to_owned();
        self.call(move |engine| async move { engine.report(&token, report).await })
            .boxed()
    }
}
