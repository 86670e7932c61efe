//! What the processes wrote and what Lambda says about them: the function's log group.
//!
//! **Invariant:** of a long log the newest lines are kept.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many lines are kept.
const LINES_MAX: usize = 200_000;

/// The newest lines of all instances.
#[derive(Debug, Default)]
pub(super) struct Logs(Mutex<VecDeque<String>>);

impl Logs {
    pub(super) fn write(&self, line: String) {
        let mut lines = self.lines();
        if lines.len() == LINES_MAX {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    pub(super) fn all(&self) -> Vec<String> {
        self.lines().iter().cloned().collect()
    }

    // Guards one queue and is never held across an await.
    fn lines(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
