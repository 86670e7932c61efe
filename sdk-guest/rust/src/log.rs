//! Lines for the attempt's log, which stands in the execution's history.
//!
//! Outside of a component, in a task's own unit tests, they go to standard error.
//!
//! **Invariant:** a component that says more than 1,000 lines or 64 KiB fails with `FnF.LogLimitExceeded`, so a log is
//! for telling, not for data.

use crate::bindings::stepwell::task::log::Level;

/// Says what only a developer wants to know.
pub fn debug(message: impl AsRef<str>) {
    say(Level::Debug, message.as_ref());
}

/// Says what is going on.
pub fn info(message: impl AsRef<str>) {
    say(Level::Info, message.as_ref());
}

/// Says what somebody should look at.
pub fn warn(message: impl AsRef<str>) {
    say(Level::Warn, message.as_ref());
}

/// Says what went wrong.
pub fn error(message: impl AsRef<str>) {
    say(Level::Error, message.as_ref());
}

#[cfg(target_arch = "wasm32")]
fn say(level: Level, message: &str) {
    crate::bindings::stepwell::task::log::log(level, message);
}

#[cfg(not(target_arch = "wasm32"))]
fn say(level: Level, message: &str) {
    eprintln!("{level:?}: {message}");
}
