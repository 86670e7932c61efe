//! Strings as JSON writes them.
//!
//! **Invariant:** only what must be escaped is escaped when written; every escape of JSON is read.

use std::str::CharIndices;

use crate::json::write::long;

/// Whether control characters may stand in a string as they are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Raw {
    Accepted,
    Refused,
}

/// What is wrong with a string, and where in it.
#[derive(Debug)]
pub(crate) struct WrongString {
    pub(crate) offset: usize,
    pub(crate) message: &'static str,
}

/// Reads a string from behind its opening quote; gives it and the length with its closing quote.
pub(crate) fn read_string(text: &str, quote: char, raw: Raw) -> Result<(String, usize), WrongString> {
    let mut string = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            _ if char == quote => return Ok((string, at + char.len_utf8())),
            '\\' => string.push(escaped(&mut chars, quote).map_err(|message| WrongString { offset: at, message })?),
            '\0'..='\x1f' if raw == Raw::Refused => {
                return Err(WrongString {
                    offset: at,
                    message: "a control character must be escaped",
                });
            }
            _ => string.push(char),
        }
    }
    Err(WrongString {
        offset: text.len(),
        message: "the text has no closing quote",
    })
}

fn escaped(chars: &mut CharIndices<'_>, quote: char) -> Result<char, &'static str> {
    match chars.next().map(|(_, char)| char) {
        Some('n') => Ok('\n'),
        Some('t') => Ok('\t'),
        Some('r') => Ok('\r'),
        Some('b') => Ok('\x08'),
        Some('f') => Ok('\x0c'),
        Some('u') => unicode(chars),
        Some(char @ ('"' | '\\' | '/')) => Ok(char),
        Some(char) if char == quote => Ok(char),
        Some(_) => Err("unknown escape"),
        None => Err("the text has no closing quote"),
    }
}

fn unicode(chars: &mut CharIndices<'_>) -> Result<char, &'static str> {
    const HALF: &str = "half of a surrogate pair";
    let first = four_digits(chars)?;
    if !(0xD800..0xDC00).contains(&first) {
        return char::from_u32(first).ok_or(HALF);
    }
    if (chars.next().map(|(_, char)| char), chars.next().map(|(_, char)| char)) != (Some('\\'), Some('u')) {
        return Err(HALF);
    }
    let second = four_digits(chars)?;
    if !(0xDC00..0xE000).contains(&second) {
        return Err(HALF);
    }
    char::from_u32(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)).ok_or(HALF)
}

fn four_digits(chars: &mut CharIndices<'_>) -> Result<u32, &'static str> {
    (0..4).try_fold(0, |code, _| {
        let digit = chars.next().and_then(|(_, char)| char.to_digit(16));
        Ok(code * 16 + digit.ok_or("`\\u` needs four hexadecimal digits")?)
    })
}

/// Writes text as a JSON string.
pub(crate) fn write_string(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest
        .bytes()
        .position(|byte| byte < b' ' || byte == b'"' || byte == b'\\')
    {
        let (plain, escaped) = rest.split_at(at);
        out.push_str(plain);
        let mut chars = escaped.chars();
        chars.next().into_iter().for_each(|char| write_escaped(char, out));
        rest = chars.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

fn write_escaped(char: char, out: &mut String) {
    match escape_of(char) {
        Some(letter) => out.extend(['\\', letter]),
        None => out.push_str(&format!("\\u{:04x}", u32::from(char))),
    }
}

fn escape_of(char: char) -> Option<char> {
    match char {
        '"' | '\\' => Some(char),
        '\n' => Some('n'),
        '\t' => Some('t'),
        '\r' => Some('r'),
        '\x08' => Some('b'),
        '\x0c' => Some('f'),
        _ => None,
    }
}

/// The length of what [`write_string`] writes.
pub(crate) fn measure_string(text: &str) -> u64 {
    let escapes = text.bytes().map(|byte| match byte {
        b'"' | b'\\' | b'\n' | b'\t' | b'\r' | 0x08 | 0x0c => 1,
        0..=0x1f => 5,
        _ => 0,
    });
    long(text.len()) + 2 + escapes.sum::<u64>()
}
