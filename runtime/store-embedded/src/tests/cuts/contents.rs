//! What a store holds, and what becomes of it: the store as a few maps.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::executor::block_on;
use redb::ReadableTableMetadata;
use stepwell_ports::{Catalogue, Due, ExecutionRow, Log, LogEntry, LogError, Millis, ScopeKey};
use stepwell_simulator::Chance;

use crate::layout::{DUE, LOG};
use crate::{EmbeddedStore, reader};

const SCOPES: u64 = 6;
const BLOBS: u64 = 12;

/// Everything in a store.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Contents {
    logs: BTreeMap<ScopeKey, Vec<LogEntry>>,
    due: BTreeMap<ScopeKey, Millis>,
    blobs: BTreeMap<String, Bytes>,
    rows: Vec<ExecutionRow>,
}

/// Something that is handed over.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Append(LogEntry, Due),
    Arm(ScopeKey, Due),
    Put(String, Bytes),
    Index(ExecutionRow),
}

/// How a change ends while the disk works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// It is done.
    Changed,
    /// It was so before.
    Same,
    Taken,
    Gap,
}

impl Contents {
    /// Reads all of a store.
    pub(super) fn of(store: &EmbeddedStore) -> Result<Self, LogError> {
        let mut contents = Self::default();
        for key in (0..SCOPES).map(key) {
            let log = block_on(store.range(&key, 0, usize::MAX))?;
            let last = block_on(store.last(&key))?;
            assert_eq!(last.as_ref(), log.last());
            if !log.is_empty() {
                contents.logs.insert(key, log);
            }
        }
        let due = block_on(store.due(None, Millis::MAX, usize::MAX))?;
        assert!(due.is_sorted());
        contents.due = due.iter().map(|due| (due.key.clone(), due.at)).collect();
        assert_eq!(contents.due.len(), due.len(), "two due times of one scope: {due:?}");
        for name in (0..BLOBS).map(blob) {
            if let Some(body) = block_on(store.get(&name))? {
                contents.blobs.insert(name, body);
            }
        }
        contents.rows = block_on(store.executions(None, usize::MAX))?;
        contents.check_trees(store)?;
        Ok(contents)
    }

    /// Nothing stands in the trees beside what was read.
    fn check_trees(&self, store: &EmbeddedStore) -> Result<(), LogError> {
        let records: usize = self.logs.values().map(Vec::len).sum();
        let lengths = reader::read(store.shared(), "counting", |transaction| {
            Ok((transaction.open_table(LOG)?.len()?, transaction.open_table(DUE)?.len()?))
        })?;
        let due = self.due.len();
        assert_eq!(lengths, ((records + due) as u64, due as u64));
        Ok(())
    }

    /// What the change does.
    pub(super) fn apply(&mut self, change: &Change) -> Ended {
        match change {
            Change::Append(entry, due) => self.append(entry, *due),
            Change::Arm(key, due) => self.arm(key, *due),
            Change::Put(name, body) => self.put(name, body),
            Change::Index(row) => self.index(row),
        }
    }

    fn append(&mut self, entry: &LogEntry, due: Due) -> Ended {
        let last = self.last(&entry.key);
        if entry.revision <= last {
            return Ended::Taken;
        }
        if entry.revision > last + 1 {
            return Ended::Gap;
        }
        self.logs.entry(entry.key.clone()).or_default().push(entry.clone());
        self.arm(&entry.key, due);
        Ended::Changed
    }

    fn arm(&mut self, key: &ScopeKey, due: Due) -> Ended {
        let before = self.due.get(key).copied();
        match due {
            Due::Keep => {}
            Due::At(at) => drop(self.due.insert(key.clone(), at)),
            Due::Never => drop(self.due.remove(key)),
        }
        Ended::of(&before, &self.due.get(key).copied())
    }

    fn put(&mut self, name: &str, body: &Bytes) -> Ended {
        if self.blobs.contains_key(name) {
            return Ended::Same;
        }
        self.blobs.insert(name.to_owned(), body.clone());
        Ended::Changed
    }

    fn index(&mut self, row: &ExecutionRow) -> Ended {
        self.rows.retain(|other| other.execution != row.execution);
        self.rows.push(row.clone());
        self.rows.sort_by(|one, other| one.execution.cmp(&other.execution));
        Ended::Changed
    }

    fn last(&self, key: &ScopeKey) -> u64 {
        self.logs.get(key).map_or(0, |log| log.len() as u64)
    }

    /// Something to hand over to a store that holds this: mostly the next record of a scope.
    pub(super) fn change(&self, chance: &Chance) -> Change {
        let key = key(chance.below(SCOPES));
        match chance.below(20) {
            0..13 => Change::Append(self.next(key, 1, chance), due(chance)),
            13 => Change::Append(self.next(key, chance.below(2) * 2, chance), due(chance)),
            14..17 => Change::Arm(key, due(chance)),
            17 => Change::Put(blob(chance.below(BLOBS)), body(chance)),
            _ => Change::Index(row(chance)),
        }
    }

    fn next(&self, key: ScopeKey, ahead: u64, chance: &Chance) -> LogEntry {
        LogEntry {
            revision: self.last(&key) + ahead,
            key,
            body: body(chance),
        }
    }
}

impl Ended {
    fn of<T: PartialEq>(before: &T, after: &T) -> Self {
        if before == after { Self::Same } else { Self::Changed }
    }
}

impl Change {
    /// Hands it over; answers its end once the writer has been turned.
    pub(super) fn hand_over(&self, store: &EmbeddedStore) -> impl Future<Output = Result<(), LogError>> + use<> {
        match self.clone() {
            Self::Append(entry, due) => store.append(entry, due),
            Self::Arm(key, due) => store.arm(key, due),
            Self::Put(name, body) => store.put(&name, body),
            Self::Index(row) => store.index(row),
        }
    }
}

fn key(number: u64) -> ScopeKey {
    ScopeKey {
        execution: format!("flow/{}", number / 2).into(),
        scope: ["", "lane"][usize::try_from(number % 2).unwrap()].into(),
    }
}

fn blob(number: u64) -> String {
    format!("model/{number}")
}

fn due(chance: &Chance) -> Due {
    match chance.below(4) {
        0 => Due::Keep,
        1 => Due::Never,
        _ => Due::At(chance.below(10)),
    }
}

/// From nothing to several pages, and now and then so much that the file grows.
fn body(chance: &Chance) -> Bytes {
    let length = match chance.below(40) {
        0 => chance.below(200_000),
        1..8 => chance.below(12_000),
        _ => chance.below(700),
    };
    let own = Chance::new(chance.draw());
    (0..length.div_ceil(8)).flat_map(|_| own.draw().to_be_bytes()).collect()
}

fn row(chance: &Chance) -> ExecutionRow {
    ExecutionRow {
        execution: format!("flow/{}", chance.below(30)).into(),
        status: "Running".into(),
        started_ms: chance.below(1_000),
        ended_ms: None,
    }
}
