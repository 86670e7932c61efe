//! Names that tasks give to the flows that they start: one attempt has each, and every other is refused.
//!
//! Source: specification 1.8.

use std::collections::BTreeMap;

use stepwell_engine::HistoryEvent;
use stepwell_expression::Value;

use super::Mismatch;
use super::history::field;
use super::witness::NAME_TAKEN;

/// Attempts that gave a name to one flow.
#[derive(Default)]
struct Givers {
    all: u64,
    /// Those that have it for sure.
    have: u64,
    refused: u64,
    last: u64,
}

/// Counts who had a name, and who was refused.
pub(super) fn check(history: &[HistoryEvent]) -> Result<(), Mismatch> {
    let mut by_flow: BTreeMap<String, Givers> = BTreeMap::new();
    for (place, event) in history.iter().enumerate() {
        let Some((flow, scope)) = named(event) else { continue };
        let mut later = history.iter().skip(place + 1);
        let end = later.find(|later| text(&detail(later), "scope") == Some(&scope));
        let is_refused = |end: &HistoryEvent| text(&detail(end), "error") == Some(NAME_TAKEN);
        let givers = by_flow.entry(flow).or_default();
        givers.all += 1;
        givers.have += u64::from(end.is_some_and(|end| matches!(&*end.kind, "TaskSubmitted" | "TaskSucceeded")));
        givers.refused += u64::from(end.is_some_and(is_refused));
        givers.last = event.event_id;
    }
    // Who has it may have been cut off before the history could tell.
    let is_whole = !history.iter().any(|event| &*event.kind == "StepFailed");
    for (flow, givers) in by_flow {
        if givers.have > 1 || is_whole && givers.refused > 0 && givers.all < 2 {
            return Err(Mismatch {
                path: String::new(),
                event: givers.last,
                expected: format!("one attempt that has the name for {flow}"),
                got: format!(
                    "{} have it, {} of {} were refused",
                    givers.have, givers.refused, givers.all
                ),
            });
        }
    }
    Ok(())
}

/// The flow, and the scope of an attempt that gives it a name.
fn named(event: &HistoryEvent) -> Option<(String, String)> {
    if &*event.kind != "TaskScheduled" {
        return None;
    }
    let detail = detail(event);
    let parameters = field(&detail, "parameters")?;
    text(parameters, "executionName")?;
    Some((
        text(parameters, "resourceArn")?.to_owned(),
        text(&detail, "scope")?.to_owned(),
    ))
}

fn detail(event: &HistoryEvent) -> Value {
    Value::parse_json(&event.event_detail).unwrap_or_default()
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    field(value, key).and_then(Value::as_str)
}
