//! A bound for one execution of a flow, before it is run.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use stepwell_model::{Block, BlockPath, Flow, Kind, Scalar, State, Wait};

use crate::path::{Loop, dearest};
use crate::rules::{Pause, RETENTION_DAYS, ROW_AFTER_MS, ROW_BYTES, start};
use crate::spent::Spent;
use crate::visit::Visit;
use crate::{Prices, Usage};

/// The action that starts another flow.
const START_EXECUTION: &str = "FNF:StartExecution";

/// What the flow does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assumptions {
    /// Items of every Map; needed where there is one.
    pub items: Option<u64>,
    /// Milliseconds of the function that one attempt takes.
    pub task_ms: u64,
    /// What a record takes in the table, in KB; at most 400.
    pub record_kb: u64,
    /// The function's memory, in MB.
    pub memory_mb: u64,
    /// For how many days records are kept.
    pub retention_days: u32,
}

impl Default for Assumptions {
    fn default() -> Self {
        Self {
            items: None,
            task_ms: 10,
            record_kb: 1,
            memory_mb: 512,
            retention_days: RETENTION_DAYS,
        }
    }
}

/// What one execution takes at most.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// Records of all its logs.
    pub records: f64,
    /// Rows in the index of executions.
    pub rows: f64,
    /// States entered.
    pub transitions: f64,
    /// What is billed for it.
    pub usage: Usage,
    /// What the flow leaves open, and how that was taken.
    pub remarks: BTreeSet<Remark>,
}

/// Something that a flow leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remark {
    /// Whether its tasks are pure.
    Tasks,
    /// How long it waits.
    Waits,
    /// What flows take that it starts.
    ChildFlows,
    /// How many of a Map's lanes or a Parallel's branches run at the same moment.
    Children,
}

/// Why there is no bound.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForecastError {
    /// The number of items decides.
    #[error("the Map `{state}` costs as much as it has items")]
    Items {
        /// The Map.
        state: Arc<str>,
    },
    /// The flow may go round for ever.
    #[error("{}", round(.0))]
    Loop(Loop),
}

fn round(found: &Loop) -> String {
    let names: Vec<String> = found.names.iter().map(|name| format!("`{name}`")).collect();
    let first = names.first().cloned().unwrap_or_default();
    format!("a loop has no bound: {} leads back to {first}", names.join(" -> "))
}

impl fmt::Display for Remark {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Tasks => "every task counts as one with an effect; pure ones write no record of their own",
            Self::Waits => "a Wait, or a timeout, whose time the flow does not say counts as 2 seconds of the function and a schedule",
            Self::ChildFlows => "what a started flow takes itself is not in it",
            Self::Children => "the time of branches and items is added up, as if none ran beside another",
        })
    }
}

/// What a forecast is made with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'p> {
    pub(crate) assumptions: Assumptions,
    prices: &'p Prices,
}

/// Bounds what one execution of a flow takes, started by the API, where nothing fails but what its rules retry.
///
/// Where ways part, by a Choice or a Catch, the dearest counts.
///
/// # Errors
///
/// [`ForecastError`] where there is no bound.
pub fn forecast(flow: &Flow, assumptions: Assumptions, prices: &Prices) -> Result<Forecast, ForecastError> {
    let asked = Asked { assumptions, prices };
    let body = dearest(&asked, &flow.body, &BlockPath::default())?;
    let timeout = flow.timeout.as_ref().filter(|_| body.blocks).map(Pause::of_seconds);
    let Visit { spent, blocks } = body.with_timeout(timeout);
    let first = Spent {
        records: 1.0,
        ..start()
    };
    let spent = first + spent;
    // One row for the end, and one where it does not end at once.
    let rows = if blocks || spent.billed_ms > ROW_AFTER_MS {
        2.0
    } else {
        1.0
    };
    let usage = asked.usage(&spent);
    Ok(Forecast {
        records: spent.records,
        rows,
        transitions: spent.transitions,
        usage: Usage {
            write_units: usage.write_units + rows,
            stored_bytes: usage.stored_bytes + rows * ROW_BYTES,
            ..usage
        },
        remarks: remarks(flow),
    })
}

impl Asked<'_> {
    /// What is billed where records have their size.
    fn usage(&self, spent: &Spent) -> Usage {
        let record_kb = self.assumptions.record_kb;
        Usage {
            write_units: spent.records * record_kb as f64,
            read_units: spent.reads * record_kb.div_ceil(4) as f64,
            queue_requests: spent.queue_requests,
            schedules: spent.schedules,
            invocations: spent.invocations,
            billed_ms: spent.billed_ms,
            memory_mb: self.assumptions.memory_mb as f64,
            stored_bytes: spent.records * record_kb as f64 * 1024.0,
            stored_days: f64::from(self.assumptions.retention_days),
            ..Usage::default()
        }
    }

    /// What it costs, to find the dearest.
    pub(crate) fn usd(&self, spent: &Spent) -> f64 {
        self.prices.bill(&self.usage(spent)).total_usd
    }
}

fn remarks(flow: &Flow) -> BTreeSet<Remark> {
    let mut found = BTreeSet::new();
    if flow.timeout.as_ref().is_some_and(is_computed) {
        found.insert(Remark::Waits);
    }
    of_block(&flow.body, &mut found);
    found
}

fn of_block(block: &Block, found: &mut BTreeSet<Remark>) {
    for state in &block.states {
        of_state(state, found);
        state.blocks().for_each(|inner| of_block(inner, found));
    }
}

fn of_state(state: &State, found: &mut BTreeSet<Remark>) {
    if state.timeout.as_ref().is_some_and(is_computed) {
        found.insert(Remark::Waits);
    }
    match &state.kind {
        Kind::Task(task) => {
            found.insert(Remark::Tasks);
            if &*task.action == START_EXECUTION {
                found.insert(Remark::ChildFlows);
            }
        }
        Kind::Wait(Wait::Until(_) | Wait::Seconds(Scalar::Computed(_))) => {
            found.insert(Remark::Waits);
        }
        Kind::Parallel(_) | Kind::Map(_) => {
            found.insert(Remark::Children);
        }
        Kind::Wait(Wait::Seconds(Scalar::Fixed(_))) | Kind::Pass | Kind::Choice(_) | Kind::Succeed | Kind::Fail(_) => {}
    }
}

fn is_computed(scalar: &Scalar) -> bool {
    match scalar {
        Scalar::Computed(_) => true,
        Scalar::Fixed(_) => false,
    }
}
