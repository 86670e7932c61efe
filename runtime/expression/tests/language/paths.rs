//! Walking: what is there, what is missing, and projections; over values that stand here and over stored ones.

use stepwell_expression::{EvalError, MISSING_MAX};

use crate::world::World;

const INPUT: &str = r#"{"a":{"b":[10,{"c":"deep"}]},"rows":[{"n":1,"parts":[{"x":1},{"x":2}]},{"parts":[]},{"n":3,
    "parts":[{"x":3},{}]}],"map":{"k":{"n":1},"l":{"n":2}},"null":null,"text":"abc","nested":[[1,2],[3],[]]}"#;

/// Every path over the input as it is, and as a stored value.
fn check(rows: &[(&str, &str, &[&str])]) {
    let padded = format!(r#"{},"pad":"{}"}}"#, INPUT.strip_suffix('}').unwrap(), "x".repeat(400));
    for world in [World::with_input(INPUT), World::with_stored_input(&padded)] {
        for (source, expected, missing) in rows {
            assert_eq!(world.json_of(source), *expected, "{source}");
            assert_eq!(world.missing(source), *missing, "{source}");
        }
    }
}

#[test]
fn parts_are_found_by_key_and_index() {
    check(&[
        ("$Input.a.b[0]", "10", &[]),
        ("$Input.a.b[1].c", "\"deep\"", &[]),
        ("$Input[\"a\"]['b'][1]", r#"{"c":"deep"}"#, &[]),
        ("$Input.null", "null", &[]),
        ("$Input.text", "\"abc\"", &[]),
    ]);
}

#[test]
fn what_is_missing_is_null_and_noted() {
    check(&[
        ("$Input.gone", "null", &["$Input.gone"]),
        ("$Input.gone.further[3]", "null", &["$Input.gone.further[3]"]),
        ("$Input.null.a", "null", &["$Input.null.a"]),
        ("$Input.a.b[2]", "null", &["$Input.a.b[2]"]),
        ("$Input.a.b.c", "null", &["$Input.a.b.c"]),
        ("$Input.a[0]", "null", &["$Input.a[0]"]),
        ("$Input.text[0]", "null", &["$Input.text[0]"]),
        ("$Input.text.length", "null", &["$Input.text.length"]),
        (
            "toArray($Input.x, $Input.text, $Input.y, $Input.x)",
            r#"[null,"abc",null,null]"#,
            &["$Input.x", "$Input.y"],
        ),
    ]);
}

#[test]
fn stars_project_and_join() {
    check(&[
        ("$Input.rows[*].n", "[1,null,3]", &["$Input.rows[*].n"]),
        ("$Input.map[*].n", "[1,2]", &[]),
        ("$Input.map[*]", r#"[{"n":1},{"n":2}]"#, &[]),
        ("$Input.nested[*]", "[[1,2],[3],[]]", &[]),
        ("$Input.nested[*][*]", "[1,2,3]", &[]),
        ("$Input.nested[*][0]", "[1,3,null]", &["$Input.nested[*][0]"]),
        ("$Input.rows[*].parts[*]", r#"[{"x":1},{"x":2},{"x":3},{}]"#, &[]),
        (
            "$Input.rows[*].parts[*].x",
            "[1,2,3,null]",
            &["$Input.rows[*].parts[*].x"],
        ),
        ("$Input.rows[*].n[*]", "[]", &["$Input.rows[*].n[*]"]),
        ("$Input.gone[*].n", "null", &["$Input.gone[*].n"]),
        ("$Input.text[*]", "null", &["$Input.text[*]"]),
        ("$Input.rows[1].parts[*].x", "[]", &[]),
        ("length($Input.rows[*])", "3", &[]),
    ]);
}

#[test]
fn a_variable_that_is_not_there_fails() {
    let world = World::with_input("{}");
    assert_eq!(world.failure("$Output.a"), "`$Output` is not available here");
    assert_eq!(
        world.evaluate("$Output"),
        Err(EvalError::Failed {
            message: "`$Output` is not available here".to_owned(),
            source: "$Output".to_owned()
        })
    );
}

#[test]
fn only_so_many_missing_paths_are_kept() {
    let world = World::with_input("{}");
    let paths: Vec<String> = (0..MISSING_MAX + 5).map(|n| format!("$Input.k{n}")).collect();
    assert_eq!(
        world.missing(&format!("toArray({})", paths.join(","))),
        paths[..MISSING_MAX]
    );
}
