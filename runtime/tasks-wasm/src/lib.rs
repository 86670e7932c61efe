//! Tasks as WebAssembly components: the adapter of the port [`Tasks`] for [`Work::Component`], on wasmtime.
//!
//! A component of the world `stepwell:task/task` (`sdk-guest/wit`) is compiled once, cached on the disk, linked once, and
//! then instantiated afresh for every attempt. Guests run on threads of their own and give way to each other, so one that
//! computes for ever costs its share of the processor until its time is up, and nothing else. A component whose last
//! attempt was over in less than a tenth of a millisecond is called on its caller's thread, from which it is taken at its
//! next tick (5 ms of computing; a large copy or a call to the host is not cut in two) if it is not over by then.
//!
//! | limit | default | what happens |
//! |---|---|---|
//! | memory, summed over the instance's memories and tables | [`MEMORY_MB_DEFAULT`], or the grants' `memory_mb` | `FnF.TaskMemoryExceeded` |
//! | time | [`TIMEOUT_SECONDS_DEFAULT`], or the grants' `timeout_seconds`; and the call's deadline | `FnF.TaskTimeout` |
//! | log | [`LOG_LINES_MAX`] lines, [`LOG_BYTES_MAX`] bytes | `FnF.LogLimitExceeded` |
//! | result | the call's `result_bytes_max` | `FnF.DataLimitExceeded`, not retryable |
//! | stack | 512 KiB | `FnF.TaskTrapped` |
//! | handles | 4,096 resources, 16 objects being written, 8 HTTP exchanges | a trap, or an error inside the guest |
//! | bodies of HTTP | [`HTTP_BODY_BYTES_MAX`] each | an error inside the guest |
//!
//! A trap is `FnF.TaskTrapped`, a result that is no JSON `FnF.InvalidOutput`; a component that is missing or of another
//! world is `FnF.ComponentUnavailable` or `FnF.InvalidComponent`; trouble of the host itself is `FnF.HostError`.
//!
//! Where components come from is an [`Origin`]: folders in which they are installed and compiled, or a [`Deployment`], whose
//! components were compiled ahead of time for the processors of a cloud and ship with the program. Without the feature
//! `compiler` the latter is what runs.
//!
//! Delivery: one call runs one guest at most once. Dropping the future of a call drops the guest at its next tick.
//!
//! **Invariant:** a guest sees nothing of this machine: no clock, no random source, no environment, no file, no socket;
//! and what it reaches of the world is what the call's grants allow, asked for anew on each access.

#[cfg(feature = "compiler")]
mod ahead;
mod attempt;
mod cache;
mod clocks;
mod components;
mod deployment;
mod digest;
mod error;
mod failure;
mod folder;
mod guest;
mod http;
mod kept;
mod linking;
mod log;
mod machine;
mod manifest;
mod memory;
mod objects;
mod observed;
mod options;
mod pace;
mod processor;
mod random;
mod ticker;
mod wasm_tasks;
mod world;

#[cfg(feature = "compiler")]
pub use ahead::AheadCompiler;
pub use deployment::Deployment;
pub use digest::Digest;
pub use error::{ComponentError, ManifestError, OpenError};
pub use http::BODY_BYTES_MAX as HTTP_BODY_BYTES_MAX;
pub use kept::COMPONENT_BYTES_MAX;
pub use log::{BYTES_MAX as LOG_BYTES_MAX, LINES_MAX as LOG_LINES_MAX};
pub use manifest::{COMPILED_FOLDER, Compiled, MANIFEST_FILE, Manifest};
pub use options::{Origin, Pool, Threads, WasmOptions};
pub use processor::Processor;
pub use wasm_tasks::WasmTasks;

#[cfg(doc)]
use stepwell_ports::{Tasks, Work};

/// The memory of an attempt in MiB where no grant says another.
pub const MEMORY_MB_DEFAULT: u32 = 128;
/// The time of an attempt in seconds where no grant says another.
pub const TIMEOUT_SECONDS_DEFAULT: u32 = 60;
