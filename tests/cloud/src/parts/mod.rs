//! The servers of the local cloud, each a program of its own.
//!
//! **Invariant:** a part listens on the loopback address only and ends with the value that stands for it.

pub mod dynoxide;
pub mod elasticmq;
pub mod maven;
pub mod moto;
pub mod moved_queue;
pub mod process;
pub mod rie;
pub mod scheduler;
