//! What a state asks for from outside, and what comes of it.

use stepwell_core::{
    Advanced, Attempt, Branch, Event, Fact, Failure, Fork, Forked, Items, Kind as ScopeKind, Phase, Report, Revision,
    ScopeId, Snapshot, Telemetry, child,
};
use stepwell_expression::Value;
use stepwell_model::{Kind, Mode, StateIndex};

use super::{Happening, Seen};
use crate::console::Style;
use crate::exit::Trouble;
use crate::files::{Problems, json};
use crate::verbs::eval::trial::TrialArguments;
use crate::verbs::moment;

/// How many items of a Map are tried, and how many bytes of what they get are enough.
const ITEMS_MAX: u64 = 1_000;
const ITEMS_BYTES_MAX: u64 = 1 << 20;

/// What comes from outside.
pub(super) enum Outcome {
    Result(Value),
    Failure(Failure),
}

impl Outcome {
    /// What the options say; what is wrong with the result is told.
    pub(super) fn of(
        arguments: &TrialArguments,
        problems: &mut Problems,
        style: Style,
    ) -> Result<Option<Self>, Trouble> {
        if let Some(text) = &arguments.result {
            let result = json("--result", text, problems, style)?;
            return result.map(|result| Some(Self::Result(result))).ok_or(Trouble::Told);
        }
        Ok(arguments.fail.as_deref().map(|text| {
            let (code, detail) = text.split_once(':').unwrap_or((text, ""));
            Self::Failure(Failure::new(code.trim(), detail.trim()))
        }))
    }
}

impl Seen<'_> {
    /// Shows what the state waits for; the event that it waits for, if it is given.
    pub(super) fn work(
        &mut self,
        phase: &Phase,
        snapshot: &Snapshot,
        outcome: Option<Outcome>,
    ) -> Result<Happening, Trouble> {
        let now = self.trial.now;
        match phase {
            Phase::Attempt(attempt) if attempt.scheduled_ms > now => Ok(None),
            Phase::Attempt(attempt) => {
                self.attempt(attempt)?;
                Ok(outcome.map(|outcome| (self.reported(attempt, outcome), now)))
            }
            Phase::Waiting(until) => {
                self.facts.add("waits_ms", until.saturating_sub(now));
                self.facts.add("until", moment(*until));
                if outcome.is_some() {
                    return Err(Trouble::mistake("a Wait has no result: only time passes"));
                }
                Ok(Some((Event::TimerFired, *until)))
            }
            Phase::Forked(fork) => {
                let failed = self.fork(fork, snapshot)?;
                let event = match failed {
                    Some(failed) => Some(failed),
                    None => outcome.map(|outcome| joined(fork, outcome)).transpose()?,
                };
                Ok(event.map(|event| (event, now)))
            }
            Phase::Entering | Phase::Delayed { .. } => Ok(None),
        }
    }

    fn attempt(&mut self, attempt: &Attempt) -> Result<(), Trouble> {
        if let Kind::Task(task) = &self.state()?.kind {
            let (action, mode) = (task.action.clone(), task.mode.name());
            self.facts.add("action", &*action);
            self.facts.add("mode", mode);
        }
        self.facts.add("parameters", attempt.parameters.clone());
        if let Some(deadline) = attempt.deadline_ms {
            self.facts
                .add("timeout_ms", deadline.saturating_sub(attempt.scheduled_ms));
        }
        Ok(())
    }

    /// Shows what the children get; what happens where an item cannot begin.
    fn fork(&mut self, fork: &Fork, snapshot: &Snapshot) -> Result<Option<Event>, Trouble> {
        match &fork.children {
            Forked::Branches { count } => {
                self.facts.add("branches", u64::from(*count));
                let input = snapshot.at.as_ref().map(|at| at.input.clone());
                self.facts.add("branch_input", input.unwrap_or_default());
                Ok(None)
            }
            Forked::Lanes { count, total, .. } => {
                let failed = self.items(fork.revision, *total, snapshot)?;
                self.facts.add("at_once", u64::from(*count));
                Ok(failed)
            }
        }
    }

    /// Shows what the items of a Map get; the failure of the first that gets nothing.
    fn items(&mut self, fork: Revision, total: u64, snapshot: &Snapshot) -> Result<Option<Event>, Trouble> {
        let mut inputs = Vec::new();
        let mut bytes = 0;
        for index in 0..total.min(ITEMS_MAX) {
            if bytes > ITEMS_BYTES_MAX {
                break;
            }
            let begun = self.begin_item(index, fork, snapshot)?;
            self.facts.add_missing_of(&begun.entries);
            if let Some(failure) = begun.snapshot.status.failure().cloned() {
                self.facts.add("failed_item", index);
                return Ok(Some(Event::ChildFailed { fork, index, failure }));
            }
            let input = begun.entries.into_iter().find_map(|entry| item_input(entry.fact));
            bytes += input.as_ref().map_or(0, Value::bytes);
            inputs.extend(input);
        }
        let left_out = total.saturating_sub(inputs.len() as u64);
        self.facts.add("items", Value::array(inputs));
        if left_out > 0 {
            self.facts.add("items_left_out", left_out);
        }
        Ok(None)
    }

    /// Begins one item in a lane of its own.
    fn begin_item(&self, index: u64, fork: Revision, snapshot: &Snapshot) -> Result<Advanced, Trouble> {
        let state = self.state()?.name.clone();
        let lane = child(snapshot, &state, 0);
        let mut lane = lane.ok_or_else(|| Trouble::mistake("the Map has no items"))?;
        if let ScopeKind::Lane(lane) = &mut lane.scope.kind {
            (lane.item, lane.reserved_end) = (index, index + 1);
        }
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        let scope = ScopeId::root().child(fork, number);
        self.trial.fold_in(&scope, &lane, &Event::Started, self.trial.now)
    }

    /// What happens to an attempt: it answers, or somebody reports with its token.
    fn reported(&self, attempt: &Attempt, outcome: Outcome) -> Event {
        let attempt = attempt.number;
        let answers = match self.state().map(|state| &state.kind) {
            Ok(Kind::Task(task)) => task.mode == Mode::RequestComplete,
            Ok(_) | Err(_) => true,
        };
        let telemetry = Telemetry::default();
        match (answers, outcome) {
            (true, Outcome::Result(output)) => Event::TaskSucceeded {
                attempt,
                output,
                telemetry,
            },
            (true, Outcome::Failure(failure)) => Event::TaskFailed {
                attempt,
                failure,
                telemetry,
            },
            (false, Outcome::Result(output)) => Event::CallbackReported {
                attempt,
                report: Report::Succeeded(output),
            },
            (false, Outcome::Failure(failure)) => Event::CallbackReported {
                attempt,
                report: Report::Failed(failure),
            },
        }
    }

    /// The state stands where it stood: it is to be tried again, or waits for what was not given.
    pub(super) fn retry(&mut self, after: &Snapshot, before: &Snapshot) -> Result<(), Trouble> {
        let Some(at) = after.at.as_ref().filter(|at| at.state == StateIndex(0)) else {
            return Ok(());
        };
        let due = match &at.phase {
            Phase::Attempt(attempt) => attempt.scheduled_ms,
            Phase::Delayed { until_ms, .. } => *until_ms,
            Phase::Entering | Phase::Waiting(_) | Phase::Forked(_) => return Ok(()),
        };
        let retries_before = before.at.as_ref().map_or(0, |before| before.retries);
        if at.retries == retries_before {
            return Ok(());
        }
        let used = |index: usize| before.at.as_ref().and_then(|at| at.retries_by_rule.get(index)).copied();
        let counted = at.retries_by_rule.iter().enumerate();
        let rule = counted
            .map(|(rule, now)| (rule, *now))
            .find(|(rule, now)| used(*rule).unwrap_or(0) < *now);
        if let Some((rule, _)) = rule {
            self.facts.add("retry_rule", rule as u64 + 1);
        }
        self.facts.add("retry", u64::from(at.retries));
        self.facts.add("after_ms", due.saturating_sub(self.trial.now));
        Ok(())
    }
}

/// What an item gets.
fn item_input(fact: Fact) -> Option<Value> {
    let Fact::IterationEntered { input, .. } = fact else {
        return None;
    };
    Some(input)
}

/// How the children end.
fn joined(fork: &Fork, outcome: Outcome) -> Result<Event, Trouble> {
    let outputs = match outcome {
        Outcome::Failure(failure) => {
            return Ok(Event::ChildFailed {
                fork: fork.revision,
                index: 0,
                failure,
            });
        }
        Outcome::Result(outputs) => outputs,
    };
    let wanted = match &fork.children {
        Forked::Branches { count } => u64::from(*count),
        Forked::Lanes { total, .. } => *total,
    };
    let given = outputs.as_array().filter(|outputs| outputs.len() as u64 == wanted);
    let given = given.ok_or_else(|| {
        Trouble::mistake(format!(
            "`--result` takes the list of what they put out, which has {wanted} elements here"
        ))
    })?;
    let writes = || Value::Object(std::sync::Arc::default());
    let branch = |output: &Value| Branch {
        output: output.clone(),
        writes: writes(),
    };
    Ok(match &fork.children {
        Forked::Branches { .. } => Event::BranchesEnded {
            fork: fork.revision,
            branches: given.iter().map(branch).collect(),
        },
        Forked::Lanes { .. } => Event::LanesEnded {
            fork: fork.revision,
            items: Items {
                outputs: outputs.clone(),
                writes: writes(),
            },
        },
    })
}
