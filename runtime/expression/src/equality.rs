//! What users mean by equal: deep, without coercion, and 1 equals 1.0.
//!
//! **Invariant:** two values are equal exactly when their canonical texts are.

use std::collections::BTreeMap;

use crate::json::write_string;
use crate::memory::{Memory, Needs};
use crate::value::Value;

/// Compares two values deeply and without coercion; 1 equals 1.0, and the order of keys does not matter.
///
/// # Errors
///
/// [`Needs`] names the slots that must be loaded to know.
pub fn deep_equal(left: &Value, right: &Value, memory: &Memory) -> Result<bool, Needs> {
    if left == right {
        return Ok(true);
    }
    match (memory.resolve(left), memory.resolve(right)) {
        (Ok(left), Ok(right)) => Ok(same(&left, &right)),
        (Err(left), Err(right)) => Err(left.and(right)),
        (Err(needs), Ok(_)) | (Ok(_), Err(needs)) => Err(needs),
    }
}

/// Compares two values in which nothing is stored elsewhere.
pub(crate) fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.compare(right).is_eq(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(&**right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, value)| right.get(key).is_some_and(|other| same(value, other)))
        }
        _ => left == right,
    }
}

/// One text for all values that are the same.
pub(crate) fn canonical(value: &Value) -> String {
    let mut out = String::new();
    canonical_to(value, &mut out);
    out
}

fn canonical_to(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push('n'),
        Value::Bool(bool) => out.push(if *bool { 't' } else { 'f' }),
        Value::Number(number) => out.push_str(&number.canonical()),
        Value::String(text) => write_string(text, out),
        Value::Array(items) => {
            out.push('[');
            items.iter().for_each(|item| {
                canonical_to(item, out);
                out.push(',');
            });
            out.push(']');
        }
        Value::Object(entries) => {
            out.push('{');
            let sorted: BTreeMap<_, _> = entries.iter().collect();
            sorted.into_iter().for_each(|(key, value)| {
                write_string(key, out);
                canonical_to(value, out);
            });
            out.push('}');
        }
        Value::Stored(pointer) => out.push_str(&format!("@{pointer}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Value {
        Value::parse_json(text).unwrap()
    }

    #[test]
    fn equality_is_deep_and_without_coercion() {
        for (left, right, expected) in [
            ("1", "1.0", true),
            ("1", "\"1\"", false),
            ("null", "false", false),
            ("true", "\"true\"", false),
            ("[1,[2]]", "[1.0,[2e0]]", true),
            ("[1,2]", "[2,1]", false),
            ("[1]", "[1,1]", false),
            (r#"{"a":1,"b":[true]}"#, r#"{"b":[true],"a":1.0}"#, true),
            (r#"{"a":1}"#, r#"{"a":1,"b":null}"#, false),
            (r#"{"a":1}"#, r#"{"b":1}"#, false),
            ("[[],[]]", "[[[]]]", false),
            ("[12]", "[1,2]", false),
            ("{}", "[]", false),
            ("18446744073709551615", "18446744073709551616", false),
        ] {
            let (left, right) = (json(left), json(right));
            assert_eq!(
                deep_equal(&left, &right, &Memory::default()),
                Ok(expected),
                "{left:?} {right:?}"
            );
            assert_eq!(canonical(&left) == canonical(&right), expected, "{left:?} {right:?}");
        }
    }
}
