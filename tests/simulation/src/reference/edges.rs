//! Plans whose limits are just what they need.

use super::calm::Calm;
use super::run::measured;
use crate::Chance;
use crate::plan::{Plan, RINGER};

/// The smallest `limits.data` that is worth while: most plans go on for a while.
const DATA_BYTES_MIN: u64 = 200;

/// The plan with a limit that one of its values, or the states of one of its scopes, just meets or just misses.
#[must_use]
pub fn at_a_limit(plan: &Plan, chance: &Chance) -> Plan {
    let effort = measured(plan, &mut Calm { is_certain: true });
    let mut plan = plan.clone();
    let mut sizes = effort.sizes.borrow().clone();
    // Where the input of the flow that reports is too large, nobody reports.
    let is_known = !effort.is_unknown.get() && !plan.flows().any(|flow| flow.block.starts(RINGER));
    sizes.retain(|size| *size >= DATA_BYTES_MIN && is_known);
    let counts = effort.counts.borrow();
    if chance.once_in(2) {
        let count = pick(&counts, chance).map(|count| count.saturating_sub(chance.below(2)));
        plan.states_max = count.filter(|count| *count > 0).unwrap_or(plan.states_max);
    } else {
        let size = pick(&sizes, chance).map(|size| size - chance.below(2));
        plan.data_bytes_max = size.unwrap_or(plan.data_bytes_max);
    }
    plan
}

fn pick(numbers: &[u64], chance: &Chance) -> Option<u64> {
    let place = usize::try_from(chance.below((numbers.len() as u64).max(1))).unwrap_or(0);
    numbers.get(place).copied()
}
