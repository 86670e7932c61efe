//! Tasks whose every beginning is witnessed, and whose answers follow from what they are asked.
//!
//! They understand the events of the simulated world's tasks: `fails` (so many attempts of a visit fail with `Flaky`, or
//! with what `code` says; for good where `final` stands beside it), `takes` (so many milliseconds of the round's clock;
//! chance decides without it), `log`, `bytes` (the answer is a text of so many letters) and `answers` (that is the answer).
//! Otherwise the answer is `{"of": <event>, "by": <function>}`.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use stepwell_expression::Value;
use stepwell_ports::{Call, Clock, Millis, Outcome, Seeds, TaskFailure, Tasks, Telemetry, Work};

use crate::clock::System;
use crate::witness::{Began, Line, Witness};

/// The longest that a task takes unless it is told to.
const TAKES_MS_MAX: u64 = 600;

/// The tasks of a process.
pub(crate) struct WitnessedTasks {
    pub(crate) system: Arc<System>,
    pub(crate) witness: Witness,
}

impl Tasks for WitnessedTasks {
    fn run(&self, call: Call) -> BoxFuture<'static, Outcome> {
        let is_effect = !matches!(call.work, Work::Component { .. });
        self.witness.write(&Line::Began(Began {
            attempt_key: call.attempt_key.to_string(),
            visit_key: call.visit_key.to_string(),
            execution: format!("{}/{}", call.flow, call.execution),
            state: call.state.to_string(),
            attempt: call.attempt,
            is_effect,
            at: self.system.now(),
        }));
        let (function, event) = match call.work {
            Work::Component { operation, input, .. } => (operation, input),
            Work::HttpFunction { url, body } | Work::HttpRequest { url, body, .. } => {
                (url, body.unwrap_or(Value::Null))
            }
        };
        let slept = self.system.sleep_until(self.system.now() + self.takes(&event));
        let telemetry = Telemetry {
            log: lines(&event),
            ..Telemetry::default()
        };
        let result = answer(&function, event, call.attempt);
        async move {
            slept.await;
            Outcome { result, telemetry }
        }
        .boxed()
    }
}

impl WitnessedTasks {
    fn takes(&self, event: &Value) -> Millis {
        let [one, two, ..] = self.system.seed();
        let some = u64::from(one) * TAKES_MS_MAX / 256;
        number(event, "takes").unwrap_or(if two % 2 == 0 { some } else { 0 })
    }
}

fn answer(function: &str, event: Value, attempt: u32) -> Result<Value, TaskFailure> {
    if number(&event, "fails").is_some_and(|fails| u64::from(attempt) <= fails) {
        let code = field(&event, "code").and_then(Value::as_str).unwrap_or("Flaky");
        return Err(TaskFailure {
            code: code.into(),
            detail: format!("attempt {attempt}").into(),
            retryable: field(&event, "final").is_none(),
        });
    }
    if let Some(letters) = number(&event, "bytes") {
        return Ok(Value::from("x".repeat(usize::try_from(letters).unwrap())));
    }
    match field(&event, "answers") {
        Some(answer) => Ok(answer.clone()),
        None => Ok(Value::object([("of", event), ("by", Value::from(function))])),
    }
}

fn lines(event: &Value) -> Vec<Arc<str>> {
    let lines = field(event, "log").and_then(Value::as_array).unwrap_or_default();
    lines.iter().filter_map(Value::as_str).map(Arc::from).collect()
}

fn field<'v>(event: &'v Value, name: &str) -> Option<&'v Value> {
    event.as_object()?.get(name)
}

fn number(event: &Value, name: &str) -> Option<u64> {
    let number = field(event, name)?.as_number()?.as_i64()?;
    u64::try_from(number).ok()
}
