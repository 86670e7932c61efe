//! What is deployed beside a function that runs executions.

use serde::{Deserialize, Serialize};

use crate::request::FlowText;

/// Flows that were checked and lowered before, and what their tasks may call and touch.
///
/// Shape: the file `deployment.json` of a package. What it says of components are digests; the components, compiled,
/// lie beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// The flows.
    pub flows: Vec<FlowText>,
    /// The functions, as JSON text.
    pub registry: String,
    /// The grants, as JSON text.
    pub grants: String,
    /// The settings, as JSON text.
    pub settings: String,
}
