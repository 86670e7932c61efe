//! What users mean by equal: deep, without coercion, and 1 equals 1.0.
//!
//! **Invariant:** two values are equal exactly when their canonical texts are.

use std::collections::BTreeMap;
use std::fmt;

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
    // A `String` takes everything.
    let _ = write_canonical(value, &mut out);
    out
}

/// Whether a value's canonical text is that one. It looks at the value only as far as the two agree, and takes nothing
/// apart but the value: one long number may be looked for among many short ones.
pub(crate) fn has_canonical(value: &Value, canonical: &str) -> bool {
    let mut left = Left(canonical);
    write_canonical(value, &mut left).is_ok() && left.0.is_empty()
}

/// What is left of a text after all that was written agreed with it.
struct Left<'t>(&'t str);

impl fmt::Write for Left<'_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.0 = self.0.strip_prefix(part).ok_or(fmt::Error)?;
        Ok(())
    }
}

fn write_canonical(value: &Value, out: &mut impl fmt::Write) -> fmt::Result {
    match value {
        Value::Null => out.write_char('n'),
        Value::Bool(bool) => out.write_char(if *bool { 't' } else { 'f' }),
        Value::Number(number) => number.write_canonical(out),
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.write_char('[')?;
            for item in items.iter() {
                write_canonical(item, out)?;
                out.write_char(',')?;
            }
            out.write_char(']')
        }
        Value::Object(entries) => {
            out.write_char('{')?;
            let sorted: BTreeMap<_, _> = entries.iter().collect();
            for (key, value) in sorted {
                write_text(key, out)?;
                write_canonical(value, out)?;
            }
            out.write_char('}')
        }
        Value::Stored(pointer) => write!(out, "@{pointer}"),
    }
}

/// A text behind its length, which tells where it ends.
fn write_text(text: &str, out: &mut impl fmt::Write) -> fmt::Result {
    write!(out, "\"{}:", text.len())?;
    out.write_str(text)
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
            ("[]", "[1]", false),
            (r#""a""#, r#""ab""#, false),
            (r#"["a","b"]"#, r#"["a,b"]"#, false),
            (r#"{"a":"b"}"#, r#"{"ab":""}"#, false),
            ("18446744073709551615", "18446744073709551616", false),
        ] {
            let (left, right) = (json(left), json(right));
            assert_eq!(
                deep_equal(&left, &right, &Memory::default()),
                Ok(expected),
                "{left:?} {right:?}"
            );
            assert_eq!(canonical(&left) == canonical(&right), expected, "{left:?} {right:?}");
            assert_eq!(has_canonical(&left, &canonical(&right)), expected, "{left:?} {right:?}");
        }
    }
}
