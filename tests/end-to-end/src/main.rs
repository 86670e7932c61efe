//! The real program, run as a user runs it.
//!
//! Everything that the command line promises for ever is held here: what goes to which stream, the shapes of `--json`,
//! exit codes, and that an execution survives the death of its process.
//!
//! **Invariant:** nothing of the program is linked in; only its arguments, streams, files, signals and exit codes are
//! used.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::print_stdout,
    reason = "a test says what it expects by failing"
)]

mod attaching;
mod children;
mod costs;
mod editor;
mod eval;
mod express;
mod fifty_kills;
mod flows;
mod functions;
mod histories;
mod hostile;
mod naming;
mod program;
mod random;
mod running;
mod serving;
mod settings;
mod shapes;
mod signals;
mod testing;
mod waiting;
