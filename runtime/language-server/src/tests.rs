//! Whole conversations over a pipe.

mod client;
mod sessions;
