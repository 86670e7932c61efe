//! Writes values in their stored form, and plainly.
//!
//! **Invariant:** what is written nests at most a bounded number of levels, so that serde_json reads it inside a record.

use serde::ser::{self, Serialize, SerializeMap, SerializeSeq, SerializeStruct, Serializer};

use crate::number::Number;
use crate::stored_form::{Form, MARK, NUMBER, Plain, TEXT_DEPTH, is_special};
use crate::value::{Object, Value};

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        AtDepth {
            value: self,
            depth: 0,
            form: Form::Stored,
        }
        .serialize(serializer)
    }
}

impl Serialize for Plain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        AtDepth {
            value: &self.0,
            depth: 0,
            form: Form::Plain,
        }
        .serialize(serializer)
    }
}

struct AtDepth<'v> {
    value: &'v Value,
    depth: usize,
    form: Form,
}

impl<'v> AtDepth<'v> {
    fn below(&self, value: &'v Value) -> AtDepth<'v> {
        AtDepth {
            value,
            depth: self.depth + 1,
            form: self.form,
        }
    }

    fn must_be_text(&self) -> bool {
        self.form == Form::Stored
            && match self.value {
                Value::Number(number) => is_respelled(number.as_str()),
                Value::Array(_) | Value::Object(_) => self.depth >= TEXT_DEPTH,
                Value::Null | Value::Bool(_) | Value::String(_) | Value::Stored(_) => false,
            }
    }
}

impl Serialize for AtDepth<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.must_be_text() {
            return marked(serializer, &text_of(self.value)?);
        }
        match self.value {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(bool) => serializer.serialize_bool(*bool),
            Value::Number(number) => write_number(number, serializer),
            Value::String(text) => serializer.serialize_str(text),
            Value::Array(items) => self.write_array(items, serializer),
            Value::Object(entries) => self.write_object(entries, serializer),
            Value::Stored(pointer) if self.form == Form::Stored => marked(serializer, &**pointer),
            Value::Stored(pointer) => Err(ser::Error::custom(format!("the value at `{pointer}` is not loaded"))),
        }
    }
}

impl AtDepth<'_> {
    fn write_array<S: Serializer>(&self, items: &[Value], serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(items.len()))?;
        items
            .iter()
            .try_for_each(|item| list.serialize_element(&self.below(item)))?;
        list.end()
    }

    fn write_object<S: Serializer>(&self, entries: &Object, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(entries.len()))?;
        for (key, value) in entries {
            if self.form == Form::Stored && is_special(key) {
                map.serialize_entry(&format!("{MARK}{key}"), &self.below(value))?;
            } else {
                map.serialize_entry(&**key, &self.below(value))?;
            }
        }
        map.end()
    }
}

fn marked<S: Serializer>(serializer: S, content: &(impl Serialize + ?Sized)) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(MARK, content)?;
    map.end()
}

/// serde_json's own way for numbers as text: any serializer that does not know it writes a struct of one field.
fn write_number<S: Serializer>(number: &Number, serializer: S) -> Result<S::Ok, S::Error> {
    let mut struct_ = serializer.serialize_struct(NUMBER, 1)?;
    struct_.serialize_field(NUMBER, number.as_str())?;
    struct_.end()
}

fn text_of<E: ser::Error>(value: &Value) -> Result<String, E> {
    match value.as_number() {
        Some(number) => Ok(number.as_str().to_owned()),
        None => serde_json::to_string(value).map_err(E::custom),
    }
}

/// serde_json reads `E` as `e` and puts a plus after it where there is no sign.
fn is_respelled(number: &str) -> bool {
    number
        .split_once(['e', 'E'])
        .is_some_and(|(_, power)| number.contains('E') || !power.starts_with(['+', '-']))
}
