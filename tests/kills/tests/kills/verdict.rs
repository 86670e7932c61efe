//! What must be so after a round, whatever was killed.

use std::collections::{BTreeMap, BTreeSet};

use futures::executor::block_on;
use stepwell_core::Fact;
use stepwell_engine::{Driving, Ended, Engine, HistoryEvent};
use stepwell_expression::Value;
use stepwell_ports::{Log, LogEntry, ScopeKey};
use stepwell_simulation::reference::verify;
use stepwell_store_embedded::EmbeddedStore;

use crate::case::{Case, Expected};
use crate::driven::{Asked, engine, store};
use crate::reference;
use crate::witness::{self, Began, Line, Written};

/// What a round showed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Found {
    pub(crate) repeats: u32,
    pub(crate) effects: u32,
    pub(crate) records: u32,
}

/// Opens the store that the last child left, and checks everything.
pub(crate) fn check(asked: &Asked, deaths: u32) -> Found {
    let case = Case::named(&asked.case, asked.seed);
    let name = format!("case {}, seed {}, {deaths} deaths", asked.case, asked.seed);
    let lines = witness::read(&asked.dir);
    let store = store(&asked.dir, asked.seed);
    let logs = logs(&store, &lines);
    acknowledged_is_there(&name, &lines, &logs);
    for (key, log) in logs.iter().filter(|(key, _)| is_of_an_execution(key)) {
        log_is_legal(&name, key, log);
    }
    let found = effects_have_causes(&name, &case, &lines, deaths);
    effects_follow_their_records(&name, &lines, &logs);
    let engine = block_on(engine(&store, asked, case.factor, Driving::Nothing));
    match &case.expected {
        Expected::Output { output, executions, .. } => {
            block_on(ends_are_right(&name, &engine, &case.execution(), output, *executions));
        }
        Expected::Reference(plan) => {
            let witness = block_on(reference::witness(&engine, &case, &lines, deaths));
            let verified = verify(plan, &witness);
            verified.unwrap_or_else(|mismatch| {
                panic!(
                    "{name}: {mismatch}\n{}\n{}",
                    plan.fixture(),
                    reference::histories(&witness)
                )
            });
        }
    }
    Found {
        records: u32::try_from(logs.values().map(Vec::len).sum::<usize>()).unwrap(),
        ..found
    }
}

/// Every log that anybody ever wrote to.
fn logs(store: &EmbeddedStore, lines: &[Line]) -> BTreeMap<ScopeKey, Vec<LogEntry>> {
    let keys: BTreeSet<&ScopeKey> = lines
        .iter()
        .filter_map(Line::handed)
        .map(|written| &written.key)
        .collect();
    let read = |key: &ScopeKey| block_on(store.range(key, 0, usize::MAX)).unwrap();
    keys.into_iter().map(|key| (key.clone(), read(key))).collect()
}

/// Versions of flows, answers of stubs and the like have logs of their own, whose names begin with `~`.
fn is_of_an_execution(key: &ScopeKey) -> bool {
    ![&key.execution, &key.scope].iter().any(|name| name.starts_with('~'))
}

impl Line {
    fn handed(&self) -> Option<&Written> {
        match self {
            Self::Handed(written) => Some(written),
            Self::Opened | Self::Acknowledged(_) | Self::Seen(_) | Self::Began(_) => None,
        }
    }

    pub(crate) fn began(&self) -> Option<&Began> {
        match self {
            Self::Began(began) => Some(began),
            Self::Opened | Self::Acknowledged(_) | Self::Seen(_) | Self::Handed(_) => None,
        }
    }
}

fn record<'l>(logs: &'l BTreeMap<ScopeKey, Vec<LogEntry>>, written: &Written) -> Option<&'l LogEntry> {
    let place = usize::try_from(written.revision - 1).unwrap();
    logs.get(&written.key)?.get(place).filter(|entry| written.is(entry))
}

/// No gap, no fork: what was acknowledged is there, and what is there was handed over.
fn acknowledged_is_there(name: &str, lines: &[Line], logs: &BTreeMap<ScopeKey, Vec<LogEntry>>) {
    let mut handed = BTreeMap::new();
    for line in lines {
        match line {
            Line::Handed(written) => {
                handed.insert((&written.key, written.revision, &written.digest), ());
            }
            Line::Acknowledged(written) | Line::Seen(written) => {
                assert!(
                    record(logs, written).is_some(),
                    "{name}: there once and gone: {written:?}"
                );
            }
            Line::Opened | Line::Began(_) => {}
        }
    }
    for (key, log) in logs {
        for (place, entry) in log.iter().enumerate() {
            assert_eq!(entry.revision, place as u64 + 1, "{name}: a gap in {key:?}");
            let digest = stepwell_model::digest(&entry.body);
            assert!(
                handed.contains_key(&(key, entry.revision, &digest)),
                "{name}: never handed over: {key:?} {}",
                entry.revision
            );
        }
    }
}

/// Nothing follows an end, stamps grow, and the root has an end.
fn log_is_legal(name: &str, key: &ScopeKey, log: &[LogEntry]) {
    let records: Vec<_> = log
        .iter()
        .map(|entry| stepwell_core::decode(&entry.body).unwrap())
        .collect();
    for pair in records.windows(2) {
        assert!(pair[0].stamp < pair[1].stamp, "{name}: stamps of {key:?} do not grow");
        assert!(
            pair[0].snapshot.status.is_running(),
            "{name}: {key:?} goes on after its end at revision {:?}",
            pair[0].revision
        );
    }
    // A child flow whose first record a kill took may be needed no more; the first flow is held against the reference.
    if let Some(last) = records.last().filter(|_| key.scope.is_empty()) {
        assert!(!last.snapshot.status.is_running(), "{name}: {key:?} has no end");
    }
}

/// No effect ran under two keys, and none more often than there were reasons.
fn effects_have_causes(name: &str, case: &Case, lines: &[Line], deaths: u32) -> Found {
    let mut attempts: BTreeMap<(&str, &str, u32), BTreeMap<&str, u32>> = BTreeMap::new();
    for began in lines.iter().filter_map(Line::began).filter(|began| began.is_effect) {
        let attempt = (began.state.as_str(), began.visit_key.as_str(), began.attempt);
        *attempts
            .entry(attempt)
            .or_default()
            .entry(&began.attempt_key)
            .or_default() += 1;
    }
    let mut found = Found::default();
    let mut visits: BTreeMap<&str, BTreeMap<&str, u32>> = BTreeMap::new();
    for ((state, visit, attempt), keys) in &attempts {
        assert_eq!(keys.len(), 1, "{name}: attempt {attempt} of {state} ran under {keys:?}");
        let begun: u32 = keys.values().sum();
        let begun_max = if case.once == Some(*state) { 1 } else { 1 + deaths };
        assert!(
            begun <= begun_max,
            "{name}: attempt {attempt} of {state} began {begun} times"
        );
        found.effects += 1;
        found.repeats += begun - 1;
        *visits.entry(state).or_default().entry(visit).or_default() += 1;
    }
    if let Expected::Output { effects, .. } = &case.expected {
        visits_are_right(name, case, effects, visits, deaths);
    }
    found
}

/// Every effect of the flow ran, and no other.
fn visits_are_right(
    name: &str,
    case: &Case,
    effects: &BTreeMap<&'static str, (usize, u32)>,
    mut visits: BTreeMap<&str, BTreeMap<&str, u32>>,
    deaths: u32,
) {
    for (state, (expected_visits, expected_attempts)) in effects {
        let visits = visits.remove(state).unwrap_or_default();
        // What may have an unknown outcome may also not have begun.
        let may_lack = case.once == Some(*state) && deaths > 0 && visits.is_empty();
        let expected = vec![*expected_attempts; *expected_visits];
        let visits: Vec<u32> = visits.into_values().collect();
        assert!(
            may_lack || visits == expected,
            "{name}: {state} was visited {visits:?}, not {expected:?}"
        );
    }
    assert_eq!(visits, BTreeMap::new(), "{name}: effects that the flow does not have");
}

/// No effect begins before a record that owes it is durable.
fn effects_follow_their_records(name: &str, lines: &[Line], logs: &BTreeMap<ScopeKey, Vec<LogEntry>>) {
    let mut unseen: Vec<&Written> = vec![];
    let mut owed: BTreeMap<(String, String, u32), usize> = BTreeMap::new();
    let mut begun: BTreeMap<(String, String, u32), BTreeSet<&str>> = BTreeMap::new();
    for line in lines {
        match line {
            Line::Handed(written) => unseen.push(written),
            Line::Acknowledged(written) | Line::Seen(written) => {
                let all = unseen.len();
                unseen.retain(|other| *other != written);
                if unseen.len() < all {
                    owe(written, logs, &mut owed);
                }
            }
            // What survived without an acknowledgement is seen by the next process.
            Line::Opened => unseen.drain(..).for_each(|written| owe(written, logs, &mut owed)),
            Line::Began(began) if began.is_effect => {
                let what = (began.execution.clone(), began.state.clone(), began.attempt);
                let keys = begun.entry(what.clone()).or_default();
                keys.insert(&began.attempt_key);
                let owed = owed.get(&what).copied().unwrap_or(0);
                assert!(keys.len() <= owed, "{name}: {began:?} began before a record owed it");
            }
            Line::Began(_) => {}
        }
    }
}

fn owe(written: &Written, logs: &BTreeMap<ScopeKey, Vec<LogEntry>>, owed: &mut BTreeMap<(String, String, u32), usize>) {
    let entry = record(logs, written).filter(|_| is_of_an_execution(&written.key));
    let Some(entry) = entry else { return };
    for entry in stepwell_core::decode(&entry.body).unwrap().entries {
        if let Fact::TaskScheduled {
            state,
            attempt,
            pure: false,
            ..
        } = entry.fact
        {
            let what = (written.key.execution.to_string(), state.to_string(), attempt);
            *owed.entry(what).or_default() += 1;
        }
    }
}

/// The outcome, the number of executions, and histories in which everything that was entered was left.
async fn ends_are_right(name: &str, engine: &Engine, execution: &str, output: &Value, executions: usize) {
    let ended = engine.ended(execution).await.unwrap();
    assert_eq!(ended, Ended::Succeeded(output.clone()), "{name}");
    let rows = engine.list().await.unwrap();
    assert_eq!(rows.len(), executions, "{name}: {rows:?}");
    for row in rows {
        assert_eq!(&*row.status, "Succeeded", "{name}: {row:?}");
        let history = engine.history(&row.execution).await.unwrap();
        history_is_legal(&format!("{name}: {}", row.execution), &history);
    }
}

fn history_is_legal(name: &str, history: &[HistoryEvent]) {
    let ids: Vec<u64> = history.iter().map(|event| event.event_id).collect();
    let expected: Vec<u64> = (1..=history.len() as u64).collect();
    assert_eq!(ids, expected, "{name}");
    let kinds: Vec<&str> = history.iter().map(|event| &*event.kind).collect();
    assert_eq!(kinds.first(), Some(&"ExecutionStarted"), "{name}");
    assert_eq!(kinds.last(), Some(&"ExecutionSucceeded"), "{name}");
    let mut open: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for event in history {
        let (what, change) = match &*event.kind {
            "StepEntered" => ("Step", 1),
            "StepExited" | "StepFailed" => ("Step", -1),
            "BranchEntered" => ("Branch", 1),
            "BranchExited" => ("Branch", -1),
            "IterationEntered" => ("Iteration", 1),
            "IterationExited" => ("Iteration", -1),
            "TaskScheduled" => ("Task", 1),
            "TaskSucceeded" | "TaskFailed" | "TaskTimedOut" | "TaskSubmitFailed" => ("Task", -1),
            _ => continue,
        };
        let count = open.entry((what, &event.step_name)).or_default();
        *count += change;
        assert!(*count >= 0, "{name}: left before it was entered: {event:?}");
    }
    open.retain(|_, count| *count != 0);
    assert_eq!(open, BTreeMap::new(), "{name}: entered and never left");
}
