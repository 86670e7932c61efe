//! Components on the disk, compiled and in memory.
//!
//! ```text
//!   <components>/<digest>.wasm              the component, named by its SHA-256
//!   <cache>/<engine>/<digest>               names what it was compiled to …
//!   <cache>/<engine>/<sha-256>.cwasm        … which is named by its own SHA-256 and mapped into memory
//! ```
//!
//! `<engine>` changes with the version of wasmtime, its settings and the processor's features, so that a program meets
//! only what it can run. The cache can be deleted; what is damaged in it is compiled again.
//!
//! **Invariant:** nothing is loaded whose content is not what its name says.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

use crate::folder::{self, read_at_most, write_whole};
use crate::guest::Guest;
use crate::memory::MEMORIES_MAX;
use crate::world::{self, TaskHostPre};
use crate::{ComponentError, Digest, OpenError, Pool};

/// The most bytes that a component may have; those of interpreted languages have some 20 MB.
pub const COMPONENT_BYTES_MAX: u64 = 256 * 1024 * 1024;
const COMPILED_BYTES_MAX: u64 = 8 * COMPONENT_BYTES_MAX;
const NAME_BYTES_MAX: u64 = 64;
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
}

pub(crate) struct Components {
    engine: Engine,
    linker: Linker<Guest>,
    folder: PathBuf,
    cache: PathBuf,
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
        let cache_of_engine = cache.join(engine_name(&engine));
        let refused = |path: &Path| {
            let path = path.to_owned();
            move |source| OpenError::Folder { path, source }
        };
        std::fs::create_dir_all(&folder).map_err(refused(&folder))?;
        folder::make_private(cache).map_err(refused(cache))?;
        folder::make_private(&cache_of_engine).map_err(refused(&cache_of_engine))?;
        let memories_max = MEMORIES_MAX.min(pool.guests_max());
        Ok(Self {
            engine,
            linker,
            folder,
            cache: cache_of_engine,
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

    /// Checks the component, keeps it and what it compiles to, and answers its name.
    pub(crate) fn install(&self, bytes: &[u8]) -> Result<Digest, ComponentError> {
        check_header(bytes)?;
        let digest = Digest::of(bytes);
        self.compile(&digest, bytes)?;
        write_whole(&self.folder, &format!("{digest}.wasm"), bytes).map_err(store("a component was written"))?;
        Ok(digest)
    }

    /// Makes sure that the component is compiled for this engine.
    pub(crate) fn precompile(&self, digest: &Digest) -> Result<(), ComponentError> {
        match self.compiled(digest)? {
            Some(_) => Ok(()),
            None => self.compile(digest, &self.read(digest)?).map(drop),
        }
    }

    fn load_now(&self, digest: &Digest) -> Result<Loaded, ComponentError> {
        if let Some(path) = self.compiled(digest)?
            && let Ok(component) = self.map(&path)
        {
            return self.prepare(&component);
        }
        let path = self.compile(digest, &self.read(digest)?)?;
        self.prepare(&self.map(&path).map_err(|error| invalid(&error))?)
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

    /// The file that the component was compiled to, if it is there and undamaged.
    fn compiled(&self, digest: &Digest) -> Result<Option<PathBuf>, ComponentError> {
        let name = read_at_most(&self.cache.join(digest.as_str()), NAME_BYTES_MAX).map_err(CACHE_READ)?;
        let name = name.and_then(|bytes| Digest::parse(&String::from_utf8(bytes).ok()?));
        let Some(name) = name else { return Ok(None) };
        let path = self.cache.join(format!("{name}.cwasm"));
        let bytes = read_at_most(&path, COMPILED_BYTES_MAX).map_err(CACHE_READ)?;
        Ok(bytes.filter(|bytes| Digest::of(bytes) == name).map(|_| path))
    }

    #[expect(unsafe_code, reason = "mapping compiled code is what wasmtime marks as unsafe")]
    fn map(&self, path: &Path) -> wasmtime::Result<Component> {
        // SAFETY: the file was written by `keep_compiled` of a program with this very engine, in a folder that only this
        // user can enter, and its content was just found to be what its name says. Files there are replaced by renaming,
        // never changed in place, so what is mapped stays as it is.
        unsafe { Component::deserialize_file(&self.engine, path) }
    }

    #[cfg(feature = "compiler")]
    fn compile(&self, _digest: &Digest, bytes: &[u8]) -> Result<PathBuf, ComponentError> {
        check_header(bytes)?;
        let component = Component::from_binary(&self.engine, bytes).map_err(|error| invalid(&error))?;
        self.prepare(&component)?;
        let compiled = component.serialize().map_err(|error| invalid(&error))?;
        self.keep_compiled(_digest, &compiled)
            .map_err(store("a compiled component was written"))
    }

    #[cfg(not(feature = "compiler"))]
    fn compile(&self, digest: &Digest, bytes: &[u8]) -> Result<PathBuf, ComponentError> {
        check_header(bytes)?;
        Err(ComponentError::NotCompiled { digest: digest.clone() })
    }

    #[cfg(feature = "compiler")]
    fn keep_compiled(&self, digest: &Digest, compiled: &[u8]) -> std::io::Result<PathBuf> {
        let name = Digest::of(compiled);
        let file = format!("{name}.cwasm");
        write_whole(&self.cache, &file, compiled)?;
        write_whole(&self.cache, digest.as_str(), name.as_str().as_bytes())?;
        Ok(self.cache.join(file))
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

/// The name of the folder for what this engine, and no other, can run.
fn engine_name(engine: &Engine) -> String {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
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

const CACHE_READ: fn(std::io::Error) -> ComponentError = |source| ComponentError::Store {
    during: "a compiled component was read",
    source,
};

fn store(during: &'static str) -> impl FnOnce(std::io::Error) -> ComponentError {
    move |source| ComponentError::Store { during, source }
}
