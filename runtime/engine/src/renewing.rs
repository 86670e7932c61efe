//! Executions that run for longer than a table keeps what was written.
//!
//! A table forgets each record some time after it was written, also those of an execution that still needs them: the first
//! one, which says what it was started with, and all that later ones point to. So now and then a wake comes that is about no
//! execution ([`RENEWING`]), and what is old and still runs is renewed: its records, what lies beside them, and its row.
//!
//! **Invariant:** a running execution loses nothing as long as the wake comes every [`RENEWED_EVERY_MS`], or
//! sooner; one that has ended is left to be forgotten.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::{self, FuturesUnordered};
use futures::{FutureExt, StreamExt, TryStreamExt};
use stepwell_actions::Target;
use stepwell_core::{Millis, Revision, ScopeId};
use stepwell_ports::{ExecutionRow, RENEWED_EVERY_MS, ScopeKey, Wake};

use crate::engine::Inner;
use crate::markers;
use crate::session::Halt;
use crate::sharing::Handled;
use crate::stub;
use crate::tree;

/// The execution that such a wake names; its scope is the execution behind which to go on, empty for the first. No flow is
/// named with a tilde.
pub const RENEWING: &str = "~renew";

/// Rows of the index that are read at once.
const PAGE: usize = 100;

/// Logs that are renewed at once.
const AT_ONCE: usize = 16;

impl Inner {
    /// Renews what is old and still runs, name by name; where the time is up another wake goes on behind the last one.
    pub(crate) async fn renew_all(self: &Arc<Self>, wake: &Wake, deadline_ms: Millis) -> Result<Handled, Halt> {
        let mut after = Some(wake.key.scope.clone()).filter(|name| !name.is_empty());
        loop {
            let page = self.ports.catalogue.executions(after.as_deref(), PAGE).await?;
            let is_last = page.len() < PAGE;
            for row in page {
                if self.ports.clock.now() >= deadline_ms {
                    self.renew_behind(after).await?;
                    return Ok(Handled::Done);
                }
                if self.needs_renewal(&row) {
                    self.renew(&row.execution).await?;
                }
                after = Some(row.execution);
            }
            if is_last {
                return Ok(Handled::Done);
            }
        }
    }

    async fn renew_behind(&self, after: Option<Arc<str>>) -> Result<(), Halt> {
        let key = ScopeKey {
            execution: RENEWING.into(),
            scope: after.unwrap_or_default(),
        };
        let now = self.ports.clock.now();
        self.send(&self.new_wake(), key, Revision(0), now).await
    }

    /// Whether some of it may be as old as what is renewed.
    fn needs_renewal(&self, row: &ExecutionRow) -> bool {
        row.ended_ms.is_none() && row.started_ms.saturating_add(RENEWED_EVERY_MS) <= self.ports.clock.now()
    }

    /// Renews everything of an execution. One that cannot be read stands in no other's way.
    async fn renew(self: &Arc<Self>, execution: &Arc<str>) -> Result<(), Halt> {
        match self.renew_whole(execution).await {
            Err(Halt::Unreadable(_) | Halt::Bug(_)) => Ok(()),
            other => other,
        }
    }

    async fn renew_whole(self: &Arc<Self>, execution: &Arc<str>) -> Result<(), Halt> {
        let beside = self.beside(execution).await?;
        stream::iter(beside)
            .map(|key| self.ports.log.renew(&key))
            .buffer_unordered(AT_ONCE)
            .try_collect::<()>()
            .await?;
        let mut open: FuturesUnordered<_> = FuturesUnordered::new();
        let mut waiting = Vec::from([ScopeId::root()]);
        loop {
            while open.len() < AT_ONCE
                && let Some(scope) = waiting.pop()
            {
                open.push(self.renew_scope(execution.clone(), scope));
            }
            match open.next().await {
                Some(children) => waiting.extend(children?),
                None => break,
            }
        }
        self.index_again(execution).await
    }

    /// The logs beside the root.
    async fn beside(&self, execution: &Arc<str>) -> Result<Vec<ScopeKey>, Halt> {
        let Some(pins) = self.pins_of(execution).await? else {
            return Ok(Vec::new());
        };
        let stubs = pins.registry.functions.iter();
        let stubs = stubs.filter(|function| matches!(function.target, Target::Stub(_)));
        let stubs = stubs.map(|function| stub::key(execution, function.pattern.as_str()));
        Ok(stubs.chain([markers::key(execution)]).collect())
    }

    /// Renews the log of a scope; its children, of every fork that it made.
    fn renew_scope(
        self: &Arc<Self>,
        execution: Arc<str>,
        scope: ScopeId,
    ) -> BoxFuture<'static, Result<Vec<ScopeId>, Halt>> {
        let engine = self.clone();
        async move {
            let key = ScopeKey {
                execution,
                scope: scope.0.clone(),
            };
            let records = tree::all(&*engine.ports.log, &key).await?;
            if !records.is_empty() {
                engine.ports.log.renew(&key).await?;
            }
            let forks = records.iter().filter_map(|record| record.snapshot.fork());
            let forks: BTreeSet<(Revision, u32)> = forks.map(|fork| (fork.revision, fork.count())).collect();
            let children = forks
                .into_iter()
                .flat_map(|(fork, count)| (0..count).map(move |index| (fork, index)));
            Ok(children.map(|(fork, index)| scope.child(fork, index)).collect())
        }
        .boxed()
    }
}
