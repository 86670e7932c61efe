//! What one visit of a state takes, retries included.
//!
//! Records are those of DESIGN section 8: every scope has a first one; an attempt with an effect, a join, an ended Wait and a
//! report have one each. A fork and an end ride on another record; so does the next attempt after a failed one.

use stepwell_model::{Block, BlockPath, Kind, Map, Mode, Parallel, State, StateIndex, Task, Wait};

use crate::forecast::{Asked, ForecastError};
use crate::path::dearest;
use crate::retries::retries;
use crate::rules::{LOOKS_OF_A_CHILD, Pause, report};
use crate::spent::Spent;

/// How many items of a lane one record reserves at most, where an item needs no record of its own.
const RESERVED_MAX: u64 = 64;

/// What a piece takes, and whether an invocation may end in it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Visit {
    pub(crate) spent: Spent,
    pub(crate) blocks: bool,
}

/// A state with its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Here<'f> {
    pub(crate) asked: &'f Asked<'f>,
    pub(crate) block: &'f BlockPath,
    pub(crate) index: StateIndex,
}

impl Here<'_> {
    /// What a visit of `state`, which stands here, takes.
    pub(crate) fn visit(self, state: &State) -> Result<Visit, ForecastError> {
        let once = match &state.kind {
            Kind::Task(task) => self.attempt(task),
            Kind::Parallel(parallel) => self.parallel(parallel)?,
            Kind::Map(map) => self.map(state, map)?,
            Kind::Wait(wait) => return Ok(ended_wait(wait).entered()),
            Kind::Pass | Kind::Choice(_) | Kind::Succeed | Kind::Fail(_) => return Ok(Visit::default().entered()),
        };
        let timed = once.with_timeout(state.timeout.as_ref().filter(|_| once.blocks).map(Pause::of_seconds));
        let retries = retries(&state.recovery);
        let tried = Visit {
            spent: timed.spent.times(1.0 + retries.count) + retries.pauses,
            blocks: timed.blocks || retries.blocks,
        };
        Ok(tried.entered())
    }

    /// One attempt: a record for its outcome; that of a callback is the submission's, and its report has another.
    fn attempt(self, task: &Task) -> Visit {
        let attempt = Spent {
            records: 1.0,
            billed_ms: self.asked.assumptions.task_ms as f64,
            ..Spent::default()
        };
        let reported = Spent {
            records: 1.0,
            ..report()
        };
        match task.mode {
            Mode::RequestComplete => Visit {
                spent: attempt,
                blocks: false,
            },
            Mode::WaitForSystemCallback | Mode::WaitForCustomCallback => Visit {
                spent: attempt + reported,
                blocks: true,
            },
        }
    }

    /// All branches, and the join.
    fn parallel(self, parallel: &Parallel) -> Result<Visit, ForecastError> {
        let mut all = join();
        for (number, branch) in (0u32..).zip(&parallel.branches) {
            let Visit { spent, blocks } = self.inner(branch, number)?;
            all.spent = all.spent + child() + spent;
            all.blocks |= blocks;
        }
        Ok(all)
    }

    /// All lanes with their items, and the join.
    fn map(self, state: &State, map: &Map) -> Result<Visit, ForecastError> {
        let processor = self.inner(&map.processor, 0)?;
        let items = self.asked.assumptions.items;
        let items = items.ok_or_else(|| ForecastError::Items {
            state: state.name.clone(),
        })?;
        let lanes = items.min(u64::from(map.concurrency));
        if lanes == 0 {
            return Ok(Visit::default());
        }
        let dealt = match processor.spent.records > 0.0 {
            true => 0.0,
            false => reservations(items.div_ceil(lanes)),
        };
        let lane = Spent {
            records: dealt,
            ..Spent::default()
        };
        let item = Spent {
            // An expression that touches the results reads them.
            reads: 1.0,
            ..Spent::default()
        };
        let spent = join().spent + (child() + lane).times(lanes as f64) + (processor.spent + item).times(items as f64);
        Ok(Visit {
            spent,
            blocks: processor.blocks,
        })
    }

    fn inner(self, block: &Block, number: u32) -> Result<Visit, ForecastError> {
        dearest(self.asked, block, &self.block.inner(self.index, number))
    }
}

impl Visit {
    fn entered(self) -> Self {
        let transitions = self.spent.transitions + 1.0;
        Self {
            spent: Spent {
                transitions,
                ..self.spent
            },
            ..self
        }
    }

    /// A timeout that is armed where an invocation ends; it wakes whether or not it is still wanted.
    pub(crate) fn with_timeout(self, timeout: Option<Pause>) -> Self {
        match timeout {
            Some(timeout) => Self {
                spent: self.spent + timeout.takes(),
                ..self
            },
            None => self,
        }
    }
}

fn ended_wait(wait: &Wait) -> Visit {
    let pause = match wait {
        Wait::Seconds(seconds) => Pause::of_seconds(seconds),
        // How far it is, the flow does not say.
        Wait::Until(_) => Pause::Open,
    };
    let ended = Spent {
        records: 1.0,
        ..Spent::default()
    };
    Visit {
        spent: ended + pause.takes(),
        blocks: pause.blocks(),
    }
}

fn join() -> Visit {
    Visit {
        spent: Spent {
            records: 1.0,
            ..Spent::default()
        },
        blocks: false,
    }
}

/// The first record of a child, what is read for it, and its result.
fn child() -> Spent {
    Spent {
        records: 1.0,
        reads: LOOKS_OF_A_CHILD + 1.0,
        ..Spent::default()
    }
}

/// Records by which a lane reserves its items after the first: 2, 4 … of them with each.
fn reservations(items: u64) -> f64 {
    let (mut left, mut reserved, mut records) = (items.saturating_sub(1), 2, 0.0);
    while left > 0 && reserved < RESERVED_MAX {
        left = left.saturating_sub(reserved);
        reserved *= 2;
        records += 1.0;
    }
    records + left.div_ceil(RESERVED_MAX) as f64
}
