//! Constructors and parameters.

use stepwell_expression::{EvalError, Expr, Needs, Template, Value};

use crate::world::{World, birth, json, pointer};

fn expr(source: &str) -> Template {
    Template::Expr(Expr::parse(source).unwrap())
}

fn object(entries: Vec<(&str, Template)>) -> Template {
    Template::Object(
        entries
            .into_iter()
            .map(|(key, template)| (key.into(), template))
            .collect(),
    )
}

fn sample() -> Template {
    object(vec![
        ("z", expr("$Input.n")),
        (
            "body",
            object(vec![
                (
                    "list",
                    Template::Array(vec![expr("$Input.gone"), Template::Literal(json("[1.0,{\"@\":1}]"))]),
                ),
                ("a.b c", Template::Literal("$Input.n".into())),
            ]),
        ),
        ("=", Template::Literal(Value::Null)),
        ("[]", Template::Array(vec![])),
        ("$serde_json::private::Number", expr("uuid()")),
    ])
}

#[test]
fn templates_build_values_in_order() {
    let world = World::with_input("{\"n\":1.50}");
    let mut context = world.context();
    let built = sample().evaluate(&mut context).unwrap();
    assert_eq!(
        built.to_json().unwrap(),
        r#"{"z":1.50,"body":{"list":[null,[1.0,{"@":1}]],"a.b c":"$Input.n"},"=":null,"[]":[],"$serde_json::private::Number":"00000000-0000-4000-8000-000000000000"}"#
    );
    assert_eq!(context.missing(), ["$Input.gone"]);
}

#[test]
fn expressions_are_listed_in_order() {
    let template = sample();
    let sources: Vec<&str> = template.expressions().into_iter().map(Expr::source).collect();
    assert_eq!(sources, ["$Input.n", "$Input.gone", "uuid()"]);
}

#[test]
fn the_stored_form_is_short_and_complete() {
    let text = serde_json::to_string(&sample()).unwrap();
    assert_eq!(
        text,
        r#"{"z":"$Input.n","body":{"list":["[]","$Input.gone",["=",[1.0,{"@@":1}]]],"a.b c":["=","$Input.n"]},"=":["=",null],"[]":["[]"],"$serde_json::private::Number":"uuid()"}"#
    );
    assert_eq!(serde_json::from_str::<Template>(&text).unwrap(), sample());
    for wrong in [
        "1",
        "[]",
        "[\"x\"]",
        "[\"=\"]",
        "[\"=\",1,2]",
        "\"$Input.\"",
        "null",
        "{\"a\":1}",
    ] {
        assert!(serde_json::from_str::<Template>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn what_is_stored_is_not_tried_out_again() {
    let source = "$Input.a =~ `\\pL{1000}`";
    assert!(Expr::parse(source).is_err(), "it is too large when compiled");
    let stored = serde_json::to_string(source).unwrap();
    assert!(serde_json::from_str::<Template>(&stored).is_ok());
    assert!(serde_json::from_str::<Expr>(&stored).is_ok());
}

#[test]
fn leaves_are_expressions_by_their_beginning() {
    for source in [
        "$Input.a",
        "uuid()",
        "format(\"{}\", $Input.a)",
        "hash(\"a\",\"MD5\") == $Input.b",
    ] {
        assert_eq!(Template::leaf(source), Ok(expr(source)));
    }
    for text in [
        "val1",
        "",
        " $Input.a",
        "unknown(1)",
        "uuid",
        "1 + 1",
        "length (cm)",
        "a $Input",
        "云",
    ] {
        assert_eq!(Template::leaf(text), Ok(Template::Literal(text.into())), "{text}");
    }
    for (text, message) in [
        ("$", "`$` without the name of a variable"),
        ("$Input..a", "`.` without a key"),
        ("length(cm)", "`cm` is no value"),
        ("uuid() and more", "expected an operator or the end, found `and`"),
    ] {
        assert_eq!(Template::leaf(text).unwrap_err().message, message, "{text}");
    }
}

#[test]
fn all_that_is_needed_is_asked_for_at_once() {
    let mut world = World::with_input("{}");
    world.variables.push(("A", pointer(1, &[], 1000)));
    world.variables.push(("B", pointer(2, &[], 1000)));
    let template = object(vec![
        ("a", expr("$A.x")),
        ("b", Template::Array(vec![expr("length($B)"), expr("$A.y == $Input.n")])),
        ("c", expr("length($Input.n)")),
        ("d", expr("$A")),
    ]);
    assert_eq!(
        world.build(&template),
        Err(EvalError::Needs(Needs(vec![birth(1), birth(2)])))
    );
    let carried = object(vec![("d", expr("$A"))]);
    assert_eq!(world.build(&carried), Ok(Value::object([("d", pointer(1, &[], 1000))])));
}

#[test]
fn a_failure_before_anything_is_needed_is_final() {
    let mut world = World::with_input("{}");
    world.variables.push(("A", pointer(1, &[], 1000)));
    let failing = object(vec![("a", expr("length($Input.n)")), ("b", expr("$A.x"))]);
    let failed = EvalError::Failed {
        message: "argument 1 of `length` must be an array, an object or text, not null".to_owned(),
        source: "length($Input.n)".to_owned(),
    };
    assert_eq!(world.build(&failing), Err(failed));
}
