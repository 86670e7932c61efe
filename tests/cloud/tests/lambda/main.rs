//! The Lambda of the local cloud, its poller and its HTTP, with a real function in a real process.

#[cfg(test)]
mod begins;
#[cfg(test)]
mod deaths;
#[cfg(test)]
mod events;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod http_door;
#[cfg(test)]
mod invocations;
#[cfg(test)]
mod poller;
#[cfg(test)]
mod ramp;
#[cfg(test)]
mod rie;
