//! What components were compiled to, kept between programs.
//!
//! ```text
//!   <cache>/<engine>/<digest>               names what the component was compiled to …
//!   <cache>/<engine>/<sha-256>.cwasm        … which is named by its own SHA-256 and mapped into memory
//! ```
//!
//! `<engine>` changes with the version of wasmtime, its settings and the processor's features, so that a program meets
//! only what it can run. A program without a compiler cannot know that name and tries every folder; wasmtime itself
//! refuses what it cannot run. The whole folder can be deleted; what is damaged in it counts as missing.
//!
//! **Invariant:** nothing is mapped whose content is not what its name says.

use std::io;
use std::path::{Path, PathBuf};

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::Digest;
use crate::folder::{make_private, read_at_most};
use crate::kept::COMPONENT_BYTES_MAX;

const COMPILED_BYTES_MAX: u64 = 8 * COMPONENT_BYTES_MAX;
/// A name is a digest.
const NAME_BYTES_MAX: u64 = 64;

/// The compiled components that this engine may run.
pub(crate) struct Cache {
    engine: Engine,
    folders: Vec<PathBuf>,
}

impl Cache {
    pub(crate) fn open(engine: Engine, folder: &Path) -> io::Result<Self> {
        make_private(folder)?;
        let folders = folders(&engine, folder)?;
        Ok(Self { engine, folders })
    }

    /// The component, if it is there, undamaged and compiled for this engine.
    pub(crate) fn load(&self, digest: &Digest) -> Option<Component> {
        self.files(digest).find_map(|path| self.map(&path).ok())
    }

    pub(crate) fn contains(&self, digest: &Digest) -> bool {
        self.files(digest).next().is_some()
    }

    /// The files that the component was compiled to, undamaged.
    fn files(&self, digest: &Digest) -> impl Iterator<Item = PathBuf> {
        self.folders.iter().filter_map(move |folder| file(folder, digest))
    }

    #[expect(unsafe_code, reason = "mapping compiled code is what wasmtime marks as unsafe")]
    fn map(&self, path: &Path) -> wasmtime::Result<Component> {
        // SAFETY: the file was written by `keep` of a program like this one, in a folder that only this user can enter,
        // and its content was just found to be what its name says. Files there are replaced by renaming, never changed
        // in place, so what is mapped stays as it is. Code for another engine is refused by wasmtime.
        unsafe { Component::deserialize_file(&self.engine, path) }
    }
}

fn file(folder: &Path, digest: &Digest) -> Option<PathBuf> {
    let name = read_at_most(&folder.join(digest.as_str()), NAME_BYTES_MAX).ok()??;
    let name = Digest::parse(&String::from_utf8(name).ok()?)?;
    let path = folder.join(format!("{name}.cwasm"));
    let content = read_at_most(&path, COMPILED_BYTES_MAX).ok()??;
    (Digest::of(&content) == name).then_some(path)
}

#[cfg(feature = "compiler")]
impl Cache {
    /// Keeps a component that was compiled by this engine.
    pub(crate) fn keep(&self, digest: &Digest, compiled: &[u8]) -> io::Result<()> {
        let name = Digest::of(compiled);
        for folder in &self.folders {
            crate::folder::write_whole(folder, &format!("{name}.cwasm"), compiled)?;
            crate::folder::write_whole(folder, digest.as_str(), name.as_str().as_bytes())?;
        }
        Ok(())
    }
}

/// The one folder for what this engine, and no other, can run.
#[cfg(feature = "compiler")]
fn folders(engine: &Engine, folder: &Path) -> io::Result<Vec<PathBuf>> {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    let of_engine = folder.join(format!("{:016x}", hasher.finish()));
    make_private(&of_engine)?;
    Ok(vec![of_engine])
}

/// Every folder, in a fixed order.
#[cfg(not(feature = "compiler"))]
fn folders(_engine: &Engine, folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut folders = entries.collect::<io::Result<Vec<_>>>()?;
    folders.sort();
    Ok(folders)
}
