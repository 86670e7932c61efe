//! Starting executions.

use serde_json::{Value, json};
use stepwell_api::{Asked, Deployment};
use stepwell_engine::{Engine, EngineError, Started};

use crate::deployed::Deployed;

/// Starts an execution; asked again under the same name, it is the same one.
pub(crate) async fn start(engine: &Engine, deployed: &Deployed, asked: Asked) -> Result<Value, EngineError> {
    let (flow, name) = (asked.flow.clone(), asked.name.clone());
    let start = deployed.start(engine, asked).await?.ok_or_else(|| no_flow(&flow))?;
    let status = match engine.start(start).await? {
        Started::New => "Running",
        Started::Repeated(ended) | Started::Existing(ended) => ended.name(),
    };
    Ok(json!({"flow": flow, "name": name, "status": status}))
}

/// There is no such flow, neither deployed nor registered.
pub(crate) fn no_flow(flow: &str) -> EngineError {
    EngineError::InvalidArgument {
        what: format!("there is no flow `{flow}`"),
    }
}
