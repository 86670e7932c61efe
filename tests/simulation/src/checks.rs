//! What must hold of the logs at every moment, whoever died and whatever was lost.
//!
//! **Invariant:** read-only, and written against the stored records alone.

mod guests;
mod lanes;
mod pointers;
mod refused;
mod stored;
mod turns;

pub use turns::every_turn_was_given;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::executor::block_on;
use stepwell_core::{Millis, Pins, Record, Revision, ScopeId, Stage, Status, attempt_key, decode};
use stepwell_ports::{Catalogue, Log, ScopeKey, Wake};
use stepwell_store_memory::MemoryStore;

/// How late an attempt may begin after the end of what is around it: the two seconds of the design, and clocks that differ.
const LATE_MS: Millis = 3_000;

/// So often somebody takes an attempt over from a dead one: from the third driver on it runs alone, and after three deaths
/// alone it is given up.
const CLAIMS_MAX: u32 = 4;

/// The logs of one execution.
#[derive(Debug)]
pub struct Logs {
    /// The execution.
    pub execution: Arc<str>,
    /// Its scopes' records, from the first one on; scopes of abandoned forks too.
    pub scopes: BTreeMap<ScopeId, Vec<Record>>,
}

/// Whether the logs of every execution are what a log may be.
///
/// # Errors
///
/// What is wrong, and where.
#[expect(clippy::expect_used, reason = "the memory store never fails")]
pub fn logs_are_right(store: &MemoryStore) -> Result<(), String> {
    let rows = block_on(store.executions(None, usize::MAX)).expect("the memory store never fails");
    rows.iter().try_for_each(|row| {
        let logs = Logs::read(store, &row.execution);
        logs.check()?;
        logs.check_refusals(store)
    })
}

impl Logs {
    /// Reads every scope that any record of the execution has forked.
    #[must_use]
    pub fn read(store: &MemoryStore, execution: &str) -> Self {
        let mut logs = Self {
            execution: execution.into(),
            scopes: BTreeMap::new(),
        };
        let mut open = vec![ScopeId::root()];
        while let Some(scope) = open.pop() {
            let records = records(store, execution, &scope);
            for fork in records.iter().filter_map(|record| record.snapshot.fork()) {
                let children = (0..fork.count()).map(|index| scope.child(fork.revision, index));
                open.extend(children.filter(|child| !logs.scopes.contains_key(child)));
            }
            if !records.is_empty() {
                logs.scopes.insert(scope, records);
            }
        }
        logs
    }

    /// Whether every log is what a log may be.
    ///
    /// # Errors
    ///
    /// What is wrong, and where.
    pub fn check(&self) -> Result<(), String> {
        for (scope, records) in &self.scopes {
            self.check_scope(scope, records)
                .map_err(|what| format!("`{}` scope `{}`: {what}", self.execution, scope.0))?;
        }
        Ok(())
    }

    /// Whether every scope refuses, after every record, what it is not waiting for.
    #[expect(clippy::expect_used, reason = "the memory store never fails")]
    fn check_refusals(&self, store: &MemoryStore) -> Result<(), String> {
        let Some(pins) = self.pins() else { return Ok(()) };
        let model =
            block_on(store.get(&format!("model/{}", pins.version.model))).expect("the memory store never fails");
        let flow = model.and_then(|model| stepwell_model::decode(&model).ok());
        let flow = &flow.ok_or("its flow is not in the store")?;
        for (scope, records) in &self.scopes {
            for record in records {
                let execution = refused::Execution { flow, pins };
                execution
                    .check(scope, record)
                    .map_err(|what| format!("`{}` scope `{}`: {what}", self.execution, scope.0))?;
            }
        }
        Ok(())
    }

    fn check_scope(&self, scope: &ScopeId, records: &[Record]) -> Result<(), String> {
        for (number, record) in (1..).zip(records) {
            if record.revision.0 != number {
                return Err(format!("record {number} says that it is record {}", record.revision.0));
            }
        }
        for pair in records.windows(2) {
            let [one, next] = pair else { continue };
            if next.stamp <= one.stamp {
                return Err(format!("record {} is not later than the one before", next.revision.0));
            }
            if !one.snapshot.status.is_running() {
                return Err(format!("record {} follows an end", next.revision.0));
            }
            if next.snapshot.attempts < one.snapshot.attempts || next.snapshot.visits < one.snapshot.visits {
                return Err(format!("record {} counts back", next.revision.0));
            }
        }
        for record in records {
            if record
                .snapshot
                .attempt()
                .is_some_and(|attempt| attempt.claims > CLAIMS_MAX)
            {
                return Err(format!(
                    "record {} goes on with what ended every process",
                    record.revision.0
                ));
            }
            stored::check(record).map_err(|what| format!("record {}: {what}", record.revision.0))?;
            self.check_pointers(record)?;
        }
        lanes::check(records)?;
        guests::check(records)?;
        self.check_beginning(scope, records)
    }

    /// A scope begins after the record that forked it.
    fn check_beginning(&self, scope: &ScopeId, records: &[Record]) -> Result<(), String> {
        let (Some((parent, fork, _)), Some(first)) = (scope.parent(), records.first()) else {
            return Ok(());
        };
        let place = usize::try_from(fork.0).unwrap_or(usize::MAX).wrapping_sub(1);
        let forked = self.scopes.get(&parent).and_then(|records| records.get(place));
        match forked {
            None => Err("it was forked by a record that is not there".to_owned()),
            Some(record) if record.stamp >= first.stamp => Err("it begins before the record that forked it".to_owned()),
            Some(_) => Ok(()),
        }
    }

    /// Whether nothing is left to be done but to wait for reports, which may never come.
    #[must_use]
    pub fn waits_for_reports(&self) -> bool {
        let is_waiting = |scope: &ScopeId| self.is_waiting(scope) || self.over_since(scope).is_some();
        self.ended_at(&ScopeId::root()).is_none() && self.scopes.keys().all(is_waiting)
    }

    fn is_waiting(&self, scope: &ScopeId) -> bool {
        let Some(last) = self.scopes.get(scope).and_then(|records| records.last()) else {
            return false;
        };
        let runs = |child: &ScopeId| self.scopes.contains_key(child) && self.ended_at(child).is_none();
        let fork = last.snapshot.fork();
        let children = fork.map(|fork| (0..fork.count()).map(|index| scope.child(fork.revision, index)));
        let attempt = last.snapshot.attempt();
        children.is_some_and(|mut children| children.any(|child| runs(&child)))
            || attempt.is_some_and(|attempt| attempt.stage == Stage::Submitted && attempt.deadline_ms.is_none())
    }

    /// Whether an attempt that begins now is owed by a durable record, and nothing around it ended long ago.
    ///
    /// # Errors
    ///
    /// What is wrong.
    pub fn check_attempt(&self, key: &str, now: Millis) -> Result<(), String> {
        let Some(seed) = self.seed() else {
            return Err("an attempt of an execution without a record".to_owned());
        };
        let Some(scope) = self.owner(&seed, key) else {
            return Err(format!("no record owes attempt {key}"));
        };
        match self.over_since(scope) {
            Some(at) if now > at + LATE_MS => Err(format!(
                "attempt {key} of scope `{}` begins {} ms after the end of what is around it",
                scope.0,
                now - at
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// The scope whose records owe an attempt.
    fn owner(&self, seed: &str, key: &str) -> Option<&ScopeId> {
        let found = self.scopes.iter().find(|(scope, records)| {
            let mut attempts = records.iter().filter_map(|record| record.snapshot.attempt());
            attempts.any(|attempt| attempt_key(seed, scope, attempt.number) == key)
        });
        found.map(|(scope, _)| scope)
    }

    /// Whether every wake of these is named by a record of its scope, or of every child that it hands out, and so there are no more stale ones than blocks that
    /// have ended.
    ///
    /// # Errors
    ///
    /// A wake that none names.
    pub fn check_wakes(&self, wakes: &[Wake]) -> Result<(), String> {
        let is_named = |wake: &&Wake| {
            let scope = ScopeId(wake.key.scope.clone());
            let names = |scope: &ScopeId| {
                let records = self.scopes.get(scope).into_iter().flatten();
                let mut named = records.filter_map(|record| record.drive.wake.as_ref());
                named.any(|named| named.0 == wake.id)
            };
            match wake.children.is_empty() {
                true => names(&scope),
                false => {
                    let mut handed = wake.children.iter();
                    handed.all(|child| names(&scope.child(Revision(wake.expects), *child)))
                }
            }
        };
        let mut own = wakes.iter().filter(|wake| wake.key.execution == self.execution);
        let stranger = own.find(|wake| !is_named(wake));
        stranger.map_or(Ok(()), |wake| Err(format!("no record names {wake:?}")))
    }

    /// How often an attempt that is under way was claimed.
    #[must_use]
    pub fn claims(&self, key: &str) -> u32 {
        let last = || {
            let scope = self.owner(&self.seed()?, key)?;
            self.scopes.get(scope)?.last()?.snapshot.attempt()
        };
        last().map_or(0, |attempt| attempt.claims)
    }

    fn seed(&self) -> Option<Arc<str>> {
        Some(self.pins()?.seed.clone())
    }

    fn pins(&self) -> Option<&Pins> {
        self.scopes.get(&ScopeId::root())?.first()?.pins.as_ref()
    }

    /// Since when a scope, or one around it, has ended or was abandoned.
    fn over_since(&self, scope: &ScopeId) -> Option<Millis> {
        let mut over = self.ended_at(scope);
        let mut inner = scope.clone();
        while let Some((parent, fork, _)) = inner.parent() {
            let after = |record: &&Record| {
                record.revision > fork && record.snapshot.fork().is_none_or(|current| current.revision != fork)
            };
            let abandoned = self
                .scopes
                .get(&parent)
                .and_then(|records| records.iter().find(after))
                .map(|record| record.stamp);
            over = [over, abandoned, self.ended_at(&parent)].into_iter().flatten().min();
            inner = parent;
        }
        over
    }

    fn ended_at(&self, scope: &ScopeId) -> Option<Millis> {
        let last = self.scopes.get(scope)?.last()?;
        (!matches!(last.snapshot.status, Status::Running)).then_some(last.stamp)
    }
}

/// One line for each record: who wrote it when, what happened, and where it led.
impl std::fmt::Display for Logs {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(formatter, "`{}`", self.execution)?;
        for (scope, records) in &self.scopes {
            for record in records {
                let facts: Vec<_> = record.entries.iter().map(|entry| entry.fact.name()).collect();
                let at = record.snapshot.at.as_ref().map(|at| &at.phase);
                let writer = record.writer.get(..4).unwrap_or_default();
                let (revision, stamp, status) = (record.revision.0, record.stamp, record.snapshot.status.name());
                let wake = record
                    .drive
                    .wake
                    .as_ref()
                    .and_then(|wake| wake.0.get(..4))
                    .unwrap_or("writer");
                let until = record.drive.until_ms;
                writeln!(
                    formatter,
                    "  `{}` {revision} at {stamp} by {writer}: {facts:?} {status}, driven by {wake} until {until} {at:?}",
                    scope.0
                )?;
            }
        }
        Ok(())
    }
}

#[expect(clippy::expect_used, reason = "a record that cannot be read is a failed test")]
fn records(store: &MemoryStore, execution: &str, scope: &ScopeId) -> Vec<Record> {
    let key = ScopeKey {
        execution: execution.into(),
        scope: scope.0.clone(),
    };
    let entries = block_on(store.range(&key, 1, usize::MAX)).expect("the memory store never fails");
    let decoded = entries
        .iter()
        .map(|entry| decode(&entry.body).expect("a record is readable"));
    decoded.collect()
}
