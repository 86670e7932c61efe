//! Reads JSON text.
//!
//! **Invariant:** numbers keep their text, and recursion is bounded by [`DEPTH_MAX`].

use std::sync::Arc;

use crate::json::{JsonError, Raw, read_string};
use crate::number::{self, Number};
use crate::value::{DEPTH_MAX, Object, Value};

/// Reads one JSON value and nothing else.
pub(crate) fn parse(text: &str) -> Result<Value, JsonError> {
    let mut values = u64::MAX;
    parse_within(text, &mut values)
}

/// The same, where only so many values may be made, whatever holds them; `values` is what is left of them. With none left
/// there is an error where the next one begins.
pub(crate) fn parse_within(text: &str, values: &mut u64) -> Result<Value, JsonError> {
    let mut reader = Reader {
        text,
        at: 0,
        values: *values,
    };
    let value = reader.whole();
    *values = reader.values;
    value
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    /// How many values may still be made.
    values: u64,
}

impl Reader<'_> {
    fn whole(&mut self) -> Result<Value, JsonError> {
        let value = self.value(0)?;
        self.blanks();
        match self.peek() {
            None => Ok(value),
            Some(_) => Err(self.error("expected the end after the value")),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, JsonError> {
        self.blanks();
        self.values = match self.values.checked_sub(1) {
            Some(left) => left,
            None => return Err(self.error("too many values")),
        };
        match self.peek() {
            Some(b'{') => self.object(self.deeper(depth)?),
            Some(b'[') => self.array(self.deeper(depth)?),
            Some(b'"') => Ok(Value::String(self.string()?.into())),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => self.word(),
            None => Err(self.error("expected a value, found the end")),
        }
    }

    fn deeper(&self, depth: usize) -> Result<usize, JsonError> {
        if depth < DEPTH_MAX {
            Ok(depth + 1)
        } else {
            Err(self.error("nested too deeply"))
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, JsonError> {
        let mut entries = Object::new();
        self.at += 1;
        if self.take(b'}') {
            return Ok(Value::Object(Arc::new(entries)));
        }
        loop {
            let key = self.key()?;
            entries.insert(key.into(), self.value(depth)?);
            if self.take(b'}') {
                return Ok(Value::Object(Arc::new(entries)));
            }
            self.expect(b',', "expected `,` or `}`")?;
        }
    }

    fn key(&mut self) -> Result<String, JsonError> {
        self.blanks();
        if self.peek() != Some(b'"') {
            return Err(self.error("expected a key in double quotes"));
        }
        let key = self.string()?;
        self.expect(b':', "expected `:` after the key")?;
        Ok(key)
    }

    fn array(&mut self, depth: usize) -> Result<Value, JsonError> {
        let mut items = Vec::new();
        self.at += 1;
        if self.take(b']') {
            return Ok(Value::Array(Arc::new(items)));
        }
        loop {
            items.push(self.value(depth)?);
            if self.take(b']') {
                return Ok(Value::Array(Arc::new(items)));
            }
            self.expect(b',', "expected `,` or `]`")?;
        }
    }

    fn string(&mut self) -> Result<String, JsonError> {
        let start = self.at;
        let rest = self.text.get(start + 1..).unwrap_or("");
        let (string, length) = read_string(rest, '"', Raw::Refused).map_err(|wrong| JsonError {
            message: wrong.message.to_owned(),
            ..self.error_at(start + 1 + wrong.offset)
        })?;
        self.at = start + 1 + length;
        Ok(string)
    }

    fn number(&mut self) -> Result<Value, JsonError> {
        let rest = self.text.get(self.at..).unwrap_or("");
        let length = number::scan(rest.as_bytes()).ok_or_else(|| self.error("not a number"))?;
        let number = rest
            .get(..length)
            .and_then(Number::parse)
            .ok_or_else(|| self.error("not a number"))?;
        self.at += length;
        match self.peek() {
            Some(b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'.' | b'+' | b'-') => Err(self.error("not a number")),
            _ => Ok(Value::Number(number)),
        }
    }

    fn word(&mut self) -> Result<Value, JsonError> {
        let rest = self.text.get(self.at..).unwrap_or("");
        for (word, value) in [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
        ] {
            if rest.starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.error("expected a value"))
    }

    fn take(&mut self, byte: u8) -> bool {
        self.blanks();
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, byte: u8, otherwise: &str) -> Result<(), JsonError> {
        if self.take(byte) {
            Ok(())
        } else {
            Err(self.error(otherwise))
        }
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn error(&self, message: &str) -> JsonError {
        JsonError {
            message: message.to_owned(),
            ..self.error_at(self.at)
        }
    }

    fn error_at(&self, offset: usize) -> JsonError {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        JsonError {
            offset,
            line: 1 + before.bytes().filter(|byte| *byte == b'\n').count(),
            column: 1 + before.get(line_start..).unwrap_or("").chars().count(),
            message: String::new(),
        }
    }
}
