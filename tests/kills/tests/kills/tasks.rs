//! Tasks whose every beginning is witnessed, and whose answers follow from what they are asked.
//!
//! They answer as the tasks of the simulated world do (`stepwell_simulation::answer`); `takes` is in milliseconds of the
//! round's clock, and chance decides without it.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use stepwell_expression::Value;
use stepwell_ports::{Call, Clock, Millis, Outcome, Seeds, Tasks, Telemetry, Work};
use stepwell_simulation::{answer, lines, number};

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
