//! What a host knows of executions that are started through it.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use stepwell_actions::{Grants, Registry};
use stepwell_core::FlowVersion;
use stepwell_engine::{Engine, EngineError, Start};
use stepwell_expression::Value;
use stepwell_model::Settings;

/// A start as it is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The flow's name.
    pub flow: Arc<str>,
    /// The execution's name.
    pub name: Arc<str>,
    /// The input, an object.
    pub input: Value,
    /// Makes the start one that is begun once, whatever else has its name.
    pub nonce: Option<Arc<str>>,
}

/// What a host knows of executions that are started through it.
pub trait Deployment: Send + Sync {
    /// The functions that tasks may call; a flow that is registered is checked against them.
    fn registry(&self) -> &Registry;

    /// Whether a flow came with the deployment, so that it cannot be registered.
    fn owns(&self, flow: &str) -> bool;

    /// The version of a flow that is started now; nothing where there is none of that name.
    fn version<'a>(
        &'a self,
        engine: &'a Engine,
        flow: &'a str,
    ) -> BoxFuture<'a, Result<Option<FlowVersion>, EngineError>>;

    /// What an execution is started with; nothing where there is no such flow.
    fn start<'a>(&'a self, engine: &'a Engine, asked: Asked) -> BoxFuture<'a, Result<Option<Start>, EngineError>>;
}

/// The same functions, grants and settings for every flow that was registered.
#[derive(Clone, Debug, Default)]
pub struct Equipment {
    /// The functions that tasks may call.
    pub registry: Registry,
    /// What tasks may touch.
    pub grants: Grants,
    /// Limits and switches.
    pub settings: Settings,
}

impl Deployment for Equipment {
    fn registry(&self) -> &Registry {
        &self.registry
    }

    fn owns(&self, _: &str) -> bool {
        false
    }

    fn version<'a>(
        &'a self,
        engine: &'a Engine,
        flow: &'a str,
    ) -> BoxFuture<'a, Result<Option<FlowVersion>, EngineError>> {
        engine.newest(flow).boxed()
    }

    fn start<'a>(&'a self, engine: &'a Engine, asked: Asked) -> BoxFuture<'a, Result<Option<Start>, EngineError>> {
        async move {
            let version = engine.newest(&asked.flow).await?;
            Ok(version.map(|version| Start {
                flow: asked.flow,
                version,
                name: asked.name,
                input: asked.input,
                registry: self.registry.clone(),
                grants: self.grants.clone(),
                settings: self.settings.clone(),
                environment: Value::Object(Arc::default()),
                flows: BTreeMap::new(),
                nonce: asked.nonce,
            }))
        }
        .boxed()
    }
}
