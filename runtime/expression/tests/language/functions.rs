//! Specification 1.6 and 1.9 point 17: every function.

use stepwell_expression::{Context, Expr, Memory, Value};

use crate::world::{World, json};

fn world() -> World {
    World::with_input(
        r#"{"list":[1,"Tom",1.0,"1",[1],[1.0],null,{"a":1,"b":2},{"b":2.0,"a":1}],"map":{"b":1,"a":{"x":[]}},
            "text":"héllo 😀","n":5,"fraction":1.5,"whole":2.0,"null":null,"empty":{},"none":[],"flag":true,
            "max":9223372036854775807,"min":-9223372036854775808,"pattern":"(","alg":"CRC","template":"{","neg":-1}"#,
    )
}

fn check(rows: &[(&str, &str)]) {
    let world = world();
    for (source, expected) in rows {
        assert_eq!(world.json_of(source), *expected, "{source}");
    }
}

fn check_failures(rows: &[(&str, &str)]) {
    let world = world();
    for (source, expected) in rows {
        assert_eq!(world.failure(source), *expected, "{source}");
    }
}

#[test]
fn array_contains() {
    check(&[
        (r#"arrayContains(["Tom",10],10)"#, "true"),
        ("arrayContains($Input.list, 1)", "true"),
        ("arrayContains($Input.list, 1.00)", "true"),
        (r#"arrayContains($Input.list, "Tom")"#, "true"),
        (r#"arrayContains($Input.list, "tom")"#, "false"),
        ("arrayContains($Input.list, null)", "true"),
        ("arrayContains($Input.list, [1e0])", "true"),
        (r#"arrayContains($Input.list, {"b":2,"a":1})"#, "true"),
        ("arrayContains($Input.list, true)", "false"),
        ("arrayContains([], 1)", "false"),
    ]);
    check_failures(&[
        (
            "arrayContains($Input.null, 1)",
            "argument 1 of `arrayContains` must be an array, not null",
        ),
        (
            "arrayContains($Input.map, 1)",
            "argument 1 of `arrayContains` must be an array, not an object",
        ),
    ]);
}

#[test]
fn array_unique() {
    check(&[
        ("arrayUnique([1,2,3,1])", "[1,2,3]"),
        ("arrayUnique([1.0,1,1e0])", "[1.0]"),
        ("arrayUnique($Input.list)", r#"[1,"Tom","1",[1],null,{"a":1,"b":2}]"#),
        ("arrayUnique([])", "[]"),
        (
            "arrayUnique([18446744073709551615,18446744073709551616])",
            "[18446744073709551615,18446744073709551616]",
        ),
    ]);
    check_failures(&[(
        "arrayUnique($Input.gone)",
        "argument 1 of `arrayUnique` must be an array, not null",
    )]);
}

#[test]
fn to_array() {
    check(&[
        ("toArray()", "[]"),
        (r#"toArray(1, "a", null, [2], $Input.n)"#, r#"[1,"a",null,[2],5]"#),
    ]);
}

#[test]
fn format() {
    check(&[
        (r#"format("hello {}","world")"#, r#""hello world""#),
        (r#"format("{} {} {}", 1.0, true, $Input.null)"#, r#""1.0 true null""#),
        (r#"format("{}", $Input.map)"#, r#""{\"b\":1,\"a\":{\"x\":[]}}""#),
        (r#"format("{}{}", "a", ["b"])"#, r#""a[\"b\"]""#),
        (r#"format("{{}}{{{}}}", 1)"#, r#""{}{1}""#),
        (r#"format("")"#, r#""""#),
        (r#"format("plain 云")"#, r#""plain 云""#),
    ]);
    check_failures(&[
        (
            "format($Input.template)",
            "`format` takes `{}` for an argument and `{{` or `}}` for a brace, not `{`",
        ),
        (
            "format($Input.text, 1)",
            "`format` has 0 `{}` in its text, but 1 values to put there",
        ),
        ("format($Input.n)", "argument 1 of `format` must be text, not 5"),
    ]);
}

#[test]
fn length() {
    check(&[
        ("length([1,2,3])", "3"),
        (r#"length({"a":1,"b":2})"#, "2"),
        (r#"length("name")"#, "4"),
        ("length($Input.text)", "7"),
        ("length($Input.none)", "0"),
        ("length($Input.empty)", "0"),
        ("length(\"\")", "0"),
    ]);
    check_failures(&[
        (
            "length($Input.gone)",
            "argument 1 of `length` must be an array, an object or text, not null",
        ),
        (
            "length($Input.n)",
            "argument 1 of `length` must be an array, an object or text, not 5",
        ),
        (
            "length($Input.flag)",
            "argument 1 of `length` must be an array, an object or text, not a boolean",
        ),
    ]);
}

#[test]
fn get() {
    check(&[
        ("get([10,20], 1)", "20"),
        ("get([10,20], 1.0)", "20"),
        ("get([10,20], 2)", "null"),
        ("get([10,20], 9000000000000000000)", "null"),
        (r#"get($Input.map, "a")"#, r#"{"x":[]}"#),
        (r#"get($Input.map, "c")"#, "null"),
    ]);
    check_failures(&[
        ("get($Input.list, $Input.neg)", "`get` needs an index from 0 on, not -1"),
        (
            "get($Input.list, $Input.fraction)",
            "argument 2 of `get` must be an integer or text, not 1.5",
        ),
        (r#"get($Input.list, "0")"#, "`get` of an array needs an integer"),
        ("get($Input.map, 0)", "`get` of an object needs text"),
        (
            "get($Input.null, 0)",
            "argument 1 of `get` must be an array or an object, not null",
        ),
        (
            "get($Input.list, $Input.gone)",
            "argument 2 of `get` must be an integer or text, not null",
        ),
    ]);
    assert_eq!(world().missing("get($Input.list, 99)"), [""; 0]);
}

#[test]
fn int_add() {
    check(&[
        ("intAdd(1, 2)", "3"),
        ("intAdd($Input.whole, -5)", "-3"),
        ("intAdd($Input.max, 0)", "9223372036854775807"),
        ("intAdd($Input.max, $Input.min)", "-1"),
        ("intAdd(9007199254740992, 1)", "9007199254740993"),
    ]);
    check_failures(&[
        (
            "intAdd($Input.fraction, 1)",
            "argument 1 of `intAdd` must be an integer below 2^63, not 1.5",
        ),
        (
            "intAdd($Input.text, 1)",
            "argument 1 of `intAdd` must be an integer below 2^63, not text",
        ),
        (
            "intAdd($Input.max, 1)",
            "the sum of 9223372036854775807 and 1 is beyond 2^63",
        ),
        (
            "intAdd($Input.min, -1)",
            "the sum of -9223372036854775808 and -1 is beyond 2^63",
        ),
        (
            "intAdd(1, $Input.gone)",
            "argument 2 of `intAdd` must be an integer below 2^63, not null",
        ),
    ]);
}

#[test]
fn random_int_takes_both_ends_and_draws_in_turn() {
    let memory = Memory::default();
    let world = world();
    let expr = Expr::parse("toArray(randomInt(1, 3), randomInt(-2, -2), randomInt($Input.min, $Input.max))").unwrap();
    let drawn = |first: u128| {
        let draw = move |n: u32| {
            if n == 0 {
                first.to_be_bytes()
            } else {
                u128::MAX.to_be_bytes()
            }
        };
        expr.evaluate(&mut Context::new(&world, &memory, &draw)).unwrap()
    };
    for (first, expected) in [(0, 1), (1, 2), (2, 3), (3, 1)] {
        assert_eq!(drawn(first), json(&format!("[{expected},-2,9223372036854775807]")));
    }
    check_failures(&[
        ("randomInt($Input.n, 1)", "`randomInt` finds nothing between 5 and 1"),
        (
            "randomInt(1, $Input.fraction)",
            "argument 2 of `randomInt` must be an integer below 2^63, not 1.5",
        ),
    ]);
}

#[test]
fn uuid_is_version_4_and_drawn_in_turn() {
    check(&[(
        "toArray(uuid(), uuid())",
        r#"["00000000-0000-4000-8000-000000000000","01010101-0101-4101-8101-010101010101"]"#,
    )]);
    let memory = Memory::default();
    let uuid = Expr::parse("uuid()")
        .unwrap()
        .evaluate(&mut Context::new(&world(), &memory, &|_| [0xff; 16]));
    assert_eq!(uuid, Ok(Value::from("ffffffff-ffff-4fff-bfff-ffffffffffff")));
}

#[test]
fn split() {
    check(&[
        (r#"split("a,b,,c", ",")"#, r#"["a","b","","c"]"#),
        (r#"split("a--b", "--")"#, r#"["a","b"]"#),
        (r#"split("abc", "x")"#, r#"["abc"]"#),
        (r#"split("", ",")"#, r#"[""]"#),
        (r#"split("aé😀", "")"#, r#"["a","é","😀"]"#),
        (r#"split("", "")"#, "[]"),
    ]);
    check_failures(&[
        (
            r#"split($Input.gone, ",")"#,
            "argument 1 of `split` must be text, not null",
        ),
        ("split($Input.text, 1 + 1)", "argument 2 of `split` must be text, not 2"),
    ]);
}

#[test]
fn regex_match_string() {
    check(&[
        (r#"regexMatchString("l+o", $Input.text)"#, "true"),
        (r#"regexMatchString("^l", $Input.text)"#, "false"),
        (r#"regexMatchString("", "")"#, "true"),
        (r#"regexMatchString("^\\d{3}$", "123")"#, "true"),
        (r#"regexMatchString("(?i)HÉ", $Input.text)"#, "true"),
        (r#"regexMatchString("^\\w+@[\\w.]{1,200}$", "a_1@b.c")"#, "true"),
        (r#"regexMatchString("^\\d$", "٣")"#, "false"),
        (r#"regexMatchString("h\\b", $Input.text)"#, "true"),
        (r#"regexMatchString("^\\pL{5} .$", $Input.text)"#, "true"),
        (r#"regexMatchString("\\Qa.c\\E", "abc")"#, "false"),
        (r#"regexMatchString("^[[&&a~]+$", "[&~a")"#, "true"),
    ]);
    check_failures(&[
        (
            "regexMatchString($Input.pattern, \"x\")",
            "not a regular expression: unclosed group",
        ),
        (
            "regexMatchString(\"x\", $Input.n)",
            "argument 2 of `regexMatchString` must be text, not 5",
        ),
    ]);
}

#[test]
fn objects() {
    check(&[
        ("mapKeys($Input.map)", r#"["b","a"]"#),
        ("mapValues($Input.map)", r#"[1,{"x":[]}]"#),
        ("mapKeys($Input.empty)", "[]"),
        (
            r#"jsonMerge({"name":"Tom","age":10},{"name":"Ann","address":"x"})"#,
            r#"{"name":"Ann","age":10,"address":"x"}"#,
        ),
        (r#"jsonMerge($Input.map, {"a":{"y":1}})"#, r#"{"b":1,"a":{"y":1}}"#),
    ]);
    check_failures(&[
        (
            "mapKeys($Input.list)",
            "argument 1 of `mapKeys` must be an object, not an array",
        ),
        (
            "mapValues($Input.null)",
            "argument 1 of `mapValues` must be an object, not null",
        ),
        (
            "jsonMerge($Input.map, $Input.gone)",
            "argument 2 of `jsonMerge` must be an object, not null",
        ),
    ]);
}

#[test]
fn json_texts() {
    check(&[
        (
            r#"stringToJson('{"name": "Tom", "age": 10}')"#,
            r#"{"name":"Tom","age":10}"#,
        ),
        (r#"fromJSON("[1.0, 1e3]")"#, "[1.0,1e3]"),
        (r#"stringToJson("null")"#, "null"),
        ("jsonToString($Input.map)", r#""{\"b\":1,\"a\":{\"x\":[]}}""#),
        ("toJSON(\"a\")", r#""\"a\"""#),
        ("toJSON($Input.gone)", r#""null""#),
        ("fromJSON(toJSON($Input)) == $Input", "true"),
    ]);
    check_failures(&[
        (
            "stringToJson($Input.pattern)",
            "the text is not JSON: expected a value at line 1, column 1",
        ),
        (
            "stringToJson($Input.map)",
            "argument 1 of `stringToJson` must be text, not an object",
        ),
    ]);
}

#[test]
fn codes() {
    check(&[
        (r#"fromBase64("Rm5G")"#, r#""FnF""#),
        (r#"fromBase64("w6k=")"#, r#""é""#),
        (r#"fromBase64("w6k")"#, r#""é""#),
        (r#"toBase64("é")"#, r#""w6k=""#),
        ("fromBase64(toBase64($Input.text)) == $Input.text", "true"),
        (r#"hash("abc","MD5")"#, r#""900150983cd24fb0d6963f7d28e17f72""#),
        (r#"hash("abc","sha1")"#, r#""a9993e364706816aba3e25717850c26c9cd0d89d""#),
        (r#"hash("abc","SHA-1") == hash("abc","SHA1")"#, "true"),
        (
            r#"hash("abc","Sha-256")"#,
            r#""ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad""#,
        ),
        (r#"hash("abc","SHA256") == hash("abc","sha-256")"#, "true"),
        (
            r#"hash("abc","SHA512")"#,
            r#""ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f""#,
        ),
        (r#"length(hash("","SHA-512"))"#, "128"),
    ]);
    check_failures(&[
        ("fromBase64($Input.text)", "the text is not base64"),
        (
            "fromBase64(format(\"{}\", \"/w==\"))",
            "the decoded bytes are not UTF-8 text",
        ),
        (
            "hash($Input.text, $Input.alg)",
            "unknown hash algorithm `CRC`: there are MD5, SHA-1, SHA-256 and SHA-512",
        ),
        ("hash($Input.n, \"MD5\")", "argument 1 of `hash` must be text, not 5"),
        (
            "toBase64($Input.gone)",
            "argument 1 of `toBase64` must be text, not null",
        ),
    ]);
}
