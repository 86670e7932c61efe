//! What does not depend on the machine: records, reads, syncs and allocations. A regression fails without a clock.

#[cfg(test)]
mod allocations;
#[cfg(test)]
mod manifests;
#[cfg(test)]
mod records;
