//! Effects: what ran is what the history owed.

use stepwell_expression::Value;

use super::Mismatch;
use super::oracle::Fact;

/// How many effects of the world a history owed, and how many of them it saw answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Effects {
    /// Attempts that were scheduled.
    pub(super) scheduled: usize,
    /// Attempts that the world must have answered.
    pub(super) answered: usize,
}

impl Effects {
    /// Counts what was told.
    pub(super) fn of(facts: &[Fact]) -> Self {
        let mut effects = Self::default();
        for (place, fact) in facts.iter().enumerate() {
            if !is_effect(fact) {
                continue;
            }
            effects.scheduled += 1;
            let later = facts.iter().skip(place + 1);
            let mut same = later.filter(|later| later.path == fact.path);
            if same.next().is_some_and(is_answer) {
                effects.answered += 1;
            }
        }
        effects
    }

    /// Together with others.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            scheduled: self.scheduled + other.scheduled,
            answered: self.answered + other.answered,
        }
    }

    /// Compares with the number of attempts that ran.
    #[expect(clippy::fn_params_excessive_bools, reason = "a plan either has it or not")]
    pub(super) fn check(self, ran: usize, is_cut: bool) -> Result<(), Mismatch> {
        let most = if is_cut { usize::MAX } else { self.scheduled };
        if (self.answered..=most).contains(&ran) {
            return Ok(());
        }
        Err(Mismatch {
            path: String::new(),
            event: 0,
            expected: format!("from {} to {} effects", self.answered, self.scheduled),
            got: format!("{ran} effects"),
        })
    }
}

fn detail<'f>(fact: &'f Fact, key: &str) -> Option<&'f Value> {
    let entry = fact.detail.iter().find(|(name, _)| *name == key);
    entry.map(|(_, value)| value)
}

fn is_effect(fact: &Fact) -> bool {
    let parameters = detail(fact, "parameters").and_then(Value::as_object);
    let function = parameters
        .and_then(|parameters| parameters.get("resourceArn"))
        .and_then(Value::as_str);
    let action = detail(fact, "action").and_then(Value::as_str);
    fact.kind == "TaskScheduled"
        && (action == Some("HTTP:Request") || function.is_some_and(|name| name.starts_with("effect")))
}

fn is_answer(fact: &Fact) -> bool {
    let error = detail(fact, "error").and_then(Value::as_str);
    match fact.kind {
        "TaskSubmitted" | "TaskSubmitFailed" | "TaskSucceeded" => true,
        "TaskFailed" => !error.is_some_and(|code| matches!(code, "FnF.TaskCrashed" | "FnF.TaskOutcomeUnknown")),
        _ => false,
    }
}
