//! The course of a rehearsal: lives and deaths of the process, up to the execution's end and its account.

use stepwell_api::end;
use stepwell_api::service::Unanswered;
use stepwell_cli::Account;
use stepwell_cli::{HostError, Rehearsal, Rehearsed, Weather};
use stepwell_engine::{Description, Ended, Engine, EngineError, OpenState};
use stepwell_ports::Millis;

use super::life::Life;
use super::visitors::Visitors;
use super::world::{Passed, Tick, World};
use crate::runs::unanswered;

/// How often a process dies at most: too seldom for `FnF.TaskCrashed`, which speaks of a task that kills its process.
const DEATHS_MAX: u64 = 4;
/// How many wakes come without a reason at most.
const LOOKS_MAX: u64 = 16;
/// For how long there is no process at most.
const DOWN_MS_MAX: Millis = 2_000;

/// A rehearsal under way.
pub(super) struct Course<'a> {
    world: World,
    rehearsal: &'a Rehearsal,
    execution: String,
    life: Life,
    visitors: Visitors,
    /// Deaths that are still to come.
    deaths_left: u64,
    /// Over how many steps they are spread.
    spread: u64,
    /// Wakes that somebody is still to send without a reason: few, since every one makes work.
    looks_left: u64,
    deaths: u64,
    /// The step at which it was last looked whether a task waits for a report.
    looked_at: Option<u64>,
}

/// How a stretch of the course ended.
enum Stretch {
    Ended(Result<Ended, Unanswered>),
    Died,
    Unended(String),
}

impl<'a> Course<'a> {
    pub(super) fn new(world: World, rehearsal: &'a Rehearsal, weather: Weather) -> Self {
        let (deaths_left, spread) = match weather {
            Weather::Calm => (0, 0),
            Weather::Rough { steps, .. } => (1 + world.chance.below(DEATHS_MAX), steps),
        };
        let looks_left = world.chance.below(LOOKS_MAX);
        let stop_at = rehearsal.stop_after_ms.map(|after| world.now().saturating_add(after));
        Self {
            life: begin(&world, rehearsal),
            visitors: Visitors::new(&rehearsal.reports, stop_at),
            execution: format!("{}/{}", rehearsal.run.flow.name, rehearsal.run.name),
            world,
            rehearsal,
            deaths_left,
            spread,
            looks_left,
            deaths: 0,
            looked_at: None,
        }
    }

    /// Runs it to its end.
    pub(super) async fn run(mut self) -> Result<Rehearsed, HostError> {
        loop {
            let dies_at = (self.deaths_left > 0).then(|| self.world.steps + 1 + self.world.chance.below(self.spread));
            match self.stretch(dies_at).await {
                Stretch::Died => self.die(),
                Stretch::Unended(why) => return self.account(Ended::Running, Some(why)),
                Stretch::Ended(Ok(ended)) => {
                    self.let_others_end().await;
                    return self.account(ended, None);
                }
                Stretch::Ended(Err(error)) => return Err(unanswered(error)),
            }
        }
    }

    fn die(&mut self) {
        self.deaths_left -= 1;
        self.deaths += 1;
        let down_ms = match self.world.chance.once_in(2) {
            true => self.world.chance.below(DOWN_MS_MAX),
            false => 0,
        };
        self.world.die(down_ms);
        self.life = begin(&self.world, self.rehearsal);
    }

    /// Goes on until the execution has ended, the process is to die, or nothing goes on any more.
    async fn stretch(&mut self, dies_at: Option<u64>) -> Stretch {
        loop {
            if let Some(end) = self.life.end() {
                return Stretch::Ended(end);
            }
            if dies_at.is_some_and(|at| self.world.steps >= at) {
                return Stretch::Died;
            }
            match self.moment().await {
                Moment::Went => {}
                Moment::Still => return Stretch::Unended(self.what_it_waits_for()),
                Moment::Endless(why) => return Stretch::Unended(format!("{why}; {}", self.what_it_waits_for())),
            }
        }
    }

    /// What is ready goes on; else whoever is due comes; else time passes.
    async fn moment(&mut self) -> Moment {
        match self.world.tick().await {
            Tick::Went => {
                self.look_twice();
                return Moment::Went;
            }
            Tick::Endless(why) => return Moment::Endless(why),
            Tick::Idle => {}
        }
        if self.let_visitors_come() {
            return Moment::Went;
        }
        match self.world.pass(self.visitors.next()) {
            Passed::Moved => Moment::Went,
            Passed::Still => Moment::Still,
            Passed::Endless(why) => Moment::Endless(why),
        }
    }

    /// Somebody sends another wake now and then.
    fn look_twice(&mut self) {
        if self.looks_left > 0
            && self.world.chance.once_in(16)
            && let Some(engine) = self.life.engine()
        {
            self.looks_left -= 1;
            let execution = self.execution.clone();
            self.world.spawn(async move { drop(engine.drive(&execution).await) });
        }
    }

    /// Whether the world has something to do because of them.
    fn let_visitors_come(&mut self) -> bool {
        let Some(engine) = self.life.engine() else {
            return false;
        };
        if self.visitors.are_planned() && self.looked_at != Some(self.world.steps) {
            for open in self.open(&engine) {
                self.visitors.see(&open, self.world.now(), &self.world.chance);
            }
            self.looked_at = Some(self.world.steps);
            return true;
        }
        let process = self.world.process();
        self.visitors.come(self.world.now(), &engine, &self.execution, &process)
    }

    /// What is open in all executions.
    fn open(&mut self, engine: &Engine) -> Vec<OpenState> {
        let engine = engine.clone();
        let described = self.world.ask(async move { describe_all(&engine).await });
        let described = described.and_then(Result::ok).unwrap_or_default();
        described.into_iter().flat_map(|description| description.open).collect()
    }

    /// What the execution waits for, which does not come.
    fn what_it_waits_for(&mut self) -> String {
        let engine = self.life.engine();
        let open = engine.map(|engine| self.open(&engine)).unwrap_or_default();
        let refused = self
            .visitors
            .refused()
            .map(|why| format!("a report was refused: {why}"));
        let told: Vec<String> = open.iter().map(waits_for).chain(refused).collect();
        match told.as_slice() {
            [] => "nothing goes on".to_owned(),
            told => told.join("; "),
        }
    }

    /// Flows that the execution started go on to their ends, if they have any.
    async fn let_others_end(&mut self) {
        let Some(engine) = self.life.engine() else { return };
        loop {
            while let Tick::Went = self.world.tick().await {}
            let asking = engine.clone();
            let rows = self.world.ask(async move { asking.list().await });
            let rows = rows.and_then(Result::ok).unwrap_or_default();
            if rows.iter().all(|row| row.ended_ms.is_some()) || !matches!(self.moment().await, Moment::Went) {
                return;
            }
        }
    }

    fn account(mut self, ended: Ended, unended: Option<String>) -> Result<Rehearsed, HostError> {
        let (engine, execution) = (self.life.engine(), self.execution.clone());
        let steps = self.world.steps;
        let account = match engine {
            Some(engine) => {
                let asked = self.world.ask(async move { Account::of(&engine, &execution).await });
                match asked {
                    Some(Ok(account)) => account,
                    Some(Err(error)) => return Err(HostError::Broken(error.into())),
                    None => Account::default(),
                }
            }
            None => Account::default(),
        };
        Ok(Rehearsed {
            end: end(ended),
            unended,
            account,
            steps,
            deaths: self.deaths,
        })
    }
}

/// What a moment of the course was.
enum Moment {
    Went,
    Still,
    Endless(String),
}

fn begin(world: &World, rehearsal: &Rehearsal) -> Life {
    let (run, environment) = (rehearsal.run.clone(), rehearsal.environment.clone());
    Life::begin(&world.process(), world.ports(), run, environment)
}

async fn describe_all(engine: &Engine) -> Result<Vec<Description>, EngineError> {
    let mut all = Vec::new();
    for row in engine.list().await?.iter().filter(|row| row.ended_ms.is_none()) {
        all.push(engine.describe(&row.execution).await?);
    }
    Ok(all)
}

fn waits_for(open: &OpenState) -> String {
    let place = match &*open.scope {
        "" => format!("`{}`", open.state),
        scope => format!("`{scope}/{}`", open.state),
    };
    match &open.token {
        Some(_) => format!("{place} waits for a report that nobody gives"),
        None => format!("{place} goes on for ever"),
    }
}
