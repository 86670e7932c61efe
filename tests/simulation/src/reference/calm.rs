//! What must come out of a calm world.
//!
//! Every child of a fork is run as if it were alone; then what happens first decides. What lies so close together that
//! causal order may turn it round makes the prediction uncertain.

use stepwell_engine::Ended;
use stepwell_expression::Value;

use super::history::agrees;
use super::oracle::{Attempt, AttemptEnd, Dealing, Fact, Failure, Fork, ForkEnd, Halt, Oracle, Outcome, Time};
use super::run::execution;
use super::verify::says;
use crate::plan::{DATA_BYTES_MAX, Happening, Plan, RINGER};

/// What must come out.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// How it ends.
    pub end: Expected,
    /// When.
    pub at: Time,
    /// Whether nothing in it was a close race.
    pub is_certain: bool,
}

/// How an execution is expected to end.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// With an output.
    Succeeded(Value),
    /// With a failure.
    Failed(Failure),
    /// By a stop.
    Stopped,
    /// By its own Timeout.
    TimedOut,
    /// Never.
    Never,
}

impl Expected {
    /// Whether an execution ended so.
    #[must_use]
    pub fn is(&self, end: &Ended) -> bool {
        match (self, end) {
            (Self::Succeeded(output), Ended::Succeeded(got)) => agrees(output, got),
            (Self::Failed(failure), Ended::Failed(got)) => says(failure, &got.code, &got.detail),
            (Self::Stopped, Ended::Stopped(_)) | (Self::TimedOut, Ended::TimedOut(_)) => true,
            (_, Ended::Running | Ended::Succeeded(_) | Ended::Failed(_) | Ended::Stopped(_) | Ended::TimedOut(_)) => {
                false
            }
        }
    }
}

/// Runs a plan in a calm world.
///
/// # Errors
///
/// A plan that does not end, or names a state that is not there.
pub fn predict(plan: &Plan) -> Result<Prediction, super::Mismatch> {
    // Whether the flow that reports gets its input is not computed.
    let is_rung = plan.flow_named(RINGER).is_none() || plan.data_bytes_max >= DATA_BYTES_MAX;
    let mut calm = Calm { is_certain: is_rung };
    let (end, at) = match execution(plan, &plan.flow, &plan.input, &mut calm, Time::default()) {
        Ok((Ok(output), at)) => (Expected::Succeeded(output), at),
        Ok((Err(failure), at)) => (Expected::Failed(failure), at),
        Err(Halt::Cut) => (Expected::Never, Time::never()),
        Err(Halt::Wrong(mismatch)) => return Err(*mismatch),
    };
    let stop = plan.schedule.iter().find(|outside| outside.what == Happening::Stop);
    let stop = stop.map(|stop| {
        (
            Expected::Stopped,
            Time {
                ms: stop.at_ms,
                slack: 0,
            },
        )
    });
    let timeout = plan.flow.timeout.filter(|seconds| *seconds > 0);
    let timeout = timeout.map(|seconds| {
        (
            Expected::TimedOut,
            Time {
                ms: seconds * 1000,
                slack: 0,
            },
        )
    });
    let mut first = (end, at);
    for other in [timeout, stop].into_iter().flatten() {
        if calm.is_before(other.1, first.1) {
            first = other;
        }
    }
    Ok(Prediction {
        end: first.0,
        at: first.1,
        is_certain: calm.is_certain,
    })
}

/// The oracle of a calm world.
pub(super) struct Calm {
    pub(super) is_certain: bool,
}

impl Calm {
    /// Whether `left` is before `right`; a close race makes the prediction uncertain.
    fn is_before(&mut self, left: Time, right: Time) -> bool {
        if !left.is_before(right) && !right.is_before(left) {
            self.is_certain = false;
        }
        left.ms < right.ms
    }

    /// The child that fails first.
    fn first_failure(&mut self, fork: &Fork) -> Option<(usize, Time)> {
        let failures = fork
            .ends
            .iter()
            .enumerate()
            .filter_map(|(index, (outcome, at))| match outcome {
                Some(Err(failure)) => Some((index, *at, failure)),
                Some(Ok(_)) | None => None,
            });
        let failures: Vec<(usize, Time, &Failure)> = failures.collect();
        let (first, at, failure) = *failures.iter().min_by_key(|(index, at, _)| (at.ms, *index))?;
        let rivals = failures.iter().filter(|(_, rival, _)| !at.is_before(*rival));
        if rivals.into_iter().any(|(_, _, rival)| *rival != failure) {
            self.is_certain = false;
        }
        Some((first, at))
    }
}

impl Oracle for Calm {
    fn tell(&mut self, _fact: Fact, at: Time) -> Result<Time, Halt> {
        Ok(at.record())
    }

    fn is_submitted(&mut self, attempt: &Attempt) -> Result<bool, Halt> {
        let (Some(submitted), Some(answered)) = (attempt.submitted_ms, attempt.answered_ms) else {
            return Ok(attempt.submitted_ms.is_some());
        };
        Ok(submitted <= answered)
    }

    fn attempt(&mut self, attempt: &Attempt) -> Result<AttemptEnd, Halt> {
        let at = |after: Option<u64>| after.map(|after| attempt.at.after(after));
        let ends = [
            (at(attempt.refused_ms), AttemptEnd::Refused),
            (at(attempt.timeout_ms), AttemptEnd::TimedOut),
            (at(attempt.answered_ms), AttemptEnd::Answered),
        ];
        let mut first = None;
        for (at, end) in ends {
            let Some(at) = at else { continue };
            if first.is_none_or(|(before, _)| !self.is_before(before, at)) {
                first = Some((at, end));
            }
        }
        first.map(|(_, end)| end).ok_or(Halt::Cut)
    }

    fn moment(&self, ms: u64) -> u64 {
        ms
    }

    fn is_exhausted(&mut self, _path: &str) -> bool {
        self.is_certain = false;
        false
    }

    fn dealing(&self) -> Dealing {
        Dealing::Lowest
    }

    fn is_name_taken(&mut self, _path: &str) -> bool {
        self.is_certain = false;
        false
    }

    fn fork_begins(&mut self, _path: &str, _children: &[String]) {}

    fn begins(&mut self, _child: &str) -> bool {
        true
    }

    fn fork(&mut self, fork: &Fork) -> Result<ForkEnd, Halt> {
        let end = match self.first_failure(fork) {
            Some((index, at)) => ForkEnd::Failed(index, at.record()),
            None => ForkEnd::Joined(fork.ends.iter().fold(fork.at, |at, (_, end)| at.later(*end)).record()),
        };
        let (ForkEnd::Failed(_, at) | ForkEnd::Joined(at) | ForkEnd::TimedOut(at)) = end;
        match fork.deadline {
            Some(deadline) if self.is_before(deadline, at) => Ok(ForkEnd::TimedOut(deadline.record())),
            Some(_) | None if at.ms >= Time::never().ms => Err(Halt::Cut),
            Some(_) | None => Ok(end),
        }
    }

    fn child(&mut self, _path: &str, _flow: &str, _input: &Value) -> Result<Option<Outcome>, Halt> {
        Ok(None)
    }
}
