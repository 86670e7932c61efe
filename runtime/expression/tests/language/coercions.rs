//! Specification 1.6 and 1.9 points 3 to 5: what the operators make of values of every kind.

use stepwell_expression::EvalError;

use crate::world::World;

fn check(rows: &[(&str, &str)]) {
    let world = World::with_input(
        r#"{"null":null,"t":true,"f":false,"n0":0,"n1":1,"n10":10,"big":18446744073709551615,"s":"text","empty":"",
            "s1":"1","s10":"10","s9":"9","strue":"true","sTRUE":"TRUE","sTrue":"True","sfalse":"false","sFALSE":"FALSE",
            "nan":"nan","inf":"inf","hex":"0x1","a":[1,"x",[2]],"o":{"k":1,"l":null},"e":[],"b":{}}"#,
    );
    for (source, expected) in rows {
        assert_eq!(world.json_of(source), *expected, "{source}");
    }
}

#[test]
fn equality_coerces_numbers_then_booleans() {
    check(&[
        ("1 == 1.0", "true"),
        ("1 == 2", "false"),
        ("true == true", "true"),
        ("true == false", "false"),
        (r#"$Input.s == "text""#, "true"),
        (r#"$Input.s == "Text""#, "false"),
        ("$Input.s1 == 1", "true"),
        ("1 == $Input.s1", "true"),
        (r#""10" == "10.0""#, "true"),
        (r#""1e1" == 10"#, "true"),
        (r#"" 1" == 1"#, "false"),
        ("true == $Input.strue", "true"),
        ("true == $Input.sTRUE", "true"),
        ("true == $Input.sTrue", "false"),
        ("false == $Input.sfalse", "true"),
        ("false == $Input.sFALSE", "true"),
        ("true == 1", "true"),
        ("true == 5", "true"),
        ("false == 0", "true"),
        (r#"true == "1""#, "true"),
        (r#""true" == "TRUE""#, "true"),
        ("$Input.null == false", "true"),
        ("$Input.null == 0", "true"),
        ("$Input.null == null", "true"),
        ("$Input.gone == false", "true"),
        (r#"$Input.gone == """#, "false"),
        (r#"$Input.gone != """#, "true"),
        (r#"$Input.gone == "false""#, "true"),
        ("$Input.gone == 1", "false"),
        ("$Input.gone == $Input.nowhere", "true"),
        (r#"$Input.empty == """#, "true"),
        (r#"$Input.empty == 0"#, "false"),
        ("$Input.empty == false", "false"),
        ("$Input.a == $Input.a", "true"),
        (r#"$Input.a == [1.0, "x", [2]]"#, "true"),
        (r#"$Input.a == ["1", "x", [2]]"#, "false"),
        (r#"$Input.o == {"l": null, "k": 1.0}"#, "true"),
        ("$Input.e == $Input.b", "false"),
        ("$Input.e == false", "false"),
        ("$Input.n1 != -1", "true"),
        ("$Input.n1 != 1", "false"),
    ]);
}

#[test]
fn only_json_numbers_in_text_are_numbers() {
    check(&[
        (r#"$Input.nan == "nan""#, "true"),
        (r#"$Input.inf == "Infinity""#, "false"),
        (r#"$Input.hex == 1"#, "false"),
        (r#"$Input.hex == "0x1""#, "true"),
        (r#""+1" == 1"#, "false"),
        (r#""1_0" == 10"#, "false"),
    ]);
}

#[test]
fn numbers_compare_exactly() {
    check(&[
        ("$Input.big == 18446744073709551615", "true"),
        ("$Input.big == 18446744073709551616", "false"),
        ("$Input.big < 18446744073709551616", "true"),
        ("9007199254740993 == 9007199254740992", "false"),
        ("0.1 < 0.10000000000000000001", "true"),
        ("1e400 > 1e399", "true"),
        ("-0 == 0", "true"),
        ("-2 < -1", "true"),
        ("-1 < -2", "false"),
        ("-1.5 < -1.25", "true"),
        ("-18446744073709551616 < -18446744073709551615", "true"),
        ("-1 < 0.5", "true"),
    ]);
}

#[test]
fn order_is_numeric_lexical_or_by_text_and_never_over_null() {
    check(&[
        ("1 < 2", "true"),
        ("2 <= 2.0", "true"),
        ("3 > 10", "false"),
        ("10 >= 10", "true"),
        (r#""10" < "9""#, "true"),
        (r#""10" < 9"#, "false"),
        (r#"9 < "10""#, "true"),
        (r#""a" < "b""#, "true"),
        (r#""b" <= "a""#, "false"),
        (r#""Z" < "a""#, "true"),
        (r#""é" > "z""#, "true"),
        (r#"true < "u""#, "true"),
        (r#"10 < "x""#, "true"),
        ("true > false", "true"),
        (r#"$Input.a < "a""#, "true"),
        ("$Input.e < $Input.b", "true"),
        ("$Input.null < 1", "false"),
        ("$Input.null <= null", "false"),
        ("$Input.null > -1", "false"),
        ("$Input.gone >= 0", "false"),
        ("1 >= $Input.gone", "false"),
    ]);
}

#[test]
fn membership_is_deep_and_without_coercion() {
    check(&[
        ("1 in $Input.a", "true"),
        ("1.0 in $Input.a", "true"),
        (r#""1" in $Input.a"#, "false"),
        ("[2.0] in $Input.a", "true"),
        ("null in $Input.a", "false"),
        (r#""k" in $Input.o"#, "true"),
        (r#""l" in $Input.o"#, "true"),
        (r#""m" in $Input.o"#, "false"),
        ("1 in $Input.o", "false"),
        ("1 in $Input.null", "false"),
        ("1 in $Input.gone", "false"),
        (r#""a" in ["a", "b"]"#, "true"),
        (r#"$Input.s in {"text": 1}"#, "true"),
    ]);
    let world = World::with_input(r#"{"s":"text","n":1,"t":true}"#);
    for (source, found) in [
        ("1 in $Input.s", "text"),
        ("1 in $Input.n", "a number"),
        ("1 in $Input.t", "a boolean"),
    ] {
        assert_eq!(
            world.failure(source),
            format!("`in` needs an array or an object on its right, not {found}")
        );
    }
}

#[test]
fn logic_coerces_and_stops_early() {
    check(&[
        ("true && true", "true"),
        ("true && 0", "false"),
        ("1 && \"TRUE\"", "true"),
        ("$Input.gone || \"true\"", "true"),
        ("$Input.gone || false", "false"),
        ("false && $Input.s", "false"),
        ("true || $Input.s", "true"),
        ("!true", "false"),
        ("!$Input.gone", "true"),
        ("!0", "true"),
        ("!!$Input.s1", "true"),
        ("!$Input.t == $Input.f", "true"),
    ]);
    let world = World::with_input(r#"{"s":"text","a":[]}"#);
    for (source, message) in [
        ("true && $Input.s", "`&&` needs true or false, not text"),
        ("false || $Input.a", "`||` needs true or false, not an array"),
        ("!$Input.s", "`!` needs true or false, not text"),
    ] {
        assert_eq!(world.failure(source), message);
    }
}

#[test]
fn arithmetic_is_that_of_floats() {
    check(&[
        ("1 + 2", "3"),
        ("0.1 + 0.2", "0.30000000000000004"),
        ("1.50 + 0", "1.5"),
        ("7 / 2", "3.5"),
        ("6 / 2", "3"),
        ("7 % 3", "1"),
        ("-7 % 3", "-1"),
        ("2 * 3.5", "7"),
        ("$Input.s10 - 1", "9"),
        (r#""3" * "4""#, "12"),
        ("-$Input.s10", "-10"),
        ("-$Input.n0", "0"),
        ("- 1.0", "-1.0"),
        ("--1", "1"),
        ("1e300 * 10", "1e+301"),
    ]);
    let world = World::with_input(r#"{"s":"text","z":0,"big":1e308}"#);
    for (source, message) in [
        ("1 / $Input.z", "the result of `1 / 0` is not a finite number"),
        ("1 % $Input.z", "the result of `1 % 0` is not a finite number"),
        ("$Input.big * 10", "the result of `1e308 * 10` is not a finite number"),
        ("1 - $Input.s", "`-` cannot be applied to a number and text"),
        ("$Input.gone * 2", "`*` cannot be applied to null and a number"),
        ("-$Input.s", "`-` needs a number, not text"),
        ("-$Input.gone", "`-` needs a number, not null"),
    ] {
        assert_eq!(world.failure(source), message);
    }
}

#[test]
fn plus_joins_texts() {
    check(&[
        (r#""a" + "b""#, r#""ab""#),
        (r#""1" + "2""#, r#""12""#),
        (r#""1" + 2"#, "3"),
        (r#""a" + 2.50"#, r#""a2.50""#),
        (r#"true + 1"#, r#""true1""#),
        (r#""a" + $Input.a"#, r#""a[1,\"x\",[2]]""#),
        (r#""a" + "b" + "c""#, r#""abc""#),
    ]);
    let world = World::with_input("{}");
    assert_eq!(
        world.failure(r#""a" + $Input.gone"#),
        "`+` cannot be applied to text and null"
    );
}

#[test]
fn patterns_match_anywhere() {
    check(&[
        (r#"$Input.s =~ "ex""#, "true"),
        (r#"$Input.s =~ "^ex""#, "false"),
        (r#"$Input.s !~ "^ex""#, "true"),
        (r#"$Input.n10 =~ "^1\\d$""#, "true"),
        ("$Input.s =~ `^t\\w+t$`", "true"),
        (r#"$Input.gone =~ "x""#, "false"),
        (r#"$Input.gone !~ "x""#, "true"),
        (r#"$Input.gone =~ """#, "false"),
        (r#"null !~ "null""#, "true"),
    ]);
    let world = World::with_input("{\"p\":\"(\"}");
    assert_eq!(world.failure(r#""x" =~ $Input.gone"#), "`=~` needs a pattern, not null");
    assert_eq!(
        world.failure("$Input.gone !~ $Input.gone"),
        "`!~` needs a pattern, not null"
    );
    assert_eq!(
        world.failure("$Input.gone =~ $Input.p"),
        "not a regular expression: unclosed group"
    );
    assert_eq!(
        world.failure(r#""x" =~ $Input.p"#),
        "not a regular expression: unclosed group"
    );
}

#[test]
fn absent_is_replaced_and_tests_choose() {
    check(&[
        (r#"$Input.gone ?? "x""#, r#""x""#),
        (r#"$Input.s ?? "x""#, r#""text""#),
        (r#"$Input.f ?? "x""#, r#""x""#),
        (r#"$Input.n0 ?? $Input.empty ?? 3"#, "3"),
        (r#"$Input.n0 ?? $Input.empty"#, r#""""#),
        ("$Input.e ?? 1", "[]"),
        ("$Input.t ? 1 : 2", "1"),
        ("$Input.gone ? 1 : 2", "2"),
        ("$Input.s ? 1 : 2", "1"),
        ("$Input.f ? 1 : $Input.n1 ? 2 : 3", "2"),
        ("$Input.gone ?? true ? 100 + 200 : 400", "300"),
        ("$Input.t ? 1 : 1 / $Input.gone", "1"),
    ]);
}

#[test]
fn conditions_are_booleans_or_stand_for_one() {
    let world = World::with_input(r#"{"t":true,"n":2,"s":"text","st":"true","a":[],"o":{}}"#);
    for (source, expected) in [
        ("$Input.t", true),
        ("$Input.t && $Input.n > 1", true),
        ("$Input.n", true),
        ("$Input.n - 2", false),
        ("$Input.gone", false),
        ("$Input.gone.further == 1", false),
        ("$Input.st", true),
        (r#""FALSE""#, false),
        (r#""0""#, false),
        ("1 == 1", true),
    ] {
        assert_eq!(world.condition(source), Ok(expected), "{source}");
    }
    for (source, found) in [
        ("$Input.s", "text"),
        ("$Input.a", "an array"),
        ("$Input.o", "an object"),
        ("\"\"", "text"),
    ] {
        let error = world.condition(source).unwrap_err();
        assert_eq!(
            error,
            EvalError::NotBoolean {
                found: found.to_owned(),
                source: source.to_owned()
            }
        );
        assert_eq!(error.code(), Some("FnF.ConditionError"));
        assert_eq!(
            error.to_string(),
            format!("the condition `{source}` gave {found}, which is neither true nor false")
        );
    }
    let error = world.condition("1 in $Input.s").unwrap_err();
    assert_eq!(error.code(), Some("FnF.RuntimeError"));
    assert_eq!(
        error.to_string(),
        "`in` needs an array or an object on its right, not text (in `1 in $Input.s`)"
    );
}
