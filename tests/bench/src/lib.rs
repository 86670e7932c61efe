//! What the product costs, beside what it could cost at best: the parts that the benchmarks share.
//!
//! ```text
//!   benches/<subject>.rs ── Report: facts of the machine, one table, what the aims say
//!        │
//!        ├── House: the engine over a store and real WASM tasks, wired as a host does, every call to the store counted
//!        └── limits: a bare wasmtime host, the bare store loop, the raw rate of syncs
//! ```
//!
//! Every figure stands beside its limit of the same run, because a figure alone says more about the machine than about
//! the program. What does not depend on the machine (records, syncs, allocations) is asserted in `tests/counts`.
//!
//! **Invariant:** nothing here is part of the product, and the product knows nothing of it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark that cannot be carried out ends with what went wrong"
)]

mod bare_host;
mod bare_store;
mod core_alone;
mod counted;
mod disk;
mod flows;
mod guests;
mod house;
mod load;
mod machine;
mod points;
mod process;
mod program;
mod report;
mod sample;
mod system;
mod typical;

pub use bare_host::BareHost;
pub use bare_store::{BareLoop, bare_loop};
pub use core_alone::CoreAlone;
pub use counted::{Counted, Counts};
pub use disk::{SyncRate, sync_rate};
pub use flows::{ECHO, FIVE, MONTH, chain, chain_as_json, input, map_flow, map_input, rounds};
pub use guests::{Guest, call, echo, native_echo, rust_guest, with_another_digest};
pub use house::{House, Keeping, Manner, Shape};
pub use load::{Load, run_for};
pub use machine::Machine;
pub use points::durable_points;
pub use process::{Usage, cpu_of, disk_bytes, own_cpu, resident_of, sleeps_between, sleeps_of};
pub use program::Program;
pub use report::{Extent, Report, is_wanted, micros, millis, per_second, ratio};
pub use sample::Sample;
pub use system::{System, runtime, runtime_of_one_thread};
pub use typical::TypicalExpression;
