//! Functions between values and their JSON text.
//!
//! **Invariant:** numbers keep their text and objects their order both ways.

use crate::context::{Context, Halt};
use crate::functions::{count, unexpected};
use crate::json;
use crate::value::Value;

/// Reading costs one step per so many bytes.
const BYTES_PER_STEP: u64 = 8;

/// `stringToJson(text)`.
pub(super) fn string_to_json(arguments: &[Value], context: &mut Context<'_>) -> Result<Value, Halt> {
    let [Value::String(text)] = arguments else {
        return Err(unexpected());
    };
    context.spend(1 + count(text.len()) / BYTES_PER_STEP)?;
    json::parse(text).map_err(|error| Halt::failed(format!("the text is not JSON: {error}")))
}

/// `jsonToString(value)`: compact; text comes in quotes.
pub(super) fn json_to_string(arguments: &[Value], context: &mut Context<'_>) -> Result<Value, Halt> {
    let [value] = arguments else { return Err(unexpected()) };
    context.json_of(value).map(Value::from)
}
