//! What guests took stands in the history, by whose sum people are billed.

use std::collections::BTreeMap;

use stepwell_core::{Entry, Fact, Record};

use crate::tasks::{GUEST_US, field};

/// Every outcome that a component of the world has answered says how long its guest took.
pub(super) fn check(records: &[Record]) -> Result<(), String> {
    let mut components = BTreeMap::new();
    for entry in records.iter().flat_map(|record| &record.entries) {
        if let Fact::TaskScheduled { state, .. } = &entry.fact {
            components.insert((entry.item, state.clone()), is_component(entry));
        }
        if let Fact::TaskSubmitted { state, .. } = &entry.fact {
            components.insert((entry.item, state.clone()), false);
        }
        let Fact::TaskSucceeded { state, guest_us, .. } = &entry.fact else {
            continue;
        };
        let is_component = components.remove(&(entry.item, state.clone())).unwrap_or(false);
        if is_component && *guest_us != GUEST_US {
            return Err(format!("the guest of `{state}` took {guest_us} µs, and not {GUEST_US}"));
        }
    }
    Ok(())
}

/// Whether it is a task of the world, which always takes so long.
fn is_component(entry: &Entry) -> bool {
    let Fact::TaskScheduled { parameters, .. } = &entry.fact else {
        return false;
    };
    let function = field(parameters, "resourceArn").and_then(|name| name.as_str());
    function.is_some_and(|function| function.starts_with("pure"))
}
