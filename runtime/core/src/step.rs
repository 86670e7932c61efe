//! The record in the making: folding an event, then state after state.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::Cell;

use stepwell_expression::{BUDGET, Context, EvalError, Memory, Template, Value};
use stepwell_model::{Block, Exit, State, StateIndex};

use crate::advance::{Advanced, Moment, Program, Rejected, Stop};
use crate::failure::codes;
use crate::scope::Kind;
use crate::variables::{Sight, Variables};
use crate::{Entry, Event, Fact, Failure, Phase, Position, Snapshot, Status, random, states};

/// States in one call; then the caller may append before it goes on.
const STATES_PER_ADVANCE: u32 = 1_000;

/// New bytes in one call, likewise.
const BYTES_PER_ADVANCE: u64 = 64 * 1024;

/// Steps of expressions in one call, likewise: between two calls timers and mail are looked at.
const STEPS_PER_ADVANCE: u64 = 100_000;

/// So many new bytes count as one more state: a loop that writes much is cut sooner than one that writes little.
const BYTES_PER_STATE: u64 = 1024;

/// So many steps of expressions count as one more state: a loop that computes much is cut sooner than one that computes
/// little. The default of `limits.states` is some seconds of computing.
const STEPS_PER_STATE: u64 = 250;

/// What an evaluation costs beside its own steps.
const EVALUATION_STEPS: u64 = 30;

/// Values above so many bytes are not measured to their end: they may hold one large text very often.
const MEASURED_BYTES_MAX: u64 = 16 * 1024 * 1024;

pub(crate) const INPUT: &str = "InputConstructor";
pub(crate) const OUTPUT: &str = "OutputConstructor";
const GLOBAL: &str = "GlobalConstructor";

/// What folding returns: nothing, or why it could not be done.
pub(crate) type Folded = Result<(), Stop>;

/// What a state's own work yields: a value, or the state's own error.
pub(crate) type Worked<T> = Result<Result<T, Failure>, Stop>;

/// A record in the making.
pub(crate) struct Step<'a> {
    pub(crate) program: Program<'a>,
    pub(crate) block: &'a Block,
    pub(crate) moment: Moment,
    pub(crate) memory: &'a Memory,
    pub(crate) snapshot: Snapshot,
    entries: Vec<Entry>,
    missing: Vec<Arc<str>>,
    /// The bytes that came in or were constructed.
    bytes: u64,
    /// The steps that expressions took.
    steps: u64,
    /// The steps that are left to what is evaluated together.
    budget: u64,
}

impl<'a> Step<'a> {
    pub(crate) fn new(
        program: Program<'a>,
        snapshot: Snapshot,
        moment: Moment,
        memory: &'a Memory,
    ) -> Result<Self, Rejected> {
        if !snapshot.status.is_running() {
            return Err(Rejected::Late);
        }
        let block = program.flow.block(&snapshot.scope.block);
        let block = block.ok_or(Rejected::Bug {
            what: "the scope's block is not in the flow",
        })?;
        Ok(Self {
            program,
            block,
            moment,
            memory,
            snapshot,
            entries: Vec::new(),
            missing: Vec::new(),
            bytes: 0,
            steps: 0,
            budget: BUDGET,
        })
    }

    /// Paths that nothing was noted after, since the state now forks or waits, belong to its entrance.
    pub(crate) fn done(mut self) -> Advanced {
        if let Some(last) = self.entries.last_mut() {
            last.missing.append(&mut self.missing);
        }
        Advanced {
            snapshot: self.snapshot,
            entries: self.entries,
            bytes: self.bytes,
        }
    }

    /// Folds the event; what follows from it is left for [`Step::run`].
    pub(crate) fn fold(&mut self, event: &Event) -> Folded {
        match event {
            Event::Started => self.start(),
            Event::Continued => self.expect_entering(),
            Event::TaskSucceeded { .. }
            | Event::TaskFailed { .. }
            | Event::TaskSubmitted { .. }
            | Event::TaskSubmitFailed { .. }
            | Event::CallbackReported { .. }
            | Event::Claimed
            | Event::Released
            | Event::HandedOver => states::task::resume(self, event),
            Event::TimerFired => self.fire(),
            Event::ChildFailed { fork, index, failure } => states::child_failed(self, *fork, *index, failure),
            Event::BranchesEnded { fork, branches } => states::parallel::ended(self, *fork, branches),
            Event::LanesEnded { fork, items } => states::map::ended(self, *fork, items),
            Event::ItemsDealt { from, end } => states::lane::dealt(self, *from, *end),
            Event::StopRequested { failure } => self.stop(failure),
        }
    }

    /// Enters state after state until one needs the world, the scope ends, or a bound is reached.
    pub(crate) fn run(&mut self) -> Folded {
        for _ in 0..STATES_PER_ADVANCE {
            if !matches!(
                &self.snapshot.at,
                Some(Position {
                    phase: Phase::Entering,
                    ..
                })
            ) {
                return Ok(());
            }
            self.enter()?;
            if self.bytes >= BYTES_PER_ADVANCE || self.steps >= STEPS_PER_ADVANCE {
                break;
            }
        }
        Ok(())
    }

    fn start(&mut self) -> Folded {
        match self.snapshot.scope.kind.clone() {
            Kind::Root => self.start_execution(),
            Kind::Branch { state, input, .. } => {
                self.note(Fact::BranchEntered {
                    state,
                    input: input.clone(),
                });
                self.go_to(self.block.start, input);
                Ok(())
            }
            Kind::Lane(_) => states::lane::begin_item(self),
        }
    }

    fn start_execution(&mut self) -> Folded {
        let input = self.program.pins.input.clone();
        self.note(Fact::ExecutionStarted { input: input.clone() });
        let sight = Sight::input(input.clone());
        let template = self.program.flow.input.as_ref();
        let raw = self.construct_object(INPUT, template, sight, input)?;
        match raw.and_then(|raw| self.constructed(template, raw)) {
            Ok(raw) => self.go_to(self.block.start, raw),
            Err(failure) => return self.end(Err(failure)),
        }
        Ok(())
    }

    fn expect_entering(&self) -> Folded {
        match &self.snapshot.at {
            Some(Position {
                phase: Phase::Entering, ..
            }) => Ok(()),
            Some(_) | None => Err(Rejected::Late.into()),
        }
    }

    /// Whatever is due now: the execution's end first, then the state's.
    fn fire(&mut self) -> Folded {
        if self
            .execution_deadline()
            .is_some_and(|deadline| deadline <= self.moment.now)
        {
            let failure =
                Failure::not_retryable(codes::EXECUTION_TIMEOUT, "the execution took longer than its Timeout");
            self.note(Fact::ExecutionTimedOut {
                failure: failure.clone(),
            });
            self.close(Status::TimedOut(failure));
            return Ok(());
        }
        states::fire(self)
    }

    /// When the execution's own time is up; the root alone watches it.
    pub(crate) fn execution_deadline(&self) -> Option<u64> {
        crate::duties::execution_deadline(self.program.flow, self.program.pins, &self.snapshot)
    }

    fn stop(&mut self, failure: &Failure) -> Folded {
        if !matches!(self.snapshot.scope.kind, Kind::Root) {
            return Err(Rejected::Bug {
                what: "only the root can be stopped",
            }
            .into());
        }
        self.note(Fact::ExecutionStopped {
            failure: failure.clone(),
        });
        self.close(Status::Stopped(failure.clone()));
        Ok(())
    }

    /// Goes to a state of this block; it is entered by [`Step::run`].
    pub(crate) fn go_to(&mut self, state: StateIndex, raw: Value) {
        self.snapshot.at = Some(Position {
            state,
            input: raw.clone(),
            raw,
            visit: self.snapshot.visits,
            since_ms: self.moment.now,
            retries: 0,
            retries_by_rule: Vec::new(),
            phase: Phase::Entering,
        });
    }

    fn enter(&mut self) -> Folded {
        let state = self.state()?;
        self.renew_budget();
        self.snapshot.visits += 1;
        self.snapshot.states += 1;
        let (visit, now) = (self.snapshot.visits, self.moment.now);
        let position = self.position_mut()?;
        position.visit = visit;
        position.since_ms = now;
        let raw = position.raw.clone();
        self.note(Fact::StepEntered {
            state: state.name.clone(),
            input: raw.clone(),
        });
        if let Some(failure) = self.entry_refused(&raw) {
            return self.fail_scope(failure);
        }
        let sight = Sight::input(raw.clone());
        let input = match self.construct_object(INPUT, state.input.as_ref(), sight, raw)? {
            Ok(input) => input,
            Err(failure) => return self.fail_state(failure),
        };
        if let Some(failure) = self.too_large("effective input", &input) {
            return self.fail_scope(failure);
        }
        self.position_mut()?.input = input;
        states::enter(self, state)
    }

    /// Why a state cannot even be entered.
    fn entry_refused(&self, raw: &Value) -> Option<Failure> {
        let states_max = self.program.pins.settings.states_max;
        if self.snapshot.states > states_max {
            let detail = alloc::format!(
                "more than {states_max} states without an effect, a Wait or a fork (a KiB of new data counts as one, and so do {STEPS_PER_STATE} steps of expressions)"
            );
            return Some(Failure::not_retryable(codes::STATE_LIMIT_EXCEEDED, detail));
        }
        self.too_large("input", raw)
    }

    /// The state's work is done: output, `$Global`, and on to the next state or out of the scope.
    pub(crate) fn complete(&mut self, result: Value) -> Folded {
        let exit = self.state()?.exit;
        self.complete_to(exit, result)
    }

    /// The same, with the exit chosen.
    pub(crate) fn complete_to(&mut self, exit: Exit, result: Value) -> Folded {
        let state = self.state()?;
        let result_bytes = result.own_bytes();
        if let Some(failure) = self.too_large("raw result", &result) {
            return self.fail_state(failure);
        }
        let sight = Sight::input(self.position()?.input.clone()).with_output(result.clone());
        let output = match self.construct_object(OUTPUT, state.output.as_ref(), sight.clone(), result)? {
            Ok(output) => output,
            Err(failure) => return self.fail_state(failure),
        };
        if let Some(failure) = self.too_large("output", &output) {
            return self.fail_state(failure);
        }
        if let Some(template) = &state.global
            && let Err(failure) = self.write_globals(template, sight)?
        {
            return self.fail_state(failure);
        }
        self.count_bytes(result_bytes + output.own_bytes());
        self.note(Fact::StepExited {
            state: state.name.clone(),
            output: output.clone(),
            caught: None,
        });
        self.snapshot.caught = self.snapshot.scope.kind.caught().cloned();
        self.leave(exit, output)
    }

    fn leave(&mut self, exit: Exit, output: Value) -> Folded {
        match exit {
            Exit::Next(next) => {
                self.go_to(next, output);
                Ok(())
            }
            Exit::End => self.end(Ok(output)),
        }
    }

    fn write_globals(&mut self, template: &Template, sight: Sight) -> Worked<()> {
        let keys = match self.construct_object(GLOBAL, Some(template), sight, Value::Null)? {
            Ok(keys) => keys,
            Err(failure) => return Ok(Err(failure)),
        };
        if let Err(failure) = crate::globals::check(&keys, self.memory)? {
            return Ok(Err(failure));
        }
        self.snapshot.globals.write(&keys, self.memory)?;
        // A write merges, measures, copies and stores what is there: it counts as a whole, and four times.
        let bytes = self.snapshot.globals.view.own_bytes();
        self.count_bytes(bytes);
        self.snapshot.states += 3 * (bytes / BYTES_PER_STATE);
        Ok(Ok(()))
    }

    /// New bytes fill the record and, where a loop makes them, sooner or later the disk.
    fn count_bytes(&mut self, bytes: u64) {
        self.bytes += bytes;
        self.snapshot.states += bytes / BYTES_PER_STATE;
    }

    /// The scope's last state is done, or failed it.
    pub(crate) fn end(&mut self, end: Result<Value, Failure>) -> Folded {
        self.snapshot.at = None;
        match self.snapshot.scope.kind.clone() {
            Kind::Root => self.end_execution(end),
            Kind::Branch { state, .. } => {
                let (output, failure) = split(&end);
                self.note(Fact::BranchExited { state, output, failure });
                self.close(status(end));
                Ok(())
            }
            Kind::Lane(_) => states::lane::end_item(self, &end),
        }
    }

    fn end_execution(&mut self, end: Result<Value, Failure>) -> Folded {
        let end = match end {
            Ok(output) => self.execution_output(output)?,
            Err(failure) => Err(failure),
        };
        self.note(match &end {
            Ok(output) => Fact::ExecutionSucceeded { output: output.clone() },
            Err(failure) => Fact::ExecutionFailed {
                failure: failure.clone(),
            },
        });
        self.close(status(end));
        Ok(())
    }

    fn execution_output(&mut self, output: Value) -> Worked<Value> {
        self.renew_budget();
        let sight = Sight::input(self.program.pins.input.clone()).with_output(output.clone());
        let constructed = self.construct_object(OUTPUT, self.program.flow.output.as_ref(), sight, output)?;
        Ok(constructed.and_then(|output| self.too_large("output", &output).map_or(Ok(output), Err)))
    }

    /// Ends the scope with that status.
    pub(crate) fn close(&mut self, status: Status) {
        self.snapshot.at = None;
        self.snapshot.status = status;
    }

    /// The state's own error: Retry, then Catch, then the scope fails.
    pub(crate) fn fail_state(&mut self, failure: Failure) -> Folded {
        crate::recovery::fail_state(self, failure)
    }

    /// An error that no rule of the state may take.
    pub(crate) fn fail_scope(&mut self, failure: Failure) -> Folded {
        let state = self.state()?.name.clone();
        self.note(Fact::StepFailed {
            state,
            failure: failure.clone(),
        });
        self.end(Err(failure))
    }

    /// Evaluates a constructor, or yields `default` where there is none.
    pub(crate) fn construct(&mut self, template: Option<&Template>, sight: Sight, default: Value) -> Worked<Value> {
        match template {
            None => Ok(Ok(default)),
            Some(template) => self.evaluate(sight, |context| template.evaluate(context)),
        }
    }

    /// Likewise, for what must yield an object; what was not constructed may be anything.
    ///
    /// Source: specification 1.5.5, inputs and outputs are objects only.
    pub(crate) fn construct_object(
        &mut self,
        name: &str,
        template: Option<&Template>,
        sight: Sight,
        default: Value,
    ) -> Worked<Value> {
        let constructed = self.construct(template, sight, default)?;
        let Some(Template::Expr(_) | Template::Array(_) | Template::Literal(_)) = template else {
            return Ok(constructed);
        };
        let Ok(value) = constructed else {
            return Ok(constructed);
        };
        let opened = match &value {
            Value::Stored(pointer) => &self.memory.open(pointer)?,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                &value
            }
        };
        if opened.as_object().is_some() {
            return Ok(Ok(value));
        }
        let detail = alloc::format!("`{name}.$` yields {} where an object is needed", opened.kind());
        Ok(Err(Failure::not_retryable(codes::RUNTIME_ERROR, detail)))
    }

    /// Evaluates something over the variables that `sight` allows.
    pub(crate) fn evaluate<T>(
        &mut self,
        sight: Sight,
        evaluation: impl FnOnce(&mut Context<'_>) -> Result<T, EvalError>,
    ) -> Worked<T> {
        let drawn = Cell::new(0);
        let (seed, scope, base) = (&self.program.pins.seed, self.program.scope, self.snapshot.draws);
        let draw = |number: u32| {
            drawn.set(u64::from(number) + 1);
            random::draw(seed, scope, base + u64::from(number))
        };
        let variables = Variables::new(&self.program, &self.snapshot, self.block, sight);
        let budget = self.budget.saturating_sub(EVALUATION_STEPS);
        let mut context = Context::new(&variables, self.memory, &draw).with_budget(budget);
        let result = evaluation(&mut context);
        let left = context.budget();
        let missing = context.missing();
        self.snapshot.draws += drawn.get();
        self.count_steps(left);
        self.missing.extend(missing.into_iter().map(Arc::from));
        match result {
            Ok(value) => Ok(Ok(value)),
            Err(EvalError::Needs(needs)) => Err(needs.into()),
            Err(error) => {
                let code = error.code().unwrap_or(codes::RUNTIME_ERROR);
                Ok(Err(Failure::not_retryable(code, alloc::format!("{error}"))))
            }
        }
    }

    /// What is evaluated from here on has a budget of its own: all that a visit of a state evaluates at one go, what a Catch
    /// rule builds, what an item is made of, what the flow itself builds.
    pub(crate) fn renew_budget(&mut self) {
        self.budget = BUDGET;
    }

    /// Steps are time, and where a loop takes them, sooner or later too much of it.
    fn count_steps(&mut self, left: u64) {
        let before = self.steps;
        self.steps += self.budget.saturating_sub(left);
        self.budget = left;
        self.snapshot.states += self.steps / STEPS_PER_STATE - before / STEPS_PER_STATE;
    }

    /// The failure of a value above `limits.data`.
    pub(crate) fn too_large(&self, what: &str, value: &Value) -> Option<Failure> {
        let bytes_max = self.program.pins.settings.data_bytes_max;
        let measured_max = bytes_max.max(MEASURED_BYTES_MAX);
        let bytes = value.bytes_until(measured_max);
        (bytes > bytes_max).then(|| {
            let more = if bytes > measured_max { "more than " } else { "" };
            let bytes = bytes.min(measured_max);
            let detail = alloc::format!("the {what} takes {more}{bytes} bytes of JSON; `limits.data` is {bytes_max}");
            Failure::not_retryable(codes::DATA_LIMIT_EXCEEDED, detail)
        })
    }

    /// What a constructor made of an input, before anything notes it; what was not made may be shown as it is.
    pub(crate) fn constructed(&self, template: Option<&Template>, input: Value) -> Result<Value, Failure> {
        let refused = template.and_then(|_| self.too_large("input", &input));
        refused.map_or(Ok(input), Err)
    }

    /// Writes an entry of the history at the time of this record.
    pub(crate) fn note(&mut self, fact: Fact) {
        self.note_at(self.moment.now, fact);
    }

    /// Writes an entry of the history at some time.
    pub(crate) fn note_at(&mut self, at: u64, fact: Fact) {
        let item = match &self.snapshot.scope.kind {
            Kind::Root | Kind::Branch { .. } => None,
            Kind::Lane(lane) => Some(lane.item),
        };
        let missing = core::mem::take(&mut self.missing);
        self.entries.push(Entry {
            at,
            item,
            fact,
            missing,
        });
    }

    /// The state that the scope stands at.
    pub(crate) fn state(&self) -> Result<&'a State, Stop> {
        let index = self.position()?.state;
        let state = self.block.state(index);
        state.ok_or_else(|| {
            Rejected::Bug {
                what: "the state is not in the scope's block",
            }
            .into()
        })
    }

    /// Where the scope stands.
    pub(crate) fn position(&self) -> Result<&Position, Stop> {
        self.snapshot.at.as_ref().ok_or_else(|| Rejected::Late.into())
    }

    /// Where the scope stands, to change it.
    pub(crate) fn position_mut(&mut self) -> Result<&mut Position, Stop> {
        self.snapshot.at.as_mut().ok_or_else(|| Rejected::Late.into())
    }
}

fn status(end: Result<Value, Failure>) -> Status {
    match end {
        Ok(output) => Status::Succeeded(output),
        Err(failure) => Status::Failed(failure),
    }
}

/// The output or null, and the failure or nothing: how an entry shows an end.
pub(crate) fn split(end: &Result<Value, Failure>) -> (Value, Option<Failure>) {
    match end {
        Ok(output) => (output.clone(), None),
        Err(failure) => (Value::Null, Some(failure.clone())),
    }
}

#[cfg(test)]
mod tests;
