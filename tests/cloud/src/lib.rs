//! A local cloud: the parts that the step function needs, each a real server, started on free loopback ports.

pub mod fast_clock;
pub mod http_door;
pub mod lambda;
pub mod moved_clock;
pub mod parts;
pub mod poller;
mod server;
pub mod settings;
pub mod tools;
pub mod unsteady;
