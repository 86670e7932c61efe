//! Which states of a scope can be reached, and from which of them an end can be.
//!
//! **Invariant:** where a state's ways are not known, because one of them is wrong, nothing is claimed about what it
//! leads to.

use std::collections::VecDeque;

use stepwell_model::StateIndex;

use crate::checker::Checker;
use crate::codes;
use crate::diagnostic::{Diagnostic, shown};
use crate::scope::Scope;

/// Where a state can lead.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ways {
    targets: Vec<StateIndex>,
    ends: bool,
    anywhere: bool,
}

impl Ways {
    pub(crate) fn leads_to(&mut self, target: StateIndex) {
        self.targets.push(target);
    }

    pub(crate) fn ends(&mut self) {
        self.ends = true;
    }

    pub(crate) fn leads_anywhere(&mut self) {
        self.anywhere = true;
    }
}

/// Reports states that nothing leads to, and states from which no way leads to an end.
pub(crate) fn check(checker: &mut Checker<'_>, scope: &Scope, start: StateIndex, ways: &[Ways]) {
    let forwards: Vec<Vec<usize>> = ways
        .iter()
        .map(|ways| ways.targets.iter().map(|target| target.0 as usize).collect())
        .collect();
    let reached = reach(&forwards, [start.0 as usize]);
    let known = !each(&reached).any(|state| ways.get(state).is_some_and(|ways| ways.anywhere));
    if known {
        for state in each(&reached.iter().map(|reached| !reached).collect::<Vec<_>>()) {
            unreachable(checker, scope, state);
        }
    }
    let ends = ways
        .iter()
        .enumerate()
        .filter(|(_, ways)| ways.ends || ways.anywhere)
        .map(|(state, _)| state);
    let ending = reach(&backwards(&forwards), ends);
    let stuck: Vec<usize> = each(&reached)
        .filter(|state| ending.get(*state) == Some(&false))
        .collect();
    no_way_out(checker, scope, &stuck);
}

fn backwards(forwards: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut backwards = vec![Vec::new(); forwards.len()];
    for (from, targets) in forwards.iter().enumerate() {
        for target in targets {
            if let Some(sources) = backwards.get_mut(*target) {
                sources.push(from);
            }
        }
    }
    backwards
}

fn reach(edges: &[Vec<usize>], from: impl IntoIterator<Item = usize>) -> Vec<bool> {
    let mut reached = vec![false; edges.len()];
    let mut waiting: VecDeque<usize> = from.into_iter().collect();
    while let Some(state) = waiting.pop_front() {
        match reached.get_mut(state) {
            Some(seen) if !*seen => *seen = true,
            Some(_) | None => continue,
        }
        waiting.extend(edges.get(state).into_iter().flatten());
    }
    reached
}

fn each(flags: &[bool]) -> impl Iterator<Item = usize> + use<'_> {
    flags
        .iter()
        .enumerate()
        .filter(|(_, flag)| **flag)
        .map(|(state, _)| state)
}

fn index(state: usize) -> StateIndex {
    StateIndex(u32::try_from(state).unwrap_or(u32::MAX))
}

fn unreachable(checker: &mut Checker<'_>, scope: &Scope, state: usize) {
    // Of two states with one name, nothing can lead to the second; that they have is what is wrong.
    let Some(name) = scope
        .name(index(state))
        .filter(|name| scope.has(&name.text, index(state)))
    else {
        return;
    };
    let message = format!("no way leads to the state {}", shown(&name.text));
    let help = "let a `Next`, a `Catch`, a Choice or `StartAt` lead to it, or remove it";
    checker.tell(Diagnostic::new(&codes::UNREACHABLE, name.span, message).help(help));
}

fn no_way_out(checker: &mut Checker<'_>, scope: &Scope, stuck: &[usize]) {
    const SHOWN_MAX: usize = 4;
    let Some((first, others)) = stuck.split_first() else {
        return;
    };
    let Some(name) = scope.name(index(*first)) else { return };
    let message = format!("from the state {} no way leads to an end", shown(&name.text));
    let mut diagnostic = Diagnostic::new(&codes::NO_WAY_OUT, name.span, message)
        .help("let one of the states end with `End: true`, or lead to a Succeed or a Fail");
    for other in others.iter().take(SHOWN_MAX) {
        diagnostic = diagnostic.label(scope.name_span(index(*other)), "nor from here");
    }
    checker.tell(diagnostic);
}
