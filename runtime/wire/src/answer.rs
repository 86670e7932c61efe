//! What the process that holds the store answers.

use serde::{Deserialize, Serialize};

use crate::output::{Description, End, EventLine, HistoryEvent, Row};
use crate::request::Standing;

/// One answer; some requests have several, the last of which [`Answer::is_final`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The run has begun; events follow.
    Begun(Begun),
    /// Something became durable.
    Event(EventLine),
    /// The run's execution has ended.
    Ended(End),
    /// A part of the history, in order.
    HistoryPart(Vec<HistoryEvent>),
    /// A part of the executions, in order.
    RowsPart(Vec<Row>),
    /// How an execution stands.
    Description(Box<Description>),
    /// It is done, and everything was told.
    Done,
    /// It is not done, and will not be.
    Refused(Refusal),
}

/// How a run begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begun {
    /// The execution's name, with whatever was added to it.
    pub name: String,
    /// How it was found.
    pub standing: Standing,
    /// What happened before, if it was asked for and the execution goes on.
    pub earlier: Vec<EventLine>,
}

/// Why it is not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// The name under which CloudFlow's API gives this error.
    pub name: String,
    /// For a person.
    pub message: String,
    /// Whose fault it is.
    pub class: Class,
}

/// Whose fault a refusal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The user asked for what cannot be had.
    User,
    /// Something here is broken.
    Host,
}

impl Answer {
    /// Whether no other answer follows.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Begun(_) | Self::Event(_) | Self::HistoryPart(_) | Self::RowsPart(_) => false,
            Self::Ended(_) | Self::Description(_) | Self::Done | Self::Refused(_) => true,
        }
    }
}

impl Refusal {
    /// A mistake of the user.
    pub fn user(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            message: message.into(),
            class: Class::User,
        }
    }

    /// A fault of this side.
    pub fn host(message: impl Into<String>) -> Self {
        Self {
            name: "InternalServerError".into(),
            message: message.into(),
            class: Class::Host,
        }
    }
}
