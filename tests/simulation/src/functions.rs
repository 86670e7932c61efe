//! Several processes over one table, each carrying out one wake at a time, as cloud functions do.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::channel::oneshot;
use stepwell_engine::{Ended, Engine, EngineError, Handled, RENEWING, Room};
use stepwell_model::Flow;
use stepwell_ports::{Clock, LogError, Millis, ScopeKey, Spawn, Wake, Wakes};
use stepwell_simulator::{Chance, Executor, Faults, Process, ProcessClock, READING, Struck, VirtualClock};
use stepwell_store_memory::MemoryStore;

use crate::checks::logs_are_right;
use crate::cloud::Cloud;
use crate::expiring::Expiring;
use crate::queue::{Queue, QueueFaults, Received};
use crate::tasks::{TAKES_LONG_MS, TAKES_MS};
use crate::{Begin, Causes, WorldTasks};

/// How long an invocation may take before its process is killed, where nobody says otherwise.
const FUNCTION_MS: Millis = 60_000;
/// So long before that it is told to stop.
const STOPS_MS: Millis = 5_000;
/// How long a process stands still at most.
const PAUSE_MS: Millis = 200_000;
const WEEK_MS: Millis = 7 * 24 * 60 * 60 * 1_000;
/// How often a call is made again that was not answered.
const TRIES_MAX: u32 = 50;

/// What goes wrong in a world of functions; once in so many, 0 is never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trouble {
    /// Of the table.
    pub table: Faults,
    /// Of the queue.
    pub queue: QueueFaults,
    /// A process dies at a poll.
    pub death: u64,
    /// At most so many do.
    pub deaths_max: u32,
    /// Clocks are wrong by up to so many milliseconds.
    pub skew_ms: u64,
    /// A process stands still at a poll, for up to some minutes, and goes on then.
    pub pause: u64,
    /// A process that answers a call dies before it has answered.
    pub call_death: u64,
    /// At a poll a clock is set to another time that is wrong.
    pub jump: u64,
    /// How many processes there are.
    pub processes: usize,
    /// How much runs at once in a process; without it, everything.
    pub room: Option<Room>,
    /// How many milliseconds an invocation may take before its process is killed; 0 is a minute.
    pub function_ms: Millis,
}

/// A world of functions.
pub struct Functions {
    /// The table, which outlives every process.
    pub store: MemoryStore,
    /// The tasks, with what they counted.
    pub tasks: WorldTasks,
    /// The queue.
    pub queue: Queue,
    /// The world's chance.
    pub chance: Chance,
    /// How many processes died that carried out a wake.
    pub deaths: u32,
    /// How many invocations were cut short: their time was up, or the table failed too often.
    pub stops: u32,
    /// How many processes stood still for a while.
    pub pauses: u32,
    /// How often a clock was set.
    pub jumps: u32,
    causes: Causes,
    /// How many invocations failed for a reason that does not pass.
    pub failed: Vec<String>,
    /// How often the table failed.
    pub struck: Arc<Struck>,
    /// Whether the last call was answered only when it was made again.
    pub was_unsure: bool,
    cloud: Cloud,
    clock: Arc<VirtualClock>,
    executor: Executor,
    trouble: Trouble,
    /// Where callers live.
    outside: Process,
    slots: Vec<Slot>,
    /// How many records there were when the logs were looked at last; nothing where they are not.
    watched: Option<usize>,
    broken: Option<String>,
}

/// One process.
struct Slot {
    process: Process,
    engine: Engine,
    clock: ProcessClock,
    busy: Option<Invocation>,
    /// Until when it stands still.
    paused_until: Option<Millis>,
}

type Outcome = Arc<Mutex<Option<Result<Handled, EngineError>>>>;

struct Invocation {
    received: Received,
    outcome: Outcome,
    killed_at: Millis,
}

impl std::fmt::Debug for Functions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Functions")
            .field("deaths", &self.deaths)
            .finish_non_exhaustive()
    }
}

impl Drop for Functions {
    fn drop(&mut self) {
        self.executor.end();
    }
}

impl Functions {
    /// The world of a seed with that trouble.
    #[must_use]
    pub fn new(seed: u64, trouble: Trouble) -> Self {
        let chance = Chance::new(seed);
        let takes_ms = if trouble.room.is_some() {
            TAKES_LONG_MS
        } else {
            TAKES_MS
        };
        let clock = Arc::new(VirtualClock::default());
        let store = MemoryStore::default();
        let cloud = Cloud {
            logs: Expiring::new(store.clone(), clock.clone()),
            store,
            tasks: WorldTasks::new(clock.clone(), chance.clone(), takes_ms),
            queue: Queue::new(clock.clone(), chance.clone(), trouble.queue),
            executor: Executor::new(chance.clone()),
            struck: Arc::default(),
            call_deaths: Arc::default(),
            chance,
            clock,
            trouble,
        };
        let outside = cloud.executor.process();
        cloud.tasks.reports.begin(cloud.clone(), &outside, cloud.clock.clone());
        Self {
            store: cloud.store.clone(),
            tasks: cloud.tasks.clone(),
            queue: cloud.queue.clone(),
            chance: cloud.chance.clone(),
            deaths: 0,
            stops: 0,
            pauses: 0,
            jumps: 0,
            causes: Causes::default(),
            failed: Vec::new(),
            struck: cloud.struck.clone(),
            was_unsure: false,
            clock: cloud.clock.clone(),
            executor: cloud.executor.clone(),
            trouble,
            cloud,
            outside,
            slots: Vec::new(),
            watched: None,
            broken: None,
        }
    }

    /// Why attempts may have begun again.
    #[must_use]
    pub fn causes(&self) -> Causes {
        self.causes.clone().and(self.queue.causes())
    }

    /// How many processes died that answered a call.
    #[must_use]
    pub fn call_deaths(&self) -> u32 {
        self.cloud.call_deaths.load(Ordering::Relaxed)
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// A process begins.
    fn process(&self) -> Option<(Process, Engine, ProcessClock)> {
        let (process, clock) = self.cloud.process();
        let opened = self.cloud.open(&process, clock.clone(), self.queue.clone());
        let engine = self.run(&process, opened)?;
        Some((process, engine.ok()?, clock))
    }

    /// Runs everything until a future of that process is done; nothing where the world stands still before.
    fn run<T: Send + 'static>(&self, process: &Process, future: impl Future<Output = T> + Send + 'static) -> Option<T> {
        let outcome = Arc::new(Mutex::new(None));
        let there = outcome.clone();
        let finish = async move {
            let value = future.await;
            *there.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
        };
        process.spawn(finish.boxed());
        loop {
            if let Some(value) = outcome.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return Some(value);
            }
            if !self.executor.poll_one() && !self.clock.skip(Millis::MAX) {
                return None;
            }
        }
    }

    /// A call from outside, while everything else goes on. It is repeated until it is answered: its process may die, the
    /// table may refuse.
    pub fn call<T, F>(&mut self, call: impl Fn(Engine) -> F + Clone + Send + 'static) -> Option<Result<T, EngineError>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, EngineError>> + Send + 'static,
    {
        for tries in 0..TRIES_MAX {
            self.was_unsure = tries > 0;
            match self.wait(self.cloud.call(call.clone()))? {
                Some(Err(EngineError::Log(_) | EngineError::Unreadable { .. } | EngineError::Closing)) | None => {}
                Some(answer) => return Some(answer),
            }
        }
        None
    }

    /// Lets everything happen until a future of somebody outside is done; nothing where the world stands still before.
    fn wait<T: Send + 'static>(&mut self, future: impl Future<Output = T> + Send + 'static) -> Option<T> {
        let (sender, mut answer) = oneshot::channel();
        // Who asked reads the answer below.
        self.outside
            .spawn(async move { drop(sender.send(future.await)) }.boxed());
        loop {
            if let Ok(Some(value)) = answer.try_recv() {
                return Some(value);
            }
            if !self.step() {
                return answer.try_recv().ok().flatten();
            }
        }
    }

    /// Starts an execution.
    ///
    /// # Errors
    ///
    /// Whatever the engine says.
    pub fn start(&mut self, flow: &Flow, begin: &Begin) -> Option<Result<String, EngineError>> {
        let (flow, begin) = (flow.clone(), begin.clone());
        self.call(move |engine| {
            let (flow, begin) = (flow.clone(), begin.clone());
            async move {
                let execution = format!("{}/{}", flow.name, begin.name);
                let start = begin.of(&engine, &flow).await?;
                engine.start(start).await?;
                Ok(execution)
            }
        })
    }

    /// How an execution stands.
    pub fn ended(&mut self, execution: &str) -> Option<Result<Ended, EngineError>> {
        let execution = execution.to_owned();
        self.call(move |engine| {
            let execution = execution.clone();
            async move { engine.ended(&execution).await }
        })
    }

    /// For so many weeks to come, what runs for long is renewed once in each.
    pub fn renew_for(&mut self, weeks: u64) {
        for week in 1..=weeks {
            let wake = Wake {
                id: format!("renew {week}").into(),
                key: ScopeKey {
                    execution: RENEWING.into(),
                    scope: "".into(),
                },
                expects: 0,
                children: [].into(),
                sent_ms: 0,
            };
            let sent = self.queue.send(wake, self.now() + week * WEEK_MS);
            // One that is refused is missed: the next comes a week later.
            drop(self.wait(sent));
        }
    }

    /// From now on the table does what it is asked.
    pub fn stop_faults(&mut self) {
        self.cloud.trouble.table = Faults::default();
    }

    /// From now on the logs are looked at whenever a record has come.
    pub fn watch_logs(&mut self) {
        self.watched = Some(0);
    }

    /// What was wrong with the logs first.
    #[must_use]
    pub fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }

    fn look(&mut self) {
        let records = self.store.records();
        if self.broken.is_none() && self.watched.is_some_and(|seen| seen != records) {
            self.watched = Some(records);
            self.broken = logs_are_right(&self.store).err();
        }
    }

    /// One moment: a poll, a message that is handed out, a death, or time that passes. Whether anything happened.
    pub fn step(&mut self) -> bool {
        let has_happened = self.happen();
        self.look();
        has_happened
    }

    fn happen(&mut self) -> bool {
        self.finish();
        if self.hand_out() {
            return true;
        }
        if self.trouble.death > 0 && self.deaths < self.trouble.deaths_max && self.chance.once_in(self.trouble.death) {
            self.somebody_dies();
        }
        if self.trouble.jump > 0 && self.chance.once_in(self.trouble.jump) {
            self.some_clock_jumps();
        }
        if self.trouble.pause > 0 && self.chance.once_in(self.trouble.pause) {
            self.somebody_pauses();
        }
        self.executor.poll_one() || self.pass()
    }

    /// Lets so much happen.
    pub fn run_for(&mut self, steps: u64) {
        for _ in 0..steps {
            if !self.step() {
                return;
            }
        }
    }

    /// Lets everything happen until that moment, or until nothing happens any more.
    pub fn run_until(&mut self, at: Millis) {
        while self.now() < at && self.step() {}
    }

    /// Runs until nothing happens any more: nobody is at work, and no message is left.
    pub fn run_dry(&mut self, steps_max: u64) -> bool {
        (0..steps_max).any(|_| !self.step())
    }

    /// Takes the outcomes of invocations that are done.
    fn finish(&mut self) {
        for slot in &mut self.slots {
            let Some(invocation) = &slot.busy else { continue };
            let outcome = invocation.outcome.lock().unwrap_or_else(PoisonError::into_inner).take();
            match outcome {
                None => continue,
                Some(Ok(Handled::Again(at))) => {
                    self.stops += 1;
                    self.causes
                        .ended(&invocation.received.wake.key.execution, self.clock.now());
                    self.queue.put_back(&invocation.received, at);
                }
                Some(Ok(Handled::Done)) => self.queue.acknowledge(&invocation.received),
                Some(Ok(Handled::Later(at))) => self.queue.put_back(&invocation.received, at),
                Some(Err(EngineError::Log(LogError::Store { during: READING, .. }))) => {
                    self.stops += 1;
                    self.causes
                        .ended(&invocation.received.wake.key.execution, self.clock.now());
                    self.queue.put_back(&invocation.received, self.clock.now() + 1_000);
                }
                Some(Err(error)) => {
                    self.failed.push(error.to_string());
                    self.queue.put_back(&invocation.received, self.clock.now() + 1_000);
                }
            }
            slot.busy = None;
        }
    }

    /// Hands a message to a process that has none, which may begin with it.
    fn hand_out(&mut self) -> bool {
        let busy = self.slots.iter().filter(|slot| slot.busy.is_some()).count();
        if busy >= self.trouble.processes.max(1) || self.chance.once_in(3) {
            return false;
        }
        let Some(received) = self.queue.receive() else {
            return false;
        };
        let function_ms = match self.trouble.function_ms {
            0 => FUNCTION_MS,
            asked => asked,
        };
        let idle = self.slots.iter().position(|slot| slot.busy.is_none());
        let place = match idle {
            Some(place) => place,
            None => {
                let Some((process, engine, clock)) = self.process() else {
                    return false;
                };
                self.slots.push(Slot {
                    process,
                    engine,
                    clock,
                    busy: None,
                    paused_until: None,
                });
                self.slots.len() - 1
            }
        };
        if let Some(slot) = self.slots.get_mut(place) {
            slot.invoke(received, self.clock.now(), function_ms);
        }
        true
    }

    fn somebody_dies(&mut self) {
        let busy: Vec<usize> = (0..self.slots.len())
            .filter(|place| self.slots.get(*place).is_some_and(|slot| slot.busy.is_some()))
            .collect();
        let pick = usize::try_from(self.chance.below(busy.len() as u64)).unwrap_or(0);
        if let Some(place) = busy.get(pick) {
            self.kill(*place);
        }
    }

    /// A process that is at work stands still, and outlives what it was given.
    fn somebody_pauses(&mut self) {
        let until = self.clock.now() + self.chance.below(PAUSE_MS);
        let pick = usize::try_from(self.chance.below(self.slots.len() as u64)).unwrap_or(0);
        let Some(slot) = self.slots.get_mut(pick).filter(|slot| slot.paused_until.is_none()) else {
            return;
        };
        if let Some(invocation) = &mut slot.busy {
            slot.process.pause();
            slot.paused_until = Some(until);
            invocation.killed_at = invocation.killed_at.max(until + STOPS_MS);
            self.pauses += 1;
            self.causes
                .doubled(&invocation.received.wake.key.execution, self.clock.now());
        }
    }

    /// Those whose pause is over go on.
    fn resume(&mut self) {
        let now = self.clock.now();
        for slot in &mut self.slots {
            if slot.paused_until.is_some_and(|until| until <= now) {
                slot.paused_until = None;
                slot.process.resume();
            }
        }
    }

    /// A clock is set, to another time that is wrong.
    fn some_clock_jumps(&mut self) {
        let pick = usize::try_from(self.chance.below(self.slots.len() as u64)).unwrap_or(0);
        if let Some(slot) = self.slots.get(pick) {
            self.cloud.set_wrong(&slot.clock);
            self.jumps += 1;
        }
    }

    fn kill(&mut self, place: usize) {
        let slot = self.slots.remove(place);
        slot.process.kill();
        if let Some(invocation) = slot.busy {
            self.queue.dropped(&invocation.received);
            self.deaths += 1;
            self.causes
                .ended(&invocation.received.wake.key.execution, self.clock.now());
        }
    }

    /// Time passes to the next moment at which anything happens.
    fn pass(&mut self) -> bool {
        let busy = self.slots.iter().filter(|slot| slot.busy.is_some()).count();
        let waits = busy < self.trouble.processes.max(1);
        let messages = self.queue.next().filter(|_| waits);
        let kills = self.slots.iter().filter_map(|slot| Some(slot.busy.as_ref()?.killed_at));
        let resumed = self.slots.iter().filter_map(|slot| slot.paused_until);
        let times = [self.clock.next(), messages].into_iter().flatten();
        let next = times.chain(kills).chain(resumed).min();
        let Some(next) = next else { return false };
        let by = next.saturating_sub(self.clock.now());
        self.clock.advance(by);
        self.resume();
        let now = self.clock.now();
        let late = |slot: &Slot| slot.busy.as_ref().is_some_and(|invocation| invocation.killed_at <= now);
        while let Some(place) = self.slots.iter().position(late) {
            self.kill(place);
        }
        true
    }
}

impl Slot {
    fn invoke(&mut self, received: Received, now: Millis, function_ms: Millis) {
        let outcome = Outcome::default();
        let (there, engine) = (outcome.clone(), self.engine.clone());
        let (wake, times) = (received.wake.clone(), received.times);
        let invoked = async move {
            let handled = engine
                .invoke(&wake, times, now + function_ms.saturating_sub(STOPS_MS))
                .await;
            *there.lock().unwrap_or_else(PoisonError::into_inner) = Some(handled);
        };
        self.process.spawn(invoked.boxed());
        self.busy = Some(Invocation {
            received,
            outcome,
            killed_at: now + function_ms,
        });
    }
}
