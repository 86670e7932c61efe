//! Functions over arrays.
//!
//! **Invariant:** elements are compared deeply and without coercion, with 1 equal to 1.0.

use std::collections::BTreeSet;

use crate::context::{Context, Halt};
use crate::equality::canonical;
use crate::functions::{count, unexpected};
use crate::operators;
use crate::value::Value;

/// What `arrayUnique` costs for every element, beside looking at it.
const UNIQUE_STEPS: u64 = 4;

/// `arrayContains(array, value)`.
pub(super) fn array_contains(arguments: &[Value], context: &mut Context<'_>) -> Result<Value, Halt> {
    let [array, wanted] = arguments else {
        return Err(unexpected());
    };
    operators::array_contains(array, wanted, context).map(Value::Bool)
}

/// `arrayUnique(array)`: the first of equal elements stays, as it was.
pub(super) fn array_unique(arguments: &[Value], context: &mut Context<'_>) -> Result<Value, Halt> {
    let [array @ Value::Array(items)] = arguments else {
        return Err(unexpected());
    };
    let resolved = context.resolve(array)?;
    context.spend(count(items.len()).saturating_mul(UNIQUE_STEPS))?;
    let mut seen = BTreeSet::new();
    let first = resolved
        .as_array()
        .unwrap_or(&[])
        .iter()
        .map(|item| seen.insert(canonical(item)));
    Ok(Value::array(
        items
            .iter()
            .zip(first)
            .filter(|(_, first)| *first)
            .map(|(item, _)| item.clone()),
    ))
}

/// `toArray(…)`.
pub(super) fn to_array(arguments: &[Value], _: &mut Context<'_>) -> Result<Value, Halt> {
    Ok(Value::array(arguments.iter().cloned()))
}
