//! The operators and their coercions (specification 1.6; 1.9 points 3 to 5).
//!
//! **Invariant:** an operator looks only as deep into its operands as it must, and compares numbers exactly; only
//! arithmetic rounds to floats.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::context::{Context, Halt, collect};
use crate::equality::{canonical, has_canonical, same};
use crate::error::shortened;
use crate::number::Number;
use crate::pattern;
use crate::tree::Infix;
use crate::value::Value;

/// Applies an operator to two values.
pub(crate) fn apply(operator: Infix, left: &Value, right: &Value, context: &mut Context<'_>) -> Result<Value, Halt> {
    if let (Infix::Equal | Infix::NotEqual, Value::Stored(one), Value::Stored(other)) = (operator, left, right)
        && one == other
    {
        return Ok(Value::Bool(operator == Infix::Equal));
    }
    let [left, right] = open_both(left, right, context)?;
    let (left, right) = (&left, &right);
    let answer = match operator {
        Infix::Equal => equal(left, right, context)?,
        Infix::NotEqual => !equal(left, right, context)?,
        Infix::Less => compare(left, right, context)?.is_some_and(Ordering::is_lt),
        Infix::LessOrEqual => compare(left, right, context)?.is_some_and(Ordering::is_le),
        Infix::Greater => compare(left, right, context)?.is_some_and(Ordering::is_gt),
        Infix::GreaterOrEqual => compare(left, right, context)?.is_some_and(Ordering::is_ge),
        Infix::Matches => matches(operator, left, right, context)?,
        Infix::MatchesNot => !matches(operator, left, right, context)?,
        Infix::In => contains(right, left, context)?,
        Infix::Add => return add(left, right, context),
        Infix::Subtract => return calculate(operator, left, right, |left, right| left - right),
        Infix::Multiply => return calculate(operator, left, right, |left, right| left * right),
        Infix::Divide => return calculate(operator, left, right, |left, right| left / right),
        Infix::Remainder => return calculate(operator, left, right, |left, right| left % right),
    };
    Ok(Value::Bool(answer))
}

fn open_both(left: &Value, right: &Value, context: &mut Context<'_>) -> Result<[Value; 2], Halt> {
    pair(collect([left, right].map(|value| context.open(value)))?)
}

fn resolve_both(left: &Value, right: &Value, context: &mut Context<'_>) -> Result<[Value; 2], Halt> {
    pair(collect([left, right].map(|value| context.resolve(value)))?)
}

fn pair(values: Vec<Value>) -> Result<[Value; 2], Halt> {
    values
        .try_into()
        .map_err(|_| Halt::failed("an operator needs two values"))
}

/// A number, or text in JSON number syntax.
pub(crate) fn to_number(value: &Value) -> Option<Cow<'_, Number>> {
    match value {
        Value::Number(number) => Some(Cow::Borrowed(number)),
        Value::String(text) => Number::parse(text).map(Cow::Owned),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) | Value::Stored(_) => None,
    }
}

/// A boolean, or what stands for one: null, numbers, and text that spells a boolean or a number.
pub(crate) fn to_bool(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(bool) => Some(*bool),
        Value::Null => Some(false),
        Value::String(text) if matches!(&**text, "true" | "TRUE") => Some(true),
        Value::String(text) if matches!(&**text, "false" | "FALSE") => Some(false),
        Value::Number(_) | Value::String(_) => to_number(value).map(|number| !number.is_zero()),
        Value::Array(_) | Value::Object(_) | Value::Stored(_) => None,
    }
}

/// The boolean that an operator needs.
pub(crate) fn require_bool(symbol: &str, value: &Value) -> Result<bool, Halt> {
    to_bool(value).ok_or_else(|| Halt::failed(format!("`{symbol}` needs true or false, not {}", value.kind())))
}

/// Whether `??` and `? :` take a value for absent: null, false, 0 and empty text.
pub(crate) fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(bool) => !bool,
        Value::Number(number) => number.is_zero(),
        Value::String(text) => text.is_empty(),
        Value::Array(_) | Value::Object(_) | Value::Stored(_) => false,
    }
}

/// The number with the other sign.
pub(crate) fn negate(value: &Value) -> Result<Value, Halt> {
    let number = to_number(value).ok_or_else(|| Halt::failed(format!("`-` needs a number, not {}", value.kind())))?;
    Ok(Value::Number(number.negated()))
}

fn equal(left: &Value, right: &Value, context: &mut Context<'_>) -> Result<bool, Halt> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => return Ok(left.compare(right).is_eq()),
        (Value::Bool(left), Value::Bool(right)) => return Ok(left == right),
        (Value::String(left), Value::String(right)) if left == right => return Ok(true),
        _ => {}
    }
    if let (Some(left), Some(right)) = (to_number(left), to_number(right)) {
        return Ok(left.compare(&right).is_eq());
    }
    if let (Some(left), Some(right)) = (to_bool(left), to_bool(right)) {
        return Ok(left == right);
    }
    if left.kind() != right.kind() {
        return Ok(false);
    }
    let [left, right] = resolve_both(left, right, context)?;
    Ok(same(&left, &right))
}

/// The order of two values; none where one of them is null.
fn compare(left: &Value, right: &Value, context: &mut Context<'_>) -> Result<Option<Ordering>, Halt> {
    if left.is_null() || right.is_null() {
        return Ok(None);
    }
    if let (Value::String(left), Value::String(right)) = (left, right) {
        return Ok(Some(left.cmp(right)));
    }
    if let (Some(left), Some(right)) = (to_number(left), to_number(right)) {
        return Ok(Some(left.compare(&right)));
    }
    let texts = collect([left, right].map(|value| text_of(value, context)))?;
    Ok(texts.first().map(|left| left.cmp(texts.last().unwrap_or(left))))
}

/// Text as it is, everything else as compact JSON.
pub(crate) fn text_of(value: &Value, context: &mut Context<'_>) -> Result<String, Halt> {
    if let Value::String(text) = context.open(value)? {
        context.spend_bytes(u64::try_from(text.len()).unwrap_or(u64::MAX))?;
        return Ok(text.to_string());
    }
    context.json_of(value)
}

/// Whether a collection holds a value: an array by deep equality without coercion, an object as a key.
fn contains(collection: &Value, wanted: &Value, context: &mut Context<'_>) -> Result<bool, Halt> {
    match (collection, wanted) {
        (Value::Null, _) => Ok(false),
        (Value::Array(_), _) => array_contains(collection, wanted, context),
        (Value::Object(entries), Value::String(key)) => Ok(entries.contains_key(key)),
        (Value::Object(_), _) => Ok(false),
        _ => Err(Halt::failed(format!(
            "`in` needs an array or an object on its right, not {}",
            collection.kind()
        ))),
    }
}

/// Whether an array holds a value, by deep equality.
pub(crate) fn array_contains(array: &Value, wanted: &Value, context: &mut Context<'_>) -> Result<bool, Halt> {
    let [array, wanted] = resolve_both(array, wanted, context)?;
    let items = array.as_array().unwrap_or(&[]);
    let wanted = canonical(&wanted);
    Ok(items.iter().any(|item| has_canonical(item, &wanted)))
}

/// Whether a pattern is found in a text; in null no pattern is, but it must be one.
fn matches(operator: Infix, text: &Value, pattern: &Value, context: &mut Context<'_>) -> Result<bool, Halt> {
    if pattern.is_null() {
        return Err(Halt::failed(format!(
            "`{}` needs a pattern, not null",
            operator.symbol()
        )));
    }
    let searched = match text {
        Value::Null => String::new(),
        Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_)
        | Value::Stored(_) => text_of(text, context)?,
    };
    let pattern = text_of(pattern, context)?;
    let found = pattern::is_match(&pattern, &searched, context)?;
    Ok(found && !text.is_null())
}

/// Adds numbers, joins texts; else adds what can be read as numbers, or joins what is not null.
fn add(left: &Value, right: &Value, context: &mut Context<'_>) -> Result<Value, Halt> {
    let texts = matches!((left, right), (Value::String(_), Value::String(_)));
    if !texts && to_number(left).is_some() && to_number(right).is_some() {
        return calculate(Infix::Add, left, right, |left, right| left + right);
    }
    if left.is_null() || right.is_null() {
        return Err(wrong_operands(Infix::Add, left, right));
    }
    let texts = collect([left, right].map(|value| text_of(value, context)))?;
    context.allow_text(
        texts
            .iter()
            .map(|text| u64::try_from(text.len()).unwrap_or(u64::MAX))
            .sum(),
    )?;
    Ok(Value::from(texts.concat()))
}

fn calculate(operator: Infix, left: &Value, right: &Value, with: fn(f64, f64) -> f64) -> Result<Value, Halt> {
    let (Some(one), Some(other)) = (to_number(left), to_number(right)) else {
        return Err(wrong_operands(operator, left, right));
    };
    let result = Number::from_f64(with(one.as_f64(), other.as_f64()));
    result.map(Value::Number).ok_or_else(|| {
        let [one, other] = [&one, &other].map(|number| shortened(number.as_str()));
        Halt::failed(format!(
            "the result of `{one} {} {other}` is not a finite number",
            operator.symbol()
        ))
    })
}

fn wrong_operands(operator: Infix, left: &Value, right: &Value) -> Halt {
    Halt::failed(format!(
        "`{}` cannot be applied to {} and {}",
        operator.symbol(),
        left.kind(),
        right.kind()
    ))
}
