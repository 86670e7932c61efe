//! What can be wrong with a component, or with the place where components live.

use std::path::PathBuf;

use crate::{Digest, Processor};

/// The cause of an error of another library.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why guests cannot run here at all.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A folder cannot be made or kept private.
    #[error("cannot use the folder `{}`", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The WebAssembly engine does not start, for instance because the address space is limited.
    #[error("the WebAssembly engine does not start")]
    Engine(#[source] Cause),
    /// What a package says of its components cannot be used.
    #[error("cannot use `{}`", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: ManifestError,
    },
    /// A thread does not start.
    #[error("a thread for guests does not start")]
    Threads(#[source] std::io::Error),
}

/// What can be wrong with the manifest of a package.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It is not there, or cannot be read.
    #[error("it cannot be read")]
    Unreadable(#[source] std::io::Error),
    /// It is not what a packager writes.
    #[error("it is no list of compiled components")]
    Malformed(#[source] serde_json::Error),
    /// It is of a format that this program does not know.
    #[error("its format is {found}; this program knows {known}")]
    Format {
        /// Its format.
        found: u32,
        /// The one that is known.
        known: u32,
    },
    /// Its components were compiled for another engine.
    #[error("its components were compiled by {found}; this program runs those of {expected}: package it again")]
    Engine {
        /// What compiled them.
        found: String,
        /// What is here.
        expected: &'static str,
    },
    /// Its components were compiled for another processor.
    #[error(
        "its components were compiled for {found}; this is {expected}: package it again with `--target {expected}`"
    )]
    Processor {
        /// What they were compiled for.
        found: Processor,
        /// What is here.
        expected: &'static str,
    },
}

/// Why a component is refused or cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ComponentError {
    /// The bytes are no WebAssembly at all.
    #[error("this is no WebAssembly component: it does not start with the bytes of one")]
    NotWasm,
    /// A core module, such as other targets produce.
    #[error(
        "this is a core WebAssembly module, not a component; build it for the target `wasm32-wasip2`, or turn it into a \
         component with `wasm-tools component new`"
    )]
    CoreModule,
    /// More bytes than a component may have.
    #[error("the component takes {bytes} bytes; the limit is {bytes_max}")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The limit.
        bytes_max: u64,
    },
    /// It does not compile.
    #[error("the component is not valid: {problem}")]
    Invalid {
        /// What the engine said.
        problem: String,
    },
    /// It is of another world: there is no `run`.
    #[error(
        "the component is not of the world `stepwell:task/task`: it exports no function `run`{}",
        list(", only `", exports)
    )]
    MissingRun {
        /// What it exports instead.
        exports: Vec<String>,
    },
    /// It is of another world: `run` has another type.
    #[error("the component's export `run` is not `{expected}`: {problem}")]
    WrongRun {
        /// The type of `run`.
        expected: &'static str,
        /// How it differs.
        problem: String,
    },
    /// It is of another world: it needs what nobody offers.
    #[error(
        "the component imports what no host of the world `stepwell:task/task` offers{}",
        list(": `", imports)
    )]
    UnknownImports {
        /// What it needs.
        imports: Vec<String>,
    },
    /// More memories than a guest may have.
    #[error("the component has {memories} memories; at most {memories_max} are possible")]
    TooManyMemories {
        /// Its memories.
        memories: u32,
        /// The limit.
        memories_max: u32,
    },
    /// There is no component of that digest.
    #[error("there is no component `{digest}`")]
    NotFound {
        /// The digest that was asked for.
        digest: Digest,
    },
    /// The file of the component does not contain what it is named for.
    #[error("the file of component `{digest}` is damaged: its content has another SHA-256")]
    Damaged {
        /// Its name.
        digest: Digest,
    },
    /// This program contains no compiler, and the component was not compiled for it.
    #[error("component `{digest}` is not compiled for this program, which contains no compiler")]
    NotCompiled {
        /// Its digest.
        digest: Digest,
    },
    /// It is not among the components that were deployed with this program, and only those run.
    #[error("component `{digest}` was not deployed with this program: package it again")]
    NotDeployed {
        /// Its digest.
        digest: Digest,
    },
    /// The disk failed.
    #[error("the store of components failed while {during}")]
    Store {
        /// What was being done.
        during: &'static str,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

impl ComponentError {
    pub(crate) fn invalid(error: &wasmtime::Error) -> Self {
        Self::Invalid {
            problem: format!("{error:#}"),
        }
    }
}

fn list(before: &str, names: &[String]) -> String {
    if names.is_empty() {
        String::new()
    } else {
        format!("{before}{}`", names.join("`, `"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_what_is_there_instead() {
        let nothing = ComponentError::MissingRun { exports: vec![] }.to_string();
        assert_eq!(
            nothing,
            "the component is not of the world `stepwell:task/task`: it exports no function `run`"
        );
        let other = ComponentError::MissingRun {
            exports: vec!["wasi:cli/run@0.2.0".into(), "x".into()],
        }
        .to_string();
        assert_eq!(other, format!("{nothing}, only `wasi:cli/run@0.2.0`, `x`"));
    }
}
