//! A whole run against the reference.

use std::collections::BTreeMap;
use std::sync::Arc;

use stepwell_engine::Ended;

use super::Mismatch;
use super::effects::Effects;
use super::history::agrees;
use super::lanes;
use super::names;
use super::oracle::{Failure, Halt, Outcome, Time};
use super::reports;
use super::run::execution;
use super::witness::{ChildWitness, FromHistory, StopAnswer, Witness};
use crate::Ran;
use crate::plan::{Happening, Plan, PlanFlow};

/// Choices that are tried where a history does not tell which of several failures won.
const TRIES_MAX: usize = 64;

/// What was found in a run that agrees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Effects that the histories owed.
    pub effects: usize,
    /// Whether a scope was cut off.
    pub is_cut: bool,
}

/// Compares a run that has ended with what the specification says of its plan.
///
/// # Errors
///
/// The first difference.
pub fn verify(plan: &Plan, witness: &Witness) -> Result<Verified, Mismatch> {
    stopped_as_answered(witness)?;
    let histories = witness.children.iter().map(|child| &*child.witness.history);
    let histories: Vec<_> = std::iter::once(&*witness.history).chain(histories).collect();
    reports::check(&witness.reports, &histories)?;
    let (mut effects, mut is_cut) = one(plan, &plan.flow, witness, &witness.children, &plan.input)?;
    for child in &witness.children {
        let flow = plan.flow_named(&child.flow);
        let flow = flow.ok_or_else(|| differs("", "a flow of the plan", child.flow.clone()))?;
        let (own, cut) = one(plan, flow, &child.witness, &witness.children, &child.input)?;
        lanes::check(flow, &child.witness.history)?;
        (effects, is_cut) = (effects.and(own), is_cut | cut);
    }
    lanes::check(&plan.flow, &witness.history)?;
    names::check(&witness.history)?;
    if let Some(ran) = &witness.ran {
        every_repeat_has_a_cause(ran, witness.repeats)?;
        every_visit_has_a_key(ran)?;
        effects.check(ran.values().filter(|ran| ran.is_effect).count(), is_cut)?;
    }
    Ok(Verified {
        effects: effects.scheduled,
        is_cut,
    })
}

/// An effect is begun again only where whoever carried it out died, or its message was handed out twice.
fn every_repeat_has_a_cause(ran: &BTreeMap<Arc<str>, Ran>, causes: u32) -> Result<(), Mismatch> {
    let repeated = ran.iter().find(|(_, ran)| ran.is_effect && ran.begun > 1 + causes);
    match repeated {
        Some((key, ran)) => {
            let expected = format!("{causes} repeats at most");
            Err(differs("", expected, format!("attempt {key}: {ran:?}")))
        }
        None => Ok(()),
    }
}

/// The attempts of one visit share a key, and no two of them have one number.
fn every_visit_has_a_key(ran: &BTreeMap<Arc<str>, Ran>) -> Result<(), Mismatch> {
    let mut seen = BTreeMap::new();
    // A pure task may begin under another key: nobody knows what came to nothing before it.
    for (key, ran) in ran.iter().filter(|(_, ran)| ran.is_effect) {
        let other = seen.insert((&ran.visit, ran.attempt), key);
        if let Some(other) = other {
            let expected = "a key for each visit";
            return Err(differs("", expected, format!("{other} and {key}: {ran:?}")));
        }
    }
    Ok(())
}

/// A stop ends an execution exactly where whoever sent it was told so.
fn stopped_as_answered(witness: &Witness) -> Result<(), Mismatch> {
    let is_stopped = matches!(witness.end, Ended::Stopped(_));
    let is_so = match witness.stop {
        Some(StopAnswer::Accepted) => is_stopped,
        Some(StopAnswer::Refused) | None => !is_stopped,
        Some(StopAnswer::Unsure) => true,
    };
    let end = || format!("{:?} after {:?}", witness.end, witness.stop);
    if is_so {
        Ok(())
    } else {
        Err(differs("", "an end by a stop that was accepted", end()))
    }
}

/// One execution: with every choice that its history leaves open.
fn one(
    plan: &Plan,
    flow: &PlanFlow,
    witness: &Witness,
    children: &[ChildWitness],
    input: &stepwell_expression::Value,
) -> Result<(Effects, bool), Mismatch> {
    let mut picks = Vec::new();
    let mut first = None;
    for _ in 0..TRIES_MAX {
        let mut oracle = FromHistory::new(witness, children, picks.clone());
        let result = along(plan, flow, witness, input, &mut oracle);
        match result {
            Ok(()) => return Ok((Effects::of(&oracle.facts), oracle.is_cut)),
            Err(mismatch) => {
                first.get_or_insert(mismatch);
            }
        }
        let Some(next) = following(&picks, &oracle.options) else {
            break;
        };
        picks = next;
    }
    Err(first.unwrap_or_else(|| differs("", "a choice", "none".to_owned())))
}

/// The next combination of choices.
fn following(picks: &[usize], options: &[usize]) -> Option<Vec<usize>> {
    let mut next: Vec<usize> = (0..options.len())
        .map(|place| picks.get(place).copied().unwrap_or(0))
        .collect();
    while let Some(last) = next.pop() {
        if last + 1 < options.get(next.len()).copied().unwrap_or(0) {
            next.push(last + 1);
            return Some(next);
        }
    }
    None
}

fn along(
    plan: &Plan,
    flow: &PlanFlow,
    witness: &Witness,
    input: &stepwell_expression::Value,
    oracle: &mut FromHistory<'_>,
) -> Result<(), Mismatch> {
    match execution(plan, flow, input, oracle, Time::default()) {
        Ok((outcome, _)) => ended_as(&outcome, &witness.end)?,
        Err(Halt::Cut) => cut_off(plan, flow, witness, oracle)?,
        Err(Halt::Wrong(mismatch)) => return Err(*mismatch),
    }
    oracle.rest().map_or(Ok(()), Err)
}

fn ended_as(outcome: &Outcome, end: &Ended) -> Result<(), Mismatch> {
    let same = match (outcome, end) {
        (Ok(output), Ended::Succeeded(got)) => agrees(output, got),
        (Err(failure), Ended::Failed(got)) => says(failure, &got.code, &got.detail),
        (
            Ok(_) | Err(_),
            Ended::Running | Ended::Succeeded(_) | Ended::Failed(_) | Ended::Stopped(_) | Ended::TimedOut(_),
        ) => false,
    };
    match same {
        true => Ok(()),
        false => Err(differs("", format!("the end {outcome:?}"), format!("{end:?}"))),
    }
}

pub(super) fn says(failure: &Failure, code: &str, detail: &str) -> bool {
    failure.code == code && failure.detail.as_deref().is_none_or(|expected| expected == detail)
}

/// The execution was ended from outside: by a stop that was sent, or by its own Timeout.
fn cut_off(plan: &Plan, flow: &PlanFlow, witness: &Witness, oracle: &mut FromHistory<'_>) -> Result<(), Mismatch> {
    let Some(event) = oracle.take("") else {
        return Err(differs("", "a cause for cutting off the execution", "none".to_owned()));
    };
    let is_top = flow.name == plan.flow.name;
    let stops = plan
        .schedule
        .iter()
        .filter(|outside| is_top && outside.what == Happening::Stop);
    let stopped_ms = stops.map(|stop| stop.at_ms).min().filter(|_| witness.stop.is_some());
    let timed_out_ms = flow
        .timeout
        .filter(|seconds| *seconds > 0)
        .map(|seconds| seconds * 1000);
    let allowed_ms = match (&*event.kind, &witness.end) {
        ("ExecutionStopped", Ended::Stopped(failure)) if &*failure.code == "Enough" => stopped_ms,
        ("ExecutionTimedOut", Ended::TimedOut(failure)) if &*failure.code == "FnF.ExecutionTimeout" => timed_out_ms,
        _ => None,
    };
    match allowed_ms {
        Some(allowed) if event.at_ms + witness.tolerance_ms >= allowed => Ok(()),
        Some(_) | None => Err(differs("", "no such end", format!("{event}, {:?}", witness.end))),
    }
}

fn differs(path: &str, expected: impl Into<String>, got: String) -> Mismatch {
    Mismatch {
        path: path.to_owned(),
        event: 0,
        expected: expected.into(),
        got,
    }
}
