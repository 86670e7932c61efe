//! Functions over arrays, objects and their parts.
//!
//! **Invariant:** they look one level deep: large parts stay where they are stored.

use std::sync::Arc;

use crate::context::{Context, Halt};
use crate::error::shortened;
use crate::functions::{Mistake, count, unexpected};
use crate::number::Number;
use crate::value::Value;

/// `length(array, object or text)`: elements, entries or characters.
pub(super) fn length(arguments: &[Value], context: &mut Context<'_>) -> Result<Value, Halt> {
    let length = match arguments {
        [Value::Array(items)] => items.len(),
        [Value::Object(entries)] => entries.len(),
        [Value::String(text)] => {
            context.spend_bytes(count(text.len()))?;
            text.chars().count()
        }
        _ => return Err(unexpected()),
    };
    Ok(Value::from(count(length)))
}

/// `get(collection, index or key)`: null where there is no such part.
pub(super) fn get(arguments: &[Value], _: &mut Context<'_>) -> Result<Value, Halt> {
    let part = match arguments {
        [Value::Array(items), Value::Number(number)] => items.get(index(number)?),
        [Value::Object(entries), Value::String(key)] => entries.get(key),
        [Value::Array(_), _] => return Err(Halt::failed("`get` of an array needs an integer")),
        [Value::Object(_), _] => return Err(Halt::failed("`get` of an object needs text")),
        _ => return Err(unexpected()),
    };
    Ok(part.cloned().unwrap_or(Value::Null))
}

/// A negative index is a mistake wherever it is known.
pub(super) fn check_get(arguments: &[Option<&Value>], _: &mut Context<'_>) -> Result<(), Mistake> {
    match arguments {
        [_, Some(Value::Number(number))] => index(number).map(|_| ()).map_err(|halt| Mistake { argument: 1, halt }),
        _ => Ok(()),
    }
}

fn index(number: &Number) -> Result<usize, Halt> {
    let index = number.as_i64().and_then(|index| usize::try_from(index).ok());
    index.ok_or_else(|| {
        Halt::failed(format!(
            "`get` needs an index from 0 on, not {}",
            shortened(number.as_str())
        ))
    })
}

/// `mapKeys(object)`, in the object's own order.
pub(super) fn map_keys(arguments: &[Value], context: &mut Context<'_>) -> Result<Value, Halt> {
    let [Value::Object(entries)] = arguments else {
        return Err(unexpected());
    };
    context.spend(count(entries.len()))?;
    Ok(Value::array(entries.keys().map(|key| Value::String(key.clone()))))
}

/// `mapValues(object)`, in the object's own order.
pub(super) fn map_values(arguments: &[Value], context: &mut Context<'_>) -> Result<Value, Halt> {
    let [Value::Object(entries)] = arguments else {
        return Err(unexpected());
    };
    context.spend(count(entries.len()))?;
    Ok(Value::array(entries.values().cloned()))
}

/// `jsonMerge(first, second)`: shallow; the second wins, at the place of the first.
pub(super) fn json_merge(arguments: &[Value], context: &mut Context<'_>) -> Result<Value, Halt> {
    let [Value::Object(first), Value::Object(second)] = arguments else {
        return Err(unexpected());
    };
    context.spend(count(first.len() + second.len()))?;
    let mut merged = (**first).clone();
    merged.extend(second.iter().map(|(key, value)| (key.clone(), value.clone())));
    Ok(Value::Object(Arc::new(merged)))
}
