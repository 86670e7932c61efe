//! Children of one fork that are handed out, joined by whoever sees the last one end.
//!
//! An invocation has room for one attempt; what waits for room may be handed to a wake of its own, whose receiver does the
//! same. Each child has one effect. A step is what happens between two awaits; time moves to the next moment at which a
//! message becomes visible or a driver's time is up.

use stateright::{Model, Property};
use stepwell_core::{Drive, Looker, Millis, Receipt, Revision, Turn, WakeId};

use crate::Repairs;

/// How long an invocation may live, and how long a received message is hidden from others.
const INVOCATION_MS: Millis = 60_000;
const HIDDEN_MS: Millis = 70_000;

/// The model.
#[derive(Clone, Debug)]
pub struct HandOuts {
    /// How many children the fork has.
    pub children: usize,
    /// How many invocations there are at once.
    pub invocations: usize,
    /// How many programs die.
    pub deaths: u8,
    /// How many messages are handed out while somebody has them.
    pub doubles: u8,
    /// The repairs.
    pub repairs: Repairs,
}

/// Everything at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    now: Millis,
    children: Vec<Child>,
    queue: Vec<Message>,
    lives: Vec<Life>,
    names: u8,
    is_joined: bool,
    /// How often the effect of each child ran.
    ran: Vec<u8>,
    deaths: u8,
    doubles: u8,
    /// Claims while the driver lived on, its time being up.
    outlived: u8,
}

/// The last record of a child; none before its first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Child {
    revision: u64,
    drive: Drive,
    writer: u8,
    has_ended: bool,
}

/// A wake in the queue, and the children that it is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Message {
    wake: WakeId,
    children: Vec<usize>,
    times: u32,
    visible_at: Millis,
}

/// An invocation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Life {
    name: u8,
    until: Millis,
    receipt: Receipt,
    work: Vec<(usize, Stage)>,
    /// The wake of the hand-out in the making.
    out: Option<WakeId>,
}

/// How far an invocation is with a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    /// Reads its last record.
    Looks,
    /// Appends, after that revision, that it drives.
    Takes(u64),
    /// Waits for room, or begins.
    Waits(u64),
    /// Runs its effect.
    Runs(u64),
    /// Appends its end; where it was told before that all others have ended, it joins by that.
    Ends(u64, Option<bool>),
    /// Reads the others, and joins if all have ended.
    Tells,
    /// Appends that the wake of the hand-out drives.
    Leaves(u64),
    /// Has been left to that wake.
    Left,
    /// Somebody else drives until then.
    Later(Millis),
    /// Nothing is left to do.
    Over,
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A message is handed out.
    Receive(usize),
    /// A message is handed out that somebody has.
    Double(usize),
    /// An invocation makes a step with a child.
    Step(u8, usize),
    /// An invocation's child is asked to leave.
    Ask(u8, usize),
    /// An invocation sends the wake of those that have left.
    Send(u8),
    /// An invocation is done with its message.
    Finish(u8),
    /// An invocation dies.
    Die(u8),
    /// Time passes to the next moment at which anything changes.
    Pass,
}

impl Model for HandOuts {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let unborn = Child {
            revision: 0,
            drive: Drive::nobody(0),
            writer: 0,
            has_ended: false,
        };
        let fork = Message {
            wake: WakeId("fork".into()),
            children: (0..self.children).collect(),
            times: 0,
            visible_at: 0,
        };
        vec![State {
            now: 0,
            children: vec![unborn; self.children],
            queue: vec![fork],
            lives: Vec::new(),
            names: 0,
            is_joined: false,
            ran: vec![0; self.children],
            deaths: 0,
            doubles: 0,
            outlived: 0,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.lives.len() < self.invocations {
            for (place, message) in state.queue.iter().enumerate() {
                if message.visible_at <= state.now {
                    actions.push(Action::Receive(place));
                } else if state.doubles < self.doubles && state.is_held(&message.wake) {
                    actions.push(Action::Double(place));
                }
            }
        }
        for life in &state.lives {
            for (child, stage) in &life.work {
                if life.may_step(*stage) {
                    actions.push(Action::Step(life.name, *child));
                }
                if self.may_be_asked(state, life, *stage) {
                    actions.push(Action::Ask(life.name, *child));
                }
            }
            if life.may_send() {
                actions.push(Action::Send(life.name));
            }
            if life.is_done() && (life.out.is_none() || !self.repairs.sends_before_it_lets_go) {
                actions.push(Action::Finish(life.name));
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
            Action::Receive(place) => state.receive(place),
            Action::Double(place) => {
                state.doubles += 1;
                state.receive(place);
            }
            Action::Step(name, child) => {
                let mut life = state.take(name)?;
                let stage = life.stage(child)?;
                let next = self.step(&mut state, &life, child, stage);
                life.goes(child, next);
                state.lives.push(life);
            }
            Action::Ask(name, child) => state.ask(name, child)?,
            Action::Send(name) => {
                let mut life = state.take(name)?;
                state.send(&mut life)?;
                state.lives.push(life);
            }
            Action::Finish(name) => {
                let life = state.take(name)?;
                state.finish(&life, self.repairs);
            }
            Action::Die(name) => {
                state.deaths += 1;
                state.take(name)?;
            }
            Action::Pass => state.now = state.next_moment()?,
        }
        state.lives.sort_by_key(|life| life.name);
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("somebody will go on", |_: &Self, state: &State| {
                state.is_joined || !state.queue.is_empty() || !state.lives.is_empty()
            }),
            Property::always("every repeat has a cause", |_: &Self, state: &State| {
                let causes = 1 + state.deaths + state.doubles + state.outlived;
                state.ran.iter().all(|times| *times <= causes)
            }),
            Property::always("a join follows every end", |_: &Self, state: &State| {
                !state.is_joined || state.children.iter().all(|child| child.has_ended)
            }),
        ]
    }
}

impl HandOuts {
    /// A child is asked to leave while it waits for room that another has.
    fn may_be_asked(&self, state: &State, life: &Life, stage: Stage) -> bool {
        match stage {
            Stage::Waits(_) => life.is_full(),
            // Once is enough for the damage.
            Stage::Runs(_) => !self.repairs.hands_out_what_waits && state.names == 1,
            Stage::Looks | Stage::Takes(_) | Stage::Ends(..) | Stage::Tells => false,
            Stage::Leaves(_) | Stage::Left | Stage::Later(_) | Stage::Over => false,
        }
    }

    fn step(&self, state: &mut State, life: &Life, child: usize, stage: Stage) -> Stage {
        let by_writer = Drive::by_writer(life.until);
        match stage {
            Stage::Looks => state.look(life, child),
            Stage::Takes(seen) => {
                let drives = state.is_driven(child, life.name);
                match state.append(child, seen, by_writer, life.name) {
                    true => {
                        state.outlived += u8::from(drives);
                        Stage::Waits(seen + 1)
                    }
                    false => Stage::Looks,
                }
            }
            Stage::Waits(seen) => Stage::Runs(seen),
            Stage::Runs(seen) => {
                state.ran.iter_mut().skip(child).take(1).for_each(|times| *times += 1);
                let early = !self.repairs.reads_others_after_its_end;
                Stage::Ends(seen, early.then(|| state.others_have_ended(child)))
            }
            Stage::Ends(seen, known) => {
                if !state.append(child, seen, by_writer, life.name) {
                    return Stage::Looks;
                }
                state
                    .children
                    .iter_mut()
                    .skip(child)
                    .take(1)
                    .for_each(|child| child.has_ended = true);
                match known {
                    Some(all) => {
                        state.is_joined |= all;
                        Stage::Over
                    }
                    None => Stage::Tells,
                }
            }
            Stage::Tells => {
                state.is_joined |= state.children.iter().all(|child| child.has_ended);
                Stage::Over
            }
            Stage::Leaves(seen) => {
                let wake = life.out.clone().map(|wake| Drive::by_wake(wake, state.now));
                match state.append(child, seen, wake.unwrap_or(by_writer), life.name) {
                    true => Stage::Left,
                    false => Stage::Looks,
                }
            }
            other @ (Stage::Left | Stage::Later(_) | Stage::Over) => other,
        }
    }
}

impl Life {
    fn stage(&self, child: usize) -> Option<Stage> {
        self.work.iter().find(|(its, _)| *its == child).map(|(_, stage)| *stage)
    }

    fn goes(&mut self, child: usize, next: Stage) {
        let its = self.work.iter_mut().filter(|(its, _)| *its == child);
        its.for_each(|(_, stage)| *stage = next);
    }

    fn is_full(&self) -> bool {
        self.work.iter().any(|(_, stage)| matches!(stage, Stage::Runs(_)))
    }

    fn may_step(&self, stage: Stage) -> bool {
        match stage {
            Stage::Waits(_) => !self.is_full(),
            Stage::Looks | Stage::Takes(_) | Stage::Runs(_) | Stage::Ends(..) | Stage::Tells | Stage::Leaves(_) => true,
            Stage::Left | Stage::Later(_) | Stage::Over => false,
        }
    }

    /// All that were asked have left, or gone on here.
    fn may_send(&self) -> bool {
        self.out.is_some() && !self.work.iter().any(|(_, stage)| matches!(stage, Stage::Leaves(_)))
    }

    fn is_done(&self) -> bool {
        let is_over = |stage: &Stage| matches!(stage, Stage::Left | Stage::Later(_) | Stage::Over);
        self.work.iter().all(|(_, stage)| is_over(stage))
    }
}

impl State {
    fn take(&mut self, name: u8) -> Option<Life> {
        let place = self.lives.iter().position(|life| life.name == name)?;
        Some(self.lives.remove(place))
    }

    fn is_held(&self, wake: &WakeId) -> bool {
        self.lives.iter().any(|life| life.receipt.wake == *wake)
    }

    /// Whether somebody else is about to carry out a child's effect, or does it.
    fn is_driven(&self, child: usize, but: u8) -> bool {
        let others = self.lives.iter().filter(|life| life.name != but);
        let mut stages = others.filter_map(|life| life.stage(child));
        stages.any(|stage| matches!(stage, Stage::Waits(_) | Stage::Runs(_) | Stage::Ends(..)))
    }

    fn others_have_ended(&self, child: usize) -> bool {
        let mut others = self.children.iter().enumerate().filter(|(other, _)| *other != child);
        others.all(|(_, other)| other.has_ended)
    }

    /// A program does not outlive its time: it ends before, or dies.
    fn next_moment(&self) -> Option<Millis> {
        let messages = self.queue.iter().map(|message| message.visible_at);
        let drives = self.children.iter().filter(|child| !child.has_ended);
        let moments = messages.chain(drives.map(|child| child.drive.until_ms));
        let next = moments.filter(|at| *at > self.now).min()?;
        self.lives.iter().all(|life| life.until > next).then_some(next)
    }

    fn receive(&mut self, place: usize) {
        let now = self.now;
        for message in self.queue.iter_mut().skip(place).take(1) {
            message.times = (message.times + 1).min(2);
            message.visible_at = now + HIDDEN_MS;
            self.names += 1;
            self.lives.push(Life {
                name: self.names,
                until: now + INVOCATION_MS,
                receipt: Receipt {
                    wake: message.wake.clone(),
                    expects: Revision(1),
                    sent_ms: 0,
                    times: message.times,
                    received_ms: now,
                },
                work: message.children.iter().map(|child| (*child, Stage::Looks)).collect(),
                out: None,
            });
        }
    }

    /// What an invocation makes of a child's last record.
    fn look(&self, life: &Life, child: usize) -> Stage {
        let Some(last) = self.children.get(child) else {
            return Stage::Over;
        };
        if last.has_ended {
            return Stage::Tells;
        }
        if last.revision == 0 {
            return Stage::Takes(0);
        }
        let looker = match last.writer == life.name {
            true => Looker::Writer,
            false => Looker::Woken(&life.receipt),
        };
        match last.drive.turn(looker, self.now) {
            Turn::Act => Stage::Waits(last.revision),
            Turn::Claim => Stage::Takes(last.revision),
            Turn::Later(at) => Stage::Later(at),
        }
    }

    /// Appends after that revision, if nobody has.
    fn append(&mut self, child: usize, seen: u64, drive: Drive, writer: u8) -> bool {
        let Some(last) = self.children.get_mut(child).filter(|last| last.revision == seen) else {
            return false;
        };
        *last = Child {
            revision: seen + 1,
            drive,
            writer,
            has_ended: last.has_ended,
        };
        true
    }

    fn ask(&mut self, name: u8, child: usize) -> Option<()> {
        let mut life = self.take(name)?;
        let (Stage::Waits(seen) | Stage::Runs(seen)) = life.stage(child)? else {
            return None;
        };
        // One that runs goes on running: what its outcome is, nobody hears.
        self.ran.iter_mut().skip(child).take(1).for_each(|times| {
            *times += u8::from(life.stage(child) == Some(Stage::Runs(seen)));
        });
        life.out.get_or_insert_with(|| WakeId(format!("{name}").into()));
        life.goes(child, Stage::Leaves(seen));
        self.lives.push(life);
        Some(())
    }

    /// Sends the wake of those that have left by it.
    fn send(&mut self, life: &mut Life) -> Option<()> {
        let wake = life.out.take()?;
        let named = |child: &usize| {
            let last = self.children.get(*child);
            last.is_some_and(|last| last.drive.wake.as_ref() == Some(&wake))
        };
        let left = life.work.iter().filter(|(_, stage)| *stage == Stage::Left);
        let children: Vec<usize> = left.map(|(child, _)| *child).filter(named).collect();
        if !children.is_empty() {
            self.queue.push(Message {
                wake,
                children,
                times: 0,
                visible_at: self.now,
            });
        }
        Some(())
    }

    /// The message goes, or comes again when what somebody else drives may be taken over.
    fn finish(&mut self, life: &Life, repairs: Repairs) {
        let later = life.work.iter().filter_map(|(_, stage)| match stage {
            Stage::Later(at) => Some(*at),
            Stage::Looks | Stage::Takes(_) | Stage::Waits(_) | Stage::Runs(_) | Stage::Ends(..) => None,
            Stage::Tells | Stage::Leaves(_) | Stage::Left | Stage::Over => None,
        });
        let again = later.min().filter(|_| repairs.keeps_what_others_drive);
        match again {
            Some(at) => {
                let its = self
                    .queue
                    .iter_mut()
                    .filter(|message| message.wake == life.receipt.wake);
                its.for_each(|message| message.visible_at = at);
            }
            None => self.queue.retain(|message| message.wake != life.receipt.wake),
        }
    }
}
