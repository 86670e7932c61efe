//! Flows in the store, by version.

use std::sync::Arc;

use bytes::Bytes;
use stepwell_core::FlowVersion;
use stepwell_model::Flow;
use stepwell_ports::{Due, LogEntry, LogError, ScopeKey};

use crate::api::EngineError;
use crate::engine::{Inner, lock};
use crate::session::Halt;

/// Flows that are kept parsed.
const FLOWS_MAX: usize = 256;

impl Inner {
    /// A flow by its version, parsed once.
    pub(crate) async fn flow(&self, version: &FlowVersion) -> Result<Arc<Flow>, Halt> {
        if let Some(flow) = lock(&self.flows).get(&version.model) {
            return Ok(flow.clone());
        }
        let name = format!("model/{}", version.model);
        let bytes = self.ports.catalogue.get(&name).await?;
        let bytes = bytes.ok_or_else(|| Halt::Unreadable(format!("the flow {name} is not in the store")))?;
        let flow = stepwell_model::decode(&bytes).map_err(|error| Halt::Unreadable(error.to_string()))?;
        let flow = Arc::new(flow);
        let mut flows = lock(&self.flows);
        if flows.len() >= FLOWS_MAX {
            flows.clear();
        }
        flows.insert(version.model.clone(), flow.clone());
        Ok(flow)
    }

    /// The newest version of a flow in the store.
    pub(crate) async fn newest(&self, flow: &str) -> Result<Option<FlowVersion>, Halt> {
        let last = self.ports.log.last(&version_key(flow)).await?;
        let version = last.map(|entry| serde_json::from_slice(&entry.body));
        version
            .transpose()
            .map_err(|error| Halt::Unreadable(format!("a version of flow `{flow}`: {error}")))
    }

    /// Makes a version the newest of its flow, unless it is.
    pub(crate) async fn publish_version(&self, flow: &str, version: &FlowVersion) -> Result<(), EngineError> {
        let body = serde_json::to_vec(version).map_err(|error| EngineError::Unreadable {
            what: error.to_string(),
        })?;
        loop {
            let last = self.ports.log.last(&version_key(flow)).await?;
            if last.as_ref().is_some_and(|entry| *entry.body == *body) {
                return Ok(());
            }
            let revision = last.map_or(1, |entry| entry.revision + 1);
            let entry = LogEntry {
                key: version_key(flow),
                revision,
                body: Bytes::copy_from_slice(&body),
            };
            match self.ports.log.append(entry, Due::Never).await {
                Ok(()) => return Ok(()),
                Err(LogError::Taken { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Where the versions of a flow stand: a log of their own.
fn version_key(flow: &str) -> ScopeKey {
    ScopeKey {
        execution: format!("~flow/{flow}").into(),
        scope: "".into(),
    }
}
