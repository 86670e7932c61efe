//! The engine's public history, taken apart by scope.

use std::collections::{BTreeMap, VecDeque};

use stepwell_engine::HistoryEvent;
use stepwell_expression::Value;

use super::oracle::Fact;
use super::run::{ANY, FRESH};
use crate::plan::json;

/// One event.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) id: u64,
    pub(super) kind: String,
    pub(super) state: String,
    /// Milliseconds since the first event.
    pub(super) at_ms: u64,
    pub(super) detail: Value,
}

/// Events by the path of their scope, in order.
pub(super) type Told = BTreeMap<String, VecDeque<Event>>;

/// Takes a history apart.
pub(super) fn by_scope(history: &[HistoryEvent]) -> Told {
    let start = history.first().map_or(0, |event| millis(&event.time));
    let mut told = Told::new();
    for event in history {
        let detail = Value::parse_json(&event.event_detail).unwrap_or_default();
        let scope = field(&detail, "scope").and_then(Value::as_str).unwrap_or_default();
        told.entry(scope.to_owned()).or_default().push_back(Event {
            id: event.event_id,
            kind: event.kind.to_string(),
            state: event.step_name.to_string(),
            at_ms: millis(&event.time).saturating_sub(start),
            detail: detail.clone(),
        });
    }
    told
}

pub(super) fn millis(time: &str) -> u64 {
    let time: Result<jiff::Timestamp, _> = time.parse();
    time.ok()
        .and_then(|time| u64::try_from(time.as_millisecond()).ok())
        .unwrap_or(0)
}

pub(super) fn field<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    value.as_object()?.get(key)
}

impl Event {
    /// The code of its failure.
    pub(super) fn error(&self) -> Option<&str> {
        field(&self.detail, "error").and_then(Value::as_str)
    }

    /// Whether it closes something that was cut off.
    pub(super) fn closes(&self) -> bool {
        self.error() == Some("FnF.Canceled")
    }

    /// Whether it begins a branch or an item.
    pub(super) fn enters_child(&self) -> bool {
        matches!(&*self.kind, "BranchEntered" | "IterationEntered")
    }

    /// Which try of the fork a branch or item belongs to, from 1.
    pub(super) fn try_of_fork(&self) -> u64 {
        let number = self.detail.as_object().and_then(|detail| detail.get("attempt"));
        let number = number.and_then(Value::as_number).and_then(|number| number.as_i64());
        number.and_then(|number| u64::try_from(number).ok()).unwrap_or(1)
    }

    /// Whether it ends a branch or an item.
    pub(super) fn exits_child(&self) -> bool {
        matches!(&*self.kind, "BranchExited" | "IterationExited")
    }

    /// Whether it is what a fact says.
    pub(super) fn is(&self, fact: &Fact) -> bool {
        let Some(got) = self.detail.as_object() else {
            return false;
        };
        let mut got = got
            .iter()
            .filter(|(key, _)| !matches!(&***key, "scope" | "missing" | "log"));
        self.kind == fact.kind
            && self.state == fact.state
            && fact.detail.len() == got.clone().count()
            && got.all(|(key, got)| {
                let expected = fact.detail.iter().find(|(name, _)| *name == &**key);
                expected.is_some_and(|(_, expected)| agrees(expected, got))
            })
    }
}

impl std::fmt::Display for Event {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{} {} {} at +{}",
            self.kind,
            self.state,
            json(&self.detail),
            self.at_ms
        )
    }
}

impl std::fmt::Display for Fact {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let detail = Value::object(self.detail.iter().cloned());
        write!(formatter, "{} {} {}", self.kind, self.state, json(&detail))
    }
}

/// Whether two values are the same, but for what cannot be known.
pub(super) fn agrees(expected: &Value, got: &Value) -> bool {
    match (expected, got) {
        (Value::String(text), _) if &**text == ANY => true,
        (Value::String(drawn), Value::String(got)) if drawn.starts_with(FRESH) => drawn.len() == got.len(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right.iter()).all(|(left, right)| agrees(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            let same = |(key, left): (_, &Value)| right.get(key).is_some_and(|right| agrees(left, right));
            left.len() == right.len() && left.iter().all(same)
        }
        (left, right) => left == right,
    }
}

/// Drawn values, and what they turned out to be.
pub(super) fn drawn(expected: &Value, got: &Value) -> Vec<(String, String)> {
    match (expected, got) {
        (Value::String(drawn), Value::String(got)) if drawn.starts_with(FRESH) => {
            vec![(drawn.to_string(), got.to_string())]
        }
        (Value::Array(left), Value::Array(right)) => {
            let pairs = left.iter().zip(right.iter());
            pairs.flat_map(|(left, right)| self::drawn(left, right)).collect()
        }
        (Value::Object(left), Value::Object(right)) => {
            let pairs = left.iter().filter_map(|(key, left)| Some((left, right.get(key)?)));
            pairs.flat_map(|(left, right)| self::drawn(left, right)).collect()
        }
        _ => Vec::new(),
    }
}
