use super::*;
use crate::value::{DEPTH_MAX, Value};

fn error(text: &str) -> (usize, usize, usize, String) {
    let error = Value::parse_json(text).unwrap_err();
    (error.offset, error.line, error.column, error.message)
}

#[test]
fn what_is_read_is_written_again() {
    for text in [
        "null",
        "true",
        "false",
        "[]",
        "{}",
        "\"\"",
        r#"{"b":1.0,"a":[1e3,1E5,-0,18446744073709551616],"z":{"":null}}"#,
        r#"["\"\\\n\t\r\b\f\u0000\u001f/é漢😀"]"#,
        r#"{"$serde_json::private::Number":"12","@":["a",1,0,[],5]}"#,
    ] {
        let value = Value::parse_json(text).unwrap();
        assert_eq!(value.to_json().as_deref(), Ok(text));
        assert_eq!(value.bytes(), text.len() as u64);
        assert_eq!(value.own_bytes(), text.len() as u64);
    }
}

#[test]
fn blanks_escapes_and_double_keys_are_understood() {
    for (text, expected) in [
        (" [ 1 , 2 ] \n", "[1,2]"),
        (r#"{"a":1,"b":2,"a":3}"#, r#"{"a":3,"b":2}"#),
        (r#""\u00e9\ud83d\ude00\/\u000A""#, "\"é😀/\\n\""),
    ] {
        assert_eq!(Value::parse_json(text).unwrap().to_json().unwrap(), expected);
    }
}

#[test]
fn errors_say_where() {
    for (text, at, line, column, message) in [
        ("", 0, 1, 1, "expected a value, found the end"),
        ("{\n  \"é\": x}", 10, 2, 8, "expected a value"),
        ("[1 2]", 3, 1, 4, "expected `,` or `]`"),
        ("[1,]", 3, 1, 4, "expected a value"),
        ("{\"a\" 1}", 5, 1, 6, "expected `:` after the key"),
        ("{a:1}", 1, 1, 2, "expected a key in double quotes"),
        ("{\"a\":1,}", 7, 1, 8, "expected a key in double quotes"),
        ("{\"a\":1", 6, 1, 7, "expected `,` or `}`"),
        ("1 2", 2, 1, 3, "expected the end after the value"),
        ("01", 1, 1, 2, "not a number"),
        ("1.", 0, 1, 1, "not a number"),
        ("\"a", 2, 1, 3, "the text has no closing quote"),
        ("\"a\nb\"", 2, 1, 3, "a control character must be escaped"),
        ("\"\\x\"", 1, 1, 2, "unknown escape"),
        ("\"\\'\"", 1, 1, 2, "unknown escape"),
        ("\"\\ud800\"", 1, 1, 2, "half of a surrogate pair"),
        ("\"\\ud800\\u0041\"", 1, 1, 2, "half of a surrogate pair"),
        ("\"\\udc00\"", 1, 1, 2, "half of a surrogate pair"),
        ("\"\\u00g0\"", 1, 1, 2, "`\\u` needs four hexadecimal digits"),
        ("\u{feff}1", 0, 1, 1, "expected a value"),
        ("nul", 0, 1, 1, "expected a value"),
    ] {
        assert_eq!(error(text), (at, line, column, message.to_owned()), "{text}");
    }
    assert_eq!(
        Value::parse_json("[\n?]").unwrap_err().to_string(),
        "expected a value at line 2, column 1"
    );
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(
        Value::parse_json(&nested(DEPTH_MAX)).unwrap().to_json().unwrap(),
        nested(DEPTH_MAX)
    );
    for text in [
        nested(DEPTH_MAX + 1),
        "[".repeat(1_000_000),
        "{\"a\":".repeat(1_000_000),
    ] {
        assert_eq!(Value::parse_json(&text).unwrap_err().message, "nested too deeply");
    }
}

#[test]
fn measuring_stops_early() {
    let value = Value::array((0..1000).map(|_| Value::array((0..100u64).map(Value::from))));
    let bytes = value.to_json().unwrap().len() as u64;
    assert_eq!(measure_until(&value, |_| 0, bytes), bytes);
    let (commas, commas_of_the_first) = (1001, 101);
    assert_eq!(measure_until(&value, |_| 0, 1002), commas + commas_of_the_first);
}
