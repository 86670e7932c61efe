//! What the world's tasks answer, by the fields of what they are asked.

use stepwell_expression::{Number, Value};

use super::oracle::{Failure, Outcome};
use crate::plan::{Stub, Task};

/// What an attempt brings.
pub(super) struct Answer {
    /// Milliseconds until it answers.
    pub(super) takes: u64,
    /// What it answers.
    pub(super) result: Outcome,
    /// What is reported: so many milliseconds after the submission began.
    pub(super) report: Option<(u64, Outcome)>,
}

/// The answer to an attempt of a task of the world.
pub(super) fn answer(by: &str, body: &Value, attempt: u64) -> Answer {
    Answer {
        takes: number(body, "takes").unwrap_or(0),
        result: result(by, body, attempt),
        report: report(body),
    }
}

/// The `call`-th answer of a stub.
pub(super) fn stubbed(stub: &Stub, call: usize) -> Answer {
    let answer = stub.answers.get(call).or(stub.answers.last());
    let (result, takes) = answer.cloned().unwrap_or((Ok(Value::Null), 0));
    let result = result.map_err(|code| Failure {
        code,
        detail: Some("stub".to_owned()),
        retryable: true,
    });
    Answer {
        takes,
        result,
        report: None,
    }
}

/// Who answers, as its answer says.
pub(super) fn by(task: &Task) -> String {
    match &task.action {
        crate::plan::Action::Function(name) if !is_effect(task) => name.clone(),
        crate::plan::Action::Function(_) | crate::plan::Action::Http | crate::plan::Action::Child(_) => {
            "http://effect.test/".to_owned()
        }
    }
}

/// Whether the world can see the task.
pub(super) fn is_effect(task: &Task) -> bool {
    match &task.action {
        crate::plan::Action::Function(name) => name.starts_with("effect"),
        crate::plan::Action::Http => true,
        crate::plan::Action::Child(_) => false,
    }
}

fn result(by: &str, body: &Value, attempt: u64) -> Outcome {
    if number(body, "fails").is_some_and(|fails| attempt <= fails) {
        let code = field(body, "code")
            .and_then(Value::as_str)
            .unwrap_or("Flaky")
            .to_owned();
        return Err(Failure {
            code,
            detail: Some(format!("attempt {attempt}")),
            retryable: field(body, "final").is_none(),
        });
    }
    if let Some(letters) = number(body, "bytes") {
        return Ok(Value::from("x".repeat(usize::try_from(letters).unwrap_or(0))));
    }
    match field(body, "answers") {
        Some(answer) => Ok(answer.clone()),
        None => Ok(Value::object([("of", body.clone()), ("by", Value::from(by))])),
    }
}

fn report(body: &Value) -> Option<(u64, Outcome)> {
    if number(body, "report_times") == Some(0) {
        return None;
    }
    let after = number(body, "report_after_ms")?;
    let result = match field(body, "report_code").and_then(Value::as_str) {
        Some(code) => Err(Failure {
            code: code.to_owned(),
            detail: None,
            retryable: true,
        }),
        None => Ok(field(body, "report").cloned().unwrap_or_default()),
    };
    Some((after, result))
}

fn field<'v>(body: &'v Value, key: &str) -> Option<&'v Value> {
    body.as_object()?.get(key)
}

pub(super) fn number(body: &Value, key: &str) -> Option<u64> {
    field(body, key)?.as_number().and_then(Number::as_i64)?.try_into().ok()
}

/// What somebody reports with the token in a child's input.
pub(super) fn report_of(input: &Value) -> Option<(u64, Outcome)> {
    report(input)
}
