//! Processes that come and go over one store.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::BoxFuture;
use stepwell_actions::{Function, Grant, Grants, HostRule, Pattern, Registry, StubEntry, Target};
use stepwell_core::Report;
use stepwell_engine::{Driving, Ended, Engine, EngineError, FlowVersion, Ports, Start};
use stepwell_expression::Value;
use stepwell_model::{Flow, Settings};
use stepwell_ports::{Clock, Millis, Spawn};
use stepwell_store_memory::MemoryStore;

use stepwell_simulator::{Chance, Disk, Executor, Process, VirtualClock};

use crate::WorldTasks;
use crate::reports::Door;
use crate::tasks::TAKES_MS;

/// One seed's world.
pub struct World {
    /// The store that outlives every process.
    pub store: MemoryStore,
    /// The tasks, with what they counted.
    pub tasks: WorldTasks,
    /// The world's chance.
    pub chance: Chance,
    clock: Arc<VirtualClock>,
    executor: Executor,
    process: Process,
    gate: Gate,
    /// How many processes died.
    pub deaths: u32,
    /// How many were closed.
    pub closes: u32,
}

/// The process that drives, while there is one.
#[derive(Clone, Default)]
struct Gate(Arc<Mutex<Option<(Process, Engine)>>>);

impl Gate {
    fn take(&self) -> Option<(Process, Engine)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn set(&self, open: Option<(Process, Engine)>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = open;
    }
}

impl Door for Gate {
    fn report(&self, token: &str, report: Report) -> BoxFuture<'static, Option<Result<(), EngineError>>> {
        let open = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (sender, answer) = oneshot::channel();
        if let Some((process, engine)) = open {
            let token = token.to_owned();
            // Whoever asked waits for the answer.
            process.spawn(async move { drop(sender.send(engine.report(&token, report).await)) }.boxed());
        }
        answer.map(Result::ok).boxed()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.gate.set(None);
        self.executor.end();
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("World")
            .field("deaths", &self.deaths)
            .finish_non_exhaustive()
    }
}

impl World {
    /// The world of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::with(Chance::new(seed))
    }

    /// A world without delays of its own: the disk acknowledges at once, tasks take the time that they are told to, and
    /// what is ready first goes first. The seed decides only the numbers that the engine draws.
    #[must_use]
    pub fn calm(seed: u64) -> Self {
        Self::with(Chance::calm(seed))
    }

    fn with(chance: Chance) -> Self {
        let clock = Arc::new(VirtualClock::default());
        let executor = Executor::new(chance.clone());
        let tasks = WorldTasks::new(clock.clone(), chance.clone(), TAKES_MS);
        let gate = Gate::default();
        tasks.reports.begin(gate.clone(), &executor.process(), clock.clone());
        Self {
            store: MemoryStore::default(),
            tasks,
            gate,
            process: executor.process(),
            executor,
            chance,
            clock,
            deaths: 0,
            closes: 0,
        }
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// Lets time pass.
    pub fn advance(&self, by: Millis) {
        self.clock.advance(by);
    }

    fn ports(&self) -> Ports {
        let disk = Disk::new(
            Arc::new(self.store.clone()),
            self.clock.clone(),
            self.process.clone(),
            self.chance.clone(),
        );
        Ports {
            log: Arc::new(disk),
            catalogue: Arc::new(self.store.clone()),
            tasks: Arc::new(self.tasks.clone()),
            clock: self.clock.clone(),
            seeds: Arc::new(self.chance.clone()),
            spawn: Arc::new(self.process.clone()),
        }
    }

    /// A process that drives everything begins.
    ///
    /// # Errors
    ///
    /// Whatever the engine says; the memory store never fails.
    pub fn engine(&mut self) -> Result<Engine, EngineError> {
        let engine = self.open()?;
        self.dispatch(&engine);
        Ok(engine)
    }

    /// A process begins that hears reports, but has not read yet what is due.
    ///
    /// # Errors
    ///
    /// Whatever the engine says; the memory store never fails.
    pub fn open(&mut self) -> Result<Engine, EngineError> {
        let engine = self.wait_for(Engine::open(self.ports(), Driving::All))?;
        self.gate.set(Some((self.process.clone(), engine.clone())));
        Ok(engine)
    }

    /// What is due is driven from now on.
    pub fn dispatch(&self, engine: &Engine) {
        let engine = engine.clone();
        self.process.spawn(async move { drop(engine.dispatch().await) }.boxed());
    }

    /// Runs everything until a future is done; nothing where the world stands still before.
    pub fn run_until<T: Send + 'static>(&mut self, future: impl Future<Output = T> + Send + 'static) -> Option<T> {
        self.poll(future, u64::MAX)
    }

    /// The same, but dies (dropping every future) after so many polls.
    pub fn run_polls<T: Send + 'static>(
        &mut self,
        future: impl Future<Output = T> + Send + 'static,
        polls_max: u64,
    ) -> Option<T> {
        let value = self.poll(future, polls_max);
        if value.is_none() {
            self.die();
        }
        value
    }

    /// The same, but the process is closed after so many polls: it lets everything stop cleanly.
    ///
    /// # Panics
    ///
    /// Where it never comes to a stop.
    pub fn close_after<T: Send + 'static>(
        &mut self,
        future: impl Future<Output = T> + Send + 'static,
        polls: u64,
    ) -> Option<T> {
        let value = self.poll(future, polls);
        if value.is_none()
            && let Some((process, engine)) = self.gate.take()
        {
            self.wait_for(async move { engine.close().await });
            process.kill();
            self.closes += 1;
        }
        value
    }

    fn poll<T: Send + 'static>(
        &mut self,
        future: impl Future<Output = T> + Send + 'static,
        polls_max: u64,
    ) -> Option<T> {
        let result = Arc::new(Mutex::new(None));
        let there = result.clone();
        let finish = async move {
            let value = future.await;
            *there.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
        };
        self.process.spawn(finish.boxed());
        for _ in 0..polls_max {
            if let Some(value) = result.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return Some(value);
            }
            if !self.executor.poll_one() && !self.clock.skip(Millis::MAX) {
                return None;
            }
        }
        None
    }

    /// Runs everything that is ready now, without letting time pass.
    pub fn settle(&mut self) {
        while self.executor.poll_one() {}
    }

    /// Lets time pass, moment by moment, with everything that happens meanwhile.
    pub fn pass(&mut self, by: Millis) {
        let until = self.now().saturating_add(by);
        self.settle();
        while self.clock.skip(until) {
            self.settle();
        }
        self.clock.advance(until.saturating_sub(self.now()));
        self.settle();
    }

    /// Lets time pass up to the next moment at which something happens; whether there is one.
    pub fn pass_to_next(&mut self) -> bool {
        self.settle();
        let passed = self.clock.skip(Millis::MAX);
        self.settle();
        passed
    }

    /// Runs a future with everything that is ready, without letting time pass; nothing where it waits for time.
    pub fn ask<T: Send + 'static>(&mut self, future: impl Future<Output = T> + Send + 'static) -> Option<T> {
        let (sender, mut answer) = oneshot::channel();
        // Who asked reads the answer below.
        self.process
            .spawn(async move { drop(sender.send(future.await)) }.boxed());
        self.settle();
        answer.try_recv().ok().flatten()
    }

    /// Lets time pass until every report has its answer; whether it came to that.
    pub fn reported(&mut self) -> bool {
        self.settle();
        while !self.tasks.reports.are_made() {
            if !self.pass_to_next() {
                return false;
            }
        }
        true
    }

    /// The process dies.
    pub fn die(&mut self) {
        self.gate.set(None);
        self.process.kill();
        self.deaths += 1;
    }

    /// Runs until a future is done, which it must be.
    #[expect(clippy::expect_used, reason = "a world that stands still is a failed test")]
    pub fn wait_for<T: Send + 'static>(&mut self, future: impl Future<Output = T> + Send + 'static) -> T {
        self.run_until(future)
            .expect("the world stands still and the future is not done")
    }

    /// Keeps a flow and starts an execution of it.
    ///
    /// # Errors
    ///
    /// Whatever the engine says.
    pub fn start(&mut self, engine: &Engine, flow: &Flow, begin: Begin) -> Result<String, EngineError> {
        let (engine, flow) = (engine.clone(), flow.clone());
        let execution = format!("{}/{}", flow.name, begin.name);
        let key = execution.clone();
        self.wait_for(async move {
            let start = begin.of(&engine, &flow).await?;
            engine.start(start).await?;
            engine.drive(&key).await
        })?;
        Ok(execution)
    }

    /// Waits for an execution's end.
    ///
    /// # Errors
    ///
    /// Whatever the engine says.
    pub fn end(&mut self, engine: &Engine, execution: &str) -> Option<Result<Ended, EngineError>> {
        let (engine, execution) = (engine.clone(), execution.to_owned());
        self.run_until(async move { engine.wait(&execution).await })
    }
}

/// What an execution of the world is started with.
#[derive(Clone, Debug)]
pub struct Begin {
    /// Its name.
    pub name: String,
    /// Its input.
    pub input: Value,
    /// Its functions.
    pub registry: Registry,
    /// What its tasks may touch.
    pub grants: Grants,
    /// Its settings.
    pub settings: Settings,
    /// `$Environment`, an object.
    pub environment: Value,
    /// Child flows beside the flow.
    pub flows: Vec<Flow>,
}

impl Begin {
    /// An execution `e` with that input and the world's functions: `effect…` are effects, every other name is pure.
    #[must_use]
    pub fn with(input: Value) -> Self {
        Self {
            name: "e".to_owned(),
            input,
            registry: registry(Vec::new()),
            grants: grants(),
            settings: Settings::default(),
            environment: Value::Object(Arc::default()),
            flows: Vec::new(),
        }
    }

    /// What the engine is asked to start; the flow and its children are kept in the store.
    ///
    /// # Errors
    ///
    /// Whatever the engine says.
    pub async fn of(self, engine: &Engine, flow: &Flow) -> Result<Start, EngineError> {
        let version = engine.keep_flow(flow, b"").await?;
        let mut flows: BTreeMap<Arc<str>, FlowVersion> = BTreeMap::new();
        for child in &self.flows {
            flows.insert(child.name.clone(), engine.keep_flow(child, b"").await?);
        }
        Ok(Start {
            flow: flow.name.clone(),
            version,
            name: self.name.as_str().into(),
            input: self.input,
            registry: self.registry,
            grants: self.grants,
            settings: self.settings,
            environment: self.environment,
            flows,
            nonce: None,
        })
    }

    /// And with stubs.
    #[must_use]
    pub fn stubs(self, stubs: Vec<(&str, Vec<StubEntry>)>) -> Self {
        Self {
            registry: registry(stubs),
            ..self
        }
    }
}

fn registry(stubs: Vec<(&str, Vec<StubEntry>)>) -> Registry {
    let stubs = stubs
        .into_iter()
        .map(|(name, entries)| function(name, Target::Stub(entries)));
    let world = [
        function(
            "effect*",
            Target::Http {
                url: "http://effect.test/".into(),
            },
        ),
        function(
            "*",
            Target::Component {
                digest: "0".repeat(64).into(),
            },
        ),
    ];
    Registry {
        functions: stubs.chain(world).collect(),
    }
}

fn function(pattern: &str, target: Target) -> Function {
    Function {
        pattern: Pattern::new(pattern),
        target,
    }
}

fn grants() -> Grants {
    Grants(vec![Grant {
        flow: Pattern::any(),
        action: Pattern::any(),
        function: Pattern::new("effect*"),
        http: vec![HostRule {
            host: "effect.test".to_owned(),
            port: None,
        }],
        objects: Vec::new(),
        secrets: Vec::new(),
        memory_mb: None,
        timeout_seconds: None,
    }])
}

/// A flow from its text, which must be accepted.
#[must_use]
#[expect(clippy::panic, reason = "a flow of a test that is refused is a failed test")]
pub fn flow(text: &str) -> Flow {
    let checked = stepwell_definition::check(text.as_bytes(), "flow.yaml");
    match checked.flow {
        Some(flow) => flow,
        None => panic!("the flow is refused: {:?}\n{text}", checked.diagnostics),
    }
}
