//! What the engine reads for its sessions and for its own verbs.

use std::sync::Arc;

use stepwell_core::{Pins, Record, Status};
use stepwell_ports::{ExecutionRow, Millis, ScopeKey};

use crate::api::{Ended, EngineError};
use crate::engine::Inner;
use crate::gather;
use crate::session::{Halt, Shared};
use crate::sharing::Woken;
use crate::tree;

impl Inner {
    /// The last record of an execution's root.
    pub(crate) async fn expect(&self, execution: &Arc<str>) -> Result<Record, EngineError> {
        let found = tree::last(&*self.ports.log, &root_key(execution)).await?;
        found.ok_or_else(|| EngineError::ExecutionNotExists {
            execution: execution.clone(),
        })
    }

    /// An index row with the status as it is: the row of an end may be behind the log, that of a beginning before it.
    pub(crate) async fn current_row(&self, row: ExecutionRow) -> Result<Option<ExecutionRow>, EngineError> {
        if row.ended_ms.is_some() {
            return Ok(Some(row));
        }
        let Some(record) = tree::last(&*self.ports.log, &root_key(&row.execution)).await? else {
            return Ok(None);
        };
        let status = &record.snapshot.status;
        let ended_ms = (!status.is_running()).then_some(record.stamp);
        Ok(Some(ExecutionRow {
            status: status.name().into(),
            ended_ms,
            ..row
        }))
    }

    /// What an execution was started with; a large input is a pointer into its first record.
    pub(crate) async fn pins_of(&self, execution: &Arc<str>) -> Result<Option<Pins>, Halt> {
        let first = tree::at(&*self.ports.log, &root_key(execution), 1).await?;
        Ok(first.and_then(|record| record.pins))
    }

    /// What the drivers of an execution's session share; nothing where there is no such execution. Its first record need
    /// not be at hand.
    pub(crate) async fn shared(
        self: &Arc<Self>,
        execution: &Arc<str>,
        first: Option<&Record>,
        woken: Option<Arc<Woken>>,
    ) -> Result<Option<Arc<Shared>>, Halt> {
        let Some(pins) = self.pinned_of(execution, first).await? else {
            return Ok(None);
        };
        let flow = self.flow(&pins.version).await?;
        Ok(Some(Shared::new(self.clone(), execution.clone(), pins, flow, woken)))
    }

    /// The same pins, read once: where several processes drive, an execution comes wake by wake.
    async fn pinned_of(&self, execution: &Arc<str>, first: Option<&Record>) -> Result<Option<Arc<Pins>>, Halt> {
        if let Some(pins) = self.pinned.find(execution) {
            return Ok(Some(pins));
        }
        let pins = match first.and_then(|first| first.pins.clone()) {
            Some(pins) => Some(pins),
            None => self.pins_of(execution).await?,
        };
        let pins = pins.map(Arc::new);
        if let Some(pins) = pins.as_ref().filter(|_| self.sharing.is_some()) {
            self.pinned.keep(execution, pins);
        }
        Ok(pins)
    }

    pub(crate) async fn ended(&self, execution: &Arc<str>, status: &Status) -> Result<Ended, EngineError> {
        Ok(match status {
            Status::Running => Ended::Running,
            Status::Succeeded(output) => Ended::Succeeded(
                gather::Loaded::default()
                    .resolve(&*self.ports.log, execution, output)
                    .await?,
            ),
            Status::Failed(failure) => Ended::Failed(failure.clone()),
            Status::Stopped(failure) => Ended::Stopped(failure.clone()),
            Status::TimedOut(failure) => Ended::TimedOut(failure.clone()),
        })
    }

    /// Writes an execution's row in the index.
    pub(crate) async fn index(
        &self,
        execution: &Arc<str>,
        pins: &Pins,
        status: &Status,
        stamp: Millis,
    ) -> Result<(), Halt> {
        Ok(self.ports.catalogue.index(row(execution, pins, status, stamp)).await?)
    }

    /// Writes the row of an execution that is there, where somebody else's may stand.
    pub(crate) async fn index_again(&self, execution: &Arc<str>) -> Result<(), Halt> {
        let last = tree::last(&*self.ports.log, &root_key(execution)).await?;
        if let (Some(pins), Some(last)) = (self.pins_of(execution).await?, last) {
            self.index(execution, &pins, &last.snapshot.status, last.stamp).await?;
        }
        Ok(())
    }
}

/// An execution's row in the index; `stamp` is that of its last record.
pub(crate) fn row(execution: &Arc<str>, pins: &Pins, status: &Status, stamp: Millis) -> ExecutionRow {
    ExecutionRow {
        execution: execution.clone(),
        status: status.name().into(),
        started_ms: pins.started_ms,
        ended_ms: (!status.is_running()).then_some(stamp),
    }
}

/// What a caller sees of a driver that gave up.
pub(crate) fn halted(execution: &Arc<str>, halt: &Halt) -> EngineError {
    match halt {
        Halt::Log(error) => EngineError::Unreadable {
            what: format!("the store failed: {error}"),
        },
        Halt::Unreadable(what) => EngineError::Unreadable { what: what.clone() },
        Halt::Bug(what) => EngineError::Parked {
            execution: execution.clone(),
            what: what.clone(),
        },
        Halt::Closing | Halt::Overtaken | Halt::HandedOut => EngineError::Closing,
    }
}

impl From<Halt> for EngineError {
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::Log(error) => Self::Log(error),
            Halt::Unreadable(what) => Self::Unreadable { what },
            Halt::Bug(what) => Self::Parked {
                execution: "".into(),
                what,
            },
            Halt::Closing | Halt::Overtaken | Halt::HandedOut => Self::Closing,
        }
    }
}

fn root_key(execution: &Arc<str>) -> ScopeKey {
    ScopeKey {
        execution: execution.clone(),
        scope: "".into(),
    }
}
