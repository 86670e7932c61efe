//! Who may import whom: the layers of the house, and a checker that reads them off `cargo metadata`.
//!
//! Arrows point to lower numbers only; a layer never imports its own.
//!
//! ```text
//!   6  host-local │ host-lambda │ packager                   wiring, the binaries
//!   5  cli    │ api │ language-server                        verbs │ routes │ what an editor is told
//!   4  engine │ store-* wakes-* objects-* tasks-* │ simulator   the loop │ one technology each │ time and chance
//!      aws │ system                                          how the SDKs are set up │ the system's time and chance
//!   3  ports  │ egress                                       traits │ the guard for what goes out
//!   2  definition │ core │ pricing                           text formats │ advance and duties │ what it costs
//!   1  model │ actions │ wire                                what flows, grants and answers are
//!   0  expression                                            evaluating over JSON
//! ```
//!
//! **Invariant:** the tables below are the only place that says so; a crate that stands in no table is a violation.

mod graph;
#[cfg(test)]
mod house;
mod rules;

pub use graph::{Crate, Edge, Graph, MetadataError};
pub use rules::violations;

/// What a crate in `runtime/` is, which decides what it may depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Our own logic: no async runtime, and below layer 4 nothing heavy.
    Logic,
    /// Exactly one technology behind a port; may need an async runtime.
    Adapter,
    /// Wires adapters to the engine; may use anything.
    Host,
}

/// A crate in `runtime/` with its layer and role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The folder's name.
    pub folder: &'static str,
    /// Its layer.
    pub layer: u8,
    /// What it is.
    pub role: Role,
}

const fn place(folder: &'static str, layer: u8, role: Role) -> Place {
    Place { folder, layer, role }
}

/// Every crate in `runtime/` but the chores.
pub const HOUSE: &[Place] = &[
    place("expression", 0, Role::Logic),
    place("model", 1, Role::Logic),
    place("actions", 1, Role::Logic),
    place("wire", 1, Role::Logic),
    place("definition", 2, Role::Logic),
    place("core", 2, Role::Logic),
    place("pricing", 2, Role::Logic),
    place("ports", 3, Role::Logic),
    place("egress", 3, Role::Logic),
    place("engine", 4, Role::Logic),
    place("store-embedded", 4, Role::Adapter),
    place("store-memory", 4, Role::Adapter),
    place("objects-directory", 4, Role::Adapter),
    place("simulator", 4, Role::Logic),
    place("tasks-wasm", 4, Role::Adapter),
    place("tasks-http", 4, Role::Adapter),
    place("store-dynamodb", 4, Role::Adapter),
    place("wakes-aws", 4, Role::Adapter),
    place("objects-s3", 4, Role::Adapter),
    place("aws", 4, Role::Adapter),
    place("system", 4, Role::Adapter),
    place("cli", 5, Role::Logic),
    place("language-server", 5, Role::Logic),
    place("api", 5, Role::Logic),
    place("host-local", 6, Role::Host),
    place("host-lambda", 6, Role::Host),
    place("packager", 6, Role::Host),
];

/// Crates in `runtime/` that stand outside the layers; nobody depends on them.
pub const OUTSIDE: &[&str] = &["xtask"];

/// What every crate below layer 4 may depend on: small, pure and quick to build.
pub const LIGHT: &[&str] = &[
    "base64",
    "indexmap",
    "jiff",
    "md-5",
    "regex",
    "regex-automata",
    "serde",
    "serde_json",
    "sha1",
    "sha2",
    "thiserror",
];

/// What single crates below layer 4 may depend on beyond [`LIGHT`], each for its reason.
pub const EXCEPTIONS: &[(&str, &[&str])] = &[
    // Parses YAML with positions, and draws diagnostics.
    ("definition", &["granit-parser", "miette"]),
    // Boxed futures and chunks of objects, in the traits' signatures.
    ("ports", &["bytes", "futures"]),
    // The vocabulary of HTTP, and a trait with a boxed future.
    ("egress", &["bytes", "futures", "http"]),
];

/// Async runtimes.
pub const RUNTIMES: &[&str] = &[
    "async-executor",
    "async-std",
    "compio",
    "glommio",
    "monoio",
    "smol",
    "tokio",
];
