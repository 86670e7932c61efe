//! The verbs, one file each: arguments, help, what it does, tests.

pub(crate) mod describe;
pub(crate) mod eval;
pub(crate) mod graph;
pub(crate) mod history;
pub(crate) mod list;
pub(crate) mod lsp;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod stop;
pub(crate) mod test;
pub(crate) mod validate;

#[cfg(test)]
pub(crate) mod fake;

use stepwell_wire::{Answer, Refusal};

use crate::exit::Trouble;
use crate::host::HostError;
use crate::store::StoreArgument;

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

/// The refusal of an execution that cannot be there, because there is no store.
fn no_store(store: &StoreArgument, execution: &str) -> Trouble {
    let store = store.path().display();
    let message = format!("execution `{execution}` does not exist: there is no store at `{store}`");
    Trouble::Host(HostError::Refused(Refusal::user("ExecutionNotExists", message)))
}

/// What the other side should never have answered.
fn unexpected(answer: Option<Answer>) -> Trouble {
    let what = answer.map_or_else(|| "nothing".to_owned(), |answer| format!("{answer:?}"));
    Trouble::Host(HostError::Broken(anyhow::anyhow!(
        "the store was asked and answered {what}"
    )))
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
