//! One state of a flow by itself.
//!
//! The state is put into a flow of its own. Every way out of it (`Next`, each branch and the Default of a Choice, each
//! Catch rule) leads to a stop of its own there, so that the stop that is reached tells which way was taken.

mod flow;
mod place;
mod work;

use std::path::Path;

use stepwell_core::{Advanced, Event, Fact, Phase, Snapshot, Status};
use stepwell_definition::Strictness;
use stepwell_expression::Value;
use stepwell_model::{Kind, State, StateIndex};

use self::flow::{Way, ways_apart, without_work};
use self::work::Outcome;
use super::context;
use super::facts::{Facts, described};
use super::given::Given;
use super::trial::{Trial, TrialArguments};
use crate::console::Style;
use crate::exit::Trouble;
use crate::files::{FlowFile, Problems};

/// Runs one state of a flow's file.
pub(super) fn run(
    path: &Path,
    name: &str,
    given: &Given,
    arguments: &TrialArguments,
    problems: &mut Problems,
    style: Style,
) -> Result<Facts, Trouble> {
    context::check(given)?;
    let outcome = Outcome::of(arguments, problems, style)?;
    let file = FlowFile::read(path)?;
    problems.add(&file.checked.report(Strictness::Lenient), style);
    let flow = file.flow()?;
    let block = place::find(&flow, name)?;
    let (alone, ways) = ways_apart(&flow.name, block.block, block.index)?;
    let bare = without_work(&alone);
    let trial = Trial::new(alone, given)?.under(arguments)?;
    let input = effective_input(&Trial::new(bare, given)?.under(arguments)?)?;
    let entered = trial.enter()?;
    let mut seen = Seen {
        trial: &trial,
        ways: &ways,
        facts: Facts::default(),
    };
    seen.begin(input)?;
    seen.go_on(&entered, outcome)?;
    Ok(seen.facts)
}

/// What the state's InputConstructor makes of the raw input; nothing where it fails.
fn effective_input(bare: &Trial) -> Result<Option<Value>, Trouble> {
    let snapshot = bare.enter()?.snapshot;
    Ok(snapshot
        .at
        .filter(|at| matches!(at.phase, Phase::Waiting(_)))
        .map(|at| at.input))
}

/// What is seen of a trial.
struct Seen<'a> {
    trial: &'a Trial,
    ways: &'a [Way],
    facts: Facts,
}

impl Seen<'_> {
    fn state(&self) -> Result<&State, Trouble> {
        let state = self.trial.flow().body.state(StateIndex(0));
        state.ok_or_else(|| Trouble::mistake("the state is not there"))
    }

    fn begin(&mut self, input: Option<Value>) -> Result<(), Trouble> {
        let state = self.state()?;
        let (name, kind) = (state.name.clone(), kind_name(&state.kind));
        self.facts.add("state", &*name);
        self.facts.add("type", kind);
        if let Some(input) = input {
            self.facts.add("input", input);
        }
        Ok(())
    }

    /// What entering the state led to, and then what comes from outside.
    fn go_on(&mut self, entered: &Advanced, outcome: Option<Outcome>) -> Result<(), Trouble> {
        self.facts.add_missing_of(&entered.entries);
        let phase = entered
            .snapshot
            .at
            .as_ref()
            .filter(|at| at.state == StateIndex(0))
            .map(|at| &at.phase);
        let event = match phase {
            Some(phase) => self.work(phase, &entered.snapshot, outcome)?,
            None if outcome.is_some() && !has_failed(entered) => {
                let state = self.state()?;
                return Err(Trouble::mistake(format!(
                    "`{}` is done at once, so that there is nothing for `--result` or `--fail` to come from",
                    state.name
                )));
            }
            None => None,
        };
        match event {
            None => self.end(entered, entered),
            Some((event, now)) => {
                let advanced = self.trial.fold(&entered.snapshot, &event, now)?;
                self.facts.add_missing_of(&advanced.entries);
                self.end(&advanced, entered)
            }
        }
    }

    /// What came of it.
    fn end(&mut self, advanced: &Advanced, before: &Advanced) -> Result<(), Trouble> {
        for entry in &advanced.entries {
            self.show(&entry.fact);
        }
        let writes = &advanced.snapshot.globals.writes;
        if writes.as_object().is_some_and(|writes| !writes.is_empty()) {
            self.facts.add("global", writes.clone());
        }
        self.leave(&advanced.snapshot, &before.snapshot)
    }

    fn show(&mut self, fact: &Fact) {
        let name = self.state().map(|state| state.name.clone()).unwrap_or_default();
        if fact.state() != Some(&name) {
            return;
        }
        if let Fact::StepExited { output, caught, .. } = fact {
            if let Some(caught) = caught {
                self.facts.add("caught", described(caught));
            }
            self.facts.add("output", output.clone());
        }
        if let Fact::StepFailed { failure, .. } = fact {
            self.facts.fail(failure);
        }
    }

    /// Where it goes, if it goes anywhere.
    fn leave(&mut self, after: &Snapshot, before: &Snapshot) -> Result<(), Trouble> {
        match (&after.at, &after.status) {
            (Some(at), _) if at.state == StateIndex(0) => self.retry(after, before),
            (Some(at), _) => {
                let way = usize::try_from(at.state.0)
                    .ok()
                    .and_then(|stop| self.ways.get(stop.checked_sub(1)?));
                if let Some(way) = way {
                    way.tell(&mut self.facts);
                }
                Ok(())
            }
            (None, Status::Succeeded(_)) => {
                self.facts.add("end", true);
                Ok(())
            }
            (None, Status::Running | Status::Failed(_) | Status::Stopped(_) | Status::TimedOut(_)) => Ok(()),
        }
    }
}

/// Whether the state failed before anything could come from outside, though a Catch took it.
fn has_failed(entered: &Advanced) -> bool {
    let caught = |fact: &Fact| matches!(fact, Fact::StepExited { caught: Some(_), .. });
    entered.snapshot.status.failure().is_some() || entered.entries.iter().any(|entry| caught(&entry.fact))
}

fn kind_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Task(_) => "Task",
        Kind::Pass => "Pass",
        Kind::Wait(_) => "Wait",
        Kind::Choice(_) => "Choice",
        Kind::Parallel(_) => "Parallel",
        Kind::Map(_) => "Map",
        Kind::Succeed => "Succeed",
        Kind::Fail(_) => "Fail",
    }
}

/// An event, and when it happens.
type Happening = Option<(Event, u64)>;
