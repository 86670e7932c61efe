//! How often a state is tried again at most, and after which pauses.

use std::collections::BTreeSet;

use stepwell_model::{ErrorName, Recovery, Retry, Rule};

use crate::rules::Pause;
use crate::spent::Spent;

/// The code that takes every error.
const ALL: &str = "FnF.ALL";

/// Delays of a rule that are computed one by one; those that follow count as the longest where they still grow.
const COMPUTED_MAX: u32 = 1_000;

/// The retries of one visit, all rules together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Retries {
    pub(crate) count: f64,
    /// What the pauses before them take; each is a transition more.
    pub(crate) pauses: Spent,
    /// Whether an invocation ends in one of the pauses.
    pub(crate) blocks: bool,
}

/// The most retries that the rules allow. Every rule counts for itself, and the first that takes an error decides; so one
/// whose errors are all taken before it never applies.
pub(crate) fn retries(recovery: &Recovery) -> Retries {
    let mut retries = Retries::default();
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    for (errors, retry) in rules(recovery) {
        let is_taken = |error: &ErrorName| taken.contains(ALL) || taken.contains(&*error.0);
        if let Some(retry) = retry.filter(|_| !errors.iter().all(is_taken)) {
            retries.add(retry);
        }
        taken.extend(errors.iter().map(|error| &*error.0));
    }
    retries
}

/// The rules that decide about a retry, in their order, with the errors that they take.
fn rules(recovery: &Recovery) -> Vec<(&[ErrorName], Option<&Retry>)> {
    match recovery {
        Recovery::RetryThenCatch { retry, catch: _ } => {
            retry.iter().map(|rule| (rule.errors.as_slice(), Some(rule))).collect()
        }
        Recovery::FirstMatch(rules) => rules
            .iter()
            .map(|rule| match rule {
                Rule::Retry(retry) => (retry.errors.as_slice(), Some(retry)),
                Rule::Catch(catch) => (catch.errors.as_slice(), None),
            })
            .collect(),
    }
}

impl Retries {
    fn add(&mut self, retry: &Retry) {
        let computed = retry.attempts_max.min(COMPUTED_MAX);
        for number in 1..=computed {
            self.pause(retry.delay_ms(number), 1.0);
        }
        let rest = retry.attempts_max - computed;
        if rest > 0 {
            let longest = match retry.backoff_rate > 1.0 {
                true => retry.delay_ms_max.unwrap_or(Retry::DELAY_MS_MAX),
                false => retry.delay_ms(1),
            };
            self.pause(longest, f64::from(rest));
        }
    }

    fn pause(&mut self, delay_ms: u64, count: f64) {
        let pause = Pause::of_ms(delay_ms);
        self.count += count;
        let retry = Spent {
            transitions: 1.0,
            ..pause.takes()
        };
        self.pauses = self.pauses + retry.times(count);
        self.blocks |= pause.blocks();
    }
}
