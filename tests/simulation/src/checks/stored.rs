//! How records are stored: small, nothing twice, and not more of them than it takes.

use std::collections::BTreeSet;

use stepwell_core::{Entry, Fact, Phase, Record};
use stepwell_expression::{INLINE_BYTES_MAX, Slot, Value};

/// Bytes of an entry whose values are in slots of their own: two values below the bound, and a text for a person.
const ENTRY_BYTES_MAX: usize = 2048;
/// After so many entries a record may end between two states; long expressions end it at about a hundred.
const ENTRIES: usize = 90;
/// After so many bytes likewise, each of which may count three times: as a result, as an output and in `$Global`.
const BYTES: u64 = 64 * 1024 / 3;

pub(super) fn check(record: &Record) -> Result<(), String> {
    let small = record.values.iter().find(|value| value.own_bytes() <= INLINE_BYTES_MAX);
    if let Some(small) = small {
        return Err(format!("a slot of its own for {small:?}"));
    }
    if let Some(part) = stored_in_another(record).filter(|_| !is_repetitive(&record.entries)) {
        return Err(format!("a slot of its own for a part of another: {part:?}"));
    }
    for entry in &record.entries {
        let bytes = serde_json::to_string(entry).map_or(0, |text| text.len());
        if bytes > ENTRY_BYTES_MAX {
            return Err(format!("{bytes} bytes in `{}`", entry.fact.name()));
        }
    }
    let mut pairs = record.entries.iter().zip(record.entries.iter().skip(1));
    if let Some((left, entered)) = pairs.find(|(left, entered)| is_another(left, entered)) {
        return Err(format!("{:?}\nis stored twice: {:?}", left.fact, entered.fact));
    }
    ends_for_a_reason(record)
}

/// A value that is a part of one that stands before it; tasks may answer the same twice.
fn stored_in_another(record: &Record) -> Option<&Value> {
    let answers: Vec<u32> = record.entries.iter().filter_map(answer).collect();
    let mut slots = (0..).zip(&record.values).filter(|(index, _)| !answers.contains(index));
    let before = |index: u32| (0..index).zip(&record.values);
    slots.find_map(|(index, slot)| before(index).any(|(_, value)| has_inside(value, slot)).then_some(slot))
}

/// Whether it tells of two items of a Map, or of a state that was entered twice: they may make the same twice.
fn is_repetitive(entries: &[Entry]) -> bool {
    let entered = |entry: &Entry| {
        let Fact::StepEntered { state, .. } = &entry.fact else {
            return None;
        };
        Some(state.clone())
    };
    let mut seen = BTreeSet::new();
    let items: BTreeSet<_> = entries.iter().filter_map(|entry| entry.item).collect();
    items.len() > 1 || !entries.iter().filter_map(entered).all(|state| seen.insert(state))
}

/// The slot that holds what a task answered.
fn answer(entry: &Entry) -> Option<u32> {
    let Value::Stored(pointer) = result(entry)? else {
        return None;
    };
    match pointer.birth.slot {
        Slot::Born(slot) => Some(slot),
        Slot::Joined => None,
    }
}

fn has_inside(value: &Value, part: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| item == part || has_inside(item, part)),
        Value::Object(entries) => entries.values().any(|entry| entry == part || has_inside(entry, part)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Stored(_) => false,
    }
}

/// Whether a state is entered with another value than the state before was left with, or the scope begun.
fn is_another(before: &Entry, entered: &Entry) -> bool {
    let Fact::StepEntered { input, .. } = &entered.fact else {
        return false;
    };
    let given = if let Fact::BranchEntered { input, .. } = &before.fact {
        Some(input)
    } else {
        output(before)
    };
    given.is_some_and(|given| given != input)
}

fn output(entry: &Entry) -> Option<&Value> {
    let Fact::StepExited { output, .. } = &entry.fact else {
        return None;
    };
    Some(output)
}

/// What expressions read, which costs by the byte.
fn input(entry: &Entry) -> Option<&Value> {
    let (Fact::ExecutionStarted { input } | Fact::StepEntered { input, .. }) = &entry.fact else {
        return None;
    };
    Some(input)
}

fn result(entry: &Entry) -> Option<&Value> {
    let Fact::TaskSucceeded { output, .. } = &entry.fact else {
        return None;
    };
    Some(output)
}

/// A record ends between two states only where it has become large.
fn ends_for_a_reason(record: &Record) -> Result<(), String> {
    let phase = record.snapshot.at.as_ref().map(|at| &at.phase);
    if !matches!(phase, Some(Phase::Entering)) || !record.snapshot.status.is_running() {
        return Ok(());
    }
    let made = |entry: &Entry| {
        [output(entry), result(entry)]
            .into_iter()
            .flatten()
            .map(Value::bytes)
            .sum::<u64>()
    };
    let bytes = record.entries.iter().map(made).sum::<u64>() + written(&record.snapshot.globals.view, &record.entries);
    let is_large = |entry: &Entry| input(entry).is_some_and(|input| input.bytes() >= BYTES);
    if record.entries.len() >= ENTRIES || bytes >= BYTES || record.entries.iter().any(is_large) {
        return Ok(());
    }
    Err(format!("it ends between two states after {bytes} bytes"))
}

/// `$Global` counts whenever it is written.
fn written(globals: &Value, entries: &[Entry]) -> u64 {
    globals.bytes() * entries.len() as u64
}
