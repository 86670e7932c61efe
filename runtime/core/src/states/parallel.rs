//! Parallel: branches beside each other.

use alloc::format;

use stepwell_expression::Value;
use stepwell_model::{Parallel, State};

use super::{deadline_ms, expect_fork};
use crate::snapshot::{Fork, Forked};
use crate::step::{Folded, Step};
use crate::{Branch, Phase, Revision};

pub(crate) fn fork(step: &mut Step<'_>, state: &State, parallel: &Parallel) -> Folded {
    let count = u32::try_from(parallel.branches.len()).unwrap_or(u32::MAX);
    fork_children(step, state, Forked::Branches { count })
}

/// Owes the children of the state from this record on.
pub(super) fn fork_children(step: &mut Step<'_>, state: &State, children: Forked) -> Folded {
    let deadline_ms = match deadline_ms(step, state)? {
        Ok(deadline) => deadline,
        Err(failure) => return step.fail_state(failure),
    };
    step.snapshot.states = 0;
    let revision = step.moment.revision;
    step.position_mut()?.phase = Phase::Forked(Fork {
        revision,
        children,
        deadline_ms,
    });
    Ok(())
}

/// All branches ended well.
pub(crate) fn ended(step: &mut Step<'_>, fork: Revision, branches: &[Branch]) -> Folded {
    expect_fork(step, fork)?;
    for branch in branches {
        step.snapshot.globals.write(&branch.writes, step.memory)?;
    }
    let outputs = branches
        .iter()
        .enumerate()
        .map(|(index, branch)| (format!("Branch{index}"), branch.output.clone()));
    step.complete(Value::object(outputs))
}
