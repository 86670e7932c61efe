//! In what two values differ, leaf by leaf.

use stepwell_expression::{Memory, Value, deep_equal};

use super::verdict::Mismatch;

/// How many differences of one output are told.
const DIFFERENCES_MAX: usize = 10;

/// Everything in which two values differ, each with its place below `field`.
pub(super) fn differences(field: &str, expected: &Value, got: &Value) -> Vec<Mismatch> {
    let mut found = Vec::new();
    compare(field, expected, got, &mut found);
    let more = found.len().saturating_sub(DIFFERENCES_MAX);
    found.truncate(DIFFERENCES_MAX);
    if more > 0 {
        found.push(Mismatch::new(
            field,
            "what stands above",
            format!("{more} more differences"),
        ));
    }
    found
}

/// A value as JSON.
pub(super) fn text(value: &Value) -> String {
    value.to_json().unwrap_or_else(|error| error.to_string())
}

fn compare(field: &str, expected: &Value, got: &Value, found: &mut Vec<Mismatch>) {
    if deep_equal(expected, got, &Memory::default()).unwrap_or(false) {
        return;
    }
    if let (Some(expected), Some(got)) = (expected.as_object(), got.as_object()) {
        for (key, expected) in expected {
            let field = format!("{field}.{key}");
            match got.get(key) {
                Some(got) => compare(&field, expected, got, found),
                None => found.push(Mismatch::new(field, text(expected), "nothing")),
            }
        }
        let beyond = got.iter().filter(|(key, _)| !expected.contains_key(*key));
        found.extend(beyond.map(|(key, got)| Mismatch::new(format!("{field}.{key}"), "nothing", text(got))));
        return;
    }
    match (expected.as_array(), got.as_array()) {
        (Some(left), Some(right)) if left.len() == right.len() => {
            for (place, (expected, got)) in left.iter().zip(right).enumerate() {
                compare(&format!("{field}[{place}]"), expected, got, found);
            }
        }
        (_, _) => found.push(Mismatch::new(field, text(expected), text(got))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(expected: &str, got: &str) -> Vec<String> {
        let value = |text: &str| Value::parse_json(text).unwrap();
        differences("output", &value(expected), &value(got))
            .into_iter()
            .map(|found| format!("{}: {} / {}", found.field, found.expected, found.got))
            .collect()
    }

    #[test]
    fn leaves_are_told_and_numbers_compare_by_value() {
        assert_eq!(told(r#"{"a":1,"b":[1,2]}"#, r#"{"b":[1.0,2],"a":1}"#), [""; 0]);
        assert_eq!(
            told(
                r#"{"a":{"b":1},"c":[1,{"d":2}],"e":0}"#,
                r#"{"a":{"b":2},"c":[1,{"d":"x"}],"f":[]}"#
            ),
            [
                "output.a.b: 1 / 2",
                "output.c[1].d: 2 / \"x\"",
                "output.e: 0 / nothing",
                "output.f: nothing / []"
            ]
        );
        assert_eq!(told("[1,2]", "[1]"), ["output: [1,2] / [1]"]);
    }

    #[test]
    fn no_more_differences_are_told_than_a_person_reads() {
        let list = |number: u32| format!("{:?}", vec![number; 25]);
        let told = told(&list(1), &list(2));
        assert_eq!(
            (told.len(), told.last().unwrap().as_str()),
            (11, "output: what stands above / 15 more differences")
        );
    }
}
