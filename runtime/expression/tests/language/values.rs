//! Values as Rust code makes and reads them.

use stepwell_expression::Value;

use crate::world::json;

#[test]
fn a_value_is_read_as_what_it_is() {
    let read = |text: &str| {
        let value = json(text);
        (
            value.as_bool(),
            value.as_str().map(str::to_owned),
            value.as_number().map(|number| number.as_str().to_owned()),
            value.as_array().map(<[Value]>::len),
            value.as_object().is_some(),
            value.is_null(),
        )
    };
    let nothing = (None, None, None, None, false, false);
    assert_eq!(read("true"), (Some(true), None, None, None, false, false));
    assert_eq!(read("false"), (Some(false), None, None, None, false, false));
    assert_eq!(read("\"a\""), (None, Some("a".into()), None, None, false, false));
    assert_eq!(read("1.0"), (None, None, Some("1.0".into()), None, false, false));
    assert_eq!(read("[1,2]"), (None, None, None, Some(2), false, false));
    assert_eq!(read("{}"), (None, None, None, None, true, false));
    assert_eq!(read("null"), (None, None, None, None, false, true));
    assert_ne!(read("null"), nothing);
}

#[test]
fn booleans_numbers_and_texts_become_values() {
    assert_eq!(
        [
            Value::from(true),
            Value::from(false),
            Value::from(-7_i64),
            Value::from(stepwell_expression::Number::from(7_u64)),
            Value::from("a")
        ],
        ["true", "false", "-7", "7", "\"a\""].map(json)
    );
}

#[test]
fn counting_ends_somewhere_above_what_is_enough() {
    let value = json(r#"["aaaaaaaa","bbbbbbbb","cccccccc"]"#);
    assert_eq!((value.bytes(), value.bytes_until(1_000)), (34, 34));
    let early = value.bytes_until(5);
    assert!((6..34).contains(&early), "{early}");
    let (counted, two) = (4, json("[1,2]"));
    assert_eq!(
        (two.bytes(), two.bytes_until(counted)),
        (5, 5),
        "it goes on until it is more"
    );
}
