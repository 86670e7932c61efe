//! The engine in a world that owns time.

mod basics;
mod crashes;
