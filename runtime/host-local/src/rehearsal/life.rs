//! One life of the process: an engine over the world's store, from its opening to its death.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use stepwell_api::service::{self, Unanswered};
use stepwell_engine::{Driving, Ended, Engine, Ports};
use stepwell_expression::Value;
use stepwell_ports::Spawn;
use stepwell_simulator::Process;
use stepwell_wire::Run;

/// What is known of the life.
#[derive(Clone, Default)]
pub(super) struct Life {
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    engine: Option<Engine>,
    end: Option<Result<Ended, Unanswered>>,
}

impl Life {
    /// A life begins: the execution is started, or found, and driven to its end.
    pub(super) fn begin(process: &Process, ports: Ports, run: Run, environment: Value) -> Self {
        let life = Self::default();
        process.spawn(live(life.clone(), process.clone(), ports, run, environment).boxed());
        life
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The engine, once it is open.
    pub(super) fn engine(&self) -> Option<Engine> {
        self.known().engine.clone()
    }

    /// How the execution ended, once it has; told once.
    pub(super) fn end(&self) -> Option<Result<Ended, Unanswered>> {
        self.known().end.take()
    }
}

async fn live(life: Life, process: Process, ports: Ports, run: Run, environment: Value) {
    let end = drive(&life, &process, ports, run, environment).await;
    life.known().end = Some(end);
}

async fn drive(
    life: &Life,
    process: &Process,
    ports: Ports,
    run: Run,
    environment: Value,
) -> Result<Ended, Unanswered> {
    let engine = Engine::open(ports, Driving::All).await?;
    let dispatcher = engine.clone();
    process.spawn(async move { drop(dispatcher.dispatch().await) }.boxed());
    let execution = service::join(&engine, run, environment).await?;
    life.known().engine = Some(engine.clone());
    Ok(engine.wait(&execution).await?)
}
