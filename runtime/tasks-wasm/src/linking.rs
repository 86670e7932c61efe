//! What every component must pass before calls are made to it, wherever it comes from.
//!
//! **Invariant:** nothing is called that is not of the world of a task, or has more memories than a place gives.

use std::sync::Arc;

use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

use crate::guest::Guest;
use crate::memory::MEMORIES_MAX;
use crate::pace::Pace;
use crate::world::{self, TaskHostPre};
use crate::{ComponentError, Pool};

/// A component that calls can be made to.
#[derive(Clone)]
pub(crate) struct Loaded {
    pub(crate) pre: TaskHostPre<Guest>,
    /// How many memories each of its instances takes from the pool; at least one.
    pub(crate) memories: u32,
    pub(crate) pace: Arc<Pace>,
}

/// The engine with everything that components are linked to.
#[derive(Clone)]
pub(crate) struct Linking {
    pub(crate) engine: Engine,
    linker: Linker<Guest>,
    memories_max: u32,
}

impl Linking {
    pub(crate) fn new(engine: Engine, linker: Linker<Guest>, pool: Pool) -> Self {
        Self {
            engine,
            linker,
            memories_max: MEMORIES_MAX.min(pool.guests_max()),
        }
    }

    /// Checks what can only be checked of a compiled component, and links it.
    pub(crate) fn link(&self, component: &Component) -> Result<Loaded, ComponentError> {
        world::check(&self.engine, component)?;
        // Memories that only appear at run time cannot be counted; the pool's own limits hold then.
        let memories = component
            .resources_required()
            .map_or(1, |required| required.num_memories)
            .max(1);
        if memories > self.memories_max {
            return Err(ComponentError::TooManyMemories {
                memories,
                memories_max: self.memories_max,
            });
        }
        let linked = self.linker.instantiate_pre(component).and_then(TaskHostPre::new);
        Ok(Loaded {
            pre: linked.map_err(|error| ComponentError::invalid(&error))?,
            memories,
            pace: Arc::default(),
        })
    }
}
