//! Components on the disk, `<components>/<digest>.wasm`, and in memory, compiled and linked.
//!
//! **Invariant:** nothing is loaded whose content is not what its name says, or that is not of the world of a task.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

use crate::cache::Cache;
use crate::folder::{read_at_most, write_whole};
use crate::guest::Guest;
use crate::memory::MEMORIES_MAX;
use crate::pace::Pace;
use crate::world::{self, TaskHostPre};
use crate::{ComponentError, Digest, OpenError, Pool};

/// The most bytes that a component may have; those of interpreted languages have some 20 MB.
pub const COMPONENT_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// How many components stay in memory.
const LOADED_MAX: usize = 256;
/// What every core module and every component starts with, and what tells them apart.
const WASM_MAGIC: &[u8] = b"\0asm";
const MODULE_VERSION: &[u8] = &[1, 0, 0, 0];

/// A component that calls can be made to.
#[derive(Clone)]
pub(crate) struct Loaded {
    pub(crate) pre: TaskHostPre<Guest>,
    /// How many memories each of its instances takes from the pool; at least one.
    pub(crate) memories: u32,
    pub(crate) pace: Arc<Pace>,
}

pub(crate) struct Components {
    engine: Engine,
    linker: Linker<Guest>,
    folder: PathBuf,
    cache: Cache,
    /// The lock guards the map only; loading happens outside.
    loaded: Mutex<Shelf>,
    memories_max: u32,
}

/// The components in memory, with the time of their last use.
#[derive(Default)]
struct Shelf {
    entries: BTreeMap<Digest, (u64, Arc<OnceCell<Loaded>>)>,
    uses: u64,
}

impl Components {
    pub(crate) fn open(
        engine: Engine,
        linker: Linker<Guest>,
        folder: PathBuf,
        cache: &Path,
        pool: Pool,
    ) -> Result<Self, OpenError> {
        let refused = |path: &Path| {
            let path = path.to_owned();
            move |source| OpenError::Folder { path, source }
        };
        std::fs::create_dir_all(&folder).map_err(refused(&folder))?;
        let cache = Cache::open(engine.clone(), cache).map_err(refused(cache))?;
        let memories_max = MEMORIES_MAX.min(pool.guests_max());
        Ok(Self {
            engine,
            linker,
            folder,
            cache,
            loaded: Mutex::default(),
            memories_max,
        })
    }

    /// The component, loaded (and compiled, if need be) at most once.
    pub(crate) async fn load(self: &Arc<Self>, digest: &Digest) -> Result<Loaded, ComponentError> {
        let cell = self.loaded.lock().unwrap_or_else(PoisonError::into_inner).cell(digest);
        let loaded = cell.get_or_try_init(|| async {
            let (components, digest) = (Arc::clone(self), digest.clone());
            tokio::task::spawn_blocking(move || components.load_now(&digest))
                .await
                .unwrap_or_else(|panic| {
                    Err(ComponentError::Invalid {
                        problem: panic.to_string(),
                    })
                })
        });
        loaded.await.cloned()
    }

    /// The pace of a component that is loaded.
    pub(crate) fn pace(&self, digest: &str) -> Option<Arc<Pace>> {
        let digest = Digest::parse(digest)?;
        let shelf = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, cell) = shelf.entries.get(&digest)?;
        Some(cell.get()?.pace.clone())
    }

    /// Checks the component, keeps it and what it compiles to, and answers its name.
    pub(crate) fn install(&self, bytes: &[u8]) -> Result<Digest, ComponentError> {
        check_header(bytes)?;
        let digest = Digest::of(bytes);
        if !self.cache.contains(&digest) {
            self.compile(&digest, bytes)?;
        }
        write_whole(&self.folder, &format!("{digest}.wasm"), bytes).map_err(store("a component was written"))?;
        Ok(digest)
    }

    /// Makes sure that the component is compiled for this engine.
    pub(crate) fn precompile(&self, digest: &Digest) -> Result<(), ComponentError> {
        if self.cache.contains(digest) {
            return Ok(());
        }
        self.compile(digest, &self.read(digest)?).map(drop)
    }

    fn load_now(&self, digest: &Digest) -> Result<Loaded, ComponentError> {
        if let Some(component) = self.cache.load(digest) {
            return self.prepare(&component);
        }
        let component = self.compile(digest, &self.read(digest)?)?;
        // What is mapped from the disk shares its memory with other programs; what was just compiled serves as well.
        self.prepare(&self.cache.load(digest).unwrap_or(component))
    }

    /// Checks what can only be checked of a compiled component, and links it.
    fn prepare(&self, component: &Component) -> Result<Loaded, ComponentError> {
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
            pre: linked.map_err(|error| invalid(&error))?,
            memories,
            pace: Arc::default(),
        })
    }

    fn read(&self, digest: &Digest) -> Result<Vec<u8>, ComponentError> {
        let path = self.folder.join(format!("{digest}.wasm"));
        let bytes = read_at_most(&path, COMPONENT_BYTES_MAX).map_err(store("a component was read"))?;
        let bytes = bytes.ok_or_else(|| ComponentError::NotFound { digest: digest.clone() })?;
        if Digest::of(&bytes) == *digest {
            Ok(bytes)
        } else {
            Err(ComponentError::Damaged { digest: digest.clone() })
        }
    }

    #[cfg(feature = "compiler")]
    fn compile(&self, digest: &Digest, bytes: &[u8]) -> Result<Component, ComponentError> {
        check_header(bytes)?;
        let component = Component::from_binary(&self.engine, bytes).map_err(|error| invalid(&error))?;
        self.prepare(&component)?;
        let compiled = component.serialize().map_err(|error| invalid(&error))?;
        self.cache
            .keep(digest, &compiled)
            .map_err(store("a compiled component was written"))?;
        Ok(component)
    }

    #[cfg(not(feature = "compiler"))]
    fn compile(&self, digest: &Digest, bytes: &[u8]) -> Result<Component, ComponentError> {
        check_header(bytes)?;
        Err(ComponentError::NotCompiled { digest: digest.clone() })
    }
}

impl Shelf {
    fn cell(&mut self, digest: &Digest) -> Arc<OnceCell<Loaded>> {
        self.uses += 1;
        if let Some((used, cell)) = self.entries.get_mut(digest) {
            *used = self.uses;
            return Arc::clone(cell);
        }
        if self.entries.len() >= LOADED_MAX {
            let oldest = self
                .entries
                .iter()
                .min_by_key(|(_, (used, _))| *used)
                .map(|(digest, _)| digest.clone());
            oldest.and_then(|digest| self.entries.remove(&digest));
        }
        let cell = Arc::<OnceCell<Loaded>>::default();
        self.entries.insert(digest.clone(), (self.uses, Arc::clone(&cell)));
        cell
    }
}

fn check_header(bytes: &[u8]) -> Result<(), ComponentError> {
    let size = bytes.len() as u64;
    if size > COMPONENT_BYTES_MAX {
        return Err(ComponentError::TooLarge {
            bytes: size,
            bytes_max: COMPONENT_BYTES_MAX,
        });
    }
    match bytes.strip_prefix(WASM_MAGIC) {
        Some(rest) if rest.starts_with(MODULE_VERSION) => Err(ComponentError::CoreModule),
        Some(_) => Ok(()),
        None => Err(ComponentError::NotWasm),
    }
}

fn invalid(error: &wasmtime::Error) -> ComponentError {
    ComponentError::Invalid {
        problem: format!("{error:#}"),
    }
}

fn store(during: &'static str) -> impl FnOnce(std::io::Error) -> ComponentError {
    move |source| ComponentError::Store { during, source }
}
