//! What a verb needs of the program that it runs in.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::future::BoxFuture;
use stepwell_actions::{Grants, Registry};
use stepwell_definition::PlannedReport;
use stepwell_expression::Value;
use stepwell_model::Settings;
use stepwell_wire::output::End;
use stepwell_wire::{Answer, FlowText, Refusal, Request, Run, Scope};

use crate::Progress;
use crate::account::Account;
use crate::place::Place;

/// A component's bytes, and the name of those bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// SHA-256, lower hex.
    pub digest: String,
    /// The component.
    pub bytes: Vec<u8>,
}

/// How a run ended, as far as this process is concerned.
#[derive(Clone, Debug, PartialEq)]
pub enum RunEnd {
    /// The execution has ended.
    Ended {
        /// The execution's name.
        name: String,
        /// How.
        end: End,
    },
    /// The user interrupted this process; the execution stands in the store, if it has begun.
    Interrupted {
        /// The execution's name, if it has begun.
        name: Option<String>,
    },
}

/// What a server is made of.
#[derive(Clone, Debug)]
pub struct Serving {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Flows that are registered at its beginning.
    pub flows: Vec<FlowText>,
    /// The functions that executions may call.
    pub registry: Registry,
    /// The components that they name.
    pub components: Vec<Component>,
    /// What tasks may touch.
    pub grants: Grants,
    /// Limits and switches.
    pub settings: Settings,
    /// The text of the file of tokens, if there is one.
    pub tokens: Option<String>,
}

/// A token that was just made.
#[derive(Clone, PartialEq, Eq)]
pub struct MadeToken {
    /// What its bearer is given, once.
    pub token: String,
    /// What whoever serves keeps.
    pub line: String,
}

impl std::fmt::Debug for MadeToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("MadeToken")
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}

/// One execution that is rehearsed: in memory, in virtual time, and perhaps in a rough world.
#[derive(Clone, Debug)]
pub struct Rehearsal {
    /// What is run.
    pub run: Run,
    /// The components that it names.
    pub components: Arc<Vec<Component>>,
    /// `$Environment`, an object.
    pub environment: Value,
    /// The folder whose objects it finds.
    pub objects: Option<PathBuf>,
    /// What is reported to tasks that wait for it.
    pub reports: Vec<PlannedReport>,
    /// After how many milliseconds it is stopped.
    pub stop_after_ms: Option<u64>,
}

/// The world that a rehearsal runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// Nothing goes wrong.
    Calm,
    /// The process dies, looks are doubled, the disk is slow and the order of things is random, as a seed decides.
    Rough {
        /// The seed.
        seed: u64,
        /// How many steps the same rehearsal takes where the world is calm: deaths are spread over so many.
        steps: u64,
    },
}

/// What came of a rehearsal.
#[derive(Clone, Debug, PartialEq)]
pub struct Rehearsed {
    /// How the execution stands.
    pub end: End,
    /// Why it has not ended, if it has not.
    pub unended: Option<String>,
    /// What it did.
    pub account: Account,
    /// How many steps the world took.
    pub steps: u64,
    /// How often the process died.
    pub deaths: u64,
}

/// How an editor's conversation with the language server ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditorEnd {
    /// The editor said goodbye.
    Asked,
    /// The editor has gone without a word.
    Gone,
    /// What came could not be read, for that reason.
    Lost(String),
}

/// Why the host did not do it.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// Whoever holds the store refused.
    #[error("{}", .0.message)]
    Refused(Refusal),
    /// Something here is broken.
    #[error("{0:#}")]
    Broken(anyhow::Error),
}

impl From<anyhow::Error> for HostError {
    fn from(error: anyhow::Error) -> Self {
        Self::Broken(error)
    }
}

/// Where verbs meet executions: opens their store, reaches the process that has it open, or asks their server.
pub trait Host: Send + Sync {
    /// Has a request answered by whoever holds the store, or by the server; the answers up to the final one. Never
    /// [`Request::Run`].
    fn call<'a>(&'a self, place: &'a Place, request: Request) -> BoxFuture<'a, Result<Vec<Answer>, HostError>>;

    /// Keeps components in the store and runs one execution to its end, wherever it is driven. A server has functions
    /// and grants of its own.
    fn run<'a>(
        &'a self,
        place: &'a Place,
        components: Vec<Component>,
        run: Run,
        progress: &'a mut Progress<'_>,
    ) -> BoxFuture<'a, Result<RunEnd, HostError>>;

    /// Runs one Express execution to its end, in memory.
    fn express<'a>(
        &'a self,
        store: &'a Path,
        components: Vec<Component>,
        run: Run,
        progress: &'a mut Progress<'_>,
    ) -> BoxFuture<'a, Result<RunEnd, HostError>>;

    /// Rehearses one execution; nothing where the user interrupted it.
    fn rehearse<'a>(
        &'a self,
        rehearsal: &'a Rehearsal,
        weather: Weather,
    ) -> BoxFuture<'a, Result<Option<Rehearsed>, HostError>>;

    /// Serves the API over a store until the user interrupts it; what happens is said.
    fn serve<'a>(
        &'a self,
        store: &'a Path,
        serving: Serving,
        say: &'a mut (dyn FnMut(&str) + Send),
    ) -> BoxFuture<'a, Result<(), HostError>>;

    /// Makes a token by chance.
    fn make_token(&self, scopes: &[Scope]) -> MadeToken;

    /// Serves an editor over standard input and output, as its language server.
    fn serve_editor(&self) -> BoxFuture<'_, EditorEnd>;
}
