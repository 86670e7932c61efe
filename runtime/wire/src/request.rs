//! What a process asks of the one that holds the store.

use serde::{Deserialize, Serialize};
use stepwell_expression::Plain;

/// One verb.
///
/// Executions are named as the user names them: by their own name, or as `flow/name` where several flows have one of
/// that name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Starts an execution or joins it, drives it, and tells what happens until it has ended.
    Run(Box<Run>),
    /// The whole history.
    History {
        /// Which execution.
        execution: String,
    },
    /// How an execution stands.
    Describe {
        /// Which execution.
        execution: String,
    },
    /// Every execution.
    List,
    /// Ends an execution.
    Stop {
        /// Which execution.
        execution: String,
    },
    /// Completes a waiting task.
    Report {
        /// The task's token.
        token: String,
        /// With what.
        report: Report,
    },
}

/// What completes a waiting task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// Its result, an object.
    Output(Plain),
    /// Its failure.
    Error {
        /// The error code.
        code: String,
        /// What a person reads.
        cause: String,
    },
}

/// The longest error code and cause of a report, as CloudFlow has them.
const CODE_CHARACTERS_MAX: usize = 128;
const CAUSE_CHARACTERS_MAX: usize = 4096;

impl Report {
    /// Refuses what completes no task.
    ///
    /// # Errors
    ///
    /// What is wrong with it, for a person.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Self::Output(Plain(output)) if output.as_object().is_none() => {
                Err(format!("the output is an object, not {}", output.kind()))
            }
            Self::Error { code, .. } if !(1..=CODE_CHARACTERS_MAX).contains(&code.chars().count()) => {
                Err(format!("an error code has 1 to {CODE_CHARACTERS_MAX} characters"))
            }
            Self::Error { cause, .. } if cause.chars().count() > CAUSE_CHARACTERS_MAX => {
                Err(format!("a cause has at most {CAUSE_CHARACTERS_MAX} characters"))
            }
            Self::Output(_) | Self::Error { .. } => Ok(()),
        }
    }
}

/// Everything that a run needs; components stand in the store already, by digest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The execution's name.
    pub name: String,
    /// What is done if that name exists.
    pub naming: Naming,
    /// By which a fresh start that is handed over twice is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The flow.
    pub flow: FlowText,
    /// Flows that it may start.
    pub children: Vec<FlowText>,
    /// The functions, as JSON text.
    pub registry: String,
    /// The grants, as JSON text.
    pub grants: String,
    /// The settings, as JSON text.
    pub settings: String,
    /// The input, an object.
    pub input: Plain,
    /// Whether what happened before is told, if the execution was there.
    pub recount: bool,
}

/// What is done if an execution's name exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Naming {
    /// It is joined, if it was started with the same.
    Join,
    /// `-2`, `-3` … is added until the name is free.
    Fresh,
}

/// A flow: its text, byte for byte, and what it was lowered to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowText {
    /// Its name.
    pub name: String,
    /// The definition as written.
    pub definition: String,
    /// The stored form of the model, which is JSON text.
    pub model: String,
}

/// How an execution was found when a run began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It was started by this run.
    New,
    /// It was there, and goes on.
    Running,
    /// It had ended.
    Ended,
}
