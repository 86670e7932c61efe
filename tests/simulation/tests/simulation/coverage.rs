//! What the runs of a world have met: what plans hold, and the events of their histories by the type of the state, each
//! while every kind of fault struck.
//!
//! **Invariant:** a fault counts for a run only where it has struck in it, and an event only where its history tells it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::time::Instant;

use stepwell_engine::HistoryEvent;
use stepwell_expression::Value;
use stepwell_simulation::Functions;
use stepwell_simulation::plan::{Block, Feature, Plan, PlanFlow, features};
use stepwell_simulation::reference::Witness;

/// Seeds after which everything has met every fault.
pub(crate) const COVERING: u64 = 1_200;

/// A kind of fault.
pub(crate) type Fault = &'static str;

/// What an event is of: the type of a state, or the execution itself.
type Type = &'static str;

const STATES: [Type; 8] = ["Task", "Pass", "Wait", "Choice", "Parallel", "Map", "Succeed", "Fail"];

/// Every event, with what it may be of.
const EVENTS: [(&str, &[Type]); 24] = [
    ("ExecutionStarted", &["Execution"]),
    ("ExecutionSucceeded", &["Execution"]),
    ("ExecutionFailed", &["Execution"]),
    ("ExecutionStopped", &["Execution"]),
    ("ExecutionTimedOut", &["Execution"]),
    ("StepEntered", &STATES),
    ("StepExited", &STATES),
    ("StepExited, caught", &STATES),
    ("StepExited, cut off", &STATES),
    ("StepFailed", &STATES),
    ("BranchEntered", &["Parallel"]),
    ("BranchExited", &["Parallel"]),
    ("BranchExited, failed", &["Parallel"]),
    ("BranchExited, cut off", &["Parallel"]),
    ("IterationEntered", &["Map"]),
    ("IterationExited", &["Map"]),
    ("IterationExited, failed", &["Map"]),
    ("IterationExited, cut off", &["Map"]),
    ("TaskScheduled", &["Task"]),
    ("TaskSubmitted", &["Task"]),
    ("TaskSubmitFailed", &["Task"]),
    ("TaskSucceeded", &["Task"]),
    ("TaskFailed", &["Task"]),
    ("TaskTimedOut", &["Task"]),
];

/// Cells that cannot be, and why.
const CANNOT_BE: [(&str, &[Type], &str); 3] = [
    ("StepExited", &["Fail"], "it always fails"),
    (
        "StepExited, caught",
        &["Pass", "Wait", "Choice", "Succeed", "Fail"],
        "it has no Catch",
    ),
    (
        "StepExited, cut off",
        &["Pass", "Choice", "Succeed", "Fail"],
        "it takes no time: no record ends within it",
    ),
];

/// In how many runs something was there while each fault struck.
type Row = BTreeMap<Fault, u64>;

/// What the runs of a world have met.
pub(crate) struct Coverage {
    began: Instant,
    runs: u64,
    faults: Vec<Fault>,
    held: BTreeMap<Feature, Row>,
    told: BTreeMap<(Type, String), Row>,
}

impl Coverage {
    /// Of a world in which these faults strike.
    pub(crate) fn of(faults: &[Fault]) -> Self {
        Self {
            began: Instant::now(),
            runs: 0,
            faults: faults.to_vec(),
            held: BTreeMap::new(),
            told: BTreeMap::new(),
        }
    }

    /// A run begins, which may not come to its end.
    pub(crate) fn begins(&mut self) {
        self.runs += 1;
    }

    /// Counts a run in which each fault has struck so often, in the order of the faults.
    pub(crate) fn count(&mut self, plan: &Plan, witness: &Witness, struck: &[u64]) {
        assert_eq!(struck.len(), self.faults.len());
        let struck = self.faults.iter().zip(struck).filter(|(_, times)| **times > 0);
        let struck: Vec<Fault> = struck.map(|(fault, _)| *fault).collect();
        let add = |row: &mut Row| struck.iter().for_each(|fault| *row.entry(fault).or_default() += 1);
        for (feature, _) in features(plan) {
            add(self.held.entry(feature).or_default());
        }
        for cell in cells(plan, witness) {
            add(self.told.entry(cell).or_default());
        }
    }

    /// Prints both tables and how fast the runs were; says what never met, and what met that cannot.
    #[expect(clippy::print_stdout, reason = "coverage is to be seen")]
    pub(crate) fn show(&self, world: &str) -> Vec<String> {
        let took = self.began.elapsed().as_secs_f64().max(0.001);
        println!(
            "{world}: {} seeds, {:.0} per second",
            self.runs,
            self.runs as f64 / took
        );
        let mut rows: Vec<(String, Option<&Row>)> = Vec::new();
        rows.extend(
            self.held
                .iter()
                .map(|(feature, row)| ((*feature).to_owned(), Some(row))),
        );
        for (event, types) in EVENTS {
            for of in types.iter().filter(|of| why_not(of, event).is_none()) {
                rows.push((format!("{of}: {event}"), self.told.get(&(*of, event.to_owned()))));
            }
        }
        println!("{:38} {}", "", self.faults.join(" | "));
        let mut gaps = Vec::new();
        for (name, row) in &rows {
            let times = |fault: &Fault| row.and_then(|row| row.get(fault)).copied().unwrap_or(0);
            let cells = self
                .faults
                .iter()
                .map(|fault| format!("{:>1$}", times(fault), fault.len()));
            println!("{name:38} {}", cells.collect::<Vec<_>>().join(" | "));
            let missed = self.faults.iter().filter(|fault| times(fault) == 0);
            gaps.extend(missed.map(|fault| format!("{name} × {fault}")));
        }
        gaps.extend(self.told.keys().filter_map(|(of, event)| impossible(of, event)));
        gaps
    }

    /// Fails where something never met, after so many runs that all of it should have.
    pub(crate) fn is_whole(&self, gaps: &[String]) {
        let is_asked = self.runs >= COVERING && !crate::is_hunting();
        assert!(gaps.is_empty() || !is_asked, "what never met: {gaps:#?}");
    }
}

fn why_not(of: &str, event: &str) -> Option<&'static str> {
    let mut rules = CANNOT_BE.iter();
    let rule = rules.find(|(cannot, types, _)| *cannot == event && types.contains(&of));
    rule.map(|(_, _, why)| *why)
}

/// What is wrong with a cell that was met: it cannot be, or nobody lists it.
fn impossible(of: &str, event: &str) -> Option<String> {
    let is_listed = EVENTS
        .iter()
        .any(|(listed, types)| *listed == event && types.contains(&of));
    let why = why_not(of, event).or((!is_listed).then_some("it is not listed"))?;
    Some(format!("{of}: {event}, although {why}"))
}

/// The cells that a run's histories hold.
fn cells(plan: &Plan, witness: &Witness) -> BTreeSet<(Type, String)> {
    let children = witness.children.iter().filter_map(|child| {
        let flow = plan.flow_named(&child.flow)?;
        Some((flow, &child.witness.history))
    });
    let histories = std::iter::once((&plan.flow, &witness.history)).chain(children);
    let of =
        |(flow, history): (_, &Vec<HistoryEvent>)| history.iter().map(|event| cell(flow, event)).collect::<Vec<_>>();
    histories.flat_map(of).collect()
}

fn cell(flow: &PlanFlow, event: &HistoryEvent) -> (Type, String) {
    let detail = Value::parse_json(&event.event_detail).unwrap_or_default();
    let text = |key: &str| Some(detail.as_object()?.get(key)?.as_str()?.to_owned());
    let name = match (&*event.kind, text("error").as_deref()) {
        (kind @ ("StepExited" | "BranchExited" | "IterationExited"), Some("FnF.Canceled")) => {
            format!("{kind}, cut off")
        }
        ("StepExited", Some(_)) => "StepExited, caught".to_owned(),
        (kind @ ("BranchExited" | "IterationExited"), Some(_)) => format!("{kind}, failed"),
        (kind, _) => kind.to_owned(),
    };
    let of = match &*event.kind {
        kind if kind.starts_with("Execution") => "Execution",
        kind if kind.starts_with("Branch") => "Parallel",
        kind if kind.starts_with("Iteration") => "Map",
        _ => {
            let block = block(&flow.block, &text("scope").unwrap_or_default());
            let state = block.and_then(|block| block.state(&event.step_name));
            state.map_or("unknown", |state| state.kind.name())
        }
    };
    (of, name)
}

/// The block of a scope, by its path: a state and a number, again and again.
fn block<'p>(outer: &'p Block, path: &str) -> Option<&'p Block> {
    let mut words = path.split('/').filter(|word| !word.is_empty());
    let mut block = outer;
    while let Some(name) = words.next() {
        let index: usize = words.next()?.parse().ok()?;
        let inside = block.state(name)?.kind.blocks();
        // A Map has one for all items.
        block = inside.get(index).or(inside.first()).copied()?;
    }
    Some(block)
}

/// What may go wrong in a world of functions.
pub(crate) const OF_FUNCTIONS: [Fault; 13] = [
    "deaths",
    "clean stops",
    "pauses",
    "throttled",
    "lost answers",
    "failed reads",
    "refused wakes",
    "lost wake answers",
    "late wakes",
    "doubled wakes",
    "clock jumps",
    "dying calls",
    "hand-outs",
];

/// How often each did.
pub(crate) fn struck(world: &Functions) -> [u64; OF_FUNCTIONS.len()] {
    let queue = world.queue.struck();
    [
        u64::from(world.deaths),
        u64::from(world.stops),
        u64::from(world.pauses),
        world.struck.refused.load(Ordering::Relaxed),
        world.struck.unanswered.load(Ordering::Relaxed),
        world.struck.unread.load(Ordering::Relaxed),
        u64::from(queue.refused),
        u64::from(queue.unanswered),
        u64::from(queue.late),
        u64::from(queue.doubled),
        u64::from(world.jumps),
        u64::from(world.call_deaths()),
        u64::from(queue.handed_out),
    ]
}
