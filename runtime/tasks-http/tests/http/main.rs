//! The client and the tasks against real servers on this machine, good and bad.

#[cfg(test)]
mod client;
#[cfg(test)]
mod server;
#[cfg(test)]
mod tasks;
#[cfg(test)]
mod tls;
