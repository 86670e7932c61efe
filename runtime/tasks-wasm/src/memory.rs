//! How much memory a guest takes: memories and tables together.

use std::sync::Arc;

use wasmtime::{Error, ResourceLimiter, Result};

use crate::observed::Observed;

/// The host's bytes for one element of a table.
const TABLE_ELEMENT_BYTES: usize = size_of::<usize>();
/// How many core instances a guest may consist of.
const INSTANCES_MAX: usize = 1_000;
const TABLES_MAX: usize = 100;
/// How many memories a guest may have.
pub(crate) const MEMORIES_MAX: u32 = 4;

/// Adds up what a guest has, and refuses what goes beyond its limit.
#[derive(Debug)]
pub(crate) struct MemoryLimit {
    bytes: usize,
    bytes_max: usize,
    observed: Arc<Observed>,
}

/// A guest wanted more memory than it may have; the guest ends with it.
#[derive(Debug, thiserror::Error)]
#[error("the task wanted {wanted} bytes of memory; its limit is {bytes_max} ({} MiB)", bytes_max >> 20)]
pub(crate) struct MemoryExceeded {
    wanted: usize,
    bytes_max: usize,
}

impl MemoryLimit {
    pub(crate) fn new(bytes_max: usize, observed: Arc<Observed>) -> Self {
        Self {
            bytes: 0,
            bytes_max,
            observed,
        }
    }

    fn grow(&mut self, current: usize, desired: usize, unit_bytes: usize) -> Result<bool> {
        let more = desired.saturating_sub(current).saturating_mul(unit_bytes);
        let wanted = self.bytes.saturating_add(more);
        if wanted > self.bytes_max {
            return Err(Error::from(MemoryExceeded {
                wanted,
                bytes_max: self.bytes_max,
            }));
        }
        self.bytes = wanted;
        self.observed.saw_memory(wanted);
        Ok(true)
    }
}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        self.grow(current, desired, 1)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        self.grow(current, desired, TABLE_ELEMENT_BYTES)
    }

    fn instances(&self) -> usize {
        INSTANCES_MAX
    }

    fn tables(&self) -> usize {
        TABLES_MAX
    }

    fn memories(&self) -> usize {
        MEMORIES_MAX as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_and_tables_add_up_to_the_limit() {
        let observed = Arc::new(Observed::default());
        let mut limit = MemoryLimit::new(100, Arc::clone(&observed));
        assert!(limit.memory_growing(0, 50, None).unwrap());
        assert!(limit.table_growing(0, 5, None).unwrap());
        assert!(limit.memory_growing(50, 60, None).unwrap());
        let error = limit.memory_growing(0, 1, None).unwrap_err().to_string();
        assert_eq!(error, "the task wanted 101 bytes of memory; its limit is 100 (0 MiB)");
        assert!(
            limit.memory_growing(0, usize::MAX, None).is_err() && limit.table_growing(0, usize::MAX, None).is_err()
        );
        assert_eq!(observed.telemetry().guest_memory_bytes, 100);
    }
}
