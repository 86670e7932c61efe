//! How an execution stands, for a person.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use stepwell_core::{Millis, Pins, Record, ScopeId, Snapshot, Stage};
use stepwell_model::Flow;
use stepwell_ports::ScopeKey;

use crate::api::{Description, EngineError, OpenState};
use crate::engine::{Engine, Inner};
use crate::gather;
use crate::session::Halt;
use crate::token::{Named, Signer};
use crate::tree;

impl Engine {
    /// How an execution stands, for a person.
    ///
    /// # Errors
    ///
    /// [`EngineError::ExecutionNotExists`] where there is none of that name.
    pub async fn describe(&self, execution: &str) -> Result<Description, EngineError> {
        let execution: Arc<str> = execution.into();
        let record = self.inner.expect(&execution).await?;
        let pins = self.inner.pins_of(&execution).await?;
        let mut pins = pins.ok_or_else(|| EngineError::Unreadable {
            what: format!("the beginning of `{execution}`"),
        })?;
        pins.input = gather::Loaded::default()
            .resolve(&*self.inner.ports.log, &execution, &pins.input)
            .await?;
        let end = self.inner.ended(&execution, &record.snapshot.status).await?;
        let flow = self.inner.flow(&pins.version).await?;
        let mut open = Vec::new();
        let is_running = record.snapshot.status.is_running();
        let ended_ms = (!is_running).then_some(record.stamp);
        self.inner
            .open_states(&execution, &flow, ScopeId::root(), record, &mut open)
            .await?;
        Ok(described(pins, end, ended_ms, open))
    }
}

fn described(pins: Pins, end: crate::api::Ended, ended_ms: Option<Millis>, open: Vec<OpenState>) -> Description {
    let Pins {
        flow,
        name,
        input,
        started_ms,
        ..
    } = pins;
    Description {
        flow,
        name,
        end,
        input,
        started_ms,
        ended_ms,
        open,
    }
}

impl Inner {
    /// Collects the open states of a scope and of those inside.
    fn open_states<'a>(
        &'a self,
        execution: &'a Arc<str>,
        flow: &'a Flow,
        id: ScopeId,
        record: Record,
        open: &'a mut Vec<OpenState>,
    ) -> BoxFuture<'a, Result<(), Halt>> {
        async move {
            let children = stepwell_core::child_count(&record.snapshot);
            if let Some(state) = open_state(self, execution, flow, &id, &record.snapshot).filter(|_| children == 0) {
                open.push(state);
            }
            let Some(fork) = record.snapshot.fork().map(|fork| fork.revision) else {
                return Ok(());
            };
            for index in 0..children {
                let child = id.child(fork, index);
                let key = ScopeKey {
                    execution: execution.clone(),
                    scope: child.0.clone(),
                };
                if let Some(record) = tree::last(&*self.ports.log, &key).await? {
                    self.open_states(execution, flow, child, record, open).await?;
                }
            }
            Ok(())
        }
        .boxed()
    }
}

fn open_state(
    engine: &Inner,
    execution: &Arc<str>,
    flow: &Flow,
    id: &ScopeId,
    snapshot: &Snapshot,
) -> Option<OpenState> {
    let position = snapshot.at.as_ref()?;
    let state = flow.block(&snapshot.scope.block)?.state(position.state)?;
    let attempt = snapshot.attempt();
    let waits = attempt.filter(|attempt| attempt.stage == Stage::Submitted);
    let signer = Signer {
        key: engine.key.clone(),
        execution: execution.clone(),
    };
    let token = waits.map(|attempt| {
        signer
            .key
            .sign(&Named {
                execution: execution.to_string(),
                scope: id.clone(),
                attempt: attempt.number,
            })
            .into()
    });
    Some(OpenState {
        scope: snapshot.path(),
        state: state.name.clone(),
        attempt: attempt.map_or(0, |_| position.retries + 1),
        since_ms: position.since_ms,
        token,
    })
}
