//! `$Global`: a copy made at the fork, and what this scope wrote into it.

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};
use stepwell_expression::{Memory, Needs, Object, Value};

use crate::Failure;
use crate::failure::codes;

/// The most that the name of a global variable may take.
const KEY_BYTES_MAX: usize = 128;

/// The most that the value of a global variable may take.
const VALUE_BYTES_MAX: u64 = 256 * 1024;

/// Values above so many bytes are not measured to their end.
const MEASURED_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What a scope sees as `$Global`, and its own writes, which are merged into its parent's at the join.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Globals {
    /// What `$Global` is here: an object.
    pub view: Value,
    /// What this scope (or this item of a lane) wrote: an object.
    pub writes: Value,
}

impl Default for Globals {
    fn default() -> Self {
        Self {
            view: empty(),
            writes: empty(),
        }
    }
}

fn empty() -> Value {
    Value::Object(Arc::default())
}

impl Globals {
    /// What a child starts with.
    pub(crate) fn forked(&self) -> Self {
        Self {
            view: self.view.clone(),
            writes: empty(),
        }
    }

    /// Sets keys, both in the view and in the writes.
    pub(crate) fn write(&mut self, keys: &Value, memory: &Memory) -> Result<(), Needs> {
        let is_all_written = is_same(&self.view, &self.writes);
        self.view = merged(&self.view, keys, memory)?;
        // Where nothing was inherited both are one value, which is stored once.
        self.writes = match is_all_written {
            true => self.view.clone(),
            false => merged(&self.writes, keys, memory)?,
        };
        Ok(())
    }
}

/// Whether two values are the same, with their keys in the same order.
fn is_same(left: &Value, right: &Value) -> bool {
    match (left.as_object(), right.as_object()) {
        (Some(left), Some(right)) => left.iter().eq(right.iter()),
        (Some(_), None) | (None, Some(_)) => false,
        (None, None) => left == right,
    }
}

/// Whether a GlobalConstructor's result can be written.
///
/// Source: CloudFlow's limits of global variables, 128 bytes a key and 256 KiB a value.
pub(crate) fn check(keys: &Value, memory: &Memory) -> Result<Result<(), Failure>, Needs> {
    for (key, value) in open(keys, memory)? {
        let bytes = value.bytes_until(MEASURED_BYTES_MAX);
        if key.len() > KEY_BYTES_MAX || bytes > VALUE_BYTES_MAX {
            let detail = alloc::format!(
                "the global variable `{key}` takes {} bytes of name and {bytes} of JSON; at most {KEY_BYTES_MAX} and {VALUE_BYTES_MAX} are allowed",
                key.len(),
            );
            return Ok(Err(Failure::not_retryable(codes::DATA_LIMIT_EXCEEDED, detail)));
        }
    }
    Ok(Ok(()))
}

/// An object with all keys of `under`, and those of `over` on top.
fn merged(under: &Value, over: &Value, memory: &Memory) -> Result<Value, Needs> {
    let mut object = open(under, memory)?;
    for (key, value) in open(over, memory)? {
        object.insert(key, value);
    }
    Ok(Value::Object(Arc::new(object)))
}

/// The keys of an object; those of anything else are none.
pub(crate) fn open(value: &Value, memory: &Memory) -> Result<Object, Needs> {
    match value {
        Value::Object(object) => Ok((**object).clone()),
        Value::Stored(pointer) => open(&memory.open(pointer)?, memory),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Ok(Object::default()),
    }
}
