//! Components that are kept in a folder of this user's, `<components>/<digest>.wasm`, with a cache of what they compile to.
//!
//! **Invariant:** nothing is loaded whose content is not what its name says.

use std::io;
use std::path::{Path, PathBuf};

#[cfg(feature = "compiler")]
use wasmtime::component::Component;

use crate::cache::Cache;
use crate::folder::{read_at_most, write_whole};
use crate::linking::{Linking, Loaded};
use crate::{ComponentError, Digest, OpenError};

/// The most bytes that a component may have; those of interpreted languages have some 20 MB.
pub const COMPONENT_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// What every core module and every component starts with, and what tells them apart.
const WASM_MAGIC: &[u8] = b"\0asm";
const MODULE_VERSION: &[u8] = &[1, 0, 0, 0];

/// The folders of components and of what they compile to.
pub(crate) struct Kept {
    linking: Linking,
    folder: PathBuf,
    cache: Cache,
}

impl Kept {
    pub(crate) fn open(linking: Linking, folder: PathBuf, cache: &Path) -> Result<Self, OpenError> {
        let refused = |path: &Path| {
            let path = path.to_owned();
            move |source| OpenError::Folder { path, source }
        };
        std::fs::create_dir_all(&folder).map_err(refused(&folder))?;
        let cache = Cache::open(linking.engine.clone(), cache).map_err(refused(cache))?;
        Ok(Self { linking, folder, cache })
    }

    /// Checks the component, keeps it and what it compiles to, and answers its name.
    pub(crate) fn install(&self, bytes: &[u8]) -> Result<Digest, ComponentError> {
        check_header(bytes)?;
        let digest = Digest::of(bytes);
        if !self.cache.contains(&digest) {
            self.compile(&digest, bytes)?;
        }
        write_whole(&self.folder, &format!("{digest}.wasm"), bytes).map_err(failed("a component was written"))?;
        Ok(digest)
    }

    /// Makes sure that the component is compiled for this engine.
    pub(crate) fn precompile(&self, digest: &Digest) -> Result<(), ComponentError> {
        if self.cache.contains(digest) {
            return Ok(());
        }
        self.compile(digest, &self.read(digest)?).map(drop)
    }

    pub(crate) fn load(&self, digest: &Digest) -> Result<Loaded, ComponentError> {
        if let Some(component) = self.cache.load(digest) {
            return self.linking.link(&component);
        }
        let component = self.compile(digest, &self.read(digest)?)?;
        // What is mapped from the disk shares its memory with other programs; what was just compiled serves as well.
        self.linking.link(&self.cache.load(digest).unwrap_or(component))
    }

    fn read(&self, digest: &Digest) -> Result<Vec<u8>, ComponentError> {
        let path = self.folder.join(format!("{digest}.wasm"));
        let bytes = read_at_most(&path, COMPONENT_BYTES_MAX).map_err(failed("a component was read"))?;
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
        let compiled = Component::from_binary(&self.linking.engine, bytes);
        let component = compiled.map_err(|error| ComponentError::invalid(&error))?;
        self.linking.link(&component)?;
        let compiled = component.serialize().map_err(|error| ComponentError::invalid(&error))?;
        self.cache
            .keep(digest, &compiled)
            .map_err(failed("a compiled component was written"))?;
        Ok(component)
    }

    #[cfg(not(feature = "compiler"))]
    fn compile(&self, digest: &Digest, bytes: &[u8]) -> Result<wasmtime::component::Component, ComponentError> {
        check_header(bytes)?;
        Err(ComponentError::NotCompiled { digest: digest.clone() })
    }
}

pub(crate) fn check_header(bytes: &[u8]) -> Result<(), ComponentError> {
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

fn failed(during: &'static str) -> impl FnOnce(io::Error) -> ComponentError {
    move |source| ComponentError::Store { during, source }
}
