//! Map: a processor for every item.

use stepwell_expression::Value;
use stepwell_model::{Map, State};

use super::expect_fork;
use super::parallel::fork_children;
use crate::failure::codes;
use crate::snapshot::Forked;
use crate::step::{Folded, Step};
use crate::variables::Sight;
use crate::{Failure, Items, Revision};

pub(crate) fn fork(step: &mut Step<'_>, state: &State, map: &Map) -> Folded {
    let sight = Sight::input(step.position()?.input.clone());
    let items = match step.evaluate(sight, |context| map.items.evaluate(context))? {
        Ok(items) => items,
        Err(failure) => return step.fail_state(failure),
    };
    let Some(total) = length(step, &items)? else {
        let detail = alloc::format!("`ItemsPath` yields {} where an array is needed", items.kind());
        return step.fail_state(Failure::new(codes::INVALID_ITEMS, detail));
    };
    if total == 0 {
        return step.complete(Value::object([("Items", Value::array([]))]));
    }
    let count = u32::try_from(total.min(u64::from(map.concurrency.max(1)))).unwrap_or(u32::MAX);
    fork_children(step, state, Forked::Lanes { count, items, total })
}

/// How many items there are; nothing where it is no array.
fn length(step: &Step<'_>, items: &Value) -> Result<Option<u64>, crate::advance::Stop> {
    let opened = match items {
        Value::Stored(pointer) => &step.memory.open(pointer)?,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            items
        }
    };
    Ok(opened.as_array().map(|items| items.len() as u64))
}

/// All items ended well.
pub(crate) fn ended(step: &mut Step<'_>, fork: Revision, items: &Items) -> Folded {
    expect_fork(step, fork)?;
    step.snapshot.globals.write(&items.writes, step.memory)?;
    step.complete(Value::object([("Items", items.outputs.clone())]))
}
