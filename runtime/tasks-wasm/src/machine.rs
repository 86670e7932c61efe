//! The WebAssembly engine and how it is set up.

use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Result};

use crate::Pool;
use crate::memory::MEMORIES_MAX;

/// A guest's stack; a recursion that goes deeper is a trap.
const STACK_BYTES: usize = 512 * 1024;
/// The stack of a guest together with that of the host's functions which it calls.
const FIBER_BYTES: usize = 2 * 1024 * 1024;
/// What 32-bit memories can address; the limit of an attempt is counted by [`crate::memory`].
const MEMORY_BYTES: usize = 1 << 32;
const TABLES_PER_COMPONENT: u32 = 20;
const TABLE_ELEMENTS: usize = 100_000;
const INSTANCES_PER_COMPONENT: u32 = 60;
/// What of a memory and of a table stays mapped between two guests, wiped, instead of being mapped anew: that halves the
/// time of a small call.
const MEMORY_KEPT_BYTES: usize = 256 * 1024;
const TABLE_KEPT_BYTES: usize = 64 * 1024;
const INSTANCE_BYTES: usize = 4 * 1024 * 1024;

/// The engine whose compiled components this program can run: wasmtime keeps its formats within a major version.
pub(crate) const ENGINE: &str = "wasmtime 48";

pub(crate) fn engine(pool: Pool) -> Result<Engine> {
    Engine::new(&config(pool))
}

/// What components are compiled with and run with; the two must agree.
pub(crate) fn config(pool: Pool) -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .epoch_interruption(true)
        .consume_fuel(false)
        .max_wasm_stack(STACK_BYTES)
        .async_stack_size(FIBER_BYTES)
        .allocation_strategy(strategy(pool));
    config
}

fn strategy(pool: Pool) -> InstanceAllocationStrategy {
    let guests = pool.guests_max();
    match pool {
        Pool::OnDemand(_) => InstanceAllocationStrategy::OnDemand,
        Pool::Reserved(_) => {
            let mut pooling = PoolingAllocationConfig::new();
            pooling
                .total_component_instances(guests)
                .total_stacks(guests)
                .total_memories(guests.max(MEMORIES_MAX))
                .total_core_instances(guests.saturating_mul(INSTANCES_PER_COMPONENT))
                .total_tables(guests.saturating_mul(TABLES_PER_COMPONENT))
                .max_memories_per_component(MEMORIES_MAX)
                .max_core_instances_per_component(INSTANCES_PER_COMPONENT)
                .max_tables_per_component(TABLES_PER_COMPONENT)
                .max_tables_per_module(TABLES_PER_COMPONENT)
                .max_memories_per_module(MEMORIES_MAX)
                .max_component_instance_size(INSTANCE_BYTES)
                .max_core_instance_size(INSTANCE_BYTES)
                .table_elements(TABLE_ELEMENTS)
                .max_memory_size(MEMORY_BYTES)
                .linear_memory_keep_resident(MEMORY_KEPT_BYTES)
                .table_keep_resident(TABLE_KEPT_BYTES)
                .pagemap_scan(Enabled::Auto);
            InstanceAllocationStrategy::Pooling(pooling)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_is_the_one_that_the_workspace_builds() {
        let version = ENGINE.strip_prefix("wasmtime ").unwrap();
        let manifest = include_str!("../../../Cargo.toml");
        assert!(manifest.contains(&format!("\nwasmtime = {{ version = \"{version}\"")));
    }
}
