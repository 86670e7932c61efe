//! A local cloud: the parts that the step function needs, each a real server, started on free loopback ports.

pub mod parts;
pub mod tools;
