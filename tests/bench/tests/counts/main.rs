//! What does not depend on the machine: records, reads, syncs and allocations. A regression fails without a clock.

#![expect(clippy::unwrap_used, reason = "what cannot be counted is a failed test")]

#[cfg(test)]
mod allocations;
#[cfg(test)]
mod manifests;
#[cfg(test)]
mod records;
