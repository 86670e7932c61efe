//! Wakes: hints to look at a scope.

use std::sync::Arc;

use futures::future::BoxFuture;

use crate::{Millis, ScopeKey};

/// A hint to look at a scope. It never carries state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wake {
    /// Which: the message, however often it is handed out.
    pub id: Arc<str>,
    /// Where to look.
    pub key: ScopeKey,
    /// The revision of the record that it announces: the scope has at least that one, or will have.
    pub expects: u64,
    /// Which children of the fork in that record are to be looked at, at most [`Wake::CHILDREN_MAX`]; without any, the
    /// scope itself.
    pub children: Arc<[u32]>,
    /// When it was sent.
    pub sent_ms: Millis,
}

impl Wake {
    /// How many children one wake names at most.
    pub const CHILDREN_MAX: usize = 100;
}

/// Brings wakes to whoever drives.
///
/// Promise: a wake that was acknowledged is handed out at least once, at or after the time that was asked for, until it is
/// acknowledged by who received it; it may come late, twice, and in any order.
pub trait Wakes: Send + Sync {
    /// Sends a wake that is to be handed out at `at_ms`.
    ///
    /// # Errors
    ///
    /// [`WakesError`] where it is not known to have been taken.
    fn send(&self, wake: Wake, at_ms: Millis) -> BoxFuture<'static, Result<(), WakesError>>;
}

/// A wake is not known to have been taken; sending it again may help.
#[derive(Debug, thiserror::Error)]
#[error("a wake could not be sent")]
pub struct WakesError(#[source] pub Box<dyn std::error::Error + Send + Sync>);
