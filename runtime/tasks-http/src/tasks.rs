//! Attempts over HTTP.

use std::{fmt, sync::Arc};

use futures::future::BoxFuture;
use stepwell_egress::{Limits, Outbound};
use stepwell_expression::Value;
use stepwell_ports::{Call, Clock, Outcome, TaskFailure, Tasks, Telemetry, Work};

use crate::{failure::lasting, function, request};

/// How long `HTTP:Request` takes at most where no deadline stands.
const REQUEST_MS_MAX: u64 = 60_000;
/// How long a function takes at most where no deadline stands: a week, the longest Timeout of a Task.
const FUNCTION_MS_MAX: u64 = 604_800_000;
/// JSON may be written with more blanks than its compact form, in which results are measured.
const BLANKS_FACTOR: u64 = 4;
const BODY_BYTES_MIN: u64 = 64 * 1024;

/// Carries out [`Work::HttpFunction`], whose result is the function's bare JSON, and [`Work::HttpRequest`], whose
/// result is `{"Header", "Code", "Body"}`. Other work fails with `FnF.ActionNotSupported`.
#[derive(Clone)]
pub struct HttpTasks {
    outbound: Arc<dyn Outbound>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for HttpTasks {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("HttpTasks").finish_non_exhaustive()
    }
}

impl HttpTasks {
    /// Tasks that leave through `outbound`; `clock` is the one that deadlines are measured by.
    #[must_use]
    pub fn new(outbound: Arc<dyn Outbound>, clock: Arc<dyn Clock>) -> Self {
        Self { outbound, clock }
    }

    async fn attempt(&self, call: &Call) -> Result<Value, TaskFailure> {
        let max = call.result_bytes_max;
        match &call.work {
            Work::Component { .. } => Err(lasting("FnF.ActionNotSupported", "a component is no HTTP endpoint")),
            Work::HttpFunction { url, body } => {
                let (request, policy) = function::prepare(call, url, body.as_ref())?;
                let limits = self.limits(call, FUNCTION_MS_MAX);
                function::judge(self.outbound.send(request, policy, limits).await, max)
            }
            Work::HttpRequest {
                url,
                method,
                headers,
                body,
            } => {
                let parts = request::Parts {
                    url,
                    method,
                    headers,
                    body: body.as_ref(),
                };
                let (request, policy) = request::prepare(call, parts)?;
                let limits = self.limits(call, REQUEST_MS_MAX);
                request::judge(self.outbound.send(request, policy, limits).await, max)
            }
        }
    }

    /// The earlier of the deadline and the grant's time.
    fn limits(&self, call: &Call, otherwise_ms: u64) -> Limits {
        let left = call
            .deadline_ms
            .map_or(otherwise_ms, |deadline| deadline.saturating_sub(self.clock.now()));
        let granted = call
            .granted
            .timeout_seconds
            .map_or(u64::MAX, |seconds| u64::from(seconds) * 1000);
        let response_bytes_max = call.result_bytes_max.saturating_mul(BLANKS_FACTOR).max(BODY_BYTES_MIN);
        Limits {
            response_bytes_max,
            timeout_ms: left.min(granted),
        }
    }
}

impl Tasks for HttpTasks {
    fn run(&self, call: Call) -> BoxFuture<'static, Outcome> {
        let tasks = self.clone();
        Box::pin(async move {
            Outcome {
                result: tasks.attempt(&call).await,
                telemetry: Telemetry::default(),
            }
        })
    }
}
