//! What was expected, compared with what came.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use stepwell_definition::{Expectation, ExpectedState};
use stepwell_expression::Value;
use stepwell_wire::output::{Failure, Outcome};

use super::difference::{differences, text};
use crate::account::Entered;
use crate::host::Rehearsed;

/// Something that was expected and did not come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mismatch {
    /// What, such as `status` or `output.items[2]`.
    pub(super) field: String,
    pub(super) expected: String,
    pub(super) got: String,
}

impl Mismatch {
    pub(super) fn new(field: impl Into<String>, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            expected: expected.into(),
            got: got.into(),
        }
    }
}

/// Everything in which a rehearsal is not what was expected.
pub(super) fn mismatches(expect: &Expectation, rehearsed: &Rehearsed) -> Vec<Mismatch> {
    let mut found = Vec::new();
    // What has not ended has neither: that is told by itself.
    if rehearsed.unended.is_none() {
        found.extend(of_end(expect, rehearsed));
    }
    let calls = &rehearsed.account.calls;
    found.extend(expect.calls.iter().filter_map(|(name, count)| {
        let got = calls.get(&*name.text).copied().unwrap_or_default();
        (got != *count).then(|| Mismatch::new(format!("calls.{}", name.text), count.to_string(), got.to_string()))
    }));
    if let Some(path) = &expect.path
        && !is_path(path, &rehearsed.account.path)
    {
        let depth = if path.iter().any(|state| state.inside.is_some()) {
            Depth::All
        } else {
            Depth::Names
        };
        let got = entered(&rehearsed.account.path, depth);
        found.push(Mismatch::new("path", states(path), got));
    }
    found
}

fn of_end(expect: &Expectation, rehearsed: &Rehearsed) -> Vec<Mismatch> {
    let status = rehearsed.end.status.name();
    let result = rehearsed.end.result.as_ref();
    let other = expect.status.filter(|expected| *expected != status);
    let output = expect.output.as_ref().map(|expected| of_output(expected, result));
    let error = expect.error.as_ref();
    let error = error.map(|(code, detail)| of_error(code, detail.as_deref(), result));
    let unasked = match (output.is_none() && error.is_none(), other, result) {
        (true, Some("Succeeded"), Some(Outcome::Error(failure))) => {
            Some(Mismatch::new("error", "nothing", with_detail(failure)))
        }
        (_, _, _) => None,
    };
    other
        .map(|expected| Mismatch::new("status", expected, status))
        .into_iter()
        .chain(output.unwrap_or_default())
        .chain(error.unwrap_or_default())
        .chain(unasked)
        .collect()
}

fn of_output(expected: &Value, result: Option<&Outcome>) -> Vec<Mismatch> {
    match result {
        Some(Outcome::Output(output)) => differences("output", expected, &output.0),
        Some(Outcome::Error(failure)) => vec![Mismatch::new("output", text(expected), told(failure))],
        None => vec![Mismatch::new("output", text(expected), "nothing")],
    }
}

fn of_error(code: &str, detail: Option<&str>, result: Option<&Outcome>) -> Vec<Mismatch> {
    let expected = detail.map_or_else(|| code.to_owned(), |detail| format!("{code}: {detail}"));
    match result {
        Some(Outcome::Error(failure)) => {
            let same = failure.code == code;
            let own = (!same).then(|| Mismatch::new("error", expected, with_detail(failure)));
            // The detail of another error says nothing about the one that was expected.
            let detail = detail.filter(|detail| same && failure.detail != *detail);
            let detail = detail.map(|detail| Mismatch::new("error.detail", detail, &*failure.detail));
            own.into_iter().chain(detail).collect()
        }
        Some(Outcome::Output(output)) => vec![Mismatch::new(
            "error",
            expected,
            format!("the output {}", text(&output.0)),
        )],
        None => vec![Mismatch::new("error", expected, "nothing")],
    }
}

fn told(failure: &Failure) -> String {
    format!("the error {}", with_detail(failure))
}

/// An error with its reason, which is what one looks for.
fn with_detail(failure: &Failure) -> String {
    match failure.detail.is_empty() {
        true => failure.code.to_string(),
        false => format!("{}: {}", failure.code, failure.detail),
    }
}

/// Whether the states are those that were entered; branches and items are looked into where a path of theirs stands.
fn is_path(expected: &[ExpectedState], entered: &[Entered]) -> bool {
    let is_state = |(expected, entered): (&ExpectedState, &Entered)| {
        *expected.state.text == *entered.state
            && expected
                .inside
                .as_ref()
                .is_none_or(|inside| is_inside(inside, &entered.inside))
    };
    expected.len() == entered.len() && expected.iter().zip(entered).all(is_state)
}

fn is_inside(expected: &[Vec<ExpectedState>], entered: &BTreeMap<u64, Vec<Entered>>) -> bool {
    let beyond = entered.keys().any(|number| *number >= expected.len() as u64);
    let path = |number: u64| entered.get(&number).map(Vec::as_slice).unwrap_or_default();
    !beyond
        && (0..)
            .zip(expected)
            .all(|(number, expected)| is_path(expected, path(number)))
}

fn states(path: &[ExpectedState]) -> String {
    let state = |state: &ExpectedState| match &state.inside {
        None => state.state.text.to_string(),
        Some(inside) => {
            let paths: Vec<String> = inside.iter().map(|path| states(path)).collect();
            format!("{}: [{}]", state.state.text, paths.join(", "))
        }
    };
    format!("[{}]", path.iter().map(state).collect::<Vec<_>>().join(", "))
}

/// How far one looks into branches and items.
#[derive(Clone, Copy)]
enum Depth {
    Names,
    All,
}

fn entered(path: &[Entered], depth: Depth) -> String {
    let state = |state: &Entered| match depth {
        Depth::All if !state.inside.is_empty() => {
            let last = state.inside.keys().next_back().copied().unwrap_or_default();
            let mut text = format!("{}: [", state.state);
            for number in 0..=last {
                let inner = state.inside.get(&number).map(Vec::as_slice).unwrap_or_default();
                let comma = if number == 0 { "" } else { ", " };
                // Writing to a text cannot fail.
                _ = write!(text, "{comma}{}", entered(inner, depth));
            }
            text + "]"
        }
        Depth::All | Depth::Names => state.state.clone(),
    };
    format!("[{}]", path.iter().map(state).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use stepwell_wire::output::{End, Status};

    use super::*;
    use crate::account::Account;

    fn told_of(expect: &Expectation, code: &str, detail: &str) -> Vec<[String; 3]> {
        let failure = Failure {
            code: code.into(),
            detail: detail.into(),
        };
        let rehearsed = Rehearsed {
            end: End {
                status: Status::Failed,
                result: Some(Outcome::Error(failure)),
            },
            unended: None,
            account: Account::default(),
            steps: 1,
            deaths: 0,
        };
        let found = mismatches(expect, &rehearsed);
        found
            .into_iter()
            .map(|told| [told.field, told.expected, told.got])
            .collect()
    }

    #[test]
    fn another_error_is_told_with_its_detail() {
        let expecting = |detail: Option<&str>| Expectation {
            error: Some(("E".into(), detail.map(Arc::from))),
            ..Expectation::default()
        };
        let nothing: [[&str; 3]; 0] = [];
        assert_eq!(told_of(&expecting(None), "E", "whatever"), nothing);
        assert_eq!(told_of(&expecting(None), "F", "why"), [["error", "E", "F: why"]]);
        assert_eq!(told_of(&expecting(Some("d")), "F", ""), [["error", "E: d", "F"]]);
        assert_eq!(
            told_of(&expecting(Some("d")), "E", "why"),
            [["error.detail", "d", "why"]]
        );
    }

    #[test]
    fn what_should_have_succeeded_says_why_it_did_not() {
        let succeeds = Expectation {
            status: Some("Succeeded"),
            ..Expectation::default()
        };
        let expected = [["status", "Succeeded", "Failed"], ["error", "nothing", "E: why"]];
        assert_eq!(told_of(&succeeds, "E", "why"), expected);
    }
}
