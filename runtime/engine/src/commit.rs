//! Folding into the record in the making, and appending it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use stepwell_core::{
    AttemptNumber, CLOCKS_DIFFER_MS, Drive, Entry, Event, Fact, Kind, Millis, Moment, Program, Record, Rejected,
    Revision, ScopeId, Stop, advance, encode, seal,
};
use stepwell_expression::{Birth, Slot, Value};
use stepwell_ports::{Due, LogEntry, LogError, Remedy};

use crate::api::Observed;
use crate::cutting::{Standing, cuts};
use crate::driver::{Driver, SLEEP_THROUGH_MS};
use crate::session::Halt;
use crate::sharing::is_fact;
use crate::tree;

/// Entries that may wait for an append.
const PENDING_ENTRIES_MAX: usize = 256;

/// Bytes of values that may wait for an append.
pub(crate) const PENDING_BYTES_MAX: u64 = 64 * 1024;

/// How long the outcome of an effect may wait for an append.
const EFFECT_WAIT_MS: u64 = 25;

/// How often a record is tried again that a shared table did not take, or did not answer for.
pub(crate) const TRIES_MAX: u32 = 4;

/// The pause before that.
pub(crate) const TRIES_EVERY_MS: u64 = 100;

/// How long outcomes of pure tasks may wait for an append.
pub(crate) const PURE_WAIT_MS: u64 = 1_000;

/// A record that is known to be durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Durable {
    pub(crate) revision: Revision,
    pub(crate) stamp: Millis,
    /// Whether this process wrote it; where others drive, too, whether this driver did.
    pub(crate) mine: bool,
    /// Who carries out what it owes.
    pub(crate) drive: Drive,
    /// The last attempt that it, or one before it, owes.
    pub(crate) attempts: AttemptNumber,
}

/// How long what follows from an event may go on without an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// As long as nothing is owed.
    Light,
    /// The outcome of a pure task.
    Pure,
    /// The outcome of an effect.
    Effect,
    /// Not at all: it is appended before anything follows from it.
    Heavy,
}

/// What was folded and is not durable.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    entries: Vec<Entry>,
    /// The events, to be folded again if the append loses.
    events: Vec<Event>,
    bytes: u64,
    stamp: Millis,
    append_by: Option<Millis>,
    heavy: bool,
}

impl Pending {
    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Whether nothing may be run before it is durable.
    pub(crate) fn is_heavy(&self) -> bool {
        self.heavy
    }

    /// Whether a whole item of a lane is in it: then the item needed no record.
    pub(crate) fn holds_an_item(&self) -> bool {
        self.entries
            .iter()
            .any(|entry| matches!(entry.fact, Fact::IterationEntered { .. }))
    }

    pub(crate) fn is_full(&self) -> bool {
        self.entries.len() >= PENDING_ENTRIES_MAX || self.bytes >= PENDING_BYTES_MAX
    }

    /// The stamp of the record in the making; 0 before there is one.
    pub(crate) fn stamp(&self) -> Millis {
        self.stamp
    }

    /// When it has waited long enough.
    pub(crate) fn append_by(&self) -> Option<Millis> {
        self.append_by
    }

    fn add(&mut self, event: Event, entries: Vec<Entry>, weight: Weight, stamp: Millis, now: Millis) {
        let wait = match weight {
            Weight::Light => None,
            Weight::Pure => Some(PURE_WAIT_MS),
            Weight::Effect => Some(EFFECT_WAIT_MS),
            Weight::Heavy => Some(0),
        };
        self.heavy |= weight == Weight::Heavy;
        self.append_by = [self.append_by, wait.map(|wait| now + wait)]
            .into_iter()
            .flatten()
            .min();
        self.stamp = stamp;
        self.events.push(event);
        self.entries.extend(entries);
    }
}

impl Driver {
    /// Folds an event; whether it was acceptable.
    pub(crate) async fn fold(&mut self, event: Event, weight: Weight) -> Result<bool, Halt> {
        self.shared.trim_memory();
        loop {
            match self.try_fold(&event, weight) {
                Ok(()) => return Ok(true),
                Err(Stop::Needs(needs)) => self.load(&needs).await?,
                Err(Stop::Rejected(Rejected::Late | Rejected::NotDue)) => return Ok(false),
                Err(Stop::Rejected(Rejected::Bug { what })) => return Err(self.bug(what)),
            }
        }
    }

    /// Folds an event with what is in memory.
    pub(crate) fn try_fold(&mut self, event: &Event, weight: Weight) -> Result<(), Stop> {
        let now = self.shared.now();
        let stamp = self.stamp(self.time_of(event, now));
        let moment = Moment {
            now: stamp,
            revision: self.next_revision(),
        };
        let shared = &self.shared;
        let program = Program {
            scope: &self.id,
            flow: &shared.flow,
            pins: &shared.pins,
            tokens: &shared.signer,
        };
        let advanced = shared.with_memory(|memory| advance(program, &self.snapshot, event, moment, memory))?;
        self.snapshot = advanced.snapshot;
        self.pending.bytes += advanced.bytes;
        self.pending.add(event.clone(), advanced.entries, weight, stamp, now);
        Ok(())
    }

    /// The time of an event. Who reports with an attempt's token has seen it begin, if by a clock that is ahead of this one.
    fn time_of(&self, event: &Event, now: Millis) -> Millis {
        let Event::CallbackReported { attempt: number, .. } = event else {
            return now;
        };
        let attempt = self.snapshot.attempt().filter(|attempt| attempt.number == *number);
        let may_differ = self.shared.engine.sharing.is_some();
        let begun = attempt.map(|attempt| attempt.scheduled_ms).filter(|_| may_differ);
        begun
            .filter(|begun| *begun <= now + CLOCKS_DIFFER_MS)
            .map_or(now, |begun| begun.max(now))
    }

    pub(crate) async fn load(&self, needs: &stepwell_expression::Needs) -> Result<(), Halt> {
        if let Some(birth) = self.shared.with_memory(|memory| memory.damaged(needs).cloned()) {
            return Err(Halt::Unreadable(format!("the value {birth} cannot be followed")));
        }
        self.shared.load(needs).await
    }

    fn bug(&self, what: &str) -> Halt {
        Halt::Bug(format!(
            "{what} (scope `{}`, record {})",
            self.id.0,
            self.next_revision().0
        ))
    }

    /// The causal time of the record in the making.
    fn stamp(&self, now: Millis) -> Millis {
        let before = self.durable.as_ref().map_or(0, |durable| durable.stamp);
        now.max(before + 1).max(self.after + 1).max(self.pending.stamp)
    }

    /// Appends what was folded, if anything was.
    pub(crate) async fn commit(&mut self) -> Result<(), Halt> {
        self.commit_event().await.map(drop)
    }

    /// Appends what was folded; if the append loses, reads and folds the same events again. Whether the last one stands.
    pub(crate) async fn commit_event(&mut self) -> Result<bool, Halt> {
        let mut tries = 0;
        let mut stands = true;
        while !self.pending.is_empty() {
            self.mark().await?;
            // Nothing is waited for between the wake and its record.
            self.announce().await?;
            let (record, body) = self.record()?;
            let due = self.due_at_append();
            let entry = LogEntry {
                key: self.shared.key(&self.id),
                revision: record.revision.0,
                body,
            };
            let appended = self.shared.engine.ports.log.append(entry, due).await;
            self.announce_late(record.revision).await?;
            match appended {
                Ok(()) => {
                    let told = self.told(&record, &self.pending.events).await?;
                    self.appended(record, due, &told);
                }
                Err(LogError::Taken { .. } | LogError::Gap { .. }) => stands = self.lost(&record).await?,
                Err(error) if self.may_try_again(&error, tries) => {
                    tries += 1;
                    self.sleep_until(Some(self.shared.now() + TRIES_EVERY_MS)).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(stands)
    }

    /// A table refuses now and then, or its answer gets lost; the same record is then tried again, and known as one's own.
    fn may_try_again(&self, error: &LogError, tries: u32) -> bool {
        self.shared.engine.sharing.is_some() && tries < TRIES_MAX && error.remedy() == Remedy::Retry
    }

    /// Who carries out what the record in the making owes: where it is blocked for a while, the wake that will be sent.
    fn drive(&self) -> Drive {
        if self.shared.engine.sharing.is_none() {
            return Drive::default();
        }
        let now = self.shared.now();
        if let Some(wake) = &self.handed_to {
            return Drive::by_wake(wake.clone(), now);
        }
        if let Some(announced) = &self.announced {
            return Drive::by_wake(announced.wake.clone(), now);
        }
        let waits = self.rests() || self.snapshot.fork().is_some();
        match self.due().filter(|due| waits && *due > now + SLEEP_THROUGH_MS) {
            Some(due) => Drive::by_wake(self.shared.engine.new_wake(), due),
            None if self.is_released() => Drive::nobody(now),
            None => Drive::by_writer(self.shared.woken.as_ref().map_or(now, |woken| woken.deadline_ms)),
        }
    }

    /// Whether its attempt was given up by a clean stop.
    fn is_released(&self) -> bool {
        self.snapshot.attempt().is_some_and(|attempt| attempt.released)
    }

    /// Whether the record in the making ends or abandons children that have not all ended.
    pub(crate) fn cuts_off_children(&self) -> bool {
        self.standing.cut_off_by(&self.snapshot) && self.pending.events.iter().any(cuts)
    }

    fn record(&self) -> Result<(Record, Bytes), Halt> {
        let revision = self.next_revision();
        let (mut entries, mut snapshot) = (self.pending.entries.clone(), self.snapshot.clone());
        let values = seal(&self.id, revision, &mut entries, &mut snapshot);
        let record = Record {
            revision,
            stamp: self.pending.stamp,
            writer: self.shared.engine.writer.clone(),
            drive: self.drive(),
            pins: None,
            entries,
            values,
            snapshot,
        };
        let body = encode(&record).map_err(|error| self.bug(&error.to_string()))?;
        Ok((record, body.into()))
    }

    /// What becomes of the scope's entry in the due-time index.
    fn due_at_append(&self) -> Due {
        let is_root = matches!(self.snapshot.scope.kind, Kind::Root);
        if !self.snapshot.status.is_running() {
            return match is_root {
                true if self.shared.pins.is_waited_for() => Due::At(self.shared.now()),
                true => Due::Never,
                false => Due::Keep,
            };
        }
        match self.due() {
            Some(due)
                if !is_root
                    && self.shared.engine.sharing.is_none()
                    && self.rests()
                    && due > self.shared.now() + SLEEP_THROUGH_MS =>
            {
                Due::At(due)
            }
            Some(_) | None => Due::Keep,
        }
    }

    fn appended(&mut self, record: Record, due: Due, told: &[Observed]) {
        if due != Due::Keep {
            self.shared.armed(&self.id, due);
        }
        if let Due::At(at) = due {
            self.shared.engine.dues.add(at);
        }
        self.shared.appends.fetch_add(1, Ordering::SeqCst);
        self.shared.remember(births(&self.id, record.revision, record.values));
        self.durable = Some(Durable {
            revision: record.revision,
            stamp: record.stamp,
            // Whoever calls from outside drives nothing, whatever it writes.
            mine: !self.called,
            drive: record.drive,
            attempts: record.snapshot.attempts,
        });
        self.snapshot = record.snapshot;
        self.standing = Standing::of(&self.shared.flow, &self.snapshot);
        self.pending = Pending::default();
        self.shared.engine.published(&self.shared, &self.snapshot, told);
    }

    /// Somebody else's record stands there, or one's own whose answer was lost. Whether the last event that was folded
    /// stands, or may: what somebody else appended first may have made it late.
    async fn lost(&mut self, record: &Record) -> Result<bool, Halt> {
        let Some(last) = self.shared.last(&self.id).await? else {
            return Err(self.bug("an append was refused by an empty log"));
        };
        let is_mine = |there: &Record| there.writer == record.writer && there.stamp == record.stamp;
        if last.revision == record.revision && is_mine(&last) {
            let told = self.told(record, &self.pending.events).await?;
            // As it was taken: which wake it names was decided then.
            self.appended(last, Due::Keep, &told);
            return Ok(true);
        }
        let there = tree::at(
            &*self.shared.engine.ports.log,
            &self.shared.key(&self.id),
            record.revision.0,
        )
        .await?;
        let owed = self.owed();
        let events = std::mem::take(&mut self.pending).events;
        self.adopt(last);
        if there.as_ref().is_some_and(is_mine) {
            // Taken, and somebody has gone on from it.
            return Ok(true);
        }
        let mut stands = true;
        for event in events.into_iter().filter(|event| is_fact(event, owed)) {
            stands = self.fold(event, Weight::Heavy).await?;
        }
        Ok(stands)
    }

    /// The last attempt that a record owes.
    pub(crate) fn owed(&self) -> AttemptNumber {
        self.durable
            .as_ref()
            .map(|durable| durable.attempts)
            .unwrap_or_default()
    }

    /// Another process has gone on with the scope, perhaps.
    pub(crate) async fn reload_if_newer(&mut self) -> Result<(), Halt> {
        let known = self.durable.as_ref().map_or(Revision(0), |durable| durable.revision);
        match self.shared.last(&self.id).await? {
            Some(last) if last.revision > known && self.pending.is_empty() => self.adopt(last),
            Some(_) | None => {}
        }
        Ok(())
    }

    /// Goes on from a record that was written elsewhere.
    fn adopt(&mut self, last: Record) {
        let mine = self.shared.engine.wrote(&last);
        self.shared.remember(births(&self.id, last.revision, last.values));
        self.durable = Some(Durable {
            revision: last.revision,
            stamp: last.stamp,
            mine,
            drive: last.drive,
            attempts: last.snapshot.attempts,
        });
        self.adopted += 1;
        self.snapshot = last.snapshot;
        self.standing = Standing::of(&self.shared.flow, &self.snapshot);
    }
}

/// The values that were born in a record, by where they were.
pub(crate) fn births(scope: &ScopeId, revision: Revision, values: Vec<Value>) -> Vec<(Birth, Value)> {
    let values = values.into_iter().zip(0..);
    values
        .map(|(value, slot)| {
            let birth = Birth {
                scope: scope.0.clone(),
                revision: revision.0,
                slot: Slot::Born(slot),
            };
            (birth, value)
        })
        .collect()
}

/// The first record of an execution.
pub(crate) fn first_record(
    writer: &Arc<str>,
    drive: Drive,
    mut pins: stepwell_core::Pins,
    advanced: stepwell_core::Advanced,
    moment: Moment,
) -> Result<(Record, Bytes), stepwell_core::RecordError> {
    let stepwell_core::Advanced {
        mut snapshot,
        mut entries,
        ..
    } = advanced;
    let root = stepwell_core::ScopeId::root();
    let values = seal(&root, moment.revision, &mut entries, &mut snapshot);
    if let Some(Fact::ExecutionStarted { input }) = entries.first().map(|entry| &entry.fact) {
        // Where it is large it was born in this record, and is written once.
        pins.input = input.clone();
    }
    let record = Record {
        revision: moment.revision,
        stamp: moment.now,
        writer: writer.clone(),
        drive,
        pins: Some(pins),
        entries,
        values,
        snapshot,
    };
    let body = encode(&record)?;
    Ok((record, body.into()))
}
