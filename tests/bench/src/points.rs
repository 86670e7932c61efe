//! How many records a history needs: counted from what happened, not from the log.
//!
//! | for | records |
//! |---|--:|
//! | every scope: the root, a lane | 1 |
//! | an attempt with an effect, and a pure one where `tasks.fuse` is off | 1 |
//! | the join of a fork | 1 |
//! | a root whose first task ran without a record of its own | 1 |
//!
//! **Invariant:** knows tasks and Maps, as the measured flows have them; a lane that fuses shares records in a way that
//! depends on time, and is not counted here.

use stepwell_engine::HistoryEvent;

use crate::Manner;

/// The records that a history of tasks and Maps needs, with so many lanes at most.
#[must_use]
pub fn durable_points(history: &[HistoryEvent], manner: Manner, lanes_max: u64) -> u64 {
    let is = |kind: &'static str| move |event: &&HistoryEvent| &*event.kind == kind;
    let scheduled: Vec<_> = history.iter().filter(is("TaskScheduled")).collect();
    let effects = scheduled
        .iter()
        .filter(|event| manner == Manner::Effects || !is_pure(event))
        .count() as u64;
    let items = history.iter().filter(is("IterationEntered")).count() as u64;
    let lanes = items.min(lanes_max);
    let forks = u64::from(items > 0);
    let first_is_fused = manner == Manner::Pure && items == 0 && scheduled.first().is_some_and(|event| is_pure(event));
    1 + effects + lanes + forks + u64::from(first_is_fused)
}

fn is_pure(scheduled: &HistoryEvent) -> bool {
    let detail: serde_json::Value = serde_json::from_str(&scheduled.event_detail).unwrap_or_default();
    detail.get("pure") == Some(&true.into())
}
