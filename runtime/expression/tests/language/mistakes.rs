//! What is refused before anything runs, where the mistake is drawn, and what helps.

use stepwell_expression::{Expr, ParseError};

/// Source, the part that is drawn, message, help.
fn check(rows: &[(&str, &str, &str, Option<&str>)]) {
    for (source, part, message, help) in rows {
        let ParseError {
            offset,
            length,
            message: said,
            help: helped,
        } = Expr::parse(source).unwrap_err();
        let drawn = &source[offset..offset + length];
        assert_eq!(
            (drawn, said.as_str(), helped.as_deref()),
            (*part, *message, *help),
            "{source}"
        );
    }
}

const BRACKET: Option<&str> = Some("write `[0]`, `[\"key\"]` or `[*]`");
const NO_KEY: Option<&str> = Some("write `.key`; for any other key `[\"key\"]`, for all elements `[*]`");
const MINUS: Option<&str> = Some("put a blank before a minus that follows a path");
const NUMBER: Option<&str> = Some("write numbers as in JSON, text in quotes");

#[test]
fn bare_words_are_refused() {
    check(&[
        (
            "hello",
            "hello",
            "`hello` is no value",
            Some("put text into quotes: \"hello\""),
        ),
        (
            "$Input.a == yes",
            "yes",
            "`yes` is no value",
            Some("put text into quotes: \"yes\""),
        ),
        (
            "Input.a == 1",
            "Input.a",
            "`Input.a` is no value",
            Some("did you mean `$Input.a`?"),
        ),
        (
            "input.a",
            "input.a",
            "`input.a` is no value",
            Some("did you mean `$Input.a`?"),
        ),
        (
            "uuid",
            "uuid",
            "`uuid` is no value",
            Some("call the function: `uuid(…)`"),
        ),
        ("True", "True", "`True` is no value", Some("did you mean `true`?")),
        (
            "$Input.a and true",
            "and",
            "expected an operator or the end, found `and`",
            Some("the operator is `&&`"),
        ),
        ("not $Input.a", "not", "`not` is no value", Some("the operator is `!`")),
        ("in", "in", "`in` is no value", Some("put text into quotes: \"in\"")),
        ("1 in", "", "expected a value, found the end", None),
        (
            "length({a: 1})",
            "a",
            "expected a key in quotes, found `a`",
            Some("put text into quotes: \"a\""),
        ),
    ]);
}

#[test]
fn operators_of_other_languages_are_refused() {
    check(&[
        ("$Input.a = 1", "=", "unexpected `=`", Some("compare with `==`")),
        ("$Input.a === 1", "=", "unexpected `=`", Some("compare with `==`")),
        ("$Input.a & true", "&", "unexpected `&`", Some("the operator is `&&`")),
        ("$Input.a | true", "|", "unexpected `|`", Some("the operator is `||`")),
        (
            "2 ** 3",
            "*",
            "expected a value, found `*`",
            Some("there is no operator `**`"),
        ),
        ("1 <> 2", ">", "expected a value, found `>`", None),
        ("1 << 2", "<", "expected a value, found `<`", None),
        ("1 ^ 2", "^", "unexpected `^`", None),
        ("~1", "~", "unexpected `~`", None),
        (
            "$Input.a == “x”",
            "“",
            "unexpected `“`",
            Some("put text into straight quotes: \"…\""),
        ),
        ("+1", "+", "expected a value, found `+`", None),
        ("1; 2", ";", "unexpected `;`", None),
        ("1 2", "2", "expected an operator or the end, found `2`", None),
        (
            "$Input.a $Input.b",
            "$Input.b",
            "expected an operator or the end, found `$Input.b`",
            None,
        ),
        (
            "$Input.a ? 1",
            "",
            "expected `:` and what holds otherwise, found the end",
            None,
        ),
    ]);
}

#[test]
fn paths_must_be_paths() {
    check(&[
        (
            "$",
            "$",
            "`$` without the name of a variable",
            Some("write the name right behind the `$`, such as `$Input`"),
        ),
        (
            "$.a == 1",
            "$",
            "`$` without the name of a variable",
            Some("paths begin with a variable: write `$Input.…`"),
        ),
        (
            "$ Input",
            "$",
            "`$` without the name of a variable",
            Some("write the name right behind the `$`, such as `$Input`"),
        ),
        ("$Input.", ".", "`.` without a key", NO_KEY),
        ("$Input..a", ".", "`.` without a key", NO_KEY),
        ("$Input.*", ".", "`.` without a key", NO_KEY),
        ("$Input.\"a\"", ".", "`.` without a key", NO_KEY),
        ("$Input.a[-1]", "[-1]", "not an index, a key in quotes or `*`", BRACKET),
        ("$Input.a[b]", "[b]", "not an index, a key in quotes or `*`", BRACKET),
        ("$Input.a[]", "[]", "not an index, a key in quotes or `*`", BRACKET),
        (
            "$Input.a[1:2]",
            "[1:2]",
            "not an index, a key in quotes or `*`",
            BRACKET,
        ),
        (
            "$Input.a[?(@.x)]",
            "[?(@.x)]",
            "not an index, a key in quotes or `*`",
            BRACKET,
        ),
        (
            "$Input.a[99999999999999999999]",
            "[99999999999999999999]",
            "not an index, a key in quotes or `*`",
            BRACKET,
        ),
        ("$Input.a[0", "[", "not an index, a key in quotes or `*`", BRACKET),
        ("$Input.a[\"b", "\"", "the text has no closing quote", None),
        ("$Input.a[0]-1", "-", "unexpected `-`", MINUS),
        ("$Input.a [0]", "[", "expected an operator or the end, found `[`", None),
        (
            "($Input.a)[0]",
            "[",
            "expected an operator or the end, found `[`",
            Some("take a part of a result with `get(…, …)`"),
        ),
        (
            "split($Input.a, \",\")[0]",
            "[",
            "expected an operator or the end, found `[`",
            Some("take a part of a result with `get(…, …)`"),
        ),
    ]);
}

#[test]
fn literals_must_be_whole() {
    check(&[
        ("", "", "the expression is empty", None),
        (" \n", "", "the expression is empty", None),
        ("\"abc", "\"", "the text has no closing quote", None),
        ("'abc\"", "'", "the text has no closing quote", None),
        ("`abc", "`", "the text has no closing quote", None),
        (r#""a\xb""#, r"\x", "unknown escape", None),
        (r#""a\'b""#, r"\'", "unknown escape", None),
        (r#""a\ud800b""#, r"\u", "half of a surrogate pair", None),
        ("01", "01", "`01` is not a number", NUMBER),
        ("1.", "1.", "`1.` is not a number", NUMBER),
        ("1.5.2", "1.5.2", "`1.5.2` is not a number", NUMBER),
        ("0x1", "0x1", "`0x1` is not a number", NUMBER),
        ("12abc", "12abc", "`12abc` is not a number", NUMBER),
        ("1e", "1e", "`1e` is not a number", NUMBER),
        ("(1", "", "expected `)`, found the end", None),
        ("1)", ")", "expected an operator or the end, found `)`", None),
        ("[1, 2", "", "expected `,` or `]`, found the end", None),
        ("[1,]", "]", "expected a value, found `]`", None),
        ("{\"a\" 1}", "1", "expected `:` after the key, found `1`", None),
        ("-\"a\"", "-\"a\"", "`-` needs a number, not text", None),
    ]);
}

#[test]
fn calls_are_checked() {
    check(&[
        (
            "lenght($Input.a)",
            "lenght",
            "there is no function `lenght`",
            Some("did you mean `length`?"),
        ),
        (
            "LENGTH($Input.a)",
            "LENGTH",
            "there is no function `LENGTH`",
            Some("did you mean `length`?"),
        ),
        (
            "States.Format(1)",
            "States.Format",
            "there is no function `States.Format`",
            Some(
                "the functions are arrayContains, arrayUnique, toArray, format, length, get, intAdd, randomInt, split, \
             regexMatchString, mapKeys, mapValues, jsonMerge, stringToJson, fromJSON, jsonToString, toJSON, fromBase64, \
             toBase64, hash, uuid",
            ),
        ),
        ("length()", "length()", "`length` takes 1 argument, not 0", None),
        (
            "1 == length($Input.a, 2)",
            "length($Input.a, 2)",
            "`length` takes 1 argument, not 2",
            None,
        ),
        (
            "format()",
            "format()",
            "`format` takes at least 1 argument, not 0",
            None,
        ),
        ("uuid(1)", "uuid(1)", "`uuid` takes 0 arguments, not 1", None),
        (
            "split($Input.a)",
            "split($Input.a)",
            "`split` takes 2 arguments, not 1",
            None,
        ),
        ("length($Input.a", "", "expected `,` or `)`, found the end", None),
        ("length($Input.a,)", ")", "expected a value, found `)`", None),
    ]);
}

#[test]
fn written_arguments_are_checked() {
    check(&[
        (
            "intAdd($Input.a, \"1\")",
            "\"1\"",
            "argument 2 of `intAdd` must be an integer below 2^63, not text",
            None,
        ),
        (
            "intAdd(1.5, 2)",
            "1.5",
            "argument 1 of `intAdd` must be an integer below 2^63, not 1.5",
            None,
        ),
        (
            "length(12)",
            "12",
            "argument 1 of `length` must be an array, an object or text, not 12",
            None,
        ),
        (
            "length(null)",
            "null",
            "argument 1 of `length` must be an array, an object or text, not null",
            None,
        ),
        (
            "arrayUnique({})",
            "{}",
            "argument 1 of `arrayUnique` must be an array, not an object",
            None,
        ),
        (
            "mapKeys([1])",
            "[1]",
            "argument 1 of `mapKeys` must be an object, not an array",
            None,
        ),
        ("format(1, 2)", "1", "argument 1 of `format` must be text, not 1", None),
        (
            "format(\"{} {}\", $Input.a)",
            "\"{} {}\"",
            "`format` has 2 `{}` in its text, but 1 values to put there",
            None,
        ),
        (
            "format(\"a{b\", $Input.a)",
            "\"a{b\"",
            "`format` takes `{}` for an argument and `{{` or `}}` for a brace, not `{b`",
            None,
        ),
        (
            "get($Input.a, -1)",
            "-1",
            "`get` needs an index from 0 on, not -1",
            None,
        ),
    ]);
}

#[test]
fn calls_that_never_work_are_refused() {
    check(&[
        (
            "hash($Input.a, \"md4\")",
            "\"md4\"",
            "unknown hash algorithm `md4`: there are MD5, SHA-1, SHA-256 and SHA-512",
            None,
        ),
        (
            "regexMatchString(\"(\", $Input.a)",
            "\"(\"",
            "not a regular expression: unclosed group",
            None,
        ),
        (
            "$Input.a =~ \"[\"",
            "\"[\"",
            "not a regular expression: a `[` is never closed",
            None,
        ),
        (
            "$Input.a in \"abc\"",
            "\"abc\"",
            "`in` needs an array or an object on its right, not text",
            None,
        ),
        (
            "$Input.a || randomInt(5, 1) > 0",
            "randomInt(5, 1)",
            "`randomInt` finds nothing between 5 and 1",
            None,
        ),
        (
            "stringToJson('{a}')",
            "stringToJson('{a}')",
            "the text is not JSON: expected a key in double quotes at line 1, column 2",
            None,
        ),
        ("fromBase64('?')", "fromBase64('?')", "the text is not base64", None),
        (
            "intAdd(9223372036854775807, 1)",
            "intAdd(9223372036854775807, 1)",
            "the sum of 9223372036854775807 and 1 is beyond 2^63",
            None,
        ),
        (
            "get([1], 'a')",
            "get([1], 'a')",
            "`get` of an array needs an integer",
            None,
        ),
    ]);
}

#[test]
fn a_mistake_prints_as_its_message() {
    assert_eq!(
        Expr::parse("1 +").unwrap_err().to_string(),
        "expected a value, found the end"
    );
}
