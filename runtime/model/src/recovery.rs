//! Retry and Catch.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use stepwell_expression::Template;

use crate::StateIndex;

/// What happens on errors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recovery {
    /// `Retry` and `Catch`: the first matching retry rule until it is exhausted, then the first matching catch rule.
    RetryThenCatch {
        /// The retry rules.
        retry: Vec<Retry>,
        /// The catch rules.
        catch: Vec<Catch>,
    },
    /// The older `OnErrors`: the first matching rule decides, whether it retries or goes on.
    FirstMatch(Vec<Rule>),
}

/// One rule of `OnErrors`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// It retries.
    Retry(Retry),
    /// It goes on.
    Catch(Catch),
}

/// Tries again after a delay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// Which errors.
    pub errors: Vec<ErrorName>,
    /// How many retries in one visit of the state; 0 = never.
    pub attempts_max: u32,
    /// The first delay.
    pub interval_ms: u64,
    /// What every further delay is multiplied by; 1 = constant; at least 1.
    pub backoff_rate: f64,
    /// The longest delay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms_max: Option<u64>,
}

/// Goes on elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catch {
    /// Which errors.
    pub errors: Vec<ErrorName>,
    /// Builds the next state's input; absent = `{}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Template>,
    /// Where it leads.
    pub next: StateIndex,
}

/// An error code in a rule, or `FnF.ALL`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ErrorName(pub Arc<str>);

impl Default for Recovery {
    fn default() -> Self {
        Self::RetryThenCatch {
            retry: Vec::new(),
            catch: Vec::new(),
        }
    }
}

impl Recovery {
    /// Whether there is no rule at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::RetryThenCatch { retry, catch } => retry.is_empty() && catch.is_empty(),
            Self::FirstMatch(rules) => rules.is_empty(),
        }
    }

    /// The rules that try again, in order.
    pub fn retries(&self) -> impl Iterator<Item = &Retry> {
        let (retry, rules) = match self {
            Self::RetryThenCatch { retry, catch: _ } => (retry.as_slice(), Default::default()),
            Self::FirstMatch(rules) => (Default::default(), rules.as_slice()),
        };
        retry.iter().chain(rules.iter().filter_map(Rule::retry))
    }

    /// The ways that errors take, in order.
    pub fn catches(&self) -> impl Iterator<Item = &Catch> {
        let (catch, rules) = match self {
            Self::RetryThenCatch { retry: _, catch } => (catch.as_slice(), Default::default()),
            Self::FirstMatch(rules) => (Default::default(), rules.as_slice()),
        };
        catch.iter().chain(rules.iter().filter_map(Rule::catch))
    }
}

impl Rule {
    fn retry(&self) -> Option<&Retry> {
        match self {
            Self::Retry(retry) => Some(retry),
            Self::Catch(_) => None,
        }
    }

    fn catch(&self) -> Option<&Catch> {
        match self {
            Self::Catch(catch) => Some(catch),
            Self::Retry(_) => None,
        }
    }
}

impl Retry {
    /// The delay before retry `number` (from 1): `min(interval · rate^(number-1), max)`, in ms, rounded up.
    #[must_use]
    pub fn delay_ms(&self, number: u32) -> u64 {
        let delay_ms_max = self.delay_ms_max.unwrap_or(Self::DELAY_MS_MAX);
        let mut delay = self.interval_ms as f64;
        for _ in 1..number {
            // One multiplication after the other gives the same everywhere; a power need not.
            delay *= self.backoff_rate;
            if self.backoff_rate <= 1.0 || delay >= delay_ms_max as f64 {
                break;
            }
        }
        round_up(delay).min(delay_ms_max)
    }

    /// The longest delay where a rule names none: a day.
    pub const DELAY_MS_MAX: u64 = 86_400_000;
}

/// The next whole number, unless it is one but for what a float cannot hold.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates, and is never negative"
)]
fn round_up(exact: f64) -> u64 {
    /// 1.1 three times over is off by less than this share, and so is every other rate many times over.
    const LOST_SHARE: f64 = 1e-12;
    let nearest = exact.round();
    let is_whole = (exact - nearest).abs() <= nearest * LOST_SHARE;
    (if is_whole { nearest } else { exact.ceil() }) as u64
}

/// Where an error may come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A function may have raised it: its own error type is the code, which rules may write with or without `FC.`.
    Function,
    /// No function did.
    Other,
}

/// How a code of the engine itself begins; a rule names it as it is.
const OWN: &str = "FnF.";

impl ErrorName {
    /// Whether the rule takes an error of that code: the same text, or `FnF.ALL`; where a function may have raised it, also
    /// with or without `FC.` in front.
    #[must_use]
    pub fn matches(&self, code: &str, origin: Origin) -> bool {
        let bare = |text: &'_ str| -> usize { if text.starts_with("FC.") { 3 } else { 0 } };
        let (own, other) = (self.0.get(bare(&self.0)..), code.get(bare(code)..));
        let may_differ = origin == Origin::Function && !other.is_some_and(|bare| bare.starts_with(OWN));
        &*self.0 == "FnF.ALL" || &*self.0 == code || (may_differ && own == other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry(interval_ms: u64, backoff_rate: f64, delay_ms_max: Option<u64>) -> Retry {
        Retry {
            errors: vec![],
            attempts_max: 9,
            interval_ms,
            backoff_rate,
            delay_ms_max,
        }
    }

    #[test]
    fn delays_grow_to_their_cap() {
        let delays = |rule: &Retry| (1..=4).map(|number| rule.delay_ms(number)).collect::<Vec<_>>();
        assert_eq!(delays(&retry(10_000, 2.0, None)), [10_000, 20_000, 40_000, 80_000]);
        assert_eq!(
            delays(&retry(10_000, 2.0, Some(25_000))),
            [10_000, 20_000, 25_000, 25_000]
        );
        assert_eq!(delays(&retry(3_000, 1.0, None)), [3_000; 4]);
        assert_eq!(delays(&retry(1_000, 1.5, None)), [1_000, 1_500, 2_250, 3_375]);
        assert_eq!(retry(1_001, 1.5, None).delay_ms(2), 1_502);
        assert_eq!(
            delays(&retry(1_000, 1.1, None)),
            [1_000, 1_100, 1_210, 1_331],
            "1.1 is no float"
        );
        assert_eq!(retry(86_400_000, 1e300, None).delay_ms(u32::MAX), Retry::DELAY_MS_MAX);
    }

    #[test]
    fn codes_match_with_or_without_their_prefix_where_a_function_may_have_raised_them() {
        for (rule, code, of_a_function, of_others) in [
            ("FnF.ALL", "anything", true, true),
            ("A", "A", true, true),
            ("FC.A", "A", true, false),
            ("A", "FC.A", true, false),
            ("FC.A", "FC.A", true, true),
            ("A", "a", false, false),
            ("FC.", "A", false, false),
            ("FnF.TaskTimeout", "TaskTimeout", false, false),
            ("FnF.TaskTimeout", "FnF.TaskTimeout", true, true),
            ("FC.FnF.TaskTimeout", "FnF.TaskTimeout", false, false),
            ("FnF.TaskTimeout", "FC.FnF.TaskTimeout", false, false),
        ] {
            let matches = [Origin::Function, Origin::Other].map(|origin| ErrorName(rule.into()).matches(code, origin));
            assert_eq!(matches, [of_a_function, of_others], "{rule} {code}");
        }
    }
}
