//! Every pointer leads to a value that was born in the record that it names, of the size that it says.

use std::sync::Arc;

use stepwell_core::{Entry, Fact, Phase, Record, ScopeId, Status};
use stepwell_expression::{Pointer, Slot, Step, Value};

use super::Logs;

/// The most pointers that lead to another before there is a value.
const HOPS_MAX: u32 = 100;

impl Logs {
    /// Whether no pointer of a record dangles.
    pub(super) fn check_pointers(&self, record: &Record) -> Result<(), String> {
        let mut pointers = Vec::new();
        for value in values(record) {
            collect(value, &mut pointers);
        }
        pointers.iter().try_for_each(|pointer| {
            let wrong = |what: &str| format!("record {}: the pointer {pointer}: {what}", record.revision.0);
            if self.born(pointer).is_some_and(|born| born.stamp > record.stamp) {
                return Err(wrong("it was born later"));
            }
            if pointer.birth.slot == Slot::Joined {
                return self
                    .born(pointer)
                    .map(drop)
                    .ok_or_else(|| wrong("there is no such record"));
            }
            match self.behind(pointer, HOPS_MAX) {
                None => Err(wrong("there is no such value")),
                Some(value) if value.bytes() != pointer.bytes => Err(wrong("it has another size")),
                Some(_) => Ok(()),
            }
        })
    }

    fn born(&self, pointer: &Pointer) -> Option<&Record> {
        let place = usize::try_from(pointer.birth.revision).ok()?.checked_sub(1)?;
        self.scopes.get(&ScopeId(pointer.birth.scope.clone()))?.get(place)
    }

    fn behind(&self, pointer: &Pointer, hops: u32) -> Option<Value> {
        let Slot::Born(slot) = pointer.birth.slot else {
            return None;
        };
        let hops = hops.checked_sub(1)?;
        let mut value = self.born(pointer)?.values.get(usize::try_from(slot).ok()?)?.clone();
        for step in &pointer.path {
            if let Value::Stored(further) = &value {
                value = self.behind(further, hops)?;
            }
            value = match (step, &value) {
                (Step::Key(key), Value::Object(object)) => object.get(key)?.clone(),
                (Step::Index(index), Value::Array(items)) => items.get(usize::try_from(*index).ok()?)?.clone(),
                (Step::Key(_) | Step::Index(_), _) => return None,
            };
        }
        Some(value)
    }
}

fn collect(value: &Value, pointers: &mut Vec<Arc<Pointer>>) {
    match value {
        Value::Stored(pointer) => pointers.push(pointer.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, pointers)),
        Value::Object(object) => object.values().for_each(|item| collect(item, pointers)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Everything that a record keeps.
fn values(record: &Record) -> Vec<&Value> {
    let snapshot = &record.snapshot;
    let mut values: Vec<&Value> = record.entries.iter().flat_map(told).collect();
    values.extend(&record.values);
    values.extend([&snapshot.globals.view, &snapshot.globals.writes]);
    if let Status::Succeeded(output) = &snapshot.status {
        values.push(output);
    }
    if let Some(at) = &snapshot.at {
        values.extend([&at.raw, &at.input]);
        if let Phase::Attempt(attempt) = &at.phase {
            values.push(&attempt.parameters);
        }
    }
    values
}

/// What an entry of the history tells.
fn told(entry: &Entry) -> Vec<&Value> {
    match &entry.fact {
        Fact::ExecutionStarted { input: value }
        | Fact::ExecutionSucceeded { output: value }
        | Fact::BranchEntered { input: value, .. }
        | Fact::BranchExited { output: value, .. }
        | Fact::IterationEntered { input: value, .. }
        | Fact::StepEntered { input: value, .. }
        | Fact::StepExited { output: value, .. }
        | Fact::TaskScheduled { parameters: value, .. }
        | Fact::TaskSucceeded { output: value, .. } => vec![value],
        Fact::IterationExited { output, writes, .. } => [output].into_iter().chain(writes).collect(),
        Fact::ExecutionFailed { .. }
        | Fact::ExecutionStopped { .. }
        | Fact::ExecutionTimedOut { .. }
        | Fact::StepFailed { .. }
        | Fact::TaskSubmitted { .. }
        | Fact::TaskSubmitFailed { .. }
        | Fact::TaskFailed { .. }
        | Fact::TaskTimedOut { .. } => Vec::new(),
    }
}
