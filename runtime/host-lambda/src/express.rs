//! Express executions: run in memory, inside the invocation that answers them.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use serde_json::{Value, json};
use stepwell_api::Asked;
use stepwell_engine::{Driving, Ended, Engine, EngineError, Ports};
use stepwell_expression::Plain;
use stepwell_ports::Millis;
use stepwell_store_memory::MemoryStore;

use crate::function::Function;
use crate::starts::no_flow;

/// Runs an execution to its end and answers how it ended; it is given up at `deadline_ms`.
pub(crate) async fn run(function: &Function, asked: Asked, deadline_ms: Millis) -> Result<Value> {
    let memory = Arc::new(MemoryStore::new());
    let ports = Ports {
        log: memory.clone(),
        catalogue: memory,
        ..function.ports.clone()
    };
    let engine = Engine::open(ports, Driving::Named).await?;
    let due = tokio::spawn({
        let engine = engine.clone();
        async move { engine.dispatch().await }
    });
    let ended = tokio::select! {
        ended = to_its_end(function, &engine, asked) => ended.map_err(anyhow::Error::new),
        () = function.ports.clock.sleep_until(deadline_ms) => {
            Err(anyhow!("the execution did not end before the function's deadline"))
        }
    };
    engine.close().await;
    due.abort();
    Ok(told(ended?))
}

async fn to_its_end(function: &Function, memory: &Engine, asked: Asked) -> Result<Ended, EngineError> {
    let flow = asked.flow.clone();
    let start = function.deployed.start_in_memory(memory, &function.engine, asked);
    let start = start.await?.ok_or_else(|| no_flow(&flow))?;
    let execution = format!("{}/{}", start.flow, start.name);
    memory.start(start).await?;
    memory.drive(&execution).await?;
    memory.wait(&execution).await
}

fn told(ended: Ended) -> Value {
    let status = ended.name();
    match ended {
        Ended::Running => json!({"status": status}),
        Ended::Succeeded(output) => json!({"status": status, "output": Plain(output)}),
        Ended::Failed(failure) | Ended::Stopped(failure) | Ended::TimedOut(failure) => {
            json!({"status": status, "error": {"code": failure.code, "detail": failure.detail}})
        }
    }
}
