//! What an execution has cost: read off its logs.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use stepwell_core::{Fact, ScopeId};
use stepwell_ports::{LogEntry, ScopeKey};

use crate::api::{Cost, EngineError};
use crate::engine::{Engine, Inner};
use crate::session::Halt;
use crate::tree;

/// Records that are read at once.
const PAGE: usize = 256;

/// What a write unit writes. Source: DynamoDB's developer guide, "Write consumption".
const WRITE_UNIT_BYTES: usize = 1 << 10;

/// What `store-dynamodb` adds to a record's body: its keys (27 bytes with their names), the time of expiry (7), the name of
/// the body, and the byte that says how it is kept.
const ITEM_BYTES: usize = 27 + 7 + 1 + 1;

/// The most that an item takes; what is larger stands in an object, and its item takes one unit.
const ITEM_UNITS_MAX: usize = 400;

impl Engine {
    /// What an execution has cost so far, in records, bytes and guest time, those of abandoned scopes included.
    ///
    /// # Errors
    ///
    /// [`EngineError::ExecutionNotExists`] where there is none of that name.
    pub async fn cost(&self, execution: &str) -> Result<Cost, EngineError> {
        let execution: Arc<str> = execution.into();
        self.inner.expect(&execution).await?;
        let mut cost = Cost::default();
        self.inner.add_cost(&execution, ScopeId::root(), &mut cost).await?;
        Ok(cost)
    }
}

impl Inner {
    fn add_cost<'a>(
        &'a self,
        execution: &'a Arc<str>,
        id: ScopeId,
        cost: &'a mut Cost,
    ) -> BoxFuture<'a, Result<(), Halt>> {
        async move {
            let key = ScopeKey {
                execution: execution.clone(),
                scope: id.0.clone(),
            };
            let mut next = 1;
            loop {
                let page = self.ports.log.range(&key, next, PAGE).await?;
                for entry in &page {
                    next = entry.revision + 1;
                    for child in add_record(&id, entry, cost)? {
                        self.add_cost(execution, child, cost).await?;
                    }
                }
                if page.len() < PAGE {
                    return Ok(());
                }
            }
        }
        .boxed()
    }
}

/// Adds a record; the children that it forked.
fn add_record(id: &ScopeId, entry: &LogEntry, cost: &mut Cost) -> Result<Vec<ScopeId>, Halt> {
    let record = tree::decoded(entry)?;
    cost.records += 1;
    cost.bytes += entry.body.len() as u64;
    cost.write_units += write_units(entry.body.len());
    cost.transitions += record.entries.iter().filter(|entry| is_transition(&entry.fact)).count() as u64;
    cost.guest_us += record.entries.iter().map(|entry| guest_us(&entry.fact)).sum::<u64>();
    let made = record.snapshot.fork().filter(|fork| fork.revision == record.revision);
    let children = made.map(|fork| (0..fork.count()).map(|index| id.child(fork.revision, index)).collect());
    Ok(children.unwrap_or_default())
}

/// The most that writing a record takes: that of its body as it is here, which is not deflated.
fn write_units(body_bytes: usize) -> u64 {
    let units = (body_bytes + ITEM_BYTES).div_ceil(WRITE_UNIT_BYTES);
    units.min(ITEM_UNITS_MAX) as u64
}

/// An entered state, or a task that is tried again.
fn is_transition(fact: &Fact) -> bool {
    let tried_again = matches!(fact, Fact::TaskScheduled { attempt, .. } if *attempt > 1);
    tried_again || matches!(fact, Fact::StepEntered { .. })
}

/// Microseconds inside a guest.
pub(crate) fn guest_us(fact: &Fact) -> u64 {
    if let Fact::TaskSucceeded { guest_us, .. } | Fact::TaskFailed { guest_us, .. } = fact {
        *guest_us
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_those_of_the_item() {
        let units = [0, 988, 989, 2_012, 2_013, 10 << 20].map(write_units);
        assert_eq!(units, [1, 1, 2, 2, 3, 400]);
    }
}
