//! Writes and measures compact JSON.
//!
//! **Invariant:** what is measured is what is written, to the byte.

use crate::json::text::measure_string;
use crate::json::{NotLoaded, write_string};
use crate::pointer::Pointer;
use crate::value::{Object, Value};

/// Writes a value compactly.
pub(crate) fn write(value: &Value) -> Result<String, NotLoaded> {
    let mut out = String::new();
    write_to(value, &mut out)?;
    Ok(out)
}

fn write_to(value: &Value, out: &mut String) -> Result<(), NotLoaded> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(bool) => out.push_str(if *bool { "true" } else { "false" }),
        Value::Number(number) => out.push_str(number.as_str()),
        Value::String(text) => write_string(text, out),
        Value::Array(items) => return write_array(items, out),
        Value::Object(entries) => return write_object(entries, out),
        Value::Stored(pointer) => return Err(NotLoaded((**pointer).clone())),
    }
    Ok(())
}

fn write_array(items: &[Value], out: &mut String) -> Result<(), NotLoaded> {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_to(item, out)?;
    }
    out.push(']');
    Ok(())
}

fn write_object(entries: &Object, out: &mut String) -> Result<(), NotLoaded> {
    out.push('{');
    for (index, (key, value)) in entries.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_string(key, out);
        out.push(':');
        write_to(value, out)?;
    }
    out.push('}');
    Ok(())
}

/// The length of the compact JSON; `stored` says what a part counts that is stored elsewhere.
pub(crate) fn measure(value: &Value, stored: fn(&Pointer) -> u64) -> u64 {
    measure_until(value, stored, u64::MAX)
}

/// Like [`measure`], but stops somewhere above `enough`.
pub(crate) fn measure_until(value: &Value, stored: fn(&Pointer) -> u64, enough: u64) -> u64 {
    match value {
        Value::Null => 4,
        Value::Bool(bool) => 5 - u64::from(*bool),
        Value::Number(number) => long(number.as_str().len()),
        Value::String(text) => measure_string(text),
        Value::Array(items) => sum(items.iter(), enough, |item, left| measure_until(item, stored, left)),
        Value::Object(entries) => sum(entries.iter(), enough, |(key, item), left| {
            (measure_string(key) + 1).saturating_add(measure_until(item, stored, left))
        }),
        Value::Stored(pointer) => stored(pointer),
    }
}

/// How many elements and entries there are in it, at any depth.
pub(crate) fn parts(value: &Value) -> u64 {
    match value {
        Value::Array(items) => long(items.len()) + items.iter().map(parts).sum::<u64>(),
        Value::Object(entries) => long(entries.len()) + entries.values().map(parts).sum::<u64>(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Stored(_) => 0,
    }
}

fn sum<T>(parts: impl ExactSizeIterator<Item = T>, enough: u64, measure: impl Fn(T, u64) -> u64) -> u64 {
    let mut total = 2 + long(parts.len().saturating_sub(1));
    for part in parts {
        if total > enough {
            break;
        }
        total = total.saturating_add(measure(part, enough - total));
    }
    total
}

pub(crate) fn long(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
