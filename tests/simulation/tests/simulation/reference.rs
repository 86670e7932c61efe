//! Random plans: the engine does what the reference says, in calm worlds and in crashing ones.

use std::collections::BTreeMap;

use stepwell_core::Failure;
use stepwell_engine::{Ended, Engine, EngineError, HistoryEvent};
use stepwell_simulation::World;
use stepwell_simulation::checks::{Logs, every_turn_was_given, logs_are_right};
use stepwell_simulation::plan::{Feature, Generator, Happening, Kind, Outside, Plan, features, smallest};
use stepwell_simulation::reference::{ChildWitness, Expected, Mismatch, StopAnswer, Witness, predict, verify};

use crate::coverage::{COVERING, Coverage, Fault};
use crate::functions::is_prompt;

/// Milliseconds by which causal order moves what a run tells.
const TOLERANCE_MS: u64 = 100;

/// What goes wrong in a world of crashing processes.
const OF_CRASHES: [Fault; 3] = ["deaths", "clean stops", "a while without a process"];

/// Polls after which an execution is taken for one that never ends.
const POLLS_MAX: u64 = 100_000;

/// How long nothing runs at most after a death, in milliseconds.
const DOWN_MS: u64 = 60_000;

/// Plans of everything.
const GENERATOR: Generator = Generator {
    size: 14,
    callbacks: true,
    children: true,
    stops: true,
};

/// Why a run is no evidence that the engine is right.
#[derive(Debug)]
enum Wrong {
    StandsStill(String),
    /// Who gave up was not heard, and then nobody ever reports.
    Unheard,
    Refused(EngineError),
    Differs(Mismatch),
    Predicted(Expected, Ended),
    Broken(String),
}

impl From<EngineError> for Wrong {
    fn from(error: EngineError) -> Self {
        Self::Refused(error)
    }
}

impl From<Mismatch> for Wrong {
    fn from(mismatch: Mismatch) -> Self {
        Self::Differs(mismatch)
    }
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::StandsStill(execution) => write!(
                formatter,
                "the world stands still, or runs in circles, before the end of {execution}"
            ),
            Self::Unheard => formatter.write_str("it waits for a report that was not heard"),
            Self::Refused(error) => write!(formatter, "the engine says: {error}"),
            Self::Differs(mismatch) => write!(formatter, "{mismatch}"),
            Self::Broken(rule) => formatter.write_str(rule),
            Self::Predicted(expected, got) => write!(formatter, "expected {expected:?}\n  got      {got:?}"),
        }
    }
}

/// A run under way.
struct Run {
    world: World,
    engine: Engine,
    execution: String,
    stop: Option<StopAnswer>,
}

impl Run {
    fn begin(plan: &Plan, mut world: World) -> Result<Self, Wrong> {
        let engine = world.engine()?;
        let execution = world.start(&engine, &plan.lowered(), plan.begin())?;
        Ok(Self {
            world,
            engine,
            execution,
            stop: None,
        })
    }

    /// What happens outside.
    fn happen(&mut self, plan: &Plan, outside: &Outside) -> Result<(), Wrong> {
        match outside.what {
            Happening::StartAgain => {
                self.world.start(&self.engine, &plan.lowered(), plan.begin())?;
            }
            Happening::Stop => {
                let (engine, execution) = (self.engine.clone(), self.execution.clone());
                let stop = async move { engine.stop(&execution, Failure::new("Enough", "")).await };
                let accepted = self.world.run_until(stop);
                let answer = accepted.ok_or_else(|| Wrong::StandsStill(self.execution.clone()))?;
                self.stop = Some(match answer {
                    Ok(()) => StopAnswer::Accepted,
                    Err(_) => StopAnswer::Refused,
                });
            }
        }
        Ok(())
    }

    /// What is known of an execution that ends.
    fn known(&mut self, execution: &str) -> Result<Witness, Wrong> {
        let (engine, name) = (self.engine.clone(), execution.to_owned());
        let end = self.world.run_polls(async move { engine.wait(&name).await }, POLLS_MAX);
        let end = end.ok_or_else(|| self.stands_still(execution))??;
        let (engine, name) = (self.engine.clone(), execution.to_owned());
        let history: Vec<HistoryEvent> = self.world.wait_for(async move { engine.history(&name).await })?;
        Ok(Witness {
            history,
            end,
            ran: None,
            deaths: self.world.deaths,
            repeats: self.world.deaths + self.world.closes,
            stop: None,
            reports: Vec::new(),
            children: Vec::new(),
            tolerance_ms: TOLERANCE_MS,
            strides: false,
        })
    }

    fn stands_still(&self, execution: &str) -> Wrong {
        let logs = Logs::read(&self.world.store, execution);
        match self.world.tasks.reports.is_unheard() && logs.waits_for_reports() {
            true => Wrong::Unheard,
            false => Wrong::StandsStill(logs.to_string()),
        }
    }

    fn is_listed(&mut self, execution: &str, witness: &Witness) -> Result<(), Wrong> {
        let engine = self.engine.clone();
        let rows = self.world.wait_for(async move { engine.list().await })?;
        let row = rows.iter().find(|row| *row.execution == *execution);
        crate::is_listed(row, &witness.end).map_err(Wrong::Broken)
    }

    /// What is known of everything in the end.
    fn end(&mut self) -> Result<Witness, Wrong> {
        let execution = self.execution.clone();
        let mut witness = self.known(&execution)?;
        let engine = self.engine.clone();
        for row in self.world.wait_for(async move { engine.list().await })? {
            let name = row.execution.to_string();
            if name != execution {
                let (engine, described) = (self.engine.clone(), name.clone());
                let described = self.world.wait_for(async move { engine.describe(&described).await });
                let described = match described {
                    // Its row was written, and the branch that started it was cut off before its first record.
                    Err(EngineError::ExecutionNotExists { .. }) => continue,
                    described => described?,
                };
                let child = self.known(&name)?;
                self.is_listed(&name, &child)?;
                witness.children.push(ChildWitness {
                    flow: described.flow.to_string(),
                    input: described.input,
                    witness: child,
                });
            }
        }
        self.is_listed(&execution, &witness)?;
        if !self.world.reported() {
            return Err(Wrong::StandsStill("a report is never answered".to_owned()));
        }
        witness.reports = self.world.tasks.reports.made();
        witness.ran = Some(self.world.tasks.ran());
        witness.stop = self.stop;
        Ok(witness)
    }
}

fn calm(plan: &Plan) -> Result<Witness, Wrong> {
    let mut run = Run::begin(plan, World::calm(plan.seed))?;
    let start = run.world.now();
    for outside in &plan.schedule {
        let due = start + outside.at_ms;
        run.world.pass(due.saturating_sub(run.world.now()));
        run.happen(plan, outside)?;
    }
    let witness = run.end();
    logs_are_right(&run.world.store).map_err(Wrong::Broken)?;
    witness
}

/// Runs a plan in a calm world; whether its prediction was certain.
fn agrees_in_calm(plan: &Plan) -> Result<bool, Wrong> {
    let prediction = predict(plan)?;
    let witness = match calm(plan) {
        Err(Wrong::StandsStill(_)) if prediction.end == Expected::Never => return Ok(true),
        witness => witness?,
    };
    verify(plan, &witness)?;
    is_prompt(plan, &witness, TOLERANCE_MS).map_err(Wrong::Broken)?;
    if prediction.is_certain && !prediction.end.is(&witness.end) {
        return Err(Wrong::Predicted(prediction.end, witness.end));
    }
    Ok(prediction.is_certain)
}

/// Runs a plan with processes that die after random stretches.
fn agrees_in_crashes(plan: &Plan, coverage: &mut Coverage) -> Result<(), Wrong> {
    let world = World::new(plan.seed);
    if plan.seed.is_multiple_of(4) {
        world.tasks.watch_one_process(&world.store);
    }
    let mut run = Run::begin(plan, world)?;
    // Some processes are only ever closed, and then more often; some live shortly.
    let is_closed = plan.seed % 8 == 5;
    let is_short = plan.seed % 8 == 1;
    let deaths = run.world.chance.below(if is_closed { 16 } else { 8 });
    let (mut schedule, mut downs) = (plan.schedule.iter(), 0);
    for _ in 0..deaths {
        let (watched, name) = (run.engine.clone(), run.execution.clone());
        let polls = 1 + run.world.chance.below(if is_short { 8 } else { 40 });
        let wait = async move { watched.wait(&name).await };
        let ended = match is_closed || run.world.chance.once_in(4) {
            true => run.world.close_after(wait, polls),
            false => run.world.run_polls(wait, polls),
        };
        if ended.is_some() {
            break;
        }
        if run.world.chance.once_in(3) {
            downs += 1;
            run.world.advance(run.world.chance.below(DOWN_MS));
        }
        run.engine = run.world.engine()?;
        if run.world.chance.once_in(2)
            && let Some(outside) = schedule.next()
        {
            run.happen(
                plan,
                &Outside {
                    at_ms: 0,
                    ..outside.clone()
                },
            )?;
        }
    }
    let end = run.end();
    logs_are_right(&run.world.store).map_err(Wrong::Broken)?;
    every_turn_was_given(&run.world.store, &run.world.tasks.ran(), 0).map_err(Wrong::Broken)?;
    let witness = match end {
        Err(Wrong::Unheard) => return Ok(()),
        witness => witness?,
    };
    if let Some(complaint) = run.world.tasks.complaints().first() {
        return Err(Wrong::Broken(complaint.clone()));
    }
    let struck = [run.world.deaths, run.world.closes, downs].map(u64::from);
    coverage.count(plan, &witness, &struck);
    let early = |outside: &Outside| Outside {
        at_ms: 0,
        ..outside.clone()
    };
    let plan = Plan {
        schedule: plan.schedule.iter().map(early).collect(),
        ..plan.clone()
    };
    verify(&plan, &witness)?;
    Ok(())
}

/// Runs every seed, and says what disagrees, the first made small.
#[expect(clippy::print_stdout, reason = "what was found is shown")]
fn all_agree(world: &str, seeds: Vec<u64>, mut agrees: impl FnMut(&Plan) -> Result<(), Wrong>) -> Vec<String> {
    let mut wrong = Vec::new();
    for seed in seeds {
        let plan = crate::plan(&GENERATOR, seed);
        if let Err(why) = agrees(&plan) {
            crate::caught(world, seed, &why.to_string());
            if wrong.is_empty() {
                let kind = std::mem::discriminant(&why);
                let is_same = |why: Wrong| std::mem::discriminant(&why) == kind;
                let small = smallest(&plan, 2_000, |plan| agrees(plan).is_err_and(is_same));
                let why = agrees(&small).unwrap_err();
                println!("seed {seed}, made small: {why}\n{}", small.fixture());
            }
            wrong.push(format!("seed {seed}: {why}"));
        }
    }
    wrong
}

#[expect(clippy::print_stdout, reason = "what was found is shown")]
#[test]
fn plans_are_accepted_and_hold_everything() {
    const LEAST: u64 = 20;
    let mut found: BTreeMap<Feature, u64> = BTreeMap::new();
    for seed in 0..2_000 {
        let plan = Generator::default().plan(seed);
        assert_eq!(plan.begin().flows.len(), plan.children.len());
        assert_eq!(&*plan.lowered().name, "main");
        for (feature, count) in features(&plan) {
            *found.entry(feature).or_default() += count;
        }
    }
    println!("{found:#?}");
    let rare: Vec<_> = found.iter().filter(|(_, count)| **count < LEAST).collect();
    assert!(rare.is_empty(), "too rare: {rare:?}");
    assert_eq!(found.len(), 62, "{:?}", found.keys());
}

#[expect(clippy::print_stdout, reason = "what was found is shown")]
#[test]
fn calm_worlds_agree() {
    let (mut certain, mut count) = (0_u64, 0_u64);
    let wrong = all_agree("a calm process", crate::seeds(1_000, &[]), |plan| {
        certain += u64::from(agrees_in_calm(plan)?);
        count += 1;
        Ok(())
    });
    crate::none_disagrees(&wrong);
    println!("{certain} of {count} predictions were certain");
    assert!(certain * 10 >= count * 7 || count < 100);
}

#[test]
fn crashing_worlds_agree() {
    let world = "crashing processes";
    let mut coverage = Coverage::of(&OF_CRASHES);
    let wrong = all_agree(world, crate::seeds(COVERING, &[]), |plan| {
        coverage.begins();
        agrees_in_crashes(plan, &mut coverage)
    });
    let gaps = coverage.show(world);
    crate::none_disagrees(&wrong);
    coverage.is_whole(&gaps);
}

#[test]
fn a_planted_mismatch_becomes_small() {
    let has_a_map_that_waits = |plan: &Plan| {
        let waits = |state: &stepwell_simulation::plan::State| matches!(state.kind, Kind::Wait(_));
        let is_so = |state: &stepwell_simulation::plan::State| matches!(&state.kind, Kind::Map(map) if map.block.states.iter().any(waits));
        plan.flow.block.states.iter().any(is_so)
    };
    let large = (0..).map(|seed| GENERATOR.plan(seed));
    let mut large = large;
    let large = large
        .find(|plan| plan.states() > 15 && has_a_map_that_waits(plan))
        .unwrap();
    let small = smallest(&large, 5_000, has_a_map_that_waits);
    assert_eq!((large.states() > 15, small.states()), (true, 2), "{}", small.fixture());
}
