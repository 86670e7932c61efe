//! Specification 1.9 point 1: what is an expression, and how it is read.

use stepwell_expression::{Expr, Note, PathStep, Step, function_names, is_call_of_known_function};

use crate::world::World;

#[test]
fn precedence_is_or_and_comparison_sum_product_prefix() {
    let world = World::with_input(r#"{"a":6,"b":2,"t":true,"f":false}"#);
    for (source, expected) in [
        ("true || false && false", "true"),
        ("(true || false) && false", "false"),
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("10 - 4 - 3", "3"),
        ("12 / 3 / 2", "2"),
        ("2 * -3", "-6"),
        ("1 + 1 == 2 && 2 < 3", "true"),
        ("!false && false", "false"),
        ("!(false && false)", "true"),
        ("1 < 2 == true", "true"),
        ("2 in [1 + 1]", "true"),
        ("$Input.a - $Input.b", "4"),
        ("$Input.a -1", "5"),
        ("$Input.a\n\t- 1", "5"),
        ("-$Input.a + 1", "-5"),
        ("$Input.t&&$Input.f||$Input.t", "true"),
        ("$Input.a==6", "true"),
        ("1-1", "0"),
        ("1 -1", "0"),
        ("false ?? false || true", "true"),
        ("((((1))))", "1"),
    ] {
        assert_eq!(world.json_of(source), expected, "{source}");
    }
}

#[test]
fn texts_have_three_quotes() {
    let world = World::with_input("{}");
    for (source, expected) in [
        (r#""a\"b'c`d""#, r#""a\"b'c`d""#),
        (r#"'a"b\'c`d'"#, r#""a\"b'c`d""#),
        (r#"`a"b'c\n`"#, r#""a\"b'c\\n""#),
        (r#""\u00e9\n\/\\\t""#, r#""é\n/\\\t""#),
        ("\"two\nlines\"", r#""two\nlines""#),
        ("''", r#""""#),
        ("``", r#""""#),
        ("'云工作流 😀'", r#""云工作流 😀""#),
    ] {
        assert_eq!(world.json_of(source), expected, "{source}");
    }
}

#[test]
fn numbers_stay_as_written() {
    let world = World::with_input(r#"{"a":1.0,"b":18446744073709551615,"c":1E5,"d":-0}"#);
    for (source, expected) in [
        ("1.0", "1.0"),
        ("1e3", "1e3"),
        ("-12.50", "-12.50"),
        ("18446744073709551616", "18446744073709551616"),
        ("$Input", r#"{"a":1.0,"b":18446744073709551615,"c":1E5,"d":-0}"#),
        ("$Input.b", "18446744073709551615"),
        ("-$Input.a", "-1.0"),
        ("toArray($Input.c, 2.50)", "[1E5,2.50]"),
    ] {
        assert_eq!(world.json_of(source), expected, "{source}");
    }
}

#[test]
fn paths_tell_where_they_stand() {
    let expr = Expr::parse(r#"length( $Input.a-1["b c"][ 2 ][*]) > 0 && é($Context.é)"#).unwrap_err();
    assert_eq!(expr.message, "there is no function `é`");
    let source = r#"length( $Input.a-1["b c"][ 2 ][*]) > 0 && "é" == $Context.名前_1"#;
    let expr = Expr::parse(source).unwrap();
    let paths = expr.paths();
    let one = |key: &str| PathStep::One(Step::Key(key.into()));
    let [input, context] = paths.as_slice() else {
        panic!("{paths:?}")
    };
    assert_eq!(&*input.name, "Input");
    assert_eq!(
        input.steps,
        [one("a-1"), one("b c"), PathStep::One(Step::Index(2)), PathStep::Every]
    );
    assert_eq!(
        &source[input.offset..input.offset + input.length],
        r#"$Input.a-1["b c"][ 2 ][*]"#
    );
    assert_eq!(&*input.text, r#"$Input.a-1["b c"][ 2 ][*]"#);
    assert_eq!((&*context.name, &context.steps), ("Context", &vec![one("名前_1")]));
    assert_eq!(
        &source[context.offset..context.offset + context.length],
        "$Context.名前_1"
    );
}

#[test]
fn every_path_is_found() {
    let source = r#"$A.a ? -$B + $C : !$D && $E || get([$F], $G) == {"k": $H}["k"] "#;
    assert!(Expr::parse(source).is_err());
    let source = r#"$A.a ? -$B + $C : !$D && $E || get([$F], $G) == {"k": $H} ?? ($I)"#;
    let expr = Expr::parse(source).unwrap();
    let names: String = expr.paths().iter().map(|path| &*path.name).collect();
    assert_eq!(names, "ABCDEFGHI");
    assert_eq!(expr.source(), source);
}

#[test]
fn keys_take_letters_of_any_script() {
    let world = World::with_input(r#"{"ключ":1,"नमस्ते":2,"a_b-c":3,"1":4,"鍵":{"é":5},"a.b":6,"":7,"\"":8}"#);
    for (source, expected) in [
        ("$Input.ключ", "1"),
        ("$Input.नमस्ते", "2"),
        ("$Input.a_b-c", "3"),
        ("$Input.1", "4"),
        ("$Input.鍵.é", "5"),
        ("$Input['a.b']", "6"),
        ("$Input[\"\"]", "7"),
        ("$Input[`\"`]", "8"),
    ] {
        assert_eq!(world.json_of(source), expected, "{source}");
    }
}

#[test]
fn what_is_not_documented_is_noted() {
    for (source, expected) in [
        ("$Input.a == 1 && $Input.b in $Input.c", vec![]),
        ("arrayContains([1, {\"a\": []}], -1)", vec![]),
        ("$Input.a + 1", vec![(9, 1, "the operator `+` is not documented")]),
        (
            "1 - 1 * 2 / 3 % 4",
            vec![
                (2, 1, "the operator `-` is not documented"),
                (6, 1, "the operator `*` is not documented"),
                (10, 1, "the operator `/` is not documented"),
                (14, 1, "the operator `%` is not documented"),
            ],
        ),
        ("$A =~ \"x\"", vec![(3, 2, "the operator `=~` is not documented")]),
        ("$A !~ \"x\"", vec![(3, 2, "the operator `!~` is not documented")]),
        (
            "$A ?? null",
            vec![
                (3, 2, "the operator `??` is not documented"),
                (6, 4, "the constant `null` is not documented"),
            ],
        ),
        ("$A ? 1 : 2", vec![(3, 1, "the operator `? :` is not documented")]),
        (
            "$A in [1]",
            vec![(6, 1, "an array literal outside a call is not documented")],
        ),
        (
            "$A == {}",
            vec![(6, 1, "an object literal outside a call is not documented")],
        ),
    ] {
        let expected: Vec<Note> = expected
            .into_iter()
            .map(|(offset, length, message)| Note {
                offset,
                length,
                message: message.to_owned(),
            })
            .collect();
        assert_eq!(Expr::parse(source).unwrap().notes(), expected, "{source}");
    }
}

#[test]
fn the_conditions_of_real_flows_are_read() {
    for source in [
        "$Input.status == \"succeeded\"",
        "$Input.marker != \"\"",
        "$Input.count != -1",
        "$Input.fdl_wait > 0",
        "$Input.key1==$Input.key2",
        "$Input.has_more && ($Input.total >= 10 || $Input.total <= 5)",
        "$Context.Current.Error.Code == \"FC.Unknown\"",
        "$Output.output.choices[0].message.content",
        "$Input.Branch0.sourceVideoContent",
        "uuid()",
        "stringToJson('{\"name\": \"Tom\", \"age\": 10}')",
    ] {
        let expr = Expr::parse(source).unwrap();
        assert_eq!(expr.notes(), []);
        let text = serde_json::to_string(&expr).unwrap();
        assert_eq!(serde_json::from_str::<Expr>(&text).unwrap(), expr);
    }
    let error = serde_json::from_str::<Expr>("\"1 +\"").unwrap_err().to_string();
    assert!(
        error.starts_with("in the expression `1 +`: expected a value, found the end"),
        "{error}"
    );
}

#[test]
fn calls_are_known_by_their_names() {
    let names = [
        "arrayContains",
        "arrayUnique",
        "toArray",
        "format",
        "length",
        "get",
        "intAdd",
        "randomInt",
        "split",
        "regexMatchString",
        "mapKeys",
        "mapValues",
        "jsonMerge",
        "stringToJson",
        "fromJSON",
        "jsonToString",
        "toJSON",
        "fromBase64",
        "toBase64",
        "hash",
        "uuid",
    ];
    assert_eq!(function_names(), names);
    for (text, expected) in [
        ("uuid()", true),
        ("format(\"{}\", $Input)", true),
        ("length(cm)", true),
        ("length (cm)", false),
        ("unknown()", false),
        ("uuid", false),
        ("(uuid())", false),
        ("", false),
    ] {
        assert_eq!(is_call_of_known_function(text), expected, "{text}");
    }
}
