//! Nothing that anybody writes makes an evaluation run on, grow, or run out of stack.

use stepwell_expression::{
    BUDGET, CALLS_MAX, DEPTH_MAX, EvalError, Expr, NESTING_MAX, SOURCE_BYTES_MAX, TEXT_BYTES_MAX, Template, Value,
};

use crate::world::World;

fn refused(source: &str) -> String {
    Expr::parse(source).unwrap_err().message
}

#[test]
fn sources_are_bounded() {
    let long = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
    assert!(Expr::parse(&long(SOURCE_BYTES_MAX)).is_ok());
    assert_eq!(
        refused(&long(SOURCE_BYTES_MAX + 1)),
        "the expression is longer than 16 KiB"
    );
    assert_eq!(refused(&"(".repeat(50_000_000)), "the expression is longer than 16 KiB");
}

#[test]
fn nesting_is_bounded() {
    let nested = |open: &str, close: &str, levels: usize| format!("{}1{}", open.repeat(levels), close.repeat(levels));
    let message = format!("nested more than {NESTING_MAX} levels deep");
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("{\"a\":", "}"),
        ("!", ""),
        ("-", ""),
        ("true ? 1 : ", ""),
    ] {
        assert!(Expr::parse(&nested(open, close, NESTING_MAX - 1)).is_ok(), "{open}");
        assert_eq!(refused(&nested(open, close, NESTING_MAX)), message, "{open}");
        assert_eq!(refused(&nested(open, close, 1000)), message, "{open}");
    }
}

#[test]
fn calls_are_bounded() {
    let nested = |levels: usize| format!("{}1{}", "toArray(".repeat(levels), ")".repeat(levels));
    let world = World::with_input("{}");
    assert_eq!(world.json_of(&nested(CALLS_MAX)), "[[[[[[[[[[1]]]]]]]]]]");
    assert_eq!(
        refused(&nested(CALLS_MAX + 1)),
        "functions are nested more than 10 levels deep"
    );
}

#[test]
fn long_chains_are_no_nesting() {
    let world = World::with_input("{\"a\":1}");
    assert_eq!(world.json_of(&vec!["1"; 4000].join(" + ")), "4000");
    assert_eq!(world.condition(&vec!["$Input.a == 2"; 900].join(" || ")), Ok(false));
    assert_eq!(world.json_of(&vec!["$Input.b"; 1500].join("??")), "null");
}

#[test]
fn steps_are_bounded() {
    let list = format!("[{}]", vec!["7"; 100_000].join(","));
    let world = World::with_input(&format!("{{\"list\":{list},\"text\":\"{}\"}}", "x".repeat(1 << 20)));
    let often = |part: &str, times: usize| format!("length(toArray({}))", vec![part; times].join(","));
    for source in [
        often("arrayContains($Input.list, 8)", 200),
        often("$Input.list[*]", 200),
        often("regexMatchString(\"x+y\", $Input.text)", 200),
        often("regexMatchString(\"\\\\pL{20}\", \"\")", 200),
        often("split($Input.text, \"\")", 2),
        often("hash($Input.text, \"MD5\")", 200),
    ] {
        let error = world.evaluate(&source).unwrap_err();
        assert_eq!(error, EvalError::Budget { source: source.clone() });
        assert_eq!(error.code(), Some("FnF.RuntimeError"));
    }
    assert_eq!(
        world.evaluate(&often("arrayContains($Input.list, 8)", 5)),
        Ok(Value::from(5u64))
    );
}

#[test]
fn texts_are_bounded() {
    let world = World::with_input(&format!("{{\"t\":\"{}\"}}", "x".repeat(9 << 20)));
    let longer = "the text would be longer than 16 MiB";
    assert_eq!(world.failure("$Input.t + $Input.t"), longer);
    assert_eq!(world.failure("format(\"{}{}\", $Input.t, $Input.t)"), longer);
    assert_eq!(
        world.failure("jsonToString(toArray($Input.t, $Input.t))"),
        "the value is larger than 16 MiB"
    );
    assert_eq!(
        world.evaluate("length($Input.t + \"y\")"),
        Ok(Value::from((9u64 << 20) + 1))
    );
    assert_eq!(
        world.evaluate("length(toBase64($Input.t))"),
        Ok(Value::from(12u64 << 20))
    );
    assert_eq!(TEXT_BYTES_MAX, 16 << 20);
}

#[test]
fn patterns_are_bounded() {
    let world = World::with_input(&format!(
        "{{\"long\":\"{}\",\"as\":\"{}b\"}}",
        "a".repeat(5000),
        "a".repeat(100_000)
    ));
    assert_eq!(
        world.failure("regexMatchString($Input.long, \"\")"),
        "the regular expression is longer than 4096 bytes"
    );
    for pattern in ["\\\\pL{1000}", "(?:\\\\pL{30}){30}", "(?:[^a\\\\pL]{10}){100}"] {
        let message = refused(&format!("regexMatchString(\"{pattern}\", $Input.as)"));
        assert_eq!(
            message, "the regular expression is too large when compiled",
            "{pattern}"
        );
    }
    for pattern in ["((a{100}){100}){100}", "(?:[^a]{500}){500}", "a{1001}", "a{2}{3}"] {
        let message = refused(&format!("regexMatchString(\"{pattern}\", $Input.as)"));
        assert!(
            message.starts_with("not a regular expression: `{"),
            "{pattern}: {message}"
        );
    }
    for pattern in ["^[\\pL\\pN_-]{1,64}$", "^\\pL{1,100}$", "^\\p{Han}+$"] {
        let pattern = pattern.replace('\\', "\\\\");
        assert_eq!(
            world.json_of(&format!("regexMatchString(\"{pattern}\", \"-\")")),
            (pattern.contains('-')).to_string(),
            "{pattern}"
        );
    }
    let nested = format!("{}a{}", "(".repeat(500), ")".repeat(500));
    let message = refused(&format!("regexMatchString(\"{nested}\", $Input.as)"));
    assert!(
        message.starts_with("not a regular expression: exceed the maximum number of nested"),
        "{message}"
    );
    assert_eq!(world.json_of("regexMatchString(\"^(a+)+$\", $Input.as)"), "false");
    assert_eq!(world.json_of("regexMatchString(\"(.*)*(.*)*c\", $Input.as)"), "false");
}

#[test]
fn built_values_nest_no_deeper_than_others() {
    let deep = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    let world = World::with_input(&deep(DEPTH_MAX));
    assert_eq!(world.json_of("$Input"), deep(DEPTH_MAX));
    assert_eq!(
        world.failure("toArray($Input)"),
        "the value is nested more than 128 levels deep"
    );
    let template = Template::Array(vec![Template::leaf("$Input").unwrap()]);
    assert_eq!(
        world.build(&template),
        Err(EvalError::Failed {
            message: "the value is nested more than 128 levels deep".to_owned(),
            source: "the whole map or list".to_owned(),
        })
    );
    let tower = (0..100_000).fold(Template::Literal(Value::Null), |inner, _| Template::Array(vec![inner]));
    assert!(world.build(&tower).is_err());
    std::mem::forget(tower);
    let nest = |inner| Template::Object(vec![("a".into(), inner)]);
    let nested = |levels: usize| (0..levels).fold(Template::Literal(Value::Null), |inner, _| nest(inner));
    assert!(world.build(&nested(DEPTH_MAX)).is_ok());
    let tower = nested(100_000);
    assert!(world.build(&tower).is_err());
    std::mem::forget(tower);
}

/// The steps that an expression takes, or nothing if it takes too many.
fn steps(world: &World, source: &str) -> Option<u64> {
    let mut context = world.context();
    let evaluated = Expr::parse(source).expect(source).evaluate(&mut context);
    evaluated.is_ok().then(|| BUDGET - context.budget())
}

#[test]
fn what_is_looked_through_is_paid_for() {
    let long = "7".repeat(30_000);
    let ones = vec!["1"; 15_000].join(",");
    let shells = vec!["[]"; 20_000].join(",");
    let input = format!("{{\"long\":{long},\"ones\":[{ones}],\"shells\":[{shells}],\"json\":\"[{shells}]\"}}");
    let world = World::with_input(&input);
    let sources = [
        "1 == 2",
        "$Input.long == 1",
        "$Input.long in $Input.ones",
        "arrayUnique($Input.ones)",
        "$Input.shells == $Input.ones",
        "$Input.shells",
        "length(stringToJson($Input.json))",
        "uuid()",
    ];
    let expected = [4, 474, 16_413, 75_472, 36_413, 1_252, 41_882, 11];
    assert_eq!(sources.map(|source| steps(&world, source)), expected.map(Some));
}

#[test]
fn a_search_costs_what_its_pattern_and_its_text_are() {
    let world = World::with_input(&format!("{{\"accents\":\"{}\"}}", "é".repeat(1_000)));
    let sources = [r#""a" =~ "b""#, r#""a" =~ "\\pL{40}""#, r#"$Input.accents =~ "\\bx""#];
    let expected = [264, 55_707, 405];
    assert_eq!(sources.map(|source| steps(&world, source)), expected.map(Some));
}

#[test]
fn what_a_json_text_holds_is_paid_for_while_it_is_read() {
    let world = World::with_input(&format!("{{\"json\":\"[{}]\"}}", vec!["[]"; 20_000].join(",")));
    let often = |times: usize| {
        format!(
            "length(toArray({}))",
            vec!["stringToJson($Input.json)"; times].join(",")
        )
    };
    assert_eq!(world.evaluate(&often(23)), Ok(Value::from(23u64)));
    assert_eq!(steps(&world, &often(24)), None, "that would be half a million values");
}

#[test]
fn hard_pairs_of_pattern_and_text_are_paid_for() {
    let text: String = (0..60_000u32)
        .map(|n| {
            if n.wrapping_mul(2_654_435_761) >> 31 == 1 {
                'a'
            } else {
                'b'
            }
        })
        .collect();
    let world = World::with_input(&format!("{{\"t\":\"{text}\"}}"));
    assert_eq!(world.json_of("$Input.t =~ `a[ab]{3}c`"), "false");
    let source = "$Input.t =~ `[ab]*a[ab]{900}c`";
    let error = EvalError::Budget {
        source: source.to_owned(),
    };
    assert_eq!(world.evaluate(source), Err(error), "no table is large enough");
    assert_eq!(
        world.json_of("`ab` =~ `[ab]*a[ab]{900}c`"),
        "false",
        "a short text is quick"
    );
}
