//! One transaction for a group of changes.

use redb::{Database, ReadableTable, Table, WriteTransaction};
use stepwell_ports::{Due, LogEntry, LogError, Millis, ScopeKey};

use crate::error::Failure;
use crate::heads::{Head, Heads};
use crate::layout::{self, BLOBS, DUE, EXECUTIONS, LOG};
use crate::queue::{Change, Ended};

/// Carries out `changes` in order and commits them together; without a change to the file nothing is committed.
///
/// Answers how each change ended, and whether there was a commit. An error means that none of them happened, or that
/// nobody knows.
pub(crate) fn commit<'a>(
    database: &Database,
    heads: &mut Heads,
    changes: impl Iterator<Item = &'a Change>,
) -> Result<(Vec<Ended>, bool), Failure> {
    let transaction = database.begin_write()?;
    let mut group = Group::open(&transaction, heads)?;
    let ended = changes
        .map(|change| group.carry_out(change))
        .collect::<Result<Vec<_>, _>>()?;
    let written = group.written;
    drop(group);
    if written {
        transaction.commit()?;
    } else {
        transaction.abort()?;
    }
    Ok((ended, written))
}

/// Commits nothing, together with a note of how space is allocated: a store that dies after it opens without a walk.
pub(crate) fn settle(database: &Database) -> Result<(), Failure> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    transaction.commit()?;
    Ok(())
}

struct Group<'txn, 'heads> {
    log: Table<'txn, &'static [u8], &'static [u8]>,
    due: Table<'txn, &'static [u8], ()>,
    blobs: Table<'txn, &'static str, &'static [u8]>,
    executions: Table<'txn, &'static str, &'static [u8]>,
    heads: &'heads mut Heads,
    written: bool,
}

impl<'txn, 'heads> Group<'txn, 'heads> {
    fn open(transaction: &'txn WriteTransaction, heads: &'heads mut Heads) -> Result<Self, Failure> {
        Ok(Self {
            log: transaction.open_table(LOG)?,
            due: transaction.open_table(DUE)?,
            blobs: transaction.open_table(BLOBS)?,
            executions: transaction.open_table(EXECUTIONS)?,
            heads,
            written: false,
        })
    }

    fn carry_out(&mut self, change: &Change) -> Result<Ended, Failure> {
        match change {
            Change::Append { entry, due } => self.append(entry, *due),
            Change::Arm { key, due } => self.arm(key, *due).map(Ok),
            Change::Put { name, body } => self.put(name, body).map(Ok),
            Change::Index { row, json } => {
                self.executions.insert(&*row.execution, json.as_slice())?;
                self.written = true;
                Ok(Ok(()))
            }
        }
    }

    fn append(&mut self, entry: &LogEntry, due: Due) -> Result<Ended, Failure> {
        let head = self.head(&entry.key)?;
        let refused = (entry.key.scope.clone(), entry.revision);
        if entry.revision <= head.last {
            return Ok(Err(LogError::Taken {
                scope: refused.0,
                revision: refused.1,
            }));
        }
        if entry.revision - 1 > head.last {
            return Ok(Err(LogError::Gap {
                scope: refused.0,
                revision: refused.1,
            }));
        }
        self.log
            .insert(layout::record_key(&entry.key, entry.revision).as_slice(), &*entry.body)?;
        self.written = true;
        let due = self.set_due(&entry.key, head.due, due)?;
        self.heads.remember(
            entry.key.clone(),
            Head {
                last: entry.revision,
                due,
            },
        );
        Ok(Ok(()))
    }

    fn arm(&mut self, key: &ScopeKey, due: Due) -> Result<(), Failure> {
        let head = self.head(key)?;
        let due = self.set_due(key, head.due, due)?;
        self.heads.remember(key.clone(), Head { due, ..head });
        Ok(())
    }

    fn put(&mut self, name: &str, body: &[u8]) -> Result<(), Failure> {
        if self.blobs.get(name)?.is_none() {
            self.blobs.insert(name, body)?;
            self.written = true;
        }
        Ok(())
    }

    /// Replaces the scope's due time `before` in both places; answers the one that is now in force.
    fn set_due(&mut self, key: &ScopeKey, before: Option<Millis>, due: Due) -> Result<Option<Millis>, Failure> {
        let after = match due {
            Due::Keep => before,
            Due::At(at) => Some(at),
            Due::Never => None,
        };
        if after == before {
            return Ok(after);
        }
        self.written = true;
        if let Some(at) = before {
            self.due.remove(layout::due_key(at, key).as_slice())?;
        }
        let scope_key = layout::scope_key(key);
        match after {
            Some(at) => {
                self.due.insert(layout::due_key(at, key).as_slice(), ())?;
                self.log.insert(scope_key.as_slice(), layout::time(at).as_slice())?;
            }
            None => {
                self.log.remove(scope_key.as_slice())?;
            }
        }
        Ok(after)
    }

    fn head(&self, key: &ScopeKey) -> Result<Head, Failure> {
        if let Some(head) = self.heads.recall(key) {
            return Ok(head);
        }
        let (first, end) = (layout::record_key(key, 0), layout::record_key(key, u64::MAX));
        let last = self
            .log
            .range(first.as_slice()..=end.as_slice())?
            .next_back()
            .transpose()?;
        let last = last.map_or(Ok(0), |(key, _)| layout::revision(key.value()))?;
        let due = self.log.get(layout::scope_key(key).as_slice())?;
        let due = due.map(|at| layout::read_time(at.value())).transpose()?;
        Ok(Head { last, due })
    }
}
