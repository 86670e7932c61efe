//! The manifest of a package: which components were deployed, and what each was compiled to.
//!
//! ```text
//!   stepwell/components.json                          the manifest
//!   stepwell/components/<sha-256>.cwasm               what a component was compiled to, named by its own SHA-256
//! ```
//!
//! **Invariant:** a program that was given a manifest runs nothing that does not stand in it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::folder::read_at_most;
use crate::machine::ENGINE;
use crate::{Digest, ManifestError, Processor};

/// Where the manifest lies in a package's folder.
pub const MANIFEST_FILE: &str = "components.json";
/// Where the compiled components lie in a package's folder, in a layer and in a bucket.
pub const COMPILED_FOLDER: &str = "components";
/// Two hundred bytes for each of eighty thousand components.
const MANIFEST_BYTES_MAX: u64 = 16 * 1024 * 1024;
const FORMAT: u32 = 1;

/// What was deployed, by the digests of the components.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    format: u32,
    engine: String,
    processor: Processor,
    components: BTreeMap<Digest, Compiled>,
}

/// What a component was compiled to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compiled {
    /// The SHA-256 of the compiled file.
    pub sha256: Digest,
    /// Its size.
    pub bytes: u64,
}

impl Manifest {
    /// A manifest of nothing, for components that this program's engine compiles for `processor`.
    #[must_use]
    pub fn new(processor: Processor) -> Self {
        Self {
            format: FORMAT,
            engine: ENGINE.to_owned(),
            processor,
            components: BTreeMap::new(),
        }
    }

    /// Reads the manifest of a package's folder, whatever it was compiled for.
    ///
    /// # Errors
    ///
    /// [`ManifestError`], which says what is wrong with it.
    pub fn read(folder: &Path) -> Result<Self, ManifestError> {
        let read = read_at_most(&folder.join(MANIFEST_FILE), MANIFEST_BYTES_MAX);
        let missing = || std::io::Error::from(std::io::ErrorKind::NotFound);
        let text = read.and_then(|text| text.ok_or_else(missing));
        let text = text.map_err(ManifestError::Unreadable)?;
        let manifest: Self = serde_json::from_slice(&text).map_err(ManifestError::Malformed)?;
        match manifest.format {
            FORMAT => Ok(manifest),
            found => Err(ManifestError::Format { found, known: FORMAT }),
        }
    }

    /// Whether what was compiled can run in this program.
    ///
    /// # Errors
    ///
    /// [`ManifestError`], which says what it was compiled for instead.
    pub fn check(&self) -> Result<(), ManifestError> {
        if self.engine != ENGINE {
            return Err(ManifestError::Engine {
                found: self.engine.clone(),
                expected: ENGINE,
            });
        }
        let here = Processor::here();
        if here != Some(self.processor) {
            return Err(ManifestError::Processor {
                found: self.processor,
                expected: here.map_or("another system", Processor::name),
            });
        }
        Ok(())
    }

    /// Adds what the component was compiled to.
    pub fn add(&mut self, component: Digest, compiled: &[u8]) -> &Compiled {
        self.components.entry(component).or_insert_with(|| Compiled {
            sha256: Digest::of(compiled),
            bytes: compiled.len() as u64,
        })
    }

    /// What the component was compiled to, if it was deployed.
    #[must_use]
    pub fn compiled(&self, component: &Digest) -> Option<&Compiled> {
        self.components.get(component)
    }

    /// Every component with what it was compiled to, by digest.
    pub fn components(&self) -> impl Iterator<Item = (&Digest, &Compiled)> {
        self.components.iter()
    }

    /// The manifest as it is stored: the same bytes for the same components.
    ///
    /// # Errors
    ///
    /// None in practice: everything in it can be written as JSON.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}

impl Compiled {
    /// The name of the compiled file.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{}.cwasm", self.sha256)
    }
}
