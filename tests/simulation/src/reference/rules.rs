//! Retry and Catch.
//!
//! Source: specification 1.7 and the points 8, 9 and 10 of 1.9.

use super::oracle::Failure;
use crate::plan::{Action, Catch, Kind, Retry, State};

/// What one visit of a state counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Counters {
    /// Retries of the visit.
    pub(super) retries: u64,
    by_rule: Vec<u64>,
}

impl Counters {
    /// The first rule that matches, with its delay in milliseconds, if it is not exhausted.
    pub(super) fn would_retry(&self, state: &State, failure: &Failure) -> Option<(usize, u64)> {
        if !failure.retryable {
            return None;
        }
        let matching = |rule: &Retry| matches(state, &rule.errors, failure);
        let index = state.retry.iter().position(matching)?;
        let rule = state.retry.get(index)?;
        let count = self.by_rule.get(index).copied().unwrap_or(0);
        (count < rule.attempts).then(|| (index, delay_ms(rule, count)))
    }

    /// Counts a retry by that rule.
    pub(super) fn count(&mut self, rule: usize) {
        self.retries += 1;
        if self.by_rule.len() <= rule {
            self.by_rule.resize(rule + 1, 0);
        }
        if let Some(count) = self.by_rule.get_mut(rule) {
            *count += 1;
        }
    }
}

/// The rule of Catch that takes a failure.
pub(super) fn catch<'s>(state: &'s State, failure: &Failure) -> Option<&'s Catch> {
    state.catch.iter().find(|rule| matches(state, &rule.errors, failure))
}

fn matches(state: &State, errors: &[String], failure: &Failure) -> bool {
    let may_lack_prefix = may_be_of_a_function(state) && !failure.code.starts_with("FnF.");
    errors.iter().any(|error| {
        let bare = error.strip_prefix("FC.").filter(|_| may_lack_prefix);
        error == "FnF.ALL" || *error == failure.code || bare == Some(failure.code.as_str())
    })
}

/// Whether a state's error may be a function's own.
fn may_be_of_a_function(state: &State) -> bool {
    match &state.kind {
        Kind::Task(task) => !matches!(task.action, Action::Http),
        Kind::Parallel(_) | Kind::Map(_) => true,
        Kind::Pass | Kind::Wait(_) | Kind::Choice { .. } | Kind::Succeed | Kind::Fail { .. } => false,
    }
}

/// The delay before the retry that comes after `before` retries by the rule, in exact tenths.
fn delay_ms(rule: &Retry, before: u64) -> u64 {
    let before = u32::try_from(before).unwrap_or(u32::MAX);
    let rate = u128::from(rule.rate.unwrap_or(10));
    let scale = 10_u128.saturating_pow(before);
    let grown = u128::from(rule.interval) * 1000 * rate.saturating_pow(before);
    let delay = u64::try_from(grown.div_ceil(scale)).unwrap_or(u64::MAX);
    rule.interval_max.map_or(delay, |most| delay.min(most * 1000))
}
