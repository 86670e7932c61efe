//! Reads values in their stored form, and plainly.
//!
//! **Invariant:** whatever stands there gives a value or an error.

use std::fmt;
use std::sync::Arc;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::number::Number;
use crate::pointer::Pointer;
use crate::stored_form::{Form, MARK, NUMBER, Plain, unmarked};
use crate::value::{Object, Value};

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(ReadValue { form: Form::Stored })
    }
}

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Plain, D::Error> {
        deserializer.deserialize_any(ReadValue { form: Form::Plain }).map(Plain)
    }
}

struct ReadValue {
    form: Form,
}

impl<'de> Visitor<'de> for ReadValue {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, bool: bool) -> Result<Value, E> {
        Ok(Value::Bool(bool))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_i128<E: de::Error>(self, number: i128) -> Result<Value, E> {
        number_of(&number.to_string())
    }

    fn visit_u128<E: de::Error>(self, number: u128) -> Result<Value, E> {
        number_of(&number.to_string())
    }

    /// Prints the float as serde_json does, since a `serde_json::Value` gives most of its numbers in this way.
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Value, E> {
        let printed = serde_json::Number::from_f64(number).ok_or_else(|| E::custom("not a finite number"))?;
        number_of(&printed.to_string())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = self.form.next_element(&mut list)? {
            items.push(item);
        }
        Ok(Value::Array(Arc::new(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let Some(first) = map.next_key::<String>()? else {
            return Ok(Value::Object(Arc::default()));
        };
        match first.as_str() {
            NUMBER => read_number(&mut map),
            MARK if self.form == Form::Stored => read_marked(&mut map),
            _ => self.form.read_object(&first, &mut map),
        }
    }
}

impl Form {
    fn next_element<'de, A: SeqAccess<'de>>(self, list: &mut A) -> Result<Option<Value>, A::Error> {
        match self {
            Form::Stored => list.next_element::<Value>(),
            Form::Plain => Ok(list.next_element::<Plain>()?.map(|plain| plain.0)),
        }
    }

    fn next_value<'de, A: MapAccess<'de>>(self, map: &mut A) -> Result<Value, A::Error> {
        match self {
            Form::Stored => map.next_value::<Value>(),
            Form::Plain => Ok(map.next_value::<Plain>()?.0),
        }
    }

    fn read_object<'de, A: MapAccess<'de>>(self, first: &str, map: &mut A) -> Result<Value, A::Error> {
        let mut entries = Object::new();
        entries.insert(self.key(first)?, self.next_value(map)?);
        while let Some(key) = map.next_key::<String>()? {
            entries.insert(self.key(&key)?, self.next_value(map)?);
        }
        Ok(Value::Object(Arc::new(entries)))
    }

    fn key<E: de::Error>(self, key: &str) -> Result<Arc<str>, E> {
        match self {
            Form::Plain => Ok(key.into()),
            Form::Stored if key == MARK => Err(E::custom("the key `@` must stand alone")),
            Form::Stored => Ok(unmarked(key).into()),
        }
    }
}

fn read_number<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Value, A::Error> {
    number_of(&map.next_value::<String>()?)
}

fn number_of<E: de::Error>(text: &str) -> Result<Value, E> {
    Number::parse(text)
        .map(Value::Number)
        .ok_or_else(|| E::custom(format!("`{text}` is not a number")))
}

fn read_marked<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Value, A::Error> {
    let Marked(value) = map.next_value::<Marked>()?;
    match map.next_key::<String>()? {
        None => Ok(value),
        Some(_) => Err(de::Error::custom("the key `@` must stand alone")),
    }
}

/// What stands under the key `@`: a pointer, or JSON text.
struct Marked(Value);

impl<'de> Deserialize<'de> for Marked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Marked, D::Error> {
        deserializer.deserialize_any(ReadMarked).map(Marked)
    }
}

struct ReadMarked;

impl<'de> Visitor<'de> for ReadMarked {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a pointer or JSON text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        match Number::parse(text) {
            Some(number) => Ok(Value::Number(number)),
            None => serde_json::from_str(text).map_err(E::custom),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Value, A::Error> {
        let pointer = Pointer::deserialize(de::value::SeqAccessDeserializer::new(list))?;
        Ok(Value::Stored(Arc::new(pointer)))
    }
}
