//! What a rehearsed execution did: which functions were called how often, which states were entered.
//!
//! **Invariant:** everything is read from histories, so what a death made run again is one attempt.

use std::collections::BTreeMap;

use stepwell_actions::{INVOKE_FUNCTION, function_name};
use stepwell_engine::{Engine, EngineError, HistoryEvent};
use stepwell_expression::Value;

/// What an execution, and the flows that it started, did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Attempts by the function that they called, or else by their action.
    pub calls: BTreeMap<String, u64>,
    /// The states that the execution itself entered, in order.
    pub path: Vec<Entered>,
    /// From the execution's beginning to its end, in milliseconds.
    pub took_ms: u64,
}

/// A state that was entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entered {
    /// Its name.
    pub state: String,
    /// The paths of its branches or items by number.
    pub inside: BTreeMap<u64, Vec<Entered>>,
}

impl Account {
    /// Reads what an execution did from its history, and what it started from theirs.
    ///
    /// # Errors
    ///
    /// Whatever the engine says.
    pub async fn of(engine: &Engine, execution: &str) -> Result<Self, EngineError> {
        let mut account = Self::default();
        for row in engine.list().await? {
            let history = engine.history(&row.execution).await?;
            account.count(&history);
            if &*row.execution == execution {
                account.path = path(&history);
                account.took_ms = took_ms(&history);
            }
        }
        Ok(account)
    }

    fn count(&mut self, history: &[HistoryEvent]) {
        for (place, event) in history
            .iter()
            .enumerate()
            .filter(|(_, event)| &*event.kind == "TaskScheduled")
        {
            let detail = Detail::of(event);
            let later = history.get(place + 1..).unwrap_or_default();
            // An attempt stands in the history when it is decided on; what is cut off before its time never began.
            let next = later.iter().find(|next| Detail::of(next).scope() == detail.scope());
            if next.is_none_or(|next| next.time >= event.time) {
                *self.calls.entry(detail.called()).or_default() += 1;
            }
        }
    }
}

/// The details of an event of the history.
struct Detail(Value);

impl Detail {
    fn of(event: &HistoryEvent) -> Self {
        Self(Value::parse_json(&event.event_detail).unwrap_or(Value::Null))
    }

    fn text(&self, key: &str) -> &str {
        let value = self.0.as_object().and_then(|detail| detail.get(key));
        value.and_then(Value::as_str).unwrap_or_default()
    }

    fn scope(&self) -> &str {
        self.text("scope")
    }

    /// The function's name, or else the action.
    fn called(&self) -> String {
        let action = self.text("action");
        let parameters = self.0.as_object().and_then(|detail| detail.get("parameters"));
        let resource = parameters
            .and_then(Value::as_object)
            .and_then(|parameters| parameters.get("resourceArn"))
            .and_then(Value::as_str);
        match resource.filter(|_| action == INVOKE_FUNCTION) {
            Some(resource) => function_name(resource).to_owned(),
            None => action.to_owned(),
        }
    }
}

fn took_ms(history: &[HistoryEvent]) -> u64 {
    let at = |event: &HistoryEvent| event.time.parse::<jiff::Timestamp>().ok();
    let ends = history.first().and_then(at).zip(history.last().and_then(at));
    let took = ends.map(|(first, last)| last.as_millisecond() - first.as_millisecond());
    took.and_then(|took| u64::try_from(took).ok()).unwrap_or_default()
}

/// The entered states as a tree: what happens in a branch stands in the last visit of the state around it.
fn path(history: &[HistoryEvent]) -> Vec<Entered> {
    let mut path = Vec::new();
    for event in history.iter().filter(|event| &*event.kind == "StepEntered") {
        enter(&mut path, Detail::of(event).scope(), &event.step_name);
    }
    path
}

fn enter(path: &mut Vec<Entered>, scope: &str, state: &str) {
    let inner = path.last_mut().and_then(|around| {
        let (number, rest) = inside(scope, &around.state)?;
        Some((around.inside.entry(number).or_default(), rest))
    });
    match inner {
        Some((path, rest)) => enter(path, rest, state),
        None => path.push(Entered {
            state: state.to_owned(),
            inside: BTreeMap::new(),
        }),
    }
}

/// The number of the branch or item of `state` that a scope's path begins with, and what follows it.
fn inside<'s>(scope: &'s str, state: &str) -> Option<(u64, &'s str)> {
    let rest = scope.strip_prefix(state)?.strip_prefix('/')?;
    let (number, rest) = rest.split_once('/').unwrap_or((rest, ""));
    Some((number.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str, state: &str, second: u32, detail: &str) -> HistoryEvent {
        HistoryEvent {
            event_id: 0,
            schedule_event_id: 0,
            kind: kind.into(),
            step_name: state.into(),
            time: format!("2026-01-01T00:00:{second:02}.000Z").into(),
            event_detail: detail.into(),
        }
    }

    fn entered(state: &str, inside: Vec<(u64, Vec<Entered>)>) -> Entered {
        Entered {
            state: state.to_owned(),
            inside: inside.into_iter().collect(),
        }
    }

    #[test]
    fn a_path_is_a_tree_with_every_visit_by_itself() {
        let steps = [
            ("A", ""),
            ("Fork", ""),
            ("X", "Fork/0"),
            ("Y", "Fork/1"),
            ("X2", "Fork/0"),
            ("Fork", ""),
            ("Each", "Fork/1"),
            ("Z", "Fork/1/Each/12"),
            ("B", ""),
        ];
        let history: Vec<_> = steps
            .iter()
            .map(|(state, scope)| event("StepEntered", state, 0, &format!(r#"{{"scope":"{scope}"}}"#)))
            .collect();
        let leaf = |state| entered(state, vec![]);
        let expected = [
            leaf("A"),
            entered("Fork", vec![(0, vec![leaf("X"), leaf("X2")]), (1, vec![leaf("Y")])]),
            entered("Fork", vec![(1, vec![entered("Each", vec![(12, vec![leaf("Z")])])])]),
            leaf("B"),
        ];
        assert_eq!(path(&history), expected);
    }

    #[test]
    fn attempts_count_by_function_unless_they_were_cut_off_before_their_time() {
        let call = r#"{"scope":"","action":"FC:InvokeFunction","parameters":{"resourceArn":"acs:fc:::functions/pay"}}"#;
        let request = r#"{"scope":"Fork/0","action":"HTTP:Request","parameters":{"url":"u"}}"#;
        let history = [
            event("TaskScheduled", "A", 1, call),
            event("TaskFailed", "A", 2, r#"{"scope":""}"#),
            event("TaskScheduled", "B", 2, request),
            event("TaskScheduled", "A", 9, call),
            event("ExecutionStopped", "", 3, r#"{"scope":""}"#),
        ];
        let mut account = Account::default();
        account.count(&history);
        let expected = [("HTTP:Request".to_owned(), 1), ("pay".to_owned(), 1)];
        assert_eq!(account.calls, BTreeMap::from(expected));
        assert_eq!(took_ms(&history), 2_000);
    }
}
