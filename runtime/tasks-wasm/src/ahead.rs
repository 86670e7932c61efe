//! Compiling ahead of time, for a processor that need not be this one.
//!
//! **Invariant:** the same component, processor and compiler give the same bytes, on whatever machine.

use wasmtime::component::Component;
use wasmtime::{Config, Engine};

use crate::kept::check_header;
use crate::linking::Linking;
use crate::{ComponentError, Pool, Processor, guest, machine};

/// Compiles components for one kind of processor.
#[derive(Debug)]
pub struct AheadCompiler {
    checking: Engine,
    compiling: Engine,
}

impl AheadCompiler {
    /// Starts the compiler.
    ///
    /// # Errors
    ///
    /// [`ComponentError::Invalid`] when this program was built without the compiler for that processor (the feature `cross`
    /// adds those of other machines).
    pub fn new(processor: Processor) -> Result<Self, ComponentError> {
        Ok(Self {
            checking: machine::engine(ONE_GUEST).map_err(|error| ComponentError::invalid(&error))?,
            compiling: engine_for(processor).map_err(|error| ComponentError::invalid(&error))?,
        })
    }

    /// Checks the component as it is checked where it is installed, and compiles it.
    ///
    /// # Errors
    ///
    /// [`ComponentError`], which says what is wrong with the component.
    pub fn compile(&self, component: &[u8]) -> Result<Vec<u8>, ComponentError> {
        check_header(component)?;
        let invalid = |error| ComponentError::invalid(&error);
        let linker = guest::linker(&self.checking).map_err(invalid)?;
        let checked = Component::from_binary(&self.checking, component).map_err(invalid)?;
        Linking::new(self.checking.clone(), linker, Pool::default()).link(&checked)?;
        self.compiling.precompile_component(component).map_err(invalid)
    }
}

/// Nothing is instantiated; no memory needs to be reserved.
const ONE_GUEST: Pool = Pool::OnDemand(1);

#[expect(
    unsafe_code,
    reason = "what a processor can do is a promise that wasmtime cannot check"
)]
fn engine_for(processor: Processor) -> wasmtime::Result<Engine> {
    let mut config: Config = machine::config(ONE_GUEST);
    config.target(processor.triple())?;
    for feature in processor.features() {
        // SAFETY: every such processor of the cloud has the feature; and wasmtime asks the processor for each when it
        // maps what was compiled, and refuses what cannot run.
        unsafe {
            config.cranelift_flag_enable(feature);
        }
    }
    Engine::new(&config)
}
