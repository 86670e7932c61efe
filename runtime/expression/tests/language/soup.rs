//! Random expressions: whatever is written gives a value or an error, and where a value is stored changes nothing.

use stepwell_expression::{EvalError, Expr, Memory, Plain, Value};

use crate::world::{World, json};

/// A small generator of numbers that look random; the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn pick<'p>(&mut self, parts: &[&'p str]) -> &'p str {
        parts[self.roll(parts.len())]
    }
}

const PIECES: &[&str] = &[
    "$Input",
    "$Input.a",
    ".b",
    "[0]",
    "[*]",
    "[\"c\"]",
    "['",
    "$",
    "$.x",
    "1",
    "-",
    "1.5e3",
    "0x",
    "\"t\"",
    "'q'",
    "`r`",
    "\"",
    "\\u12",
    "true",
    "false",
    "null",
    "in",
    "length(",
    "format(",
    "\"{}\"",
    "hash(",
    "toArray(",
    "get(",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "?",
    "??",
    "==",
    "!=",
    "<",
    ">=",
    "=",
    "&&",
    "||",
    "!",
    "=~",
    "+",
    "*",
    "/",
    "%",
    " ",
    "\n",
    "é",
    "😀",
    "नमस्ते",
    "\u{301}",
    "bare",
    "uuid()",
    "#",
    "\0",
];

#[test]
fn soups_of_tokens_are_refused_with_a_place() {
    let world = World::with_input("{\"a\":{\"b\":[1,2]}}");
    let mut dice = Dice(1);
    let mut sound = 0;
    for _ in 0..30_000 {
        let length = 1 + dice.roll(12);
        let source: String = (0..length).map(|_| dice.pick(PIECES)).collect();
        match Expr::parse(&source) {
            Ok(expr) => {
                sound += 1;
                let _ = expr.evaluate(&mut world.context());
                let _ = expr.condition(&mut world.context());
            }
            Err(error) => {
                assert!(
                    source.get(error.offset..error.offset + error.length).is_some(),
                    "{source:?} {error:?}"
                );
            }
        }
    }
    assert!(sound > 500, "{sound}");
}

const VALUES: &[&str] = &[
    "$Input",
    "$Input.list",
    "$Input.list[0]",
    "$Input.list[*]",
    "$Input.list[*].n",
    "$Input.text",
    "$Input.map",
    "$Input.map.long",
    "$Input.map[*][*]",
    "$Input.gone",
    "$Input.n",
    "$Input.flag",
    "$Input.none",
    "1",
    "\"x\"",
    "true",
    "[]",
    "{\"n\": 1}",
];
const OPERATORS: &[&str] = &["==", "!=", "<", "<=", ">", ">=", "in", "&&", "||", "??", "+", "-", "=~"];
const CALLS: &[(&str, usize)] = &[
    ("arrayContains", 2),
    ("arrayUnique", 1),
    ("toArray", 3),
    ("length", 1),
    ("get", 2),
    ("intAdd", 2),
    ("split", 2),
    ("mapKeys", 1),
    ("mapValues", 1),
    ("jsonMerge", 2),
    ("jsonToString", 1),
    ("stringToJson", 1),
    ("toBase64", 1),
    ("hash", 2),
];

fn expression(dice: &mut Dice, depth: usize) -> String {
    if depth == 0 {
        return dice.pick(VALUES).to_owned();
    }
    match dice.roll(6) {
        0 => dice.pick(VALUES).to_owned(),
        1 => format!("!({})", expression(dice, depth - 1)),
        2 => {
            let parts = [(); 3].map(|()| expression(dice, depth - 1));
            format!("({} ? {} : {})", parts[0], parts[1], parts[2])
        }
        3 => {
            let (left, right) = (expression(dice, depth - 1), expression(dice, depth - 1));
            format!("({left} {} {right})", dice.pick(OPERATORS))
        }
        _ => {
            let (name, arity) = CALLS[dice.roll(CALLS.len())];
            let arguments: Vec<String> = (0..arity).map(|_| expression(dice, depth - 1)).collect();
            format!("{name}({})", arguments.join(", "))
        }
    }
}

fn outcome(world: &World, expr: &Expr) -> Result<Value, EvalError> {
    expr.evaluate(&mut world.context())
        .map(|value| world.memory.resolve(&value).unwrap())
}

#[test]
fn where_a_value_is_stored_changes_nothing() {
    let long = "l".repeat(300);
    let input = format!(
        r#"{{"list":[{{"n":1,"p":"{long}"}},{{"n":2.0}},"{long}"],"text":"{long}","map":{{"long":["{long}",{{"k":"{long}"}}],"s":"x"}},
            "n":7,"flag":false,"none":null}}"#
    );
    let stored = World::with_stored_input(&input);
    let plain = World {
        variables: vec![("Input", json(&input))],
        memory: Memory::default(),
    };
    let empty = World {
        variables: stored.variables.clone(),
        memory: Memory::default(),
    };
    let mut dice = Dice(7);
    let (mut good, mut bad) = (0, 0);
    for _ in 0..20_000 {
        let source = expression(&mut dice, 3);
        let Ok(expr) = Expr::parse(&source) else { continue };
        let expected = outcome(&plain, &expr);
        assert_eq!(outcome(&stored, &expr), expected, "{source}");
        match expr.evaluate(&mut empty.context()) {
            Err(EvalError::Needs(_)) => {}
            early => assert_eq!(
                early.map(|value| stored.memory.resolve(&value).unwrap()),
                expected,
                "{source}"
            ),
        }
        match expected {
            Ok(_) => good += 1,
            Err(_) => bad += 1,
        }
    }
    assert!(good > 2_000 && bad > 2_000, "{good} {bad}");
}

fn value(dice: &mut Dice, depth: usize) -> Value {
    const TEXTS: &[&str] = &[
        "",
        "@",
        "@@",
        "a\"\\\n\u{1}é😀",
        "$serde_json::private::Number",
        "@$serde_json::private::x",
        "1",
        "k",
    ];
    const NUMBERS: &[&str] = &[
        "0",
        "-0",
        "1.0",
        "1e3",
        "1E-5",
        "0.00001",
        "18446744073709551616",
        "-7",
        "1e400",
    ];
    match dice.roll(if depth == 0 { 4 } else { 7 }) {
        0 => Value::Null,
        1 => Value::Bool(dice.roll(2) == 0),
        2 => json(dice.pick(NUMBERS)),
        3 => Value::from(dice.pick(TEXTS)),
        4 => Value::array((0..dice.roll(4)).map(|_| value(dice, depth - 1)).collect::<Vec<_>>()),
        _ => {
            let entries: Vec<_> = (0..dice.roll(4))
                .map(|_| (dice.pick(TEXTS), value(dice, depth - 1)))
                .collect();
            Value::object(entries)
        }
    }
}

#[test]
fn every_value_survives_its_forms() {
    let mut dice = Dice(3);
    for _ in 0..5_000 {
        let value = value(&mut dice, 5);
        let text = value.to_json().unwrap();
        assert_eq!(value.bytes(), text.len() as u64, "{text}");
        assert_eq!(json(&text), value);
        assert_eq!(serde_json::to_string(&Plain(value.clone())).unwrap(), text);
        let stored = serde_json::to_string(&value).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&stored).unwrap(), value, "{stored}");
    }
}
