//! What a [`WasmTasks`](crate::WasmTasks) is opened with.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use stepwell_egress::Outbound;
use stepwell_ports::Objects;
use tokio::runtime::Handle;

/// Where components live, what guests may reach through the host, and how much runs at once.
pub struct WasmOptions {
    /// The folder of the components, `<digest>.wasm`; made if it is missing.
    pub components: PathBuf,
    /// The folder of compiled components; made if it is missing, readable by nobody else. What is missing in it is
    /// compiled again.
    pub cache: PathBuf,
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
    /// Guests that reach nothing, with the default pool and threads.
    #[must_use]
    pub fn new(components: impl Into<PathBuf>, cache: impl Into<PathBuf>) -> Self {
        Self {
            components: components.into(),
            cache: cache.into(),
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
            components,
            cache,
            objects,
            outbound,
            pool,
            threads,
        } = self;
        formatter
            .debug_struct("WasmOptions")
            .field("components", components)
            .field("cache", cache)
            .field("objects", &objects.is_some())
            .field("outbound", &outbound.is_some())
            .field("pool", pool)
            .field("threads", threads)
            .finish()
    }
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
