//! Lanes: a Map's items, one after another.

use stepwell_expression::{Step as Path, Value};
use stepwell_model::{Kind as StateKind, Map};

use crate::advance::{Rejected, Stop};
use crate::scope::{Kind, Lane};
use crate::step::{Folded, Step};
use crate::variables::Sight;
use crate::{Fact, Failure, Globals, Status};

/// Begins the item that the lane stands at.
pub(crate) fn begin_item(step: &mut Step<'_>) -> Folded {
    let lane = lane(step)?.clone();
    let item = raw_item(step, &lane)?;
    step.snapshot.globals = Globals {
        view: lane.globals.clone(),
        ..Globals::default()
    };
    step.snapshot.caught = lane.caught.clone();
    step.snapshot.states = 0;
    step.renew_budget();
    lane_mut(step)?.begun = true;
    let sight = Sight::input(lane.input.clone()).with_item(item.clone());
    let template = map(step)?.item.as_ref();
    let input = step.construct(template, sight, item.clone())?;
    let input = input.and_then(|input| step.constructed(template, input));
    let shown = input.as_ref().unwrap_or(&item).clone();
    step.note(Fact::IterationEntered {
        state: lane.state,
        input: shown,
    });
    match input {
        Ok(input) => {
            step.go_to(step.block.start, input);
            Ok(())
        }
        Err(failure) => step.end(Err(failure)),
    }
}

/// The item's last state is done, or failed it.
pub(crate) fn end_item(step: &mut Step<'_>, end: &Result<Value, Failure>) -> Folded {
    let (output, failure) = crate::step::split(end);
    let writes = step.snapshot.globals.writes.clone();
    let wrote = writes.bytes() > 2;
    let state = lane(step)?.state.clone();
    let bytes = output.bytes();
    step.note(Fact::IterationExited {
        state,
        output,
        writes: wrote.then_some(writes),
        failure: failure.clone(),
    });
    let lane = lane_mut(step)?;
    lane.begun = false;
    if let Some(failure) = failure {
        step.close(Status::Failed(failure));
        return Ok(());
    }
    lane.bytes += bytes + u64::from(lane.ended > 0);
    lane.ended += 1;
    lane.wrote |= wrote;
    if lane.item + 1 < lane.reserved_end {
        lane.item += 1;
        return begin_item(step);
    }
    Ok(())
}

/// The next items of the lane, or none.
pub(crate) fn dealt(step: &mut Step<'_>, from: u64, end: u64) -> Folded {
    if lane(step)?.begun {
        return Err(Rejected::Late.into());
    }
    if from >= end {
        step.close(Status::Succeeded(Value::Null));
        return Ok(());
    }
    let lane = lane_mut(step)?;
    lane.item = from;
    lane.reserved_end = end;
    begin_item(step)
}

fn raw_item(step: &Step<'_>, lane: &Lane) -> Result<Value, Stop> {
    let found = match &lane.items {
        Value::Stored(pointer) => step.memory.follow(pointer, &[Path::Index(lane.item)])?,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            let index = usize::try_from(lane.item).unwrap_or(usize::MAX);
            lane.items.as_array().and_then(|items| items.get(index)).cloned()
        }
    };
    found.ok_or_else(|| {
        Rejected::Bug {
            what: "the lane's item is not among the items",
        }
        .into()
    })
}

/// The Map whose processor the lane runs.
fn map<'a>(step: &Step<'a>) -> Result<&'a Map, Stop> {
    let mut path = step.snapshot.scope.block.clone();
    let state = path
        .0
        .pop()
        .and_then(|(state, _)| step.program.flow.block(&path)?.state(state));
    match state.map(|state| &state.kind) {
        Some(StateKind::Map(map)) => Ok(map),
        Some(_) | None => Err(Rejected::Bug {
            what: "the lane's Map is not in the flow",
        }
        .into()),
    }
}

fn lane<'s>(step: &'s Step<'_>) -> Result<&'s Lane, Stop> {
    match &step.snapshot.scope.kind {
        Kind::Lane(lane) => Ok(lane),
        Kind::Root | Kind::Branch { .. } => Err(Rejected::Bug {
            what: "the scope is no lane",
        }
        .into()),
    }
}

fn lane_mut<'s>(step: &'s mut Step<'_>) -> Result<&'s mut Lane, Stop> {
    match &mut step.snapshot.scope.kind {
        Kind::Lane(lane) => Ok(lane),
        Kind::Root | Kind::Branch { .. } => Err(Rejected::Bug {
            what: "the scope is no lane",
        }
        .into()),
    }
}

#[cfg(test)]
mod tests;
