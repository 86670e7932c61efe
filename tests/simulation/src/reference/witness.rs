//! Chance read off the engine's history, and checked.

use std::collections::BTreeMap;
use std::sync::Arc;

use stepwell_engine::{Ended, HistoryEvent};
use stepwell_expression::Value;
use stepwell_ports::Clock;
use stepwell_simulator::VirtualClock;

use super::Mismatch;
use super::history::{self, Event, Told, agrees, field, millis};
use super::oracle::{Attempt, AttemptEnd, Dealing, Fact, Failure, Fork, ForkEnd, Halt, Oracle, Outcome, Time};
use super::run::EXHAUSTED;
use crate::{Ran, Reported};

/// What is known of a run that has ended.
#[derive(Clone, Debug)]
pub struct Witness {
    /// The history.
    pub history: Vec<HistoryEvent>,
    /// The end.
    pub end: Ended,
    /// The attempts that ran, of every execution of the world; nothing where they are not to be counted.
    pub ran: Option<BTreeMap<Arc<str>, Ran>>,
    /// How often a process died or stopped.
    pub deaths: u32,
    /// How often somebody may have begun an attempt again: after a death, a clean stop, or because a message came twice.
    pub repeats: u32,
    /// What a stop was answered, if one was sent.
    pub stop: Option<StopAnswer>,
    /// What became of reports, of every execution of the world.
    pub reports: Vec<Reported>,
    /// Executions that tasks started, with what is known of them.
    pub children: Vec<ChildWitness>,
    /// By how many milliseconds clocks may be wrong.
    pub tolerance_ms: u64,
    /// Whether several processes drive, so that lanes take items in strides.
    pub strides: bool,
}

/// What a stop was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopAnswer {
    /// It ends the execution.
    Accepted,
    /// The execution has ended before.
    Refused,
    /// The same, but an earlier try was not answered, which may be what ended it.
    Unsure,
}

/// An execution that a task started.
#[derive(Clone, Debug)]
pub struct ChildWitness {
    /// Its flow.
    pub flow: String,
    /// Its input.
    pub input: Value,
    /// What is known of it; its `ran` and `children` are those of the execution at the top.
    pub witness: Witness,
}

/// The oracle that reads a history.
#[derive(Debug)]
pub struct FromHistory<'w> {
    witness: &'w Witness,
    children: &'w [ChildWitness],
    told: Told,
    /// Which of several possible failures is taken, choice by choice.
    picks: Vec<usize>,
    /// How many there were to choose from.
    pub(super) options: Vec<usize>,
    /// The generation that begins: before this event, and which try of the fork it is.
    generation: (u64, u64),
    /// What drawn values turned out to be, and the other way round.
    drawn: BTreeMap<String, String>,
    /// What was told, for counting.
    pub(super) facts: Vec<Fact>,
    /// Whether a scope was cut off.
    pub(super) is_cut: bool,
}

impl<'w> FromHistory<'w> {
    /// An oracle over what is known of a run, that takes those picks first.
    #[must_use]
    pub fn new(witness: &'w Witness, children: &'w [ChildWitness], picks: Vec<usize>) -> Self {
        Self {
            witness,
            children,
            told: history::by_scope(&witness.history),
            picks,
            options: Vec::new(),
            generation: (u64::MAX, 1),
            drawn: BTreeMap::new(),
            facts: Vec::new(),
            is_cut: false,
        }
    }

    /// What the history tells and the reference did not ask for.
    #[must_use]
    pub fn rest(&self) -> Option<Mismatch> {
        let (path, event) = self
            .told
            .iter()
            .find_map(|(path, events)| Some((path, events.front()?)))?;
        Some(Mismatch {
            path: path.clone(),
            event: event.id,
            expected: "nothing more".to_owned(),
            got: event.to_string(),
        })
    }

    pub(super) fn next(&self, path: &str) -> Option<&Event> {
        self.told.get(path)?.front()
    }

    pub(super) fn take(&mut self, path: &str) -> Option<Event> {
        self.told.get_mut(path)?.pop_front()
    }

    fn wrong<T>(&self, path: &str, expected: impl Into<String>) -> Result<T, Halt> {
        let next = self.next(path);
        Err(Halt::Wrong(Box::new(Mismatch {
            path: path.to_owned(),
            event: next.map_or(0, |event| event.id),
            expected: expected.into(),
            got: next.map_or("nothing more".to_owned(), ToString::to_string),
        })))
    }

    /// What is drawn once stays what it is, and no two draws are the same.
    fn bind(&mut self, fact: &Fact, told: &Value) -> Result<(), Halt> {
        let expected = Value::object(fact.detail.iter().cloned());
        for (drawn, got) in history::drawn(&expected, told) {
            let pairs = [(drawn.clone(), got.clone()), (got, drawn)];
            for (one, other) in pairs {
                let known = self.drawn.entry(one.clone()).or_insert_with(|| other.clone());
                if *known != other {
                    let (known, fact) = (known.clone(), fact.to_string());
                    return self.wrong(&fact, format!("{one} to be {known}, not {other}"));
                }
            }
        }
        Ok(())
    }

    /// Whether the scope was cut off here; what closes it is taken.
    fn is_cut(&mut self, path: &str) -> bool {
        let mut is_cut = false;
        while let Some(event) = self.next(path).filter(|event| event.closes()) {
            let is_last = event.exits_child();
            (is_cut, self.is_cut) = (true, true);
            self.take(path);
            if is_last {
                return true;
            }
        }
        let ends = |event: &Event| matches!(&*event.kind, "ExecutionStopped" | "ExecutionTimedOut");
        is_cut || self.next(path).is_some_and(ends)
    }

    /// One of several failures that the history does not tell apart.
    fn pick(&mut self, candidates: &[usize]) -> Option<usize> {
        if candidates.len() < 2 {
            return candidates.first().copied();
        }
        let place = self.options.len();
        self.options.push(candidates.len());
        let pick = self.picks.get(place).copied().unwrap_or(0);
        candidates.get(pick).copied()
    }

    fn goes_on(&self, fork: &Fork) -> bool {
        let separator = if fork.path.is_empty() { "" } else { "/" };
        let end = self.next(&fork.path).map_or(u64::MAX, |event| event.id);
        (0..fork.ends.len()).any(|index| {
            let path = format!("{}{separator}{}/{index}", fork.path, fork.state);
            self.next(&path)
                .is_some_and(|event| event.enters_child() && event.id < end)
        })
    }
}

/// After how many deaths an attempt may be given up: two beside others, and three while it ran alone.
const CRASHES: u32 = 5;

/// Another attempt has started an execution of that name.
pub(super) const NAME_TAKEN: &str = "FNF.ExecutionAlreadyExists";

impl Oracle for FromHistory<'_> {
    fn moment(&self, ms: u64) -> u64 {
        let began = self.witness.history.first().map_or(0, |event| millis(&event.time));
        (VirtualClock::default().now() + ms).saturating_sub(began)
    }

    fn is_exhausted(&mut self, path: &str) -> bool {
        let Some(event) = self.next(path).filter(|event| event.error() == Some(EXHAUSTED)) else {
            return false;
        };
        // A fork fails with what a child of it failed with.
        let inside = [path, &event.state, ""].map(|part| part.to_owned());
        let inside = inside
            .into_iter()
            .skip(usize::from(path.is_empty()))
            .collect::<Vec<_>>()
            .join("/");
        let mut children = self.told.range(inside.clone()..);
        !children.any(|(child, events)| {
            child.starts_with(&inside) && events.front().is_some_and(|first| first.id < event.id)
        })
    }

    fn dealing(&self) -> Dealing {
        match self.witness.strides {
            true => Dealing::Strides,
            false => Dealing::Reserved,
        }
    }

    fn tell(&mut self, fact: Fact, at: Time) -> Result<Time, Halt> {
        if self.is_cut(&fact.path) {
            return Err(Halt::Cut);
        }
        let Some(event) = self.next(&fact.path).filter(|event| event.is(&fact)) else {
            return self.wrong(&fact.path, fact.to_string());
        };
        let happened = event.at_ms;
        if happened + self.witness.tolerance_ms < at.ms {
            return self.wrong(&fact.path, format!("{fact} not before +{}", at.ms));
        }
        let told = self.take(&fact.path).map(|event| event.detail);
        self.bind(&fact, &told.unwrap_or_default())?;
        self.facts.push(fact);
        Ok(Time { ms: happened, slack: 0 })
    }

    fn is_submitted(&mut self, attempt: &Attempt) -> Result<bool, Halt> {
        let is_told = self
            .next(&attempt.path)
            .is_some_and(|event| event.kind == "TaskSubmitted");
        Ok(attempt.submitted_ms.is_some() && is_told)
    }

    fn attempt(&mut self, attempt: &Attempt) -> Result<AttemptEnd, Halt> {
        if self.is_cut(&attempt.path) {
            return Err(Halt::Cut);
        }
        let Some(event) = self.next(&attempt.path) else {
            return self.wrong(&attempt.path, format!("an end of attempt {}", attempt.number));
        };
        let (kind, error, happened) = (event.kind.as_str(), event.error(), event.at_ms);
        match (kind, error) {
            ("TaskTimedOut", _) if attempt.timeout_ms.is_some() => Ok(AttemptEnd::TimedOut),
            ("TaskFailed", Some("FnF.TaskCrashed")) if self.witness.deaths >= CRASHES => Ok(AttemptEnd::Crashed),
            ("TaskFailed", Some("FnF.TaskOutcomeUnknown")) if attempt.at_most_once && self.witness.repeats > 0 => {
                Ok(AttemptEnd::Unknown)
            }
            ("TaskSubmitFailed", _) if attempt.refused_ms.is_some() => Ok(AttemptEnd::Refused),
            _ if attempt.answered_ms.is_none() => {
                self.wrong(&attempt.path, format!("attempt {} is never answered", attempt.number))
            }
            _ => {
                let most = attempt
                    .timeout_ms
                    .map(|timeout| attempt.at.ms + timeout + self.witness.tolerance_ms);
                if most.is_some_and(|most| happened > most) {
                    return self.wrong(&attempt.path, format!("attempt {} has timed out", attempt.number));
                }
                Ok(AttemptEnd::Answered)
            }
        }
    }

    fn is_name_taken(&mut self, path: &str) -> bool {
        let ends = |event: &&Event| event.kind != "TaskSubmitted";
        let event = self.told.get(path).and_then(|events| events.iter().find(ends));
        event.and_then(Event::error) == Some(NAME_TAKEN)
    }

    fn fork_begins(&mut self, path: &str, children: &[String]) {
        let end = self.next(path).map_or(u64::MAX, |event| event.id);
        let next = children.iter().filter_map(|child| {
            let entered = self.next(child)?;
            (entered.enters_child() && entered.id < end).then(|| entered.try_of_fork())
        });
        self.generation = (end, next.min().unwrap_or(1));
    }

    fn begins(&mut self, child: &str) -> bool {
        let (end, number) = self.generation;
        let entered = self.next(child).filter(|event| event.enters_child() && event.id < end);
        entered.is_some_and(|event| event.try_of_fork() == number)
    }

    fn fork(&mut self, fork: &Fork) -> Result<ForkEnd, Halt> {
        // What no history tells of may have begun before it learnt that it is cut off.
        self.is_cut |= fork.ends.iter().any(|(outcome, _)| outcome.is_none());
        let failed = |index: &usize| matches!(fork.ends.get(*index), Some((Some(Err(_)), _)));
        let failures: Vec<usize> = (0..fork.ends.len()).filter(failed).collect();
        let retried = |index: &usize| fork.retried.get(*index) == Some(&true);
        if self.goes_on(fork) {
            let candidates: Vec<usize> = failures.into_iter().filter(retried).collect();
            return match self.pick(&candidates) {
                Some(index) => Ok(ForkEnd::Failed(index, ended(fork, index))),
                None => self.wrong(&fork.path, "no further generation of the fork"),
            };
        }
        if self.is_cut(&fork.path) {
            return Err(Halt::Cut);
        }
        let error = self.next(&fork.path).and_then(Event::error).map(str::to_owned);
        let timed_out = fork.deadline.filter(|_| error.as_deref() == Some("FnF.TaskTimeout"));
        if let Some(index) = failures
            .iter()
            .find(|index| !retried(index) && self.tells(fork, **index))
        {
            return Ok(ForkEnd::Failed(*index, ended(fork, *index)));
        }
        if let Some(deadline) = timed_out {
            // Its time may have been up while its children ran, or during the delay before they were to run again.
            let again = failures.iter().copied().filter(retried);
            let candidates: Vec<usize> = std::iter::once(usize::MAX).chain(again).collect();
            return Ok(match self.pick(&candidates) {
                Some(index) if index < fork.ends.len() => ForkEnd::Failed(index, ended(fork, index)),
                Some(_) | None => ForkEnd::TimedOut(deadline),
            });
        }
        if let Some(index) = failures.first() {
            return Ok(ForkEnd::Failed(*index, ended(fork, *index)));
        }
        if fork.ends.iter().any(|(outcome, _)| outcome.is_none()) {
            // What catches it may fail in turn, and then tells that.
            let happened = self.next(&fork.path).map_or(0, |event| event.at_ms);
            let is_over = |deadline: &Time| happened + self.witness.tolerance_ms >= deadline.ms;
            if let Some(deadline) = fork.deadline.filter(is_over) {
                return Ok(ForkEnd::TimedOut(deadline));
            }
            return self.wrong(
                &fork.path,
                format!("a cause for cutting off children of {}", fork.state),
            );
        }
        let last = fork.ends.iter().fold(fork.at, |at, (_, end)| at.later(*end));
        self.within(fork, last)?;
        Ok(ForkEnd::Joined(last))
    }

    fn child(&mut self, path: &str, flow: &str, input: &Value) -> Result<Option<Outcome>, Halt> {
        let ends = |event: &&Event| event.kind != "TaskSubmitted";
        let Some(event) = self.told.get(path).and_then(|events| events.iter().find(ends)) else {
            return Ok(Some(Ok(Value::Null)));
        };
        let outcome = match &*event.kind {
            "TaskSucceeded" => Ok(field(&event.detail, "output").cloned().unwrap_or_default()),
            "TaskFailed" if event.error() != Some("FnF.TaskCrashed") => Err(failure(event)),
            _ => return Ok(Some(Ok(Value::Null))),
        };
        let children = self
            .children
            .iter()
            .filter(|child| child.flow == flow && agrees(input, &child.input));
        if children.into_iter().any(|child| ended_so(&child.witness.end, &outcome)) {
            return Ok(Some(outcome));
        }
        self.wrong(path, format!("an execution of {flow} that ended so"))
    }
}

impl FromHistory<'_> {
    /// Whether a fork may have ended at that time: where one process drives, its deadline is seen in time.
    fn within(&self, fork: &Fork, at: Time) -> Result<(), Halt> {
        let late = |deadline: Time| at.ms > deadline.ms + self.witness.tolerance_ms;
        match fork.deadline.is_some_and(late) && !self.witness.strides {
            true => self.wrong(&fork.path, format!("the time of {} to be up before", fork.state)),
            false => Ok(()),
        }
    }

    /// Whether the state's end tells of that child's failure.
    fn tells(&self, fork: &Fork, index: usize) -> bool {
        let Some((Some(Err(failure)), _)) = fork.ends.get(index) else {
            return false;
        };
        let Some(event) = self.next(&fork.path) else {
            return false;
        };
        let cause = field(&event.detail, "cause").and_then(Value::as_str);
        event.error() == Some(&failure.code) && failure.detail.as_deref().is_none_or(|detail| Some(detail) == cause)
    }
}

fn ended(fork: &Fork, index: usize) -> Time {
    fork.ends.get(index).map_or(fork.at, |(_, at)| *at)
}

fn failure(event: &Event) -> Failure {
    let cause = field(&event.detail, "cause").and_then(Value::as_str);
    Failure {
        code: event.error().unwrap_or_default().to_owned(),
        detail: cause.map(str::to_owned),
        retryable: true,
    }
}

fn ended_so(end: &Ended, outcome: &Outcome) -> bool {
    match (end, outcome) {
        (Ended::Succeeded(output), Ok(expected)) => output == expected,
        (Ended::Failed(got) | Ended::Stopped(got) | Ended::TimedOut(got), Err(failure)) => *got.code == *failure.code,
        (Ended::Running, _) | (Ended::Succeeded(_), Err(_)) | (_, Ok(_)) => false,
    }
}
