//! Functions over integers, and those that draw random numbers.
//!
//! **Invariant:** integers are exact, and whatever is random is drawn from the context, so that a repeat draws the same.

use crate::context::{Context, Halt};
use crate::functions::unexpected;
use crate::value::Value;

/// What a random number costs: the digest of where it is drawn.
const DRAW_STEPS: u64 = 10;

/// `intAdd(integer, integer)`.
pub(super) fn int_add(arguments: &[Value], _: &mut Context<'_>) -> Result<Value, Halt> {
    let (first, second) = integers(arguments)?;
    let sum = first.checked_add(second);
    sum.map(Value::from)
        .ok_or_else(|| Halt::failed(format!("the sum of {first} and {second} is beyond 2^63")))
}

/// `randomInt(lowest, highest)`, both inclusive.
pub(super) fn random_int(arguments: &[Value], context: &mut Context<'_>) -> Result<Value, Halt> {
    let (lowest, highest) = integers(arguments)?;
    if lowest > highest {
        return Err(Halt::failed(format!(
            "`randomInt` finds nothing between {lowest} and {highest}"
        )));
    }
    context.spend(DRAW_STEPS)?;
    let choices = u128::from(highest.abs_diff(lowest)) + 1;
    let choice = u128::from_be_bytes(context.draw()) % choices;
    let drawn = u64::try_from(choice)
        .ok()
        .and_then(|choice| lowest.checked_add_unsigned(choice));
    drawn.map(Value::from).ok_or_else(unexpected)
}

/// `uuid()`: version 4.
pub(super) fn uuid(_: &[Value], context: &mut Context<'_>) -> Result<Value, Halt> {
    context.spend(DRAW_STEPS)?;
    let drawn = u128::from_be_bytes(context.draw());
    let bits = drawn & !(0xf << 76) & !(0b11 << 62) | (4 << 76) | (0b10 << 62);
    let digits = format!("{bits:032x}");
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32].map(|group| digits.get(group).unwrap_or_default());
    Ok(Value::from(groups.join("-")))
}

fn integers(arguments: &[Value]) -> Result<(i64, i64), Halt> {
    let [Value::Number(first), Value::Number(second)] = arguments else {
        return Err(unexpected());
    };
    first.as_i64().zip(second.as_i64()).ok_or_else(unexpected)
}
