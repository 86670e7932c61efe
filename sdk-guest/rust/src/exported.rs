//! What [`tasks!`](crate::tasks) expands to; not for use by hand.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Context, Failure};

#[doc(hidden)]
pub use crate::bindings::{Context as WireContext, Failure as WireFailure, Guest};

/// Runs one task between its JSON input and its JSON output.
///
/// # Errors
///
/// The task's own failure; `Task.InvalidInput` when the input is not what the task takes; `Task.InvalidOutput` when its
/// output cannot be written as JSON. A repeat helps in neither of the two.
pub fn carry_out<I, O, E>(
    task: impl FnOnce(I, &Context) -> Result<O, E>,
    input: &str,
    context: WireContext,
) -> Result<String, WireFailure>
where
    I: DeserializeOwned,
    O: Serialize,
    E: Into<Failure>,
{
    let input = serde_json::from_str(input).map_err(|error| failure("Task.InvalidInput", "input", &error))?;
    let output = task(input, &context.into()).map_err(Into::into)?;
    serde_json::to_string(&output).map_err(|error| failure("Task.InvalidOutput", "output", &error))
}

/// The answer to an operation that the component does not have.
///
/// # Errors
///
/// Always `Task.UnknownOperation`, naming those that it has.
pub fn unknown_operation(operation: &str, known: &[&str]) -> Result<String, WireFailure> {
    let detail = format!(
        "this component has no operation `{operation}`; it has `{}`",
        known.join("`, `")
    );
    Err(Failure::new("Task.UnknownOperation", detail).not_retryable().into())
}

fn failure(code: &str, what: &str, error: &serde_json::Error) -> WireFailure {
    Failure::new(code, format!("the task's {what} is not of its type: {error}"))
        .not_retryable()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> WireContext {
        WireContext {
            flow: "shop".into(),
            execution: "one".into(),
            state: "Double".into(),
            attempt: 2,
            visit_key: "v".into(),
            attempt_key: "a".into(),
            deadline_ms: None,
        }
    }

    fn double(input: u32, context: &Context) -> Result<(u32, u32), Failure> {
        if input == 0 {
            return Err(Failure::new("Test.Zero", "nothing to double"));
        }
        Ok((input * 2, context.attempt))
    }

    fn tuple(result: Result<String, WireFailure>) -> Result<String, (String, String, bool)> {
        result.map_err(|failure| (failure.code, failure.detail, failure.retryable))
    }

    #[test]
    fn a_task_runs_between_json_and_json() {
        assert_eq!(tuple(carry_out(double, "21", context())), Ok("[42,2]".into()));
        assert_eq!(
            tuple(carry_out(double, "0", context())),
            Err(("Test.Zero".into(), "nothing to double".into(), true))
        );
    }

    #[test]
    fn input_of_another_type_is_a_failure_that_no_repeat_helps() {
        let detail = "the task's input is not of its type: invalid type: string \"x\", expected u32 at line 1 column 3";
        assert_eq!(
            tuple(carry_out(double, "\"x\"", context())),
            Err(("Task.InvalidInput".into(), detail.into(), false))
        );
    }

    #[test]
    fn an_unknown_operation_names_the_known_ones() {
        let detail = "this component has no operation `c`; it has `a`, `b`";
        assert_eq!(
            tuple(unknown_operation("c", &["a", "b"])),
            Err(("Task.UnknownOperation".into(), detail.into(), false))
        );
    }
}
