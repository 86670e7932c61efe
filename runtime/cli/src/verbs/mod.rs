//! The verbs, one file each: arguments, help, what it does, tests.

pub(crate) mod cost;
pub(crate) mod describe;
pub(crate) mod eval;
pub(crate) mod graph;
pub(crate) mod history;
pub(crate) mod list;
pub(crate) mod lsp;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod serve;
pub(crate) mod stop;
pub(crate) mod test;
pub(crate) mod token;
pub(crate) mod validate;

#[cfg(test)]
pub(crate) mod fake;

use stepwell_wire::{Answer, Refusal};

use crate::exit::Trouble;
use crate::host::HostError;
use crate::place::Place;

/// A moment as people read it: RFC 3339, UTC, milliseconds.
fn moment(ms: u64) -> String {
    let timestamp = i64::try_from(ms)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    timestamp.map_or_else(|| ms.to_string(), |timestamp| format!("{timestamp:.3}"))
}

/// A value as it travels in a run.
fn json(value: &impl serde::Serialize) -> Result<String, Trouble> {
    serde_json::to_string(value).map_err(|error| Trouble::mistake(error.to_string()))
}

/// Refuses an execution that cannot be there, because there is no store.
fn refuse_no_store(place: &Place, execution: &str) -> Result<(), Trouble> {
    let Some(store) = place.missing_store() else {
        return Ok(());
    };
    let store = store.display();
    let message = format!("execution `{execution}` does not exist: there is no store at `{store}`");
    Err(Trouble::Host(HostError::Refused(Refusal::user(
        "ExecutionNotExists",
        message,
    ))))
}

/// What the other side should never have answered.
fn unexpected(answer: Option<Answer>) -> Trouble {
    let what = answer.map_or_else(|| "nothing".to_owned(), |answer| format!("{answer:?}"));
    Trouble::Host(HostError::Broken(anyhow::anyhow!("whoever was asked answered {what}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_have_milliseconds() {
        assert_eq!(moment(1_700_000_000_120), "2023-11-14T22:13:20.120Z");
        assert_eq!(moment(u64::MAX), u64::MAX.to_string());
    }
}
