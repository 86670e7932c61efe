//! Starting, describing and stopping executions.

use std::sync::Arc;

use http::StatusCode;
use stepwell_core::Failure;
use stepwell_engine::{Ended, Engine, Started};
use stepwell_expression::Value;
use stepwell_wire::api::{ExecutionBody, StartedBody};
use stepwell_wire::{Report, Scope, check_name, output};

use crate::STOPPED;
use crate::body::{self, Reply};
use crate::deployment::Asked;
use crate::fault::Fault;
use crate::router::{Call, Router};
use crate::told::{described, status};

/// The largest input, where `limits.data` does not allow more.
///
/// Source: CloudFlow's limit of a request.
const INPUT_BYTES_MAX: u64 = 1024 * 1024;
/// The longest text that makes a start one of its own.
const NONCE_BYTES_MAX: usize = 128;

impl Router {
    /// Starts an execution under its name, or finds the one that was started with the same.
    pub(crate) async fn start(&self, call: &Call<'_>) -> Result<Reply, Fault> {
        check_name(call.name()).map_err(Fault::invalid)?;
        let asked = Asked {
            flow: call.flow().into(),
            name: call.name().into(),
            input: body::object(call.headers, call.body)?,
            nonce: nonce(call)?,
        };
        let input = asked.input.clone();
        let start = self.deployment.start(&self.engine, asked).await?;
        let start = start.ok_or_else(|| Fault::no_flow(call.flow()))?;
        check_input(&input, start.settings.data_bytes_max)?;
        let started = self.engine.start(start).await?;
        let (is_own, ended) = match &started {
            Started::New => (true, &Ended::Running),
            Started::Repeated(ended) => (true, ended),
            Started::Existing(ended) => (false, ended),
        };
        if *ended == Ended::Running {
            drive(&self.engine, &call.execution()).await?;
        }
        let mut reply = Reply::json(&StartedBody {
            flow: call.flow().to_owned(),
            name: call.name().to_owned(),
            status: status(ended.name()),
            started: is_own,
        })?;
        if started == Started::New {
            reply.status = StatusCode::CREATED;
        }
        Ok(reply)
    }

    /// Says how an execution stands. Tokens are for those alone who may report.
    pub(crate) async fn describe(&self, call: &Call<'_>) -> Result<Reply, Fault> {
        let with_cost = call.query.flag("cost")?;
        let execution = call.execution();
        let description = self.engine.describe(&execution).await?;
        let cost = match with_cost {
            true => Some(self.engine.cost(&execution).await?),
            false => None,
        };
        let mut described = ExecutionBody::from(described(description, cost.unwrap_or_default()));
        described.cost = described.cost.filter(|_| with_cost);
        if !call.may(Scope::Report) {
            described.open.iter_mut().for_each(|state| state.token = None);
        }
        Reply::json(&described)
    }

    /// Stops an execution, for the reason that is given.
    pub(crate) async fn stop(&self, call: &Call<'_>) -> Result<Reply, Fault> {
        let failure = match call.body.is_empty() {
            true => Failure::new(STOPPED.0, "stopped by a request to the API"),
            false => reason(body::read(call.headers, call.body)?)?,
        };
        self.engine.stop(&call.execution(), failure).await?;
        Ok(Reply::done())
    }
}

/// The text that makes a start one of its own.
fn nonce(call: &Call<'_>) -> Result<Option<Arc<str>>, Fault> {
    let Some(value) = call.headers.get("idempotency-key") else {
        return Ok(None);
    };
    let text = value.to_str().ok().map(str::trim);
    let text = text.filter(|text| (1..=NONCE_BYTES_MAX).contains(&text.len()));
    let text =
        text.ok_or_else(|| Fault::invalid(format!("an Idempotency-Key has 1 to {NONCE_BYTES_MAX} characters")))?;
    Ok(Some(text.into()))
}

/// Refuses an input of which not even an execution that fails is made: it is far above what a state may take.
fn check_input(input: &Value, data_bytes_max: u64) -> Result<(), Fault> {
    let bytes_max = data_bytes_max.max(INPUT_BYTES_MAX);
    match input.bytes() > bytes_max {
        true => Err(Fault::too_large("the input", bytes_max)),
        false => Ok(()),
    }
}

/// Has it driven, where this process drives.
async fn drive(engine: &Engine, execution: &str) -> Result<(), Fault> {
    match engine.drives() {
        true => Ok(engine.drive(execution).await?),
        false => Ok(()),
    }
}

fn reason(given: output::Failure) -> Result<Failure, Fault> {
    let output::Failure { code, detail } = given;
    let report = Report::Error {
        code: code.clone(),
        cause: detail.clone(),
    };
    report.check().map_err(Fault::invalid)?;
    Ok(Failure::new(code, detail))
}
