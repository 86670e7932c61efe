//! Functions between values and their JSON text.
//!
//! **Invariant:** numbers keep their text and objects their order both ways.

use crate::context::{Context, Halt};
use crate::functions::{count, unexpected};
use crate::json;
use crate::value::Value;

/// Every value that is read costs so many steps, for the memory that it takes; its text is paid for as any other.
const STEPS_PER_VALUE: u64 = 2;

/// `stringToJson(text)`.
pub(super) fn string_to_json(arguments: &[Value], context: &mut Context<'_>) -> Result<Value, Halt> {
    let [Value::String(text)] = arguments else {
        return Err(unexpected());
    };
    context.spend_bytes(count(text.len()))?;
    let allowed = context.budget() / STEPS_PER_VALUE;
    let mut left = allowed;
    let read = json::parse_within(text, &mut left);
    context.spend((allowed - left) * STEPS_PER_VALUE)?;
    if left == 0 && read.is_err() {
        return Err(Halt::Budget);
    }
    read.map_err(|error| Halt::failed(format!("the text is not JSON: {error}")))
}

/// `jsonToString(value)`: compact; text comes in quotes.
pub(super) fn json_to_string(arguments: &[Value], context: &mut Context<'_>) -> Result<Value, Halt> {
    let [value] = arguments else { return Err(unexpected()) };
    context.json_of(value).map(Value::from)
}
