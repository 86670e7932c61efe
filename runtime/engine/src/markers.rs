//! Marks of what was cut off, beside the root: another process may be running tasks of it.
//!
//! Who ends or abandons a subtree puts a mark there before its record; who drives an inner scope reads the marks once, and
//! every two seconds while tasks run, and looks whether the record that a mark announces is there.
//!
//! **Invariant:** a mark alone cuts nothing off: the record does.

use std::sync::Arc;

use bytes::Bytes;
use stepwell_core::{Marker, Millis, ScopeId};
use stepwell_ports::{Due, LogEntry, LogError, Remedy, ScopeKey};

use crate::commit::{TRIES_EVERY_MS, TRIES_MAX};
use crate::driver::Driver;
use crate::session::{Halt, Shared};
use crate::tree;

/// How often markers are read while tasks run.
pub(crate) const MARKERS_EVERY_MS: Millis = 2_000;

/// The scope beside the root whose log holds the markers.
const MARKERS: &str = "~markers";

/// The markers of an execution that are known here.
#[derive(Debug, Default)]
pub(crate) struct Markers {
    known: async_lock::Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    markers: Vec<Marker>,
    read_at: Option<Millis>,
}

impl Driver {
    /// Puts a marker beside the root if the record in the making ends or abandons children: another process may be at work
    /// in them.
    pub(crate) async fn mark(&self) -> Result<(), Halt> {
        if self.shared.engine.sharing.is_none() || !self.cuts_off_children() {
            return Ok(());
        }
        let marker = Marker {
            scope: self.id.clone(),
            expects: self.next_revision(),
        };
        self.shared.put_marker(&marker).await
    }

    /// Whether another process has ended or abandoned what this scope lies in.
    pub(crate) async fn check_markers(&self) -> Result<(), Halt> {
        if self.shared.engine.sharing.is_none() || self.id == ScopeId::root() {
            return Ok(());
        }
        match self.shared.is_cut_off(&self.id).await? {
            true => Err(Halt::Overtaken),
            false => Ok(()),
        }
    }

    /// When markers are read next while a task runs.
    pub(crate) fn markers_due(&self) -> Option<Millis> {
        let reads = self.shared.engine.sharing.is_some() && self.id != ScopeId::root();
        reads.then(|| self.shared.now() + MARKERS_EVERY_MS)
    }
}

/// The log of an execution's markers.
pub(crate) fn key(execution: &Arc<str>) -> ScopeKey {
    ScopeKey {
        execution: execution.clone(),
        scope: MARKERS.into(),
    }
}

impl Shared {
    async fn put_marker(&self, marker: &Marker) -> Result<(), Halt> {
        let body: Bytes = serde_json::to_vec(marker)
            .map_err(|error| Halt::Bug(error.to_string()))?
            .into();
        let mut tries = 0;
        loop {
            let last = self.engine.ports.log.last(&key(&self.execution)).await?;
            let entry = LogEntry {
                key: key(&self.execution),
                revision: last.map_or(1, |last| last.revision + 1),
                body: body.clone(),
            };
            match self.engine.ports.log.append(entry, Due::Keep).await {
                Ok(()) => return Ok(()),
                Err(LogError::Taken { .. }) => {}
                Err(error) if error.remedy() == Remedy::Retry && tries < TRIES_MAX => {
                    tries += 1;
                    self.engine.ports.clock.sleep_until(self.now() + TRIES_EVERY_MS).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn is_cut_off(&self, scope: &ScopeId) -> Result<bool, Halt> {
        let mut known = self.markers.known.lock().await;
        self.read_markers(&mut known).await?;
        let above: Vec<ScopeId> = known
            .markers
            .iter()
            .map(|marker| marker.scope.clone())
            .filter(|marked| marked.contains(scope))
            .collect();
        for marked in above {
            if let Some(record) = tree::last(&*self.engine.ports.log, &self.key(&marked)).await?
                && known
                    .markers
                    .iter()
                    .any(|marker| marker.scope == marked && marker.cuts_off(scope, record.revision, &record.snapshot))
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reads what was put there since, unless that was done a moment ago.
    async fn read_markers(&self, known: &mut Known) -> Result<(), Halt> {
        const PAGE: usize = 256;
        let now = self.now();
        if known.read_at.is_some_and(|at| now < at + MARKERS_EVERY_MS) {
            return Ok(());
        }
        loop {
            let from = known.markers.len() as u64 + 1;
            let page = self.engine.ports.log.range(&key(&self.execution), from, PAGE).await?;
            let is_last = page.len() < PAGE;
            for entry in page {
                let marker = serde_json::from_slice(&entry.body);
                known
                    .markers
                    .push(marker.map_err(|error| Halt::Unreadable(error.to_string()))?);
            }
            if is_last {
                known.read_at = Some(now);
                return Ok(());
            }
        }
    }
}
