//! Which messages of a batch an answer says to have failed.
//!
//! ```text
//! the whole batch succeeded   an empty or absent list, `null` for it, or `null` for the answer, or {}
//! the whole batch failed      no JSON; an entry that names nothing, or nothing that is in the batch, or in another way
//! ```
//!
//! **Invariant:** an answer that cannot be understood deletes nothing.
//!
//! Source: "Implementing partial batch responses", Lambda developer guide.

use std::collections::BTreeSet;

use serde_json::Value;

/// What an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing of the batch was handled, as far as is known.
    AllFailed,
    /// All but these were handled.
    Failed(BTreeSet<String>),
}

/// Reads an answer about a batch of messages with these ids.
pub(super) fn verdict(payload: &[u8], batch: &BTreeSet<&str>) -> Verdict {
    let answer: Value = match serde_json::from_slice(payload) {
        Ok(answer) => answer,
        Err(_) if payload.is_empty() => Value::Null,
        Err(_) => return Verdict::AllFailed,
    };
    let failures = match &answer {
        Value::Null => return Verdict::Failed(BTreeSet::new()),
        Value::Object(fields) => fields.get("batchItemFailures"),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => return Verdict::AllFailed,
    };
    match failures {
        None | Some(Value::Null) => Verdict::Failed(BTreeSet::new()),
        Some(Value::Array(failures)) => named(failures, batch).map_or(Verdict::AllFailed, Verdict::Failed),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => Verdict::AllFailed,
    }
}

fn named(failures: &[Value], batch: &BTreeSet<&str>) -> Option<BTreeSet<String>> {
    let named = failures.iter().map(|failure| {
        let id = failure.get("itemIdentifier")?.as_str()?;
        batch.contains(id).then(|| id.to_owned())
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::{Verdict, verdict};
    use std::collections::BTreeSet;

    fn of(payload: &str) -> Verdict {
        verdict(payload.as_bytes(), &BTreeSet::from(["a", "b"]))
    }

    #[test]
    fn answers_that_say_that_all_went_well() {
        for payload in [
            "",
            "null",
            "{}",
            r#"{"batchItemFailures":null}"#,
            r#"{"batchItemFailures":[]}"#,
        ] {
            assert_eq!(of(payload), Verdict::Failed(BTreeSet::new()), "{payload}");
        }
    }

    #[test]
    fn answers_that_name_messages() {
        let payload = r#"{"batchItemFailures":[{"itemIdentifier":"b"},{"itemIdentifier":"b","more":1}]}"#;
        assert_eq!(of(payload), Verdict::Failed(BTreeSet::from(["b".to_owned()])));
    }

    #[test]
    fn answers_that_cannot_be_understood() {
        let odd = [
            "{",
            "true",
            "1",
            r#""b""#,
            "[]",
            r#"{"batchItemFailures":"b"}"#,
            r#"{"batchItemFailures":["b"]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#,
            r#"{"batchItemFailures":[{"ItemIdentifier":"b"}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":"b"},{"itemIdentifier":"c"}]}"#,
        ];
        for payload in odd {
            assert_eq!(of(payload), Verdict::AllFailed, "{payload}");
        }
    }
}
