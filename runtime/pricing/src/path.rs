//! The dearest way through a block, or a loop in it.
//!
//! States are visited depth first, in the order of the definition; where a way leads back to a state that it came by, that
//! loop has no bound. Otherwise every state is finished after all that it leads to, and its dearest rest is known.
//!
//! **Invariant:** no recursion over states; blocks nest within the checker's bound.

use std::sync::Arc;

use stepwell_model::{Block, BlockPath, State, StateIndex};

use crate::forecast::{Asked, ForecastError};
use crate::spent::Spent;
use crate::visit::{Here, Visit};

/// States that lead to each other for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loop {
    /// The block that they stand in.
    pub block: BlockPath,
    /// Their names, in the order in which they are entered; the last leads back to the first.
    pub names: Vec<Arc<str>>,
    /// The last of them, which closes the loop.
    pub closed_by: StateIndex,
}

/// A state that is being visited.
struct Open {
    index: StateIndex,
    targets: Vec<StateIndex>,
    /// How many of its targets were followed.
    followed: usize,
}

/// What is known of a state and of what follows it.
#[derive(Clone, Copy)]
enum Rest {
    Unknown,
    /// It is being visited.
    OnTheWay,
    /// The dearest way from it to an end, itself included.
    Takes(Spent),
}

/// What the dearest way from the start to an end takes, and whether any state that can be reached may block.
pub(crate) fn dearest(asked: &Asked<'_>, block: &Block, path: &BlockPath) -> Result<Visit, ForecastError> {
    let mut rests: Vec<Rest> = vec![Rest::Unknown; block.states.len()];
    let mut blocks = false;
    let mut way = vec![open(block, block.start, &mut rests)];
    while let Some(last) = way.last_mut() {
        let index = last.index;
        let Some(target) = last.targets.get(last.followed).copied() else {
            way.pop();
            let visit = match block.state(index) {
                Some(state) => (Here {
                    asked,
                    block: path,
                    index,
                })
                .visit(state)?,
                None => Visit::default(),
            };
            blocks |= visit.blocks;
            let spent = visit.spent + dearest_rest(asked, block, index, &rests);
            note(&mut rests, index, Rest::Takes(spent));
            continue;
        };
        last.followed += 1;
        match rests.get(target.0 as usize) {
            Some(Rest::Unknown) => way.push(open(block, target, &mut rests)),
            Some(Rest::OnTheWay) => return Err(ForecastError::Loop(closed(block, path, &way, target))),
            Some(Rest::Takes(_)) | None => {}
        }
    }
    let spent = rest_of(&rests, block.start).unwrap_or_default();
    Ok(Visit { spent, blocks })
}

fn note(rests: &mut [Rest], index: StateIndex, rest: Rest) {
    if let Some(noted) = rests.get_mut(index.0 as usize) {
        *noted = rest;
    }
}

fn open(block: &Block, index: StateIndex, rests: &mut [Rest]) -> Open {
    note(rests, index, Rest::OnTheWay);
    Open {
        index,
        targets: block.state(index).map(State::targets).unwrap_or_default(),
        followed: 0,
    }
}

/// The loop of the way's last state, which leads back to `first`.
fn closed(block: &Block, path: &BlockPath, way: &[Open], first: StateIndex) -> Loop {
    let before = way.iter().take_while(|open| open.index != first).count();
    let states = way.get(before..).unwrap_or_default();
    let name = |open: &Open| block.state(open.index).map(|state| state.name.clone());
    Loop {
        block: path.clone(),
        names: states.iter().filter_map(name).collect(),
        closed_by: states.last().map_or(block.start, |open| open.index),
    }
}

fn rest_of(rests: &[Rest], index: StateIndex) -> Option<Spent> {
    match rests.get(index.0 as usize) {
        Some(Rest::Takes(spent)) => Some(*spent),
        Some(Rest::Unknown | Rest::OnTheWay) | None => None,
    }
}

/// An end takes nothing.
fn dearest_rest(asked: &Asked<'_>, block: &Block, index: StateIndex, rests: &[Rest]) -> Spent {
    let targets = block.state(index).map(State::targets).unwrap_or_default();
    let rests = targets.into_iter().filter_map(|target| rest_of(rests, target));
    let dearer = |one: &Spent, other: &Spent| {
        let costs = |spent: &Spent| asked.usd(spent);
        costs(one)
            .total_cmp(&costs(other))
            .then(one.transitions.total_cmp(&other.transitions))
    };
    rests.max_by(dearer).unwrap_or_default()
}
