//! Items under way: never more at once than MaxConcurrency says.
//!
//! Source: specification 1.5.4.

use std::collections::BTreeMap;

use stepwell_engine::HistoryEvent;
use stepwell_expression::Value;

use super::Mismatch;
use super::history::field;
use crate::plan::{Block, Kind, PlanFlow};

/// How many run at once where nobody says otherwise.
const AT_ONCE_MAX: u64 = 40;

/// Counts the items of every Map that are open, event by event.
pub(super) fn check(flow: &PlanFlow, history: &[HistoryEvent]) -> Result<(), Mismatch> {
    let mut open: BTreeMap<String, u64> = BTreeMap::new();
    for event in history {
        let enters = &*event.kind == "IterationEntered";
        if !enters && &*event.kind != "IterationExited" {
            continue;
        }
        let detail = Value::parse_json(&event.event_detail).unwrap_or_default();
        let item = field(&detail, "scope").and_then(Value::as_str).unwrap_or_default();
        let map = item.rsplit_once('/').map_or("", |(map, _)| map);
        let count = open.entry(map.to_owned()).or_default();
        *count = if enters { *count + 1 } else { count.saturating_sub(1) };
        let most = concurrency(&flow.block, map);
        if most.is_some_and(|most| *count > most) {
            return Err(Mismatch {
                path: map.to_owned(),
                event: event.event_id,
                expected: format!("{most:?} items at once at most"),
                got: format!("{count} items"),
            });
        }
    }
    Ok(())
}

/// The MaxConcurrency of the Map that a path leads to: state, branch or item, state …
fn concurrency(block: &Block, path: &str) -> Option<u64> {
    let (name, rest) = path.split_once('/').unwrap_or((path, ""));
    match (&block.state(name)?.kind, rest.split_once('/')) {
        (Kind::Map(map), None) => Some(map.concurrency.filter(|most| *most > 0).unwrap_or(AT_ONCE_MAX)),
        (Kind::Map(map), Some((_, inner))) => concurrency(&map.block, inner),
        (Kind::Parallel(branches), Some((index, inner))) => {
            concurrency(branches.get(index.parse::<usize>().ok()?)?, inner)
        }
        (_, _) => None,
    }
}
