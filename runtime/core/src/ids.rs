//! Numbers and names of scopes, records and attempts.

use alloc::format;
use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch, UTC.
pub type Millis = u64;

/// The number of a record in its scope's log: 1, 2, 3 …
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub u64);

impl Revision {
    /// The one after it.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// The number of an attempt in its scope, over all states and visits: 1, 2, 3 …
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttemptNumber(pub u32);

/// Names a scope inside its execution: the forks that lead to it.
///
/// Shape: empty for the root; otherwise `revision.index` of each fork, joined by `/`. So the children of a fork that was
/// abandoned have ids of their own, and whatever comes late from them means nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ScopeId(pub Arc<str>);

impl ScopeId {
    /// The root's id.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// The id of child `index` of the fork that this scope's record `fork` made.
    #[must_use]
    pub fn child(&self, fork: Revision, index: u32) -> Self {
        let separator = if self.0.is_empty() { "" } else { "/" };
        Self(format!("{}{separator}{}.{index}", self.0, fork.0).into())
    }

    /// The scope that forked this one, the record that did, and this one's index; nothing for the root.
    #[must_use]
    pub fn parent(&self) -> Option<(Self, Revision, u32)> {
        let (parent, last) = self.0.rsplit_once('/').unwrap_or(("", &self.0));
        let (fork, index) = last.split_once('.')?;
        Some((Self(parent.into()), Revision(fork.parse().ok()?), index.parse().ok()?))
    }

    /// Whether `other` lies inside this scope, or is it.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        match other.0.strip_prefix(&*self.0) {
            Some(rest) => self.0.is_empty() || rest.is_empty() || rest.starts_with('/'),
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_lead_up_and_down() {
        let inner = ScopeId::root().child(Revision(4), 2).child(Revision(1), 0);
        assert_eq!(&*inner.0, "4.2/1.0");
        let (parent, fork, index) = inner.parent().unwrap();
        assert_eq!((&*parent.0, fork, index), ("4.2", Revision(1), 0));
        assert_eq!(parent.parent(), Some((ScopeId::root(), Revision(4), 2)));
        assert_eq!(ScopeId::root().parent(), None);
        assert!(parent.contains(&inner) && ScopeId::root().contains(&inner) && !inner.contains(&parent));
        assert!(!ScopeId("4.2".into()).contains(&ScopeId("4.20".into())));
    }
}
