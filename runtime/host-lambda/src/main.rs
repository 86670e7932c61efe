//! The step function on AWS Lambda.
//!
//! ```text
//!   SQS: wakes ───────────────┐
//!   SQS: starts ──────────────┤                        ┌─ DynamoDB: logs, catalogue
//!   schedules, events ────────┼─► Event ─► Function ───┼─ SQS, Scheduler: wakes
//!   function URL, API ────────┤            one Engine  ├─ S3: what is large
//!   direct invocation ────────┘                        └─ components, HTTP
//! ```
//!
//! One invocation carries executions as far as they go, leaves everything in the table, and is over; between two nothing
//! runs. What stands in the memory of an instance only saves reads.
//!
//! **Invariant:** wiring alone: what a step is, the engine decides; what an event means, `event.rs`.

mod deployed;
mod event;
mod express;
mod function;
mod http;
mod settings;
mod spending;
mod starts;
mod tasks;
mod wakes;

use std::sync::Arc;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

use crate::function::Function;
use crate::settings::Settings;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let function = Arc::new(Function::open(Settings::from_environment()?).await?);
    lambda_runtime::run(service_fn(move |invocation: LambdaEvent<Value>| {
        let function = function.clone();
        async move { Box::pin(function.answer(invocation)).await }
    }))
    .await
}
