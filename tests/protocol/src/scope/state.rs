//! Everything at one moment: the log's end, the queue, the programs that run. What is past, who is dead and which number a
//! wake has is forgotten, so that states are equal that nobody can tell apart.

use stepwell_core::{Drive, Millis, Receipt, Revision, SENDER_LIFE_MS, WakeId};

use super::{CALL_MS, Call, HIDDEN_MS, INVOCATION_MS, NOW};

/// One record: where the scope stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Record {
    pub(super) at: usize,
    pub(super) is_submitted: bool,
    pub(super) due: Millis,
    pub(super) written: Millis,
    pub(super) writer: u8,
    pub(super) drive: Drive,
}

/// A message in the queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Message {
    pub(super) receipt: Receipt,
    pub(super) visible_at: Millis,
}

/// A program that runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Life {
    pub(super) name: u8,
    pub(super) until: Millis,
    /// The message that it holds, as it received it.
    pub(super) holds: Option<Receipt>,
    /// The last record that it knows of.
    pub(super) seen: usize,
    pub(super) next: Next,
}

/// What a program does next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Next {
    /// Reads the last record; with an outcome that is to be folded.
    Look(Option<usize>),
    /// Appends after that revision; an outcome is in it.
    Append(usize, Record, Option<usize>),
    /// Carries an effect out.
    Run(usize, u8),
    /// Folds its outcome.
    Fold(usize),
    /// Sends a wake for that time, and is done.
    Arm(WakeId, Millis),
    /// Reads on behalf of a call.
    Ask(Call),
    /// Sends the wake of a call, and then appends after that revision.
    Announce(Call, usize),
    /// Appends for a call, and then sends its wake if it has none yet.
    Write(Call, usize, Option<WakeId>),
    /// Sends the wake of a call that has appended already.
    AnnounceLate(WakeId, usize),
}

/// Everything at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The log's last record, and its revision.
    pub(super) last: Option<Record>,
    pub(super) revision: usize,
    pub(super) queue: Vec<Message>,
    pub(super) lives: Vec<Life>,
    pub(super) calls: Vec<Call>,
    pub(super) names: u8,
    pub(super) wakes: u8,
    /// How often time passed, where a look can see it.
    pub(super) passes: u8,
    /// How often each effect ran, by its key.
    pub(super) ran: Vec<(usize, u8, u8)>,
    pub(super) ran_unowed: bool,
    pub(super) deaths: u8,
    pub(super) doubles: u8,
    pub(super) failures: u8,
    /// Claims while the driver lived on, its time being up.
    pub(super) outlived: u8,
}

impl Life {
    /// Whether it carries out that effect.
    pub(super) fn drives(&self, at: usize) -> bool {
        matches!(self.next, Next::Run(its, _) | Next::Fold(its) if its == at)
    }
}

impl State {
    pub(super) fn invocations(&self) -> usize {
        self.lives.iter().filter(|life| life.holds.is_some()).count()
    }

    pub(super) fn is_held(&self, wake: &WakeId) -> bool {
        self.lives
            .iter()
            .any(|life| life.holds.as_ref().is_some_and(|held| held.wake == *wake))
    }

    /// The next moment at which anything changes. A program does not outlive its time: it ends before, or dies.
    pub(super) fn next_moment(&self) -> Option<Millis> {
        let messages = self.queue.iter().map(|message| message.visible_at);
        let last = self.last.as_ref();
        let dues = last.into_iter().flat_map(|last| [last.due, last.drive.until_ms]);
        let next = messages.chain(dues).filter(|at| *at > NOW).min()?;
        self.lives.iter().all(|life| life.until > next).then_some(next)
    }

    /// Time passes: everything else moves nearer, or into the past.
    pub(super) fn pass(&mut self) {
        let Some(by) = self.next_moment().map(|next| next - NOW) else {
            return;
        };
        self.passes = (self.passes + 1).min(4);
        let nearer = |at: &mut Millis| *at = at.saturating_sub(by);
        self.queue.iter_mut().for_each(|message| {
            nearer(&mut message.visible_at);
            nearer(&mut message.receipt.sent_ms);
            nearer(&mut message.receipt.received_ms);
        });
        for life in &mut self.lives {
            nearer(&mut life.until);
            if let Some(held) = &mut life.holds {
                nearer(&mut held.sent_ms);
                nearer(&mut held.received_ms);
            }
            if let Next::Append(_, record, _) = &mut life.next {
                nearer(&mut record.due);
                nearer(&mut record.written);
                nearer(&mut record.drive.until_ms);
            }
            if let Next::Arm(_, due) = &mut life.next {
                nearer(due);
            }
        }
        if let Some(record) = &mut self.last {
            nearer(&mut record.due);
            nearer(&mut record.written);
            nearer(&mut record.drive.until_ms);
        }
    }

    /// Makes states equal that nobody can tell apart: what is past, who is dead, which number a wake has.
    pub(super) fn forget(&mut self) {
        self.forget_the_past();
        let alive: Vec<u8> = self.lives.iter().map(|life| life.name).collect();
        let rename = |name: &mut u8| {
            *name = alive
                .iter()
                .position(|alive| alive == name)
                .map_or(0, |place| small(place) + 1)
        };
        self.names = small(alive.len());
        self.last.iter_mut().for_each(|last| rename(&mut last.writer));
        for life in &mut self.lives {
            rename(&mut life.name);
            if let Next::Append(_, record, _) = &mut life.next {
                rename(&mut record.writer);
            }
        }
        self.rename_wakes();
    }

    pub(super) fn forget_the_past(&mut self) {
        for message in &mut self.queue {
            message.visible_at = message.visible_at.max(NOW);
            message.receipt.sent_ms = message.receipt.sent_ms.max(NOW - SENDER_LIFE_MS);
            message.receipt.times = message.receipt.times.min(2);
            // Only whoever holds it cares.
            message.receipt.received_ms = 0;
        }
        for held in self.lives.iter_mut().filter_map(|life| life.holds.as_mut()) {
            held.sent_ms = held.sent_ms.max(NOW - SENDER_LIFE_MS);
            held.times = held.times.min(2);
        }
        if let Some(last) = &mut self.last {
            last.written = last.written.max(NOW - HIDDEN_MS);
            last.due = if last.due > NOW { last.due } else { 0 };
            last.drive.until_ms = last.drive.until_ms.max(NOW);
        }
        // By what they are, not by when they were sent.
        self.queue.sort_by(|one, other| {
            let key = |message: &Message| {
                (
                    message.visible_at,
                    message.receipt.sent_ms,
                    message.receipt.expects,
                    message.receipt.times,
                )
            };
            key(one).cmp(&key(other))
        });
    }

    pub(super) fn rename_wakes(&mut self) {
        let mut known: Vec<WakeId> = Vec::new();
        let mut rename = |wake: &mut WakeId| {
            let place = known.iter().position(|known| known == wake).unwrap_or_else(|| {
                known.push(wake.clone());
                known.len() - 1
            });
            *wake = WakeId(place.to_string().into());
        };
        self.queue
            .iter_mut()
            .for_each(|message| rename(&mut message.receipt.wake));
        for life in &mut self.lives {
            life.holds.iter_mut().for_each(|held| rename(&mut held.wake));
            match &mut life.next {
                Next::Append(_, record, _) => record.drive.wake.iter_mut().for_each(&mut rename),
                Next::Arm(wake, _) | Next::AnnounceLate(wake, _) => rename(wake),
                Next::Write(_, _, sent) => sent.iter_mut().for_each(&mut rename),
                Next::Look(_) | Next::Run(..) | Next::Fold(_) | Next::Ask(_) | Next::Announce(..) => {}
            }
        }
        self.last
            .iter_mut()
            .for_each(|last| last.drive.wake.iter_mut().for_each(&mut rename));
        self.wakes = small(known.len());
    }

    pub(super) fn new_wake(&mut self) -> WakeId {
        self.wakes += 1;
        WakeId(format!("new {}", self.wakes).into())
    }

    pub(super) fn live(&mut self, lives_ms: Millis, holds: Option<Receipt>, next: Next) {
        self.names += 1;
        self.lives.push(Life {
            name: self.names,
            until: NOW + lives_ms,
            holds,
            seen: 0,
            next,
        });
    }

    pub(super) fn begin(&mut self, call: Call) {
        if let Some(place) = self.calls.iter().position(|waiting| *waiting == call) {
            self.calls.remove(place);
            self.live(CALL_MS, None, Next::Ask(call));
        }
    }

    pub(super) fn receive(&mut self, place: usize) {
        let now = NOW;
        let Some(message) = self.queue.get_mut(place) else {
            return;
        };
        message.receipt.times += 1;
        message.receipt.received_ms = now;
        message.visible_at = now + HIDDEN_MS;
        let receipt = message.receipt.clone();
        self.live(INVOCATION_MS, Some(receipt), Next::Look(None));
    }

    pub(super) fn send(&mut self, wake: WakeId, expects: usize, visible_at: Millis) {
        self.queue.push(Message {
            receipt: Receipt {
                wake,
                expects: Revision(expects as u64),
                sent_ms: NOW,
                times: 0,
                received_ms: 0,
            },
            visible_at,
        });
    }

    pub(super) fn put_back(&mut self, life: &Life, at: Millis) {
        for message in &mut self.queue {
            if life
                .holds
                .as_ref()
                .is_some_and(|held| held.wake == message.receipt.wake)
            {
                message.visible_at = at;
            }
        }
    }

    pub(super) fn acknowledge(&mut self, life: &Life) {
        self.queue
            .retain(|message| life.holds.as_ref().is_none_or(|held| held.wake != message.receipt.wake));
    }

    pub(super) fn append(&mut self, seen: usize, record: &Record) -> bool {
        let is_next = self.revision == seen;
        if is_next {
            let is_over = |last: &Record| last.at == record.at && NOW >= last.drive.until_ms;
            let outlived =
                self.last.as_ref().is_some_and(is_over) && self.lives.iter().any(|life| life.drives(record.at));
            self.outlived += u8::from(outlived);
            self.revision += 1;
            self.last = Some(record.clone());
        }
        is_next
    }

    pub(super) fn run(&mut self, at: usize, key: u8) {
        self.ran_unowed |= self.last.as_ref().is_none_or(|last| last.at < at);
        match self
            .ran
            .iter_mut()
            .find(|(its, its_key, _)| (*its, *its_key) == (at, key))
        {
            Some((_, _, times)) => *times += 1,
            None => self.ran.push((at, key, 1)),
        }
        self.ran.sort_unstable();
    }
}

/// There are never many.
fn small(count: usize) -> u8 {
    u8::try_from(count).unwrap_or(u8::MAX - 1)
}
