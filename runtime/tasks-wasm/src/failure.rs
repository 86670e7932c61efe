//! From what ended a guest to the failure that the flow's Retry and Catch see.
//!
//! **Invariant:** every end has a name, and no text that a guest wrote gets longer on the way than
//! [`DETAIL_BYTES_MAX`].

use std::sync::Arc;

use stepwell_ports::TaskFailure;
use wasmtime::{Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::ComponentError;
use crate::log::{LogFlood, printable};
use crate::memory::MemoryExceeded;
use crate::observed::Observed;
use crate::world::Failure;

const CODE_BYTES_MAX: usize = 256;
const DETAIL_BYTES_MAX: usize = 4 * 1024;
const BACKTRACE_FRAMES_MAX: usize = 8;
const LAST_WORDS_LINES_MAX: usize = 4;
const LAST_WORDS_BYTES_MAX: usize = 1024;
/// How wasmtime says that a guest handed over more than it may; it has no type for it.
const FUEL_EXHAUSTED: &str = "fuel allocated for hostcalls has been exhausted";

/// A failure that a repeat may mend.
pub(crate) fn failure(code: &str, detail: impl Into<Arc<str>>) -> TaskFailure {
    TaskFailure {
        code: code.into(),
        detail: detail.into(),
        retryable: true,
    }
}

/// A failure that no repeat mends.
pub(crate) fn final_failure(code: &str, detail: impl Into<Arc<str>>) -> TaskFailure {
    TaskFailure {
        retryable: false,
        ..failure(code, detail)
    }
}

/// What the guest itself answered as its failure.
pub(crate) fn of_guest(
    Failure {
        code,
        detail,
        retryable,
    }: Failure,
) -> TaskFailure {
    if code.trim().is_empty() {
        let detail = cut(
            &format!("the task failed without an error code: {detail}"),
            DETAIL_BYTES_MAX,
        )
        .to_owned();
        return final_failure("FnF.InvalidOutput", detail);
    }
    TaskFailure {
        code: cut(&code, CODE_BYTES_MAX).into(),
        detail: cut(&detail, DETAIL_BYTES_MAX).into(),
        retryable,
    }
}

/// Why the component could not be had.
pub(crate) fn of_component(error: &ComponentError) -> TaskFailure {
    let detail = match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    match error {
        ComponentError::Store { .. } => failure("FnF.ComponentUnavailable", detail),
        ComponentError::NotFound { .. }
        | ComponentError::Damaged { .. }
        | ComponentError::NotCompiled { .. }
        | ComponentError::NotDeployed { .. } => final_failure("FnF.ComponentUnavailable", detail),
        ComponentError::NotWasm
        | ComponentError::CoreModule
        | ComponentError::TooLarge { .. }
        | ComponentError::Invalid { .. }
        | ComponentError::MissingRun { .. }
        | ComponentError::WrongRun { .. }
        | ComponentError::UnknownImports { .. }
        | ComponentError::TooManyMemories { .. } => final_failure("FnF.InvalidComponent", detail),
    }
}

/// What cut the guest off. `hostcall_bytes_max` is what it may hand over at once.
pub(crate) fn of_trap(error: &wasmtime::Error, observed: &Observed, hostcall_bytes_max: usize) -> TaskFailure {
    if let Some(exceeded) = error.downcast_ref::<MemoryExceeded>() {
        return failure("FnF.TaskMemoryExceeded", exceeded.to_string());
    }
    if let Some(flood) = error.downcast_ref::<LogFlood>() {
        return failure("FnF.LogLimitExceeded", flood.to_string());
    }
    let cause = error.root_cause().to_string();
    let is_inside = error.downcast_ref::<WasmBacktrace>().is_some();
    if cause.contains(FUEL_EXHAUSTED) {
        let what = if is_inside { "the host" } else { "a result" };
        let detail = format!("the task handed over {what} more than {hostcall_bytes_max} bytes at once");
        return final_failure("FnF.DataLimitExceeded", detail);
    }
    if !is_inside && error.downcast_ref::<std::str::Utf8Error>().is_some() {
        return failure("FnF.InvalidOutput", "the task's result is no UTF-8 text");
    }
    failure(
        "FnF.TaskTrapped",
        cut(&trapped(error, &cause, observed), DETAIL_BYTES_MAX),
    )
}

fn trapped(error: &wasmtime::Error, cause: &str, observed: &Observed) -> String {
    let what = match (error.downcast_ref::<Trap>(), error.downcast_ref::<I32Exit>()) {
        (Some(trap), _) => trap.to_string(),
        (None, Some(I32Exit(status))) => format!("the task called exit with status {status}"),
        (None, None) => cause.to_owned(),
    };
    let words = last_words(observed);
    let words = if words.is_empty() {
        words
    } else {
        format!("; its last words: {words}")
    };
    format!("{what}{words}{}", backtrace(error))
}

/// The last lines on standard error, where languages write why they give up.
fn last_words(observed: &Observed) -> String {
    let lines = observed.log.lines();
    let told = lines.iter().filter_map(|line| line.strip_prefix("stderr: "));
    let told: Vec<_> = told
        .filter(|line| !line.trim().is_empty() && !line.starts_with("note: "))
        .collect();
    let first = told.len().saturating_sub(LAST_WORDS_LINES_MAX);
    let words = told.get(first..).unwrap_or_default().join(" ");
    cut(&words, LAST_WORDS_BYTES_MAX).to_owned()
}

fn backtrace(error: &wasmtime::Error) -> String {
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else {
        return String::new();
    };
    let frames: Vec<_> = backtrace
        .frames()
        .iter()
        .take(BACKTRACE_FRAMES_MAX)
        .map(function_name)
        .collect();
    let more = if backtrace.frames().len() > BACKTRACE_FRAMES_MAX {
        " < …"
    } else {
        ""
    };
    if frames.is_empty() {
        String::new()
    } else {
        format!("; in {}{more}", frames.join(" < "))
    }
}

fn function_name(frame: &wasmtime::FrameInfo) -> String {
    let demangled = frame.symbols().first().and_then(|symbol| symbol.name());
    match demangled.or_else(|| frame.func_name()) {
        Some(name) => format!("`{}`", cut(&printable(name.as_bytes()), CODE_BYTES_MAX)),
        None => format!("function {}", frame.func_index()),
    }
}

/// The start of `text`, at most `bytes_max` bytes, cut between characters.
fn cut(text: &str, bytes_max: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_cannot_blow_up_its_failure() {
        let guest = |code: &str, detail: String| {
            of_guest(Failure {
                code: code.into(),
                detail,
                retryable: true,
            })
        };
        assert_eq!(guest("A.B", "é".repeat(3_000)), failure("A.B", "é".repeat(2_048)));
        assert_eq!(guest(&"x".repeat(1_000), String::new()), failure(&"x".repeat(256), ""));
        let nameless = "the task failed without an error code: why";
        assert_eq!(guest(" ", "why".into()), final_failure("FnF.InvalidOutput", nameless));
    }
}
