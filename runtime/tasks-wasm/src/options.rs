//! What a [`WasmTasks`](crate::WasmTasks) is opened with.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use stepwell_egress::Outbound;
use stepwell_ports::Objects;
use tokio::runtime::Handle;

use crate::Deployment;

/// Where components live, what guests may reach through the host, and how much runs at once.
pub struct WasmOptions {
    /// Where components come from.
    pub origin: Origin,
    /// Where granted objects are; none = there are no objects.
    pub objects: Option<Arc<dyn Objects>>,
    /// Where granted requests leave; none = there is no way out.
    pub outbound: Option<Arc<dyn Outbound>>,
    /// How many guests run at once, and where their memory comes from.
    pub pool: Pool,
    /// On which threads guests run.
    pub threads: Threads,
}

impl WasmOptions {
    /// Guests that were deployed and reach nothing, with the default pool and threads.
    #[must_use]
    pub fn deployed(deployment: Deployment) -> Self {
        Self {
            origin: Origin::Deployed(deployment),
            objects: None,
            outbound: None,
            pool: Pool::default(),
            threads: Threads::default(),
        }
    }

    /// Guests that are kept in folders and reach nothing, with the default pool and threads.
    #[must_use]
    pub fn new(components: impl Into<PathBuf>, cache: impl Into<PathBuf>) -> Self {
        Self {
            origin: Origin::Kept {
                components: components.into(),
                cache: cache.into(),
            },
            objects: None,
            outbound: None,
            pool: Pool::default(),
            threads: Threads::default(),
        }
    }
}

impl fmt::Debug for WasmOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            origin,
            objects,
            outbound,
            pool,
            threads,
        } = self;
        formatter
            .debug_struct("WasmOptions")
            .field("origin", origin)
            .field("objects", &objects.is_some())
            .field("outbound", &outbound.is_some())
            .field("pool", pool)
            .field("threads", threads)
            .finish()
    }
}

/// Where components come from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// Folders of this user's, in which components are installed and compiled.
    Kept {
        /// The folder of the components, `<digest>.wasm`; made if it is missing.
        components: PathBuf,
        /// The folder of compiled components; made if it is missing, readable by nobody else. What is missing in it is
        /// compiled again.
        cache: PathBuf,
    },
    /// What was deployed with the program, compiled ahead of time. Nothing else runs, and nothing is written.
    Deployed(Deployment),
}

/// How many guests run at once, and where their memory comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool {
    /// Memory is reserved once for this many guests: the fastest start of a call. It reserves about 4 GiB of address
    /// space (not of memory) for each.
    Reserved(u32),
    /// Memory is mapped for each call: some 15 µs slower, without the reservation.
    OnDemand(u32),
}

impl Pool {
    /// For a function with so many MiB of memory: as many guests as it has room for at their usual size. Of what is
    /// reserved, only what a guest touched takes memory, and at most 256 KiB of each stays for the next one.
    #[must_use]
    pub fn of_function(memory_mb: u32) -> Self {
        Self::Reserved((memory_mb / GUEST_MB).clamp(FUNCTION_GUESTS_MIN, FUNCTION_GUESTS_MAX))
    }

    /// How many guests run at once; at least one.
    #[must_use]
    pub fn guests_max(self) -> u32 {
        match self {
            Self::Reserved(count) | Self::OnDemand(count) => count.clamp(1, GUESTS_MAX),
        }
    }
}

impl Default for Pool {
    fn default() -> Self {
        Self::Reserved(64)
    }
}

/// What a guest takes of a function's memory, by experience.
const GUEST_MB: u32 = 32;
/// A guest may have four memories, and so take four places.
const FUNCTION_GUESTS_MIN: u32 = 4;
const FUNCTION_GUESTS_MAX: u32 = 64;

/// More would not fit the address space that processors have.
const GUESTS_MAX: u32 = 4096;

/// On which threads guests run that are not over at once.
#[derive(Clone, Debug, Default)]
pub enum Threads {
    /// Threads of their own, one per core.
    #[default]
    OnePerCore,
    /// The threads of a tokio runtime whose timers are enabled.
    Of(Handle),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_has_as_many_guests_as_its_memory_has_room_for() {
        let guests = |memory_mb| Pool::of_function(memory_mb);
        assert_eq!(
            [0, 128, 512, 1769, 10_240].map(guests),
            [4, 4, 16, 55, 64].map(Pool::Reserved)
        );
    }
}
