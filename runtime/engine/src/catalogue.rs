//! What is known by name: flows, and executions page by page.

use std::sync::Arc;

use bytes::Bytes;
use stepwell_core::FlowVersion;
use stepwell_model::Flow;
use stepwell_ports::ExecutionRow;

use crate::api::EngineError;
use crate::engine::{Driving, Engine};

/// A part of the index of executions, as they stand now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Those that were wanted, by name.
    pub rows: Vec<ExecutionRow>,
    /// The last name that was looked at; nothing where nothing follows.
    pub last: Option<Arc<str>>,
}

impl Engine {
    /// Whether this process drives executions, so that [`Engine::drive`] has one driven.
    #[must_use]
    pub fn drives(&self) -> bool {
        self.inner.driving != Driving::Nothing
    }

    /// The newest version of a flow that is kept; nothing where there is none of that name.
    ///
    /// # Errors
    ///
    /// [`EngineError::Log`] where the store fails, [`EngineError::Unreadable`] for what this version cannot read.
    pub async fn newest(&self, flow: &str) -> Result<Option<FlowVersion>, EngineError> {
        Ok(self.inner.newest(flow).await?)
    }

    /// A flow that is kept, with its definition byte for byte.
    ///
    /// # Errors
    ///
    /// As [`Engine::newest`].
    pub async fn kept(&self, version: &FlowVersion) -> Result<(Arc<Flow>, Bytes), EngineError> {
        let flow = self.inner.flow(version).await?;
        let name = format!("definition/{}", version.definition);
        let definition = self.inner.ports.catalogue.get(&name).await?;
        let definition = definition.ok_or_else(|| EngineError::Unreadable {
            what: format!("{name} is not in the store"),
        })?;
        Ok((flow, definition))
    }

    /// Looks at up to `count_max` rows of the index strictly after a name; those that are wanted by it.
    ///
    /// # Errors
    ///
    /// [`EngineError::Log`] where the store fails.
    pub async fn page(
        &self,
        after: Option<&str>,
        count_max: usize,
        wanted: impl Fn(&str) -> bool + Send,
    ) -> Result<Page, EngineError> {
        let found = self.inner.ports.catalogue.executions(after, count_max).await?;
        let is_full = found.len() >= count_max;
        let last = found.last().filter(|_| is_full).map(|row| row.execution.clone());
        let mut rows = Vec::new();
        for row in found.into_iter().filter(|row| wanted(&row.execution)) {
            rows.extend(self.inner.current_row(row).await?);
        }
        Ok(Page { rows, last })
    }
}
