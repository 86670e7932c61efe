//! Sealing: giving every value of a record its place of birth.
//!
//! A subtree above [`INLINE_BYTES_MAX`] bytes of its own is moved into a slot of the record and replaced by a pointer,
//! once: wherever the same subtree (or a part of it) appears again in the record, the pointer stands. Smaller ones stay
//! where they are. What was born earlier is a pointer already and stays one.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use stepwell_expression::{Birth, INLINE_BYTES_MAX, Pointer, Slot, Step, Value};

use crate::scope::Kind;
use crate::snapshot::{Forked, Phase, Status};
use crate::{Entry, Position, Revision, ScopeId, Snapshot};

/// Moves large values of `entries` and `snapshot` into slots, which it returns in order.
pub fn seal(scope: &ScopeId, revision: Revision, entries: &mut [Entry], snapshot: &mut Snapshot) -> Vec<Value> {
    let mut sealing = Sealing {
        scope: scope.0.clone(),
        revision,
        slots: Vec::new(),
        known: BTreeMap::new(),
        whole: Vec::new(),
    };
    for entry in entries {
        for value in entry.fact.values_mut().into_iter().flatten() {
            sealing.value(value);
        }
    }
    sealing.snapshot(snapshot);
    sealing.slots
}

struct Sealing {
    scope: Arc<str>,
    revision: Revision,
    slots: Vec<Value>,
    /// Subtrees that have a pointer already, by the address of their shared content, which lives as long as this.
    known: BTreeMap<usize, Arc<Pointer>>,
    /// What was moved, as it was before.
    whole: Vec<Value>,
}

impl Sealing {
    fn snapshot(&mut self, snapshot: &mut Snapshot) {
        self.value(&mut snapshot.globals.view);
        self.value(&mut snapshot.globals.writes);
        if let Status::Succeeded(output) = &mut snapshot.status {
            self.value(output);
        }
        match &mut snapshot.scope.kind {
            Kind::Root => {}
            Kind::Branch { input, .. } => self.value(input),
            Kind::Lane(lane) => {
                self.value(&mut lane.input);
                self.value(&mut lane.items);
                self.value(&mut lane.globals);
            }
        }
        if let Some(position) = &mut snapshot.at {
            self.position(position);
        }
    }

    fn position(&mut self, position: &mut Position) {
        self.value(&mut position.raw);
        self.value(&mut position.input);
        match &mut position.phase {
            Phase::Attempt(attempt) => self.value(&mut attempt.parameters),
            Phase::Forked(fork) => match &mut fork.children {
                Forked::Branches { .. } => {}
                Forked::Lanes { items, .. } => self.value(items),
            },
            Phase::Entering | Phase::Waiting(_) | Phase::Delayed { .. } => {}
        }
    }

    fn value(&mut self, value: &mut Value) {
        let whole = value.clone();
        if let Some(linked) = self.linked(value) {
            *value = linked;
        }
        if value.own_bytes() <= INLINE_BYTES_MAX {
            return;
        }
        let slot = Slot::Born(u32::try_from(self.slots.len()).unwrap_or(u32::MAX));
        let birth = Birth {
            scope: self.scope.clone(),
            revision: self.revision.0,
            slot,
        };
        let pointer = Pointer {
            birth,
            path: Vec::new(),
            bytes: value.bytes(),
        };
        self.remember(value, &pointer);
        // With parts that have moved it is another value; whoever else holds it holds the whole one.
        if let Some(address) = address(&whole) {
            self.known.insert(address, Arc::new(pointer.clone()));
            self.whole.push(whole);
        }
        self.slots
            .push(core::mem::replace(value, Value::Stored(Arc::new(pointer))));
    }

    /// The value with pointers for those parts that were moved already; nothing where there is no such part.
    fn linked(&self, value: &Value) -> Option<Value> {
        if self.known.is_empty() || value.own_bytes() <= INLINE_BYTES_MAX {
            return None;
        }
        if let Some(pointer) = address(value).and_then(|address| self.known.get(&address)) {
            return Some(Value::Stored(pointer.clone()));
        }
        match value {
            Value::Array(items) => {
                let changes: Vec<_> = items.iter().map(|item| self.linked(item)).collect();
                if changes.iter().all(Option::is_none) {
                    return None;
                }
                let linked = items
                    .iter()
                    .zip(changes)
                    .map(|(item, change)| change.unwrap_or_else(|| item.clone()));
                Some(Value::Array(Arc::new(linked.collect())))
            }
            Value::Object(object) => {
                let changes: Vec<_> = object
                    .iter()
                    .filter_map(|(key, item)| Some((key.clone(), self.linked(item)?)))
                    .collect();
                let mut copy = (!changes.is_empty()).then(|| (**object).clone())?;
                copy.extend(changes);
                Some(Value::Object(Arc::new(copy)))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Stored(_) => None,
        }
    }

    /// Notes `value` and every large part of it, so that they are written once.
    fn remember(&mut self, value: &Value, pointer: &Pointer) {
        if value.own_bytes() <= INLINE_BYTES_MAX {
            return;
        }
        if let Some(address) = address(value) {
            self.known.insert(address, Arc::new(pointer.clone()));
        }
        match value {
            Value::Array(items) => {
                for (index, item) in (0..).zip(items.iter()) {
                    self.remember(item, &below(pointer, Step::Index(index), item));
                }
            }
            Value::Object(object) => {
                for (key, item) in object.iter() {
                    self.remember(item, &below(pointer, Step::Key(key.clone()), item));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Stored(_) => {}
        }
    }
}

/// The pointer to a part of what `pointer` names.
fn below(pointer: &Pointer, step: Step, part: &Value) -> Pointer {
    let path = pointer.path.iter().cloned().chain([step]).collect();
    Pointer {
        birth: pointer.birth.clone(),
        path,
        bytes: part.bytes(),
    }
}

/// Where the shared content of a value lies.
fn address(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => Some(Arc::as_ptr(text).addr()),
        Value::Array(items) => Some(Arc::as_ptr(items).addr()),
        Value::Object(object) => Some(Arc::as_ptr(object).addr()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Stored(_) => None,
    }
}

#[cfg(test)]
mod tests;
