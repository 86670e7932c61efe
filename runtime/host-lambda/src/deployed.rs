//! What was deployed with the function: flows, functions, grants and settings.
//!
//! **Invariant:** read once, when an instance begins; no definition is parsed here.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde::de::DeserializeOwned;
use stepwell_actions::{Grants, Registry, START_EXECUTION};
use stepwell_api::{Asked, Deployment};
use stepwell_core::FlowVersion;
use stepwell_engine::{Engine, EngineError, Start};
use stepwell_expression::Value;
use stepwell_model::{Flow, Settings};
use tokio::sync::OnceCell;

/// The file in the folder of what was deployed.
const FILE: &str = "deployment.json";

/// What was deployed.
#[derive(Debug, Default)]
pub(crate) struct Deployed {
    flows: BTreeMap<String, DeployedFlow>,
    registry: Registry,
    grants: Grants,
    settings: Settings,
}

#[derive(Debug)]
struct DeployedFlow {
    flow: Flow,
    definition: String,
    /// Its version, once this instance has seen that the table has it.
    version: OnceCell<FlowVersion>,
}

impl Deployed {
    /// Reads what stands in a folder; an empty deployment where nothing does.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error).with_context(|| format!("while reading `{}`", path.display())),
        };
        let deployment: stepwell_wire::Deployment =
            serde_json::from_slice(&text).with_context(|| format!("while reading `{}`", path.display()))?;
        Self::of(deployment)
    }

    fn of(deployment: stepwell_wire::Deployment) -> Result<Self> {
        let flows = deployment.flows.into_iter().map(|text| {
            let flow = stepwell_model::decode(text.model.as_bytes())
                .with_context(|| format!("while reading the flow `{}`", text.name))?;
            let deployed = DeployedFlow {
                flow,
                definition: text.definition,
                version: OnceCell::new(),
            };
            Ok((text.name, deployed))
        });
        Ok(Self {
            flows: flows.collect::<Result<_>>()?,
            registry: read("functions", &deployment.registry)?,
            grants: read("grants", &deployment.grants)?,
            settings: read("settings", &deployment.settings)?,
        })
    }

    /// What an execution in memory is started with; flows are brought there from the deployment, or from the table.
    ///
    /// # Errors
    ///
    /// [`EngineError`] where the table fails; nothing where there is no such flow.
    pub(crate) async fn start_in_memory(
        &self,
        memory: &Engine,
        table: &Engine,
        asked: Asked,
    ) -> Result<Option<Start>, EngineError> {
        let mut flows = BTreeMap::new();
        for (name, deployed) in &self.flows {
            let version = memory.keep_flow(&deployed.flow, deployed.definition.as_bytes()).await?;
            flows.insert(Arc::from(name.as_str()), version);
        }
        if let Some(version) = flows.get(&asked.flow).cloned() {
            return Ok(Some(self.started_with(asked, version, flows)));
        }
        let Some(newest) = table.newest(&asked.flow).await? else {
            return Ok(None);
        };
        let (flow, definition) = table.kept(&newest).await?;
        let version = memory.keep_flow(&flow, &definition).await?;
        Ok(Some(self.started_with(asked, version, flows)))
    }

    fn started_with(&self, asked: Asked, version: FlowVersion, flows: BTreeMap<Arc<str>, FlowVersion>) -> Start {
        Start {
            flow: asked.flow,
            version,
            name: asked.name,
            input: asked.input,
            registry: self.registry.clone(),
            grants: self.grants.clone(),
            settings: self.settings.clone(),
            environment: Value::Object(Arc::default()),
            flows,
            nonce: asked.nonce,
        }
    }

    /// The deployed flows, where that flow may start others; whatever has another name is looked up in the table. Of a
    /// flow that starts none nothing is pinned: it would make the first record of every execution larger than one unit.
    async fn versions(&self, engine: &Engine, flow: &str) -> Result<BTreeMap<Arc<str>, FlowVersion>, EngineError> {
        let mut versions = BTreeMap::new();
        if self.flows.get(flow).is_some_and(|deployed| !deployed.starts_others()) {
            return Ok(versions);
        }
        for (name, deployed) in &self.flows {
            versions.insert(name.as_str().into(), deployed.kept(engine).await?);
        }
        Ok(versions)
    }
}

impl Deployment for Deployed {
    fn registry(&self) -> &Registry {
        &self.registry
    }

    fn owns(&self, flow: &str) -> bool {
        self.flows.contains_key(flow)
    }

    fn version<'a>(
        &'a self,
        engine: &'a Engine,
        flow: &'a str,
    ) -> BoxFuture<'a, Result<Option<FlowVersion>, EngineError>> {
        async move {
            match self.flows.get(flow) {
                Some(deployed) => deployed.kept(engine).await.map(Some),
                None => engine.newest(flow).await,
            }
        }
        .boxed()
    }

    fn start<'a>(&'a self, engine: &'a Engine, asked: Asked) -> BoxFuture<'a, Result<Option<Start>, EngineError>> {
        async move {
            let Some(version) = self.version(engine, &asked.flow).await? else {
                return Ok(None);
            };
            let flows = self.versions(engine, &asked.flow).await?;
            Ok(Some(self.started_with(asked, version, flows)))
        }
        .boxed()
    }
}

impl DeployedFlow {
    fn starts_others(&self) -> bool {
        self.flow.body.tasks().any(|task| *task.action == *START_EXECUTION)
    }

    async fn kept(&self, engine: &Engine) -> Result<FlowVersion, EngineError> {
        let keep = || engine.keep_flow(&self.flow, self.definition.as_bytes());
        self.version.get_or_try_init(keep).await.cloned()
    }
}

/// Nothing at all is the default.
fn read<T: DeserializeOwned + Default>(what: &str, text: &str) -> Result<T> {
    match text.is_empty() {
        true => Ok(T::default()),
        false => serde_json::from_str(text).with_context(|| format!("while reading the {what} of the deployment")),
    }
}
