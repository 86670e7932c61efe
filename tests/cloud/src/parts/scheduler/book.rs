//! The schedules that are there, and what is to go wrong.
//!
//! **Invariant:** it knows neither HTTP nor queues.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use stepwell_ports::Millis;

use super::requests::Schedule;
use super::{Counts, Fault};

/// A schedule's group and name.
pub(super) type Key = (String, String);

/// All that the fake remembers.
#[derive(Debug, Default)]
pub(super) struct Book {
    groups: BTreeSet<String>,
    schedules: BTreeMap<Key, Kept>,
    faults: VecDeque<Fault>,
    pub(super) counts: Counts,
}

#[derive(Debug)]
struct Kept {
    schedule: Schedule,
    /// How often it is still to fire.
    left: u32,
}

/// Why a schedule was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Conflict,
    NoGroup,
    QuotaExceeded,
    Throttled,
    /// It was made; only the answer is lost.
    AnswerLost,
}

impl Book {
    pub(super) fn new(groups: Vec<String>) -> Self {
        let mut book = Self::default();
        book.groups.insert("default".to_owned());
        book.groups.extend(groups);
        book
    }

    pub(super) fn plan(&mut self, fault: Fault, times: usize) {
        self.faults.extend(std::iter::repeat_n(fault, times));
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.schedules.keys().map(|(_, name)| name.clone()).collect()
    }

    pub(super) fn find(&self, key: &Key) -> Option<&Schedule> {
        Some(&self.schedules.get(key)?.schedule)
    }

    pub(super) fn remove(&mut self, key: &Key) -> bool {
        self.schedules.remove(key).is_some()
    }

    /// Makes a schedule; whatever is planned goes wrong.
    pub(super) fn make(&mut self, key: Key, schedule: Schedule) -> Result<(), Refusal> {
        let fault = self.faults.pop_front();
        match fault {
            Some(Fault::Throttle) => return Err(Refusal::Throttled),
            Some(Fault::QuotaExceeded) => return Err(Refusal::QuotaExceeded),
            Some(Fault::FalseConflict) => return Err(Refusal::Conflict),
            Some(Fault::LoseAnswer | Fault::FireTwice) | None => {}
        }
        if !self.groups.contains(&key.0) {
            return Err(Refusal::NoGroup);
        }
        if self.schedules.contains_key(&key) {
            return Err(Refusal::Conflict);
        }
        let left = if fault == Some(Fault::FireTwice) { 2 } else { 1 };
        self.schedules.insert(key, Kept { schedule, left });
        self.counts.made += 1;
        match fault {
            Some(Fault::LoseAnswer) => Err(Refusal::AnswerLost),
            Some(Fault::FireTwice | Fault::Throttle | Fault::QuotaExceeded | Fault::FalseConflict) | None => Ok(()),
        }
    }

    /// What is due at that time.
    pub(super) fn due(&self, now: Millis) -> Vec<(Key, Schedule)> {
        let due = self.schedules.iter().filter(|(_, kept)| kept.is_due(now));
        due.map(|(key, kept)| (key.clone(), kept.schedule.clone())).collect()
    }

    /// Notes that a schedule fired; one that is over is removed, or stays behind, as it was asked for.
    pub(super) fn fired(&mut self, key: &Key) {
        self.counts.fired += 1;
        let Some(kept) = self.schedules.get_mut(key) else {
            return;
        };
        kept.left -= 1;
        if kept.left == 0 && kept.schedule.delete_after {
            self.schedules.remove(key);
        }
    }
}

impl Kept {
    fn is_due(&self, now: Millis) -> bool {
        self.left > 0 && self.schedule.at_ms <= now
    }
}
