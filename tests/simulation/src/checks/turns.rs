//! Who may begin an attempt: whoever wrote the record that owes it, and after that only whoever has claimed it.

use std::collections::BTreeMap;
use std::sync::Arc;

use stepwell_core::{Record, Stage, attempt_key};
use stepwell_store_memory::MemoryStore;

use super::Logs;
use crate::tasks::Ran;

/// Whether no effect began more often than a record gave somebody the turn, but for `doubled` messages that came twice.
///
/// # Errors
///
/// What began too often.
pub fn every_turn_was_given(store: &MemoryStore, ran: &BTreeMap<Arc<str>, Ran>, doubled: u32) -> Result<(), String> {
    let mut logs: BTreeMap<&str, Logs> = BTreeMap::new();
    let mut excess = 0;
    let mut last = String::new();
    for (key, ran) in ran.iter().filter(|(_, ran)| ran.is_effect && ran.begun > 1) {
        let logs = logs
            .entry(&ran.execution)
            .or_insert_with(|| Logs::read(store, &ran.execution));
        let turns = logs.turns(key);
        if ran.begun > turns {
            excess += ran.begun - turns;
            last = format!(
                "attempt {} of `{}` began {} times, and {turns} records gave somebody the turn\n{logs}",
                ran.attempt, ran.state, ran.begun
            );
        }
    }
    if excess > doubled { Err(last) } else { Ok(()) }
}

impl Logs {
    /// How many records let somebody begin the attempt of that key.
    fn turns(&self, key: &str) -> u32 {
        let Some(seed) = self.seed() else { return 0 };
        let gives = |scope: &stepwell_core::ScopeId, record: &Record| {
            let attempt = record.snapshot.attempt();
            let owed = attempt.filter(|attempt| attempt.stage == Stage::Owed && !attempt.released);
            owed.is_some_and(|attempt| attempt_key(&seed, scope, attempt.number) == key)
        };
        let turns = self
            .scopes
            .iter()
            .map(|(scope, records)| records.iter().filter(|record| gives(scope, record)).count());
        turns.sum::<usize>().try_into().unwrap_or(u32::MAX)
    }
}
