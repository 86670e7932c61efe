//! Who watches executions, and what they are told.

use std::sync::Arc;

use futures::channel::mpsc::UnboundedSender;
use futures::channel::oneshot;
use stepwell_core::{Kind, Snapshot, Status};

use crate::api::Observed;
use crate::engine::{Inner, lock};
use crate::session::{Halt, Shared};

/// What those who wait are told: how the execution ended, that something ended, or why its driver gave up.
pub(crate) type News = Result<Option<Status>, Arc<Halt>>;

/// Who watches an execution.
#[derive(Default)]
pub(crate) struct Watchers {
    pub(crate) observers: Vec<UnboundedSender<Observed>>,
    pub(crate) waiting: Vec<oneshot::Sender<News>>,
    /// Why its driver gave up; forgotten when it is driven again.
    pub(crate) halted: Option<Arc<Halt>>,
}

impl Inner {
    /// Whether somebody is told what happens in an execution.
    pub(crate) fn is_watched(&self, execution: &Arc<str>) -> bool {
        let watchers = lock(&self.watchers);
        watchers
            .get(execution)
            .is_some_and(|watched| !watched.observers.is_empty())
    }

    /// A record became durable in a session.
    pub(crate) fn published(&self, shared: &Shared, snapshot: &Snapshot, told: &[Observed]) {
        self.announce(&shared.execution, told);
        if matches!(snapshot.scope.kind, Kind::Root) && !snapshot.status.is_running() {
            self.notify(&shared.execution, &Ok(Some(snapshot.status.clone())));
        }
    }

    /// Tells those who watch.
    pub(crate) fn announce(&self, execution: &Arc<str>, told: &[Observed]) {
        let mut watchers = lock(&self.watchers);
        if let Some(watchers) = watchers.get_mut(execution) {
            watchers
                .observers
                .retain(|observer| told.iter().all(|event| observer.unbounded_send(event.clone()).is_ok()));
        }
    }

    /// Notes who waits for an execution; why its driver gave up, if it has.
    pub(crate) fn watch(&self, execution: &Arc<str>, waiting: oneshot::Sender<News>) -> Option<Arc<Halt>> {
        let mut watchers = lock(&self.watchers);
        let watchers = watchers.entry(execution.clone()).or_default();
        watchers.waiting.push(waiting);
        watchers.halted.clone()
    }

    /// Notes that a driver gave up, until the execution is driven again.
    pub(crate) fn halt(&self, execution: &Arc<str>, halt: Option<Arc<Halt>>) {
        let mut watchers = lock(&self.watchers);
        match halt {
            Some(halt) => watchers.entry(execution.clone()).or_default().halted = Some(halt),
            None => {
                if let Some(watchers) = watchers.get_mut(execution) {
                    watchers.halted = None;
                }
            }
        }
    }

    pub(crate) fn notify(&self, execution: &Arc<str>, news: &News) {
        let mut watchers = lock(&self.watchers);
        let Some(watched) = watchers.get_mut(execution) else {
            return;
        };
        for waiting in std::mem::take(&mut watched.waiting) {
            // Who waited may be gone.
            let _ = waiting.send(news.clone());
        }
        drop(watchers);
        self.forget_gone(execution);
    }

    /// Forgets those who have gone, and the execution itself where nobody is left.
    pub(crate) fn forget_gone(&self, execution: &Arc<str>) {
        let mut watchers = lock(&self.watchers);
        let Some(watched) = watchers.get_mut(execution) else {
            return;
        };
        watched.waiting.retain(|waiting| !waiting.is_canceled());
        watched.observers.retain(|observer| !observer.is_closed());
        if watched.waiting.is_empty() && watched.observers.is_empty() && watched.halted.is_none() {
            watchers.remove(execution);
        }
    }
}
