//! Where a stored value was born and how to get to it.
//!
//! **Invariant:** a pointer says where, never how: nothing here loads anything.

use std::fmt;
use std::sync::Arc;

/// Where a value was born.
///
/// `path` leads from the slot's value to the subtree; `bytes` is the length of its compact JSON.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pointer {
    /// The slot that holds the value.
    pub birth: Birth,
    /// The way from the slot's value down to the subtree.
    pub path: Vec<Step>,
    /// The length of the subtree's compact JSON.
    pub bytes: u64,
}

/// One slot of one record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Birth {
    /// The scope whose log holds the record.
    pub scope: Arc<str>,
    /// The record's revision.
    pub revision: u64,
    /// The slot in the record.
    pub slot: Slot,
}

/// Which of a record's values is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// The n-th value born in that record.
    Born(u32),
    /// The results of the children forked by that record.
    Joined,
}

/// One step down into a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// To the entry of an object.
    Key(Arc<str>),
    /// To the element of an array.
    Index(u64),
}

impl fmt::Display for Birth {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.slot {
            Slot::Born(slot) => write!(formatter, "{}@{}#{slot}", self.scope, self.revision),
            Slot::Joined => write!(formatter, "{}@{}#joined", self.scope, self.revision),
        }
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.birth)?;
        self.path.iter().try_for_each(|step| match step {
            Step::Key(key) => write!(formatter, ".{key}"),
            Step::Index(index) => write!(formatter, "[{index}]"),
        })
    }
}
