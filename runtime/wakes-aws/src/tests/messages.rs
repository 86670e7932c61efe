//! What a message says, and what cannot be one.

use stepwell_ports::{Remedy, ScopeKey, Wake};

use super::local::wake;
use crate::{BODY_BYTES_MAX, Message};

/// What version 1 wrote: every later version reads it.
const VERSION_ONE: &str = concat!(
    r#"{"v":1,"id":"3f0c","execution":"orders/o-17","scope":"4.0","expects":5,"#,
    r#""sent_ms":1763900000000,"at_ms":1763900090000,"hops":0}"#
);

fn message() -> Message {
    Message {
        wake: wake("3f0c"),
        at_ms: 1_763_900_090_000,
        hops: 0,
    }
}

fn with_key(execution: &str, scope: &str) -> Message {
    let key = ScopeKey {
        execution: execution.into(),
        scope: scope.into(),
    };
    let wake = Wake { key, ..wake("id") };
    Message { wake, ..message() }
}

#[test]
fn the_text_of_version_one_stays() {
    assert_eq!(message().encode().unwrap(), VERSION_ONE);
    assert_eq!(Message::decode(VERSION_ONE).unwrap(), message());
}

#[test]
fn a_wake_that_names_children_is_of_version_two() {
    let children = |count: u32| {
        let wake = Wake {
            children: (3..3 + count).collect(),
            ..wake("3f0c")
        };
        Message { wake, ..message() }
    };
    let text = children(2).encode().unwrap();
    let expected = VERSION_ONE
        .replace(r#""v":1"#, r#""v":2"#)
        .replace("}", r#","children":[3,4]}"#);
    assert_eq!(text, expected);
    assert_eq!(Message::decode(&text).unwrap(), children(2));
    let error = children(101).encode().unwrap_err();
    assert_eq!(error.to_string(), "the message names 101 children; the limit is 100");
    let text = children(100).encode().unwrap().replacen("102]", "102,103]", 1);
    assert_eq!(Message::decode(&text).unwrap_err().to_string(), error.to_string());
}

#[test]
fn odd_names_are_escaped() {
    let odd = with_key("é𝄞\u{1}\u{fffe}<aws.scheduler.execution-id>", "\u{7f}\"\\");
    let text = odd.encode().unwrap();
    assert!(text.is_ascii() && !text.contains('<'), "{text}");
    assert_eq!(Message::decode(&text).unwrap(), odd);
}

#[test]
fn the_longest_key_has_room() {
    let longest = with_key(&"\u{1}".repeat(ScopeKey::BYTES_MAX), "");
    let text = longest.encode().unwrap();
    assert!(text.len() <= BODY_BYTES_MAX, "{}", text.len());
    assert_eq!(Message::decode(&text).unwrap(), longest);
}

#[test]
fn what_nobody_could_read_is_not_written() {
    let said = |message: Message| message.encode().unwrap_err().to_string();
    let long = "e".repeat(ScopeKey::BYTES_MAX);
    assert_eq!(
        said(with_key(&long, "s")),
        "the message's key takes 2049 bytes; the limit is 2048"
    );
    assert_eq!(
        said(with_key("", "")),
        "the message's execution is empty or contains a NUL byte"
    );
    let wake = wake(&"i".repeat(129));
    assert_eq!(
        said(Message { wake, ..message() }),
        "the message's id takes 129 bytes; the limit is 128"
    );
}

#[test]
fn another_version_is_put_back() {
    for text in [
        r#"{"v":3}"#,
        r#"{"v":0,"id":7}"#,
        r#"{"later":[{}],"v":18446744073709551615}"#,
    ] {
        let error = Message::decode(text).unwrap_err();
        assert_eq!(error.remedy(), Remedy::Retry, "{text}: {error}");
    }
}

#[test]
fn what_is_no_wake_is_given_up() {
    let nested = "[".repeat(BODY_BYTES_MAX);
    let deep = format!(r#"{{"v":1,"id":{}"#, "[".repeat(BODY_BYTES_MAX - 10));
    let long = format!(r#"{{"v":1,"id":"{}"}}"#, "i".repeat(BODY_BYTES_MAX));
    let texts = [
        "",
        "null",
        "1",
        "{}",
        "[1]",
        "\0",
        r#"{"v":"1"}"#,
        r#"{"v":-1}"#,
        r#"{"v":1.5}"#,
        r#"{"v":1e3}"#,
        r#"{"v":18446744073709551616}"#,
        r#"{"v":1}"#,
        r#"{"v":1,"v":1}"#,
        &nested,
        &deep,
        &long,
        &VERSION_ONE[..VERSION_ONE.len() - 1],
        &format!("{VERSION_ONE} "),
        &format!("{VERSION_ONE}x"),
        &VERSION_ONE.replace("\"id\"", "\"ID\""),
        &VERSION_ONE.replace("\"hops\":0", "\"hops\":0,\"more\":1"),
        &VERSION_ONE.replace("\"hops\":0", "\"hops\":4294967296"),
        &VERSION_ONE.replace("\"expects\":5", "\"expects\":-5"),
        &VERSION_ONE.replace("\"expects\":5", "\"expects\":null"),
        &VERSION_ONE.replace("3f0c", ""),
        &VERSION_ONE.replace("orders/o-17", ""),
        &VERSION_ONE.replace("4.0", "\\u0000"),
        &VERSION_ONE.replace("4.0", "\\ud800"),
    ];
    for text in texts {
        match Message::decode(text) {
            Err(error) => assert_eq!(error.remedy(), Remedy::GiveUp, "{text}: {error}"),
            // White space around is JSON.
            Ok(read) => assert_eq!((read, text.trim()), (message(), VERSION_ONE)),
        }
    }
}
