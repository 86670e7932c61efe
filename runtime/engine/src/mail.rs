//! What is sent to a scope of a live session.

use futures::channel::oneshot;
use stepwell_core::{Event, ScopeId};

use crate::busy::Working;

/// A message for a scope. It travels down the tree of drivers; one that cannot be delivered is dropped.
#[derive(Debug)]
pub(crate) struct Mail {
    /// Whom it is for.
    pub(crate) target: ScopeId,
    /// What it says.
    pub(crate) message: Message,
    /// Keeps the session alive until it was read.
    pub(crate) working: Option<Working>,
}

/// What mail says.
#[derive(Debug)]
pub(crate) enum Message {
    /// Look at the scope.
    Look,
    /// Read whether another process has gone on with the scope.
    Refresh,
    /// Children of the scope wait for room.
    Crowded,
    /// Fold this, and answer when it is durable.
    Event(Event, oneshot::Sender<Answer>),
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is durable.
    Folded,
    /// What it speaks of is over in its own scope.
    Late,
    /// The scope, or one around it, has ended or was abandoned.
    Gone,
}

impl Mail {
    pub(crate) fn look(target: ScopeId) -> Self {
        Self {
            target,
            message: Message::Look,
            working: None,
        }
    }

    /// Answers an event that cannot be delivered; a look needs no answer.
    pub(crate) fn refuse(self, answer: Answer) {
        if let Message::Event(_, reply) = self.message {
            // Whoever asked may be gone.
            let _ = reply.send(answer);
        }
    }
}
