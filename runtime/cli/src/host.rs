//! What a verb needs of the program that it runs in.

use std::path::Path;

use futures::future::BoxFuture;
use stepwell_wire::output::End;
use stepwell_wire::{Answer, Refusal, Request, Run};

use crate::Progress;

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

/// How an editor's conversation with the language server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditorEnd {
    /// The editor said goodbye.
    Asked,
    /// The editor has gone without a word.
    Gone,
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

/// Where verbs meet stores: opens the store, or reaches the process that has it open.
pub trait Host: Send + Sync {
    /// Has a request answered by whoever holds the store in `store`; the answers up to the final one. Never
    /// [`Request::Run`].
    fn call<'a>(&'a self, store: &'a Path, request: Request) -> BoxFuture<'a, Result<Vec<Answer>, HostError>>;

    /// Keeps components in the store and runs one execution to its end, wherever it is driven.
    fn run<'a>(
        &'a self,
        store: &'a Path,
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

    /// Serves an editor over standard input and output, as its language server.
    fn serve_editor(&self) -> BoxFuture<'_, EditorEnd>;
}
