//! Loading values from where they were born.

use std::sync::Arc;

use stepwell_core::{Entry, Fact, Forked, Record, Revision, ScopeId};
use stepwell_expression::{Birth, Memory, Object, Slot, Value};
use stepwell_ports::{Log, ScopeKey};

use crate::session::{Halt, MEMORY_BYTES_MAX, Shared};
use crate::tree;

/// Reads the value that was born there.
pub(crate) async fn born(log: &dyn Log, execution: &Arc<str>, birth: &Birth) -> Result<Value, Halt> {
    let key = ScopeKey {
        execution: execution.clone(),
        scope: birth.scope.clone(),
    };
    let record = tree::at(log, &key, birth.revision).await?;
    let record = record.ok_or_else(|| Halt::Unreadable(format!("no record {birth} in `{execution}`")))?;
    match birth.slot {
        Slot::Born(slot) => {
            let value = record.values.into_iter().nth(slot as usize);
            value.ok_or_else(|| Halt::Unreadable(format!("no value {birth} in `{execution}`")))
        }
        Slot::Joined => {
            let items = items(log, execution, &ScopeId(birth.scope.clone()), &record).await?;
            Ok(Value::array(items.into_iter().map(|item| item.output)))
        }
    }
}

/// One item's end.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// Its number.
    pub(crate) index: u64,
    /// Its output.
    pub(crate) output: Value,
    /// What it wrote into `$Global`.
    pub(crate) writes: Option<Value>,
}

/// Reads the ends of all items that ended well, in order, from the lanes that `fork` made.
pub(crate) async fn items(
    log: &dyn Log,
    execution: &Arc<str>,
    scope: &ScopeId,
    fork: &Record,
) -> Result<Vec<Item>, Halt> {
    let Some(Forked::Lanes { count, .. }) = fork.snapshot.fork().map(|fork| &fork.children) else {
        return Ok(Vec::new());
    };
    let mut items = Vec::new();
    for lane in 0..*count {
        let key = ScopeKey {
            execution: execution.clone(),
            scope: scope.child(fork.revision, lane).0,
        };
        for record in tree::all(log, &key).await? {
            items.extend(record.entries.into_iter().filter_map(item));
        }
    }
    items.sort_by_key(|item| item.index);
    Ok(items)
}

fn item(entry: Entry) -> Option<Item> {
    match entry.fact {
        Fact::IterationExited {
            output,
            writes,
            failure: None,
            ..
        } => Some(Item {
            index: entry.item?,
            output,
            writes,
        }),
        Fact::IterationExited { .. }
        | Fact::ExecutionStarted { .. }
        | Fact::ExecutionSucceeded { .. }
        | Fact::ExecutionFailed { .. }
        | Fact::ExecutionStopped { .. }
        | Fact::ExecutionTimedOut { .. }
        | Fact::BranchEntered { .. }
        | Fact::BranchExited { .. }
        | Fact::IterationEntered { .. }
        | Fact::StepEntered { .. }
        | Fact::StepExited { .. }
        | Fact::StepFailed { .. }
        | Fact::TaskScheduled { .. }
        | Fact::TaskSubmitted { .. }
        | Fact::TaskSubmitFailed { .. }
        | Fact::TaskSucceeded { .. }
        | Fact::TaskFailed { .. }
        | Fact::TaskTimedOut { .. } => None,
    }
}

/// Reads the items of a fork of a live scope.
pub(crate) async fn items_of_fork(shared: &Shared, scope: &ScopeId, fork: Revision) -> Result<Vec<Item>, Halt> {
    let log = &*shared.engine.ports.log;
    match tree::at(log, &shared.key(scope), fork.0).await? {
        Some(record) => items(log, &shared.execution, scope, &record).await,
        None => Ok(Vec::new()),
    }
}

/// All writes into `$Global`, merged in order.
pub(crate) async fn merged_writes(shared: &Shared, items: &[Item]) -> Result<Value, Halt> {
    let mut merged = Object::default();
    for writes in items.iter().filter_map(|item| item.writes.as_ref()) {
        shared.trim_memory();
        if let Value::Object(object) = resolve(shared, writes).await? {
            merged.extend(object.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
    }
    Ok(Value::Object(Arc::new(merged)))
}

/// The value without pointers, loading what it needs.
pub(crate) async fn resolve(shared: &Shared, value: &Value) -> Result<Value, Halt> {
    loop {
        match shared.with_memory(|memory| memory.resolve(value)) {
            Ok(value) => return Ok(value),
            Err(needs) => {
                if let Some(birth) = shared.with_memory(|memory| memory.damaged(&needs).cloned()) {
                    return Err(Halt::Unreadable(format!("the value {birth} cannot be followed")));
                }
                shared.load(&needs).await?;
            }
        }
    }
}

/// Values that a reader without a session has loaded.
#[derive(Debug, Default)]
pub(crate) struct Loaded(Memory);

impl Loaded {
    /// The value without pointers, loading what is not loaded yet.
    pub(crate) async fn resolve(&mut self, log: &dyn Log, execution: &Arc<str>, value: &Value) -> Result<Value, Halt> {
        if self.0.bytes() > MEMORY_BYTES_MAX {
            self.0.clear();
        }
        loop {
            match self.0.resolve(value) {
                Ok(value) => return Ok(value),
                Err(needs) => {
                    if let Some(birth) = self.0.damaged(&needs) {
                        return Err(Halt::Unreadable(format!("the value {birth} cannot be followed")));
                    }
                    for birth in &needs.0 {
                        let value = born(log, execution, birth).await?;
                        self.0.insert(birth.clone(), value);
                    }
                }
            }
        }
    }
}
