use std::sync::Arc;

use super::*;
use crate::pointer::{Birth, Pointer, Slot, Step};

fn json(text: &str) -> Value {
    Value::parse_json(text).unwrap()
}

fn stored(slot: Slot, path: Vec<Step>) -> Value {
    Value::Stored(Arc::new(Pointer {
        birth: Birth {
            scope: "Map1/3".into(),
            revision: 7,
            slot,
        },
        path,
        bytes: 1234,
    }))
}

#[test]
fn values_are_stored_and_read_again() {
    for (value, expected) in [
        (json("[null,true,1.0,\"é\",{}]"), r#"[null,true,1.0,"é",{}]"#),
        (json("18446744073709551616"), "18446744073709551616"),
        (json("[1e+3,1e-3,-0,1.50,0.1]"), "[1e+3,1e-3,-0,1.50,0.1]"),
        (json("[1e3,1E+3,1E5]"), r#"[{"@":"1e3"},{"@":"1E+3"},{"@":"1E5"}]"#),
        (json(r#"{"b":1,"a":2}"#), r#"{"b":1,"a":2}"#),
        (json(r#"{"@":1}"#), r#"{"@@":1}"#),
        (
            json(r#"{"x":1,"@":["a",1,0,[],5],"@@@":{"@":"1"}}"#),
            r#"{"x":1,"@@":["a",1,0,[],5],"@@@@":{"@@":"1"}}"#,
        ),
        (json(r#"{"@a":1,"a@":2,"":3}"#), r#"{"@a":1,"a@":2,"":3}"#),
        (
            json(r#"{"$serde_json::private::Number":"12"}"#),
            r#"{"@$serde_json::private::Number":"12"}"#,
        ),
        (
            json(r#"{"@$serde_json::private::Number":"12"}"#),
            r#"{"@@$serde_json::private::Number":"12"}"#,
        ),
        (
            json(r#"{"$serde_json::private::RawValue":"12"}"#),
            r#"{"@$serde_json::private::RawValue":"12"}"#,
        ),
        (stored(Slot::Born(2), vec![]), r#"{"@":["Map1/3",7,2,[],1234]}"#),
        (
            Value::object([(
                "p",
                stored(Slot::Joined, vec![Step::Key("@".into()), Step::Index(u64::MAX)]),
            )]),
            r#"{"p":{"@":["Map1/3",7,"joined",["@",18446744073709551615],1234]}}"#,
        ),
    ] {
        let text = serde_json::to_string(&value).unwrap();
        assert_eq!(text, expected);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value, "{text}");
        assert_eq!(serde_json::from_slice::<Value>(text.as_bytes()).unwrap(), value);
        assert_eq!(serde_json::from_reader::<_, Value>(text.as_bytes()).unwrap(), value);
    }
}

#[test]
fn depth_is_hidden_from_readers() {
    let depth = crate::value::DEPTH_MAX;
    for (open, close) in [("[", "]"), ("{\"@\":", "}"), ("[{\"a\":", "}]")] {
        let levels = depth / open.matches(['[', '{']).count();
        let value = json(&format!("{}1e3{}", open.repeat(levels), close.repeat(levels)));
        let wrapped = (0..40).fold(serde_json::to_string(&value).unwrap(), |inner, _| format!("[{inner}]"));
        let read = (0..40).fold(serde_json::from_str::<Value>(&wrapped).unwrap(), |outer, _| {
            outer.as_array().unwrap()[0].clone()
        });
        assert_eq!(read, value);
    }
}

#[test]
fn deep_pointers_survive() {
    let value = (0..100).fold(stored(Slot::Born(0), vec![]), |inner, _| Value::array([inner]));
    let text = serde_json::to_string(&value).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
}

#[test]
fn what_is_no_stored_form_is_an_error() {
    for wrong in [
        r#"{"@":1}"#,
        r#"{"@":null}"#,
        r#"{"@":{}}"#,
        r#"{"@":[]}"#,
        r#"{"@":["a",1,0,[]]}"#,
        r#"{"@":["a",1,0,[],5,6]}"#,
        r#"{"@":["a",1,"x",[],5]}"#,
        r#"{"@":["a",1,-1,[],5]}"#,
        r#"{"@":["a",1,4294967296,[],5]}"#,
        r#"{"@":["a",1,0,[true],5]}"#,
        r#"{"@":["a",1,0,[-1],5]}"#,
        r#"{"@":["a",1,0,[],5],"b":1}"#,
        r#"{"b":1,"@":["a",1,0,[],5]}"#,
        r#"{"@":"{"}"#,
        r#"{"@":""}"#,
        r#"{"$serde_json::private::Number":"x"}"#,
        "[1",
        "",
    ] {
        assert!(serde_json::from_str::<Value>(wrong).is_err(), "{wrong}");
    }
    let deep = (0..5000).fold("1".to_owned(), |inner, _| format!("[{inner}]"));
    assert!(serde_json::from_str::<Value>(&deep).is_err());
}

#[test]
fn plain_values_are_ordinary_json() {
    for text in [
        r#"{"@":["a",1,0,[],5],"b":{"@@":1.0}}"#,
        r#"[1.0,1e+3,18446744073709551616,null,true,"x"]"#,
        r#"{"z":1,"a":2}"#,
    ] {
        let plain: Plain = serde_json::from_str(text).unwrap();
        assert_eq!(plain, Plain(json(text)));
        assert_eq!(serde_json::to_string(&plain).unwrap(), text);
    }
    assert_eq!(serde_json::to_string(&Plain(json("[1e3,1E5]"))).unwrap(), "[1e3,1E5]");
    let error = serde_json::to_string(&Plain(Value::array([stored(Slot::Joined, vec![])]))).unwrap_err();
    assert_eq!(error.to_string(), "the value at `Map1/3@7#joined` is not loaded");
}

#[test]
fn trees_of_serde_json_are_read() {
    let value = json(r#"{"a":[1.0,1.50,0.1,1e3,-7,18446744073709551616,-9223372036854775809,1E400],"@":{"@@":null}}"#);
    let tree = serde_json::to_value(&value).unwrap();
    assert_eq!(serde_json::from_value::<Value>(tree).unwrap(), value);
}

#[test]
fn numbers_of_other_formats_are_read() {
    use serde::Deserialize;
    use serde::de::value::{Error, F64Deserializer, I64Deserializer, U64Deserializer};
    let read = [
        Value::deserialize(I64Deserializer::<Error>::new(-3)),
        Value::deserialize(U64Deserializer::<Error>::new(u64::MAX)),
        Value::deserialize(F64Deserializer::<Error>::new(2.0)),
    ];
    assert_eq!(
        read,
        [Ok(json("-3")), Ok(json("18446744073709551615")), Ok(json("2.0"))]
    );
    assert!(Value::deserialize(F64Deserializer::<Error>::new(f64::NAN)).is_err());
}
