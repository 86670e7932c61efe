//! One scope, the calls from outside, and the invocations that its wakes cause.
//!
//! A step of a program is what it does between two awaits. Time stands still while programs step, and moves to the next
//! moment at which anything changes: a message becomes visible, a wait is over, a driver's time is up.

use stateright::{Model, Property};
use stepwell_core::{Drive, Found, Looker, Millis, Rest, Revision, SENDER_LIFE_MS, Turn, WakeId};

use crate::Repairs;

mod state;

use state::{Life, Next, Record, State};

/// The moment that every state is at: whatever else has a time is told by how far it is from this one.
const NOW: Millis = 1_000_000;
/// How long an invocation may live, and a call from outside.
const INVOCATION_MS: Millis = 60_000;
const CALL_MS: Millis = 30_000;
/// How long a received message is hidden from others.
const HIDDEN_MS: Millis = 70_000;
/// How long the program's Waits and delays take.
const WAIT_MS: Millis = 40_000;

/// What the scope does, one after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// An effect, carried out by whoever drives.
    Effect,
    /// An effect that is due later: a retry.
    DelayedEffect,
    /// Some time passes.
    Wait,
    /// An effect that submits; then somebody outside reports.
    Callback,
}

/// Somebody outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// Starts the execution; where it is there, wakes it again.
    Start,
    /// Reports the callback that waits.
    Report,
}

/// The model: a program, who calls, how often each fault strikes.
#[derive(Clone, Debug)]
pub struct OneScope {
    /// What the scope does.
    pub program: Vec<Stage>,
    /// Who calls, in any order, each at most once.
    pub calls: Vec<Call>,
    /// How many invocations there are at once.
    pub invocations: usize,
    /// How many programs die.
    pub deaths: u8,
    /// How many messages are handed out while somebody has them.
    pub doubles: u8,
    /// How many appends fail: not taken, or taken and the answer is lost.
    pub failures: u8,
    /// Whether a wake that found nothing is looked at again once while its sender may live, and not only after that.
    pub looks_early: bool,
    /// The repairs.
    pub repairs: Repairs,
}

/// What becomes of a program after a step.
enum Then {
    /// It goes on.
    Goes(Next),
    /// It has nothing more to do: its message goes.
    Done,
    /// Its message is to be handed out again at that time.
    PutsBack(Millis),
}

/// How an append fails.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    Refused,
    AnswerLost,
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Somebody outside begins a call.
    Begin(Call),
    /// A message is handed out.
    Receive(usize),
    /// A message is handed out that somebody has.
    Double(usize),
    /// A program makes a step.
    Step(u8),
    /// A program's append fails, and was not taken.
    Refuse(u8),
    /// A program's append is taken, and it is told otherwise.
    LoseAnswer(u8),
    /// A program dies.
    Die(u8),
    /// Time passes to the next moment at which anything changes.
    Pass,
}

impl Model for OneScope {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            last: None,
            revision: 0,
            queue: Vec::new(),
            lives: Vec::new(),
            calls: self.calls.clone(),
            names: 0,
            wakes: 0,
            passes: 0,
            ran: Vec::new(),
            ran_unowed: false,
            deaths: 0,
            doubles: 0,
            failures: 0,
            outlived: 0,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let waits = state.last.as_ref().is_some_and(|last| last.is_submitted);
        let calls = state.calls.iter().filter(|call| **call == Call::Start || waits);
        actions.extend(calls.map(|call| Action::Begin(*call)));
        if state.invocations() < self.invocations {
            for (place, message) in state.queue.iter().enumerate() {
                if message.visible_at <= NOW {
                    actions.push(Action::Receive(place));
                } else if state.doubles < self.doubles && state.is_held(&message.receipt.wake) {
                    actions.push(Action::Double(place));
                }
            }
        }
        for life in &state.lives {
            actions.push(Action::Step(life.name));
            let appends = matches!(life.next, Next::Append(..) | Next::Write(..));
            if appends && state.failures < self.failures {
                actions.extend([Action::Refuse(life.name), Action::LoseAnswer(life.name)]);
            }
            if state.deaths < self.deaths {
                actions.push(Action::Die(life.name));
            }
        }
        if state.next_moment().is_some() {
            actions.push(Action::Pass);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Begin(call) => state.begin(call),
            Action::Receive(place) => state.receive(place),
            Action::Double(place) => {
                state.doubles += 1;
                state.receive(place);
            }
            Action::Step(name) => self.step(&mut state, name),
            Action::Refuse(name) => {
                state.failures += 1;
                self.fail(&mut state, name, Fault::Refused);
            }
            Action::LoseAnswer(name) => {
                state.failures += 1;
                self.fail(&mut state, name, Fault::AnswerLost);
            }
            Action::Die(name) => {
                state.deaths += 1;
                state.lives.retain(|life| life.name != name);
            }
            Action::Pass => state.pass(),
        }
        state.forget();
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("somebody will go on", |model: &Self, state: &State| {
                !model.is_stuck(state)
            }),
            Property::always("every repeat has a cause", |_: &Self, state: &State| {
                let causes = 1 + state.deaths + state.doubles + state.outlived;
                state.ran.iter().all(|(_, _, times)| *times <= causes)
            }),
            Property::always("an effect has one key", |_: &Self, state: &State| {
                state
                    .ran
                    .iter()
                    .all(|(at, key, _)| state.ran.iter().all(|(other, its, _)| other != at || its == key))
            }),
            Property::always("an effect follows its record", |_: &Self, state: &State| {
                !state.ran_unowed
            }),
        ]
    }
}

impl OneScope {
    /// Nobody is left who would go on, and nobody outside is waited for.
    fn is_stuck(&self, state: &State) -> bool {
        let waits_outside = |last: &Record| last.at == self.program.len() || last.is_submitted;
        let owes = state.last.as_ref().is_some_and(|last| !waits_outside(last));
        owes && state.queue.is_empty() && state.lives.is_empty()
    }

    fn step(&self, state: &mut State, name: u8) {
        let Some(place) = state.lives.iter().position(|life| life.name == name) else {
            return;
        };
        let mut life = state.lives.remove(place);
        let next = match life.next.clone() {
            Next::Look(outcome) => {
                life.seen = state.revision;
                self.look(state, &life, outcome)
            }
            Next::Append(seen, record, outcome) => match state.append(seen, &record) {
                true => {
                    life.seen = seen + 1;
                    self.after(state, &record)
                }
                false => Then::Goes(Next::Look(outcome.filter(|_| self.repairs.folds_again))),
            },
            Next::Run(at, key) => {
                state.run(at, key);
                Then::Goes(Next::Fold(at))
            }
            Next::Fold(at) => Then::Goes(self.fold(state, &life, at)),
            Next::Arm(wake, due) => {
                state.send(wake, state.revision, due);
                Then::Done
            }
            Next::Ask(call) => self.ask(state, call),
            Next::Announce(call, seen) => {
                let wake = state.new_wake();
                state.send(wake.clone(), seen + 1, NOW);
                Then::Goes(Next::Write(call, seen, Some(wake)))
            }
            Next::Write(call, seen, wake) => self.write(state, &life, call, seen, wake.as_ref()),
            Next::AnnounceLate(wake, revision) => {
                state.send(wake, revision, NOW);
                Then::Done
            }
        };
        match next {
            Then::Goes(next) => {
                state.lives.push(Life { next, ..life });
                state.lives.sort_by_key(|life| life.name);
            }
            Then::Done => state.acknowledge(&life),
            Then::PutsBack(at) => state.put_back(&life, at),
        }
    }

    /// What an invocation makes of the last record.
    fn look(&self, state: &mut State, life: &Life, outcome: Option<usize>) -> Then {
        let Some(receipt) = &life.holds else { return Then::Done };
        let revision = Some(Revision(state.revision as u64)).filter(|revision| revision.0 > 0);
        match receipt.found(revision, NOW) {
            Found::Record => {}
            Found::NotYet(again) if self.repairs.keeps_early_wakes => {
                let is_early = self.looks_early && receipt.times == 1;
                return Then::PutsBack(if is_early {
                    again
                } else {
                    receipt.sent_ms + SENDER_LIFE_MS
                });
            }
            Found::NotYet(_) | Found::Never => return Then::Done,
        }
        let Some(last) = state.last.clone() else {
            return Then::Done;
        };
        if let Some(at) = outcome.filter(|at| last.at == *at && !last.is_submitted) {
            return Then::Goes(self.fold(state, life, at));
        }
        if last.at == self.program.len() || last.is_submitted {
            return Then::Done;
        }
        let looker = match last.writer == life.name {
            true => Looker::Writer,
            false => Looker::Woken(receipt),
        };
        if last.due > NOW {
            return self.rest(looker, &last);
        }
        if self.program.get(last.at) == Some(&Stage::Wait) {
            let record = self.record(state, life, last.at + 1);
            return Then::Goes(Next::Append(state.revision, record, None));
        }
        match last.drive.turn(looker, NOW) {
            Turn::Act => Then::Goes(self.act(state, last.at)),
            Turn::Later(at) if self.repairs.waits_for_the_driver => Then::PutsBack(at),
            Turn::Claim | Turn::Later(_) => Then::Goes(claim(state, life, &last)),
        }
    }

    /// A blocked scope is looked at.
    fn rest(&self, looker: Looker<'_>, last: &Record) -> Then {
        let written = if self.repairs.suspects_doubles { last.written } else { 0 };
        match last.drive.rest(looker, written) {
            Rest::Arm(wake) => Then::Goes(Next::Arm(wake.clone(), last.due)),
            Rest::Keep => Then::PutsBack(last.due),
            Rest::Leave => Then::Done,
        }
    }

    /// Carries out the effect that the scope stands at.
    fn act(&self, state: &State, at: usize) -> Next {
        let key = if self.repairs.pure_looks { 0 } else { state.passes };
        Next::Run(at, key)
    }

    /// What is to be done with an outcome.
    fn fold(&self, state: &mut State, life: &Life, at: usize) -> Next {
        let next_is_effect = self.program.get(at + 1) == Some(&Stage::Effect);
        let ran_ahead = state.ran.iter().any(|(ran, _, _)| *ran == at + 1);
        if !self.repairs.append_first && next_is_effect && !ran_ahead {
            return self.act(state, at + 1);
        }
        let record = match self.program.get(at) {
            Some(Stage::Callback) => Record {
                at,
                is_submitted: true,
                due: 0,
                written: NOW,
                writer: life.name,
                drive: Drive::default(),
            },
            Some(_) | None => self.record(state, life, at + 1),
        };
        Next::Append(life.seen, record, Some(at))
    }

    /// The record in which the scope comes to stand at `at`, written by an invocation.
    fn record(&self, state: &mut State, life: &Life, at: usize) -> Record {
        let is_later = matches!(self.program.get(at), Some(Stage::Wait | Stage::DelayedEffect));
        let due = if is_later { NOW + WAIT_MS } else { 0 };
        let drive = match is_later {
            true => Drive::by_wake(state.new_wake(), due),
            false => Drive::by_writer(life.until),
        };
        Record {
            at,
            is_submitted: false,
            due,
            written: NOW,
            writer: life.name,
            drive,
        }
    }

    /// What an invocation does after its record.
    fn after(&self, state: &State, record: &Record) -> Then {
        if record.at == self.program.len() || record.is_submitted {
            return Then::Done;
        }
        Then::Goes(match &record.drive.wake {
            Some(wake) => Next::Arm(wake.clone(), record.due),
            None => self.act(state, record.at),
        })
    }

    fn ask(&self, state: &mut State, call: Call) -> Then {
        let seen = state.revision;
        let waits = state.last.as_ref().is_some_and(|last| last.is_submitted);
        match call {
            Call::Start if seen > 0 => Then::Goes(Next::AnnounceLate(state.new_wake(), seen)),
            Call::Report if !waits => Then::Done,
            Call::Start | Call::Report if self.repairs.wake_first => Then::Goes(Next::Announce(call, seen)),
            Call::Start | Call::Report => Then::Goes(Next::Write(call, seen, None)),
        }
    }

    /// Appends for a call: the wake drives what follows.
    fn write(&self, state: &mut State, life: &Life, call: Call, seen: usize, sent: Option<&WakeId>) -> Then {
        let wake = sent.cloned().unwrap_or_else(|| state.new_wake());
        let record = self.called(state, life, wake.clone());
        if !state.append(seen, &record) {
            return Then::Goes(Next::Ask(call));
        }
        match sent {
            Some(_) => Then::Done,
            None => Then::Goes(Next::AnnounceLate(wake, seen + 1)),
        }
    }

    fn called(&self, state: &State, life: &Life, wake: WakeId) -> Record {
        let at = state.last.as_ref().map_or(0, |last| last.at + 1);
        let is_later = matches!(self.program.get(at), Some(Stage::Wait | Stage::DelayedEffect));
        Record {
            at,
            is_submitted: false,
            due: if is_later { NOW + WAIT_MS } else { 0 },
            written: NOW,
            writer: life.name,
            drive: Drive::by_wake(wake, NOW),
        }
    }

    /// An append fails for its writer; it may have been taken.
    fn fail(&self, state: &mut State, name: u8, fault: Fault) {
        let Some(life) = state.lives.iter().find(|life| life.name == name).cloned() else {
            return;
        };
        let next = match life.next.clone() {
            Next::Append(seen, record, outcome) => {
                if fault == Fault::AnswerLost {
                    state.append(seen, &record);
                }
                Next::Look(outcome.filter(|_| self.repairs.folds_again))
            }
            Next::Write(call, _, _) => Next::Ask(call),
            other @ (Next::Look(_) | Next::Run(..) | Next::Fold(_) | Next::Arm(..) | Next::Ask(_)) => other,
            other @ (Next::Announce(..) | Next::AnnounceLate(..)) => other,
        };
        if let Some(life) = state.lives.iter_mut().find(|life| life.name == name) {
            life.next = next;
        }
    }
}

fn claim(state: &mut State, life: &Life, last: &Record) -> Next {
    let claimed = Record {
        written: NOW,
        writer: life.name,
        drive: Drive::by_writer(life.until),
        ..last.clone()
    };
    Next::Append(state.revision, claimed, None)
}
