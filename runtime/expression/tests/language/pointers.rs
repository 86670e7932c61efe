//! Values that are stored elsewhere: what is carried, what is opened, and what must be loaded first.

use std::sync::Arc;

use stepwell_expression::{
    Birth, DEPTH_MAX, EvalError, INLINE_BYTES_MAX, Memory, Needs, Pointer, Slot, Step, Value, deep_equal,
};

use crate::world::{World, birth, json, key, pointer};

fn long(char: &str) -> String {
    char.repeat(300)
}

/// An object with large and small parts, in slot 0.
fn stored() -> (World, Value) {
    let text = format!(
        r#"{{"small":{{"a":[1,2.0]}},"text":"{}","list":[{{"n":1,"pad":"{}"}},{{"n":2}},3],"none":null}}"#,
        long("t"),
        long("p")
    );
    (World::with_stored_input(&text), json(&text))
}

fn at(value: &Value, path: &[Step]) -> Value {
    pointer(0, path, value.bytes())
}

#[test]
fn large_parts_are_carried_as_pointers() {
    let (world, value) = stored();
    let part = |path: &[Step]| {
        path.iter().fold(value.clone(), |value, step| match step {
            Step::Key(key) => value.as_object().unwrap()[key].clone(),
            Step::Index(index) => value.as_array().unwrap()[usize::try_from(*index).unwrap()].clone(),
        })
    };
    let large = |path: &[Step]| at(&part(path), path);
    let list = [key("list")];
    let first = [key("list"), Step::Index(0)];
    for (source, expected) in [
        ("$Input", large(&[])),
        ("$Input.text", large(&[key("text")])),
        ("$Input.list", large(&list)),
        ("$Input.list[0]", large(&first)),
        ("$Input.list[0].n", json("1")),
        ("$Input.small", json("{\"a\":[1,2.0]}")),
        (
            "$Input.list[*]",
            Value::array([large(&first), json("{\"n\":2}"), json("3")]),
        ),
        (
            "mapValues($Input)",
            Value::array([
                json("{\"a\":[1,2.0]}"),
                large(&[key("text")]),
                large(&list),
                Value::Null,
            ]),
        ),
        ("get($Input, \"list\")", large(&list)),
        ("get($Input.list, 0)", large(&first)),
        (
            "jsonMerge($Input, {\"text\": 1})",
            Value::object([
                ("small", json("{\"a\":[1,2.0]}")),
                ("text", json("1")),
                ("list", large(&list)),
                ("none", Value::Null),
            ]),
        ),
        (
            "arrayUnique(toArray($Input.list, $Input.list, 1))",
            Value::array([large(&list), json("1")]),
        ),
        ("$Input.gone ?? $Input.list", large(&list)),
        ("true ? $Input.text : 1", large(&[key("text")])),
    ] {
        assert_eq!(world.evaluate(source), Ok(expected), "{source}");
    }
}

#[test]
fn what_looks_inside_gives_the_same_as_over_plain_values() {
    let (world, value) = stored();
    let plain = World {
        variables: vec![("Input", value)],
        memory: Memory::default(),
    };
    for source in [
        "length($Input)",
        "length($Input.text)",
        "length($Input.list)",
        "mapKeys($Input)",
        "jsonToString($Input)",
        "jsonMerge($Input.list[0], $Input)",
        "hash($Input.text, \"MD5\")",
        "format(\"{}!\", $Input.list)",
        "$Input.text + \"x\"",
        "$Input.text == $Input.text",
        "$Input.text > \"a\"",
        "$Input.list == $Input.list",
        "$Input.list != fromJSON(toJSON($Input.list))",
        "$Input == $Input.list",
        "arrayContains($Input.list, {\"n\": 2.0})",
        "$Input.list[0] in $Input.list",
        "\"list\" in $Input",
        "$Input.text =~ \"^t+$\"",
        "regexMatchString(\"u\", $Input.text)",
        "$Input.list[*].n",
        "$Input ? 1 : 2",
    ] {
        assert_eq!(world.json_of(source), plain.json_of(source), "{source}");
        assert_eq!(world.missing(source), plain.missing(source), "{source}");
    }
    assert_eq!(world.condition("$Input.list[1].n - 1"), Ok(true));
    assert_eq!(
        world.condition("$Input.text"),
        Err(EvalError::NotBoolean {
            found: "text".to_owned(),
            source: "$Input.text".to_owned()
        })
    );
}

#[test]
fn what_is_not_loaded_is_needed_only_where_it_is_looked_at() {
    let mut world = World::with_input("{\"yes\":true}");
    world.variables.push(("A", pointer(1, &[], 1000)));
    world.variables.push(("B", pointer(2, &[key("b")], 1000)));
    let parts = (1..4).map(|slot| pointer(slot, &[], 300));
    world.variables.push(("Parts", Value::array(parts)));
    let needs = |slots: &[u32]| Err(EvalError::Needs(Needs(slots.iter().copied().map(birth).collect())));
    for source in [
        "$A",
        "toArray($A, $B)",
        "[$A]",
        "$Input.yes || $A",
        "$A == $A",
        "$Parts[1]",
        "$Parts[*]",
    ] {
        assert!(world.evaluate(source).is_ok(), "{source}");
    }
    for (source, slots) in [
        ("$A.x", &[1][..]),
        ("length($B)", &[2]),
        ("$A == $B", &[1, 2]),
        ("$A.y + 1 + $B.x", &[1, 2]),
        ("format(\"{}{}\", $B, $A)", &[1, 2]),
        ("jsonMerge($B, $A)", &[1, 2]),
        ("$Input.yes && $A", &[1]),
        ("$Parts[*].n", &[1, 2, 3]),
        ("$Parts[1].n", &[2]),
        ("jsonToString($Parts)", &[1, 2, 3]),
        ("arrayContains($Parts, $A)", &[1, 2, 3]),
        ("1 in $Parts", &[1, 2, 3]),
        ("length($A) + length($Input.gone)", &[1]),
        ("$A ? 1 : 2", &[1]),
    ] {
        assert_eq!(world.evaluate(source), needs(slots), "{source}");
    }
    assert_eq!(
        world.condition("$A").unwrap_err().to_string(),
        "stored values are needed: root@7#1"
    );
    assert_eq!(world.condition("$A").unwrap_err().code(), None);
}

#[test]
fn values_born_elsewhere_are_followed() {
    let mut world = World::with_input("{}");
    world.variables.push(("A", pointer(1, &[key("wrap")], 2000)));
    let inner = json(&format!("{{\"deep\":[{{\"text\":\"{}\"}},true]}}", long("d")));
    let outer = Value::object([("wrap", Value::array([pointer(2, &[key("deep")], 400), json("1")]))]);
    world.memory.insert(birth(1), outer);
    assert_eq!(world.evaluate("$A[1]"), Ok(json("1")));
    assert_eq!(world.evaluate("$A[0][1]"), Err(EvalError::Needs(Needs(vec![birth(2)]))));
    world.memory.insert(birth(2), inner);
    assert_eq!(world.evaluate("$A[0][1]"), Ok(Value::Bool(true)));
    let text = pointer(2, &[key("deep"), Step::Index(0), key("text")], 302);
    assert_eq!(world.evaluate("$A[0][0].text"), Ok(text));
    assert_eq!(world.evaluate("$A[0][2]"), Ok(Value::Null));
    assert_eq!(world.missing("$A[0][2]"), ["$A[0][2]"]);
    assert_eq!(
        world.json_of("$A"),
        format!("[[{{\"text\":\"{}\"}},true],1]", long("d"))
    );
}

#[test]
fn memory_counts_what_it_holds() {
    let mut memory = Memory::default();
    assert_eq!((memory.len(), memory.bytes(), memory.is_empty()), (0, 0, true));
    memory.insert(birth(0), json("[1,2]"));
    memory.insert(birth(1), Value::array([pointer(0, &[], 5), Value::Null]));
    assert_eq!((memory.len(), memory.bytes(), memory.is_empty()), (2, 5 + 7, false));
    memory.insert(birth(0), json("[]"));
    assert_eq!((memory.len(), memory.bytes()), (2, 2 + 7));
    assert_eq!(memory.get(&birth(0)), Some(&json("[]")));
    assert_eq!(memory.get(&birth(9)), None);
    memory.clear();
    assert_eq!((memory.len(), memory.bytes()), (0, 0));
}

#[test]
fn opening_goes_one_level() {
    let (world, value) = stored();
    let pointer = Pointer {
        birth: birth(0),
        path: vec![key("list")],
        bytes: 1,
    };
    let list = value.as_object().unwrap()["list"].as_array().unwrap();
    let opened = Value::array([
        at(&list[0], &[key("list"), Step::Index(0)]),
        list[1].clone(),
        list[2].clone(),
    ]);
    assert_eq!(world.memory.open(&pointer), Ok(opened.clone()));
    assert_eq!(opened.bytes(), value.as_object().unwrap()["list"].bytes());
    let text = Pointer {
        path: vec![key("text")],
        ..pointer
    };
    assert_eq!(world.memory.open(&text), Ok(Value::from(long("t"))));
    assert_eq!(world.memory.follow(&text, &[key("x")]), Ok(None));
    let edge = usize::try_from(INLINE_BYTES_MAX).unwrap() - 2;
    for (length, inline) in [(edge, true), (edge + 1, false)] {
        let world = World::with_stored_input(&format!("{{\"a\":\"{}\"}}", "x".repeat(length)));
        assert_eq!(world.evaluate("$Input.a").unwrap().as_str().is_some(), inline);
    }
}

#[test]
fn resolving_names_all_that_is_missing() {
    let mut memory = Memory::default();
    let joined = Birth {
        scope: "root/3".into(),
        revision: 1,
        slot: Slot::Joined,
    };
    let elsewhere = Value::Stored(Arc::new(Pointer {
        birth: joined.clone(),
        path: vec![],
        bytes: 10,
    }));
    let value = Value::object([
        ("a", pointer(2, &[], 10)),
        (
            "b",
            Value::array([pointer(1, &[], 10), pointer(2, &[key("x")], 10), json("{\"c\":1}")]),
        ),
        ("c", elsewhere),
    ]);
    assert_eq!(
        memory.resolve(&value),
        Err(Needs(vec![birth(1), birth(2), joined.clone()]))
    );
    memory.insert(birth(1), json("[1]"));
    memory.insert(birth(2), Value::object([("x", pointer(1, &[Step::Index(0)], 1))]));
    assert_eq!(memory.resolve(&value), Err(Needs(vec![joined.clone()])));
    memory.insert(joined, json("\"j\""));
    assert_eq!(
        memory.resolve(&value),
        Ok(json(r#"{"a":{"x":1},"b":[[1],1,{"c":1}],"c":"j"}"#))
    );
    let plain = json("[[1,{\"a\":2}]]");
    assert_eq!(memory.resolve(&plain), Ok(plain));
}

#[test]
fn equality_needs_both_sides() {
    let memory = Memory::default();
    let (one, other) = (pointer(1, &[], 10), pointer(2, &[], 10));
    assert_eq!(deep_equal(&one, &one.clone(), &memory), Ok(true));
    assert_eq!(deep_equal(&one, &other, &memory), Err(Needs(vec![birth(1), birth(2)])));
    assert_eq!(deep_equal(&one, &json("1"), &memory), Err(Needs(vec![birth(1)])));
}

#[test]
fn damage_is_an_error_and_never_a_loop() {
    let mut world = World::with_input("{}");
    world.memory.insert(birth(1), json("{\"a\":1}"));
    world.memory.insert(birth(2), pointer(2, &[], 9));
    world
        .memory
        .insert(birth(3), Value::array([pointer(3, &[], 9), pointer(3, &[], 9)]));
    world.memory.insert(birth(4), pointer(4, &[key("x")], 9));
    world
        .memory
        .insert(birth(6), Value::object([("a", pointer(6, &[key("a")], 9))]));
    for (slot, path) in [
        (1, vec![key("gone")]),
        (2, vec![]),
        (3, vec![]),
        (4, vec![]),
        (6, vec![key("a")]),
    ] {
        let value = pointer(slot, &path, 20_000);
        let needs = world.memory.resolve(&value).unwrap_err();
        assert_eq!(needs, Needs(vec![birth(slot)]));
        assert_eq!(world.memory.damaged(&needs), Some(&birth(slot)));
        world.variables = vec![("A", value)];
        assert_eq!(
            world.failure("jsonToString($A)"),
            format!("the value stored at `root@7#{slot}` is damaged or nested too deeply")
        );
    }
    assert_eq!(world.memory.damaged(&Needs(vec![birth(8)])), None);
}

#[test]
fn a_part_behind_two_pointers_must_be_there_all_the_way() {
    let mut memory = Memory::default();
    memory.insert(birth(0), json("{\"a\":1}"));
    memory.insert(birth(1), Value::object([("b", pointer(0, &[key("gone")], 500))]));
    let needs = memory.resolve(&pointer(1, &[key("b"), key("c")], 500)).unwrap_err();
    assert_eq!(
        (memory.damaged(&needs), &needs),
        (Some(&birth(0)), &Needs(vec![birth(0)]))
    );
}

#[test]
fn pointers_do_not_add_up_to_endless_depth() {
    let mut memory = Memory::default();
    memory.insert(birth(0), json("1"));
    let links = u32::try_from(DEPTH_MAX).unwrap() + 1;
    for slot in 1..=links {
        memory.insert(birth(slot), Value::array([pointer(slot - 1, &[], 500)]));
    }
    assert!(memory.resolve(&pointer(links - 1, &[], 500)).is_ok());
    let needs = memory.resolve(&pointer(links, &[], 500)).unwrap_err();
    assert!(memory.damaged(&needs).is_some());
}

#[test]
fn text_that_is_not_loaded_is_not_written() {
    let value = Value::array([json("1"), pointer(3, &[key("a"), Step::Index(2)], 10)]);
    let error = value.to_json().unwrap_err();
    assert_eq!(
        error.0,
        Pointer {
            birth: birth(3),
            path: vec![key("a"), Step::Index(2)],
            bytes: 10
        }
    );
    assert_eq!(error.to_string(), "the value at `root@7#3.a[2]` is not loaded");
    assert_eq!((value.bytes(), value.own_bytes()), (14, 4));
}
