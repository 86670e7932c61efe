//! Components that were deployed with the program: compiled ahead of time, never written, never compiled here.
//!
//! They lie in the package beside their manifest, in a layer, or in a bucket. What lies in the package is what was
//! deployed, like the program itself, and is mapped as it is: only what a call touches is read from the disk. What comes
//! from elsewhere is run only if it is what the manifest says, to the byte.
//!
//! **Invariant:** nothing is mapped that does not stand in the manifest; nothing is written anywhere.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use stepwell_ports::{Objects, ObjectsError};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::folder::read_at_most;
use crate::manifest::{COMPILED_FOLDER, Compiled, MANIFEST_FILE};
use crate::{ComponentError, Digest, Manifest, OpenError};

/// How much is asked of a bucket at once.
const PART_BYTES_MAX: usize = 8 * 1024 * 1024;

/// What was deployed, and where it lies.
#[derive(Clone)]
pub struct Deployment {
    manifest: Manifest,
    package: PathBuf,
    layer: Option<PathBuf>,
    bucket: Option<Bucket>,
}

/// Where compiled components lie as objects.
#[derive(Clone)]
struct Bucket {
    objects: Arc<dyn Objects>,
    name: Arc<str>,
    prefix: Arc<str>,
}

/// A compiled component that was found.
pub(crate) enum Shipped {
    /// In the package, which was deployed as a whole.
    Packaged { path: PathBuf, bytes: u64 },
    /// Elsewhere; its content is what the manifest says.
    Checked(Vec<u8>),
}

impl Deployment {
    /// Reads the manifest in a package's folder.
    ///
    /// # Errors
    ///
    /// [`OpenError::Manifest`] when it is not there, or what it lists was compiled for another engine or processor.
    pub fn open(package: impl Into<PathBuf>) -> Result<Self, OpenError> {
        let package = package.into();
        let manifest = Manifest::read(&package).and_then(|manifest| manifest.check().map(|()| manifest));
        let manifest = manifest.map_err(|source| OpenError::Manifest {
            path: package.join(MANIFEST_FILE),
            source,
        })?;
        Ok(Self {
            manifest,
            package,
            layer: None,
            bucket: None,
        })
    }

    /// Looks in a layer's folder too, for what is not in the package.
    #[must_use]
    pub fn with_layer(mut self, folder: impl Into<PathBuf>) -> Self {
        self.layer = Some(folder.into());
        self
    }

    /// Looks in a bucket too, for what is neither in the package nor in a layer: at `<prefix><sha-256>.cwasm`.
    #[must_use]
    pub fn with_bucket(mut self, objects: Arc<dyn Objects>, bucket: &str, prefix: &str) -> Self {
        self.bucket = Some(Bucket {
            objects,
            name: bucket.into(),
            prefix: prefix.into(),
        });
        self
    }

    /// Its digest, if the component was deployed.
    pub(crate) fn contains(&self, digest: &Digest) -> Result<Digest, ComponentError> {
        self.compiled(digest).map(|_| digest.clone())
    }

    /// Finds what a component was compiled to: in the package, in the layer, in the bucket.
    pub(crate) async fn find(&self, digest: &Digest) -> Result<Shipped, ComponentError> {
        let compiled = self.compiled(digest)?;
        let path = place(&self.package, compiled);
        if path.is_file() {
            let bytes = compiled.bytes;
            return Ok(Shipped::Packaged { path, bytes });
        }
        let mut found = self.in_layer(compiled)?;
        if let (None, Some(bucket)) = (&found, &self.bucket) {
            found = bucket.fetch(compiled).await?;
        }
        let content = found.ok_or_else(|| ComponentError::NotFound { digest: digest.clone() })?;
        if Digest::of(&content) == compiled.sha256 {
            Ok(Shipped::Checked(content))
        } else {
            Err(ComponentError::Damaged { digest: digest.clone() })
        }
    }

    fn compiled(&self, digest: &Digest) -> Result<&Compiled, ComponentError> {
        let compiled = self.manifest.compiled(digest);
        compiled.ok_or_else(|| ComponentError::NotDeployed { digest: digest.clone() })
    }

    fn in_layer(&self, compiled: &Compiled) -> Result<Option<Vec<u8>>, ComponentError> {
        let Some(layer) = &self.layer else { return Ok(None) };
        read_at_most(&place(layer, compiled), compiled.bytes).map_err(failed)
    }
}

impl Shipped {
    /// Maps it into memory. Blocks while it reads the disk.
    #[expect(unsafe_code, reason = "mapping compiled code is what wasmtime marks as unsafe")]
    pub(crate) fn map(self, engine: &Engine, digest: &Digest) -> Result<Component, ComponentError> {
        let mapped = match self {
            Self::Packaged { path, bytes } => {
                let found = std::fs::metadata(&path).map_err(failed)?.len();
                if found != bytes {
                    return Err(ComponentError::Damaged { digest: digest.clone() });
                }
                // SAFETY: the file lies in the folder of the program's own package, which is deployed as a whole and
                // which nobody can write to while the program runs; whoever can change it can change the program.
                unsafe { Component::deserialize_file(engine, path) }
            }
            // SAFETY: the content has the SHA-256 that the manifest of the program's own package gives, and so is what
            // the packager's compiler wrote.
            Self::Checked(content) => unsafe { Component::deserialize(engine, content) },
        };
        mapped.map_err(|error| ComponentError::invalid(&error))
    }
}

impl Bucket {
    async fn fetch(&self, compiled: &Compiled) -> Result<Option<Vec<u8>>, ComponentError> {
        let key = format!("{}{}", self.prefix, compiled.file_name());
        let mut content = Vec::new();
        while (content.len() as u64) < compiled.bytes {
            match self
                .objects
                .read(&self.name, &key, content.len() as u64, PART_BYTES_MAX)
                .await
            {
                Ok(part) if part.is_empty() => break,
                Ok(part) => add(&mut content, &part, compiled.bytes),
                Err(ObjectsError::NotFound { .. }) => return Ok(None),
                Err(error) => return Err(failed(std::io::Error::other(error))),
            }
        }
        Ok(Some(content))
    }
}

/// Adds a part; a byte more than there should be is enough to tell that it is something else.
fn add(content: &mut Vec<u8>, part: &Bytes, bytes_max: u64) {
    let room = bytes_max.saturating_add(1).saturating_sub(content.len() as u64);
    let taken = part.len().min(usize::try_from(room).unwrap_or(usize::MAX));
    content.extend(part.iter().take(taken));
}

fn place(folder: &Path, compiled: &Compiled) -> PathBuf {
    folder.join(COMPILED_FOLDER).join(compiled.file_name())
}

fn failed(source: std::io::Error) -> ComponentError {
    ComponentError::Store {
        during: "a compiled component was read",
        source,
    }
}

impl fmt::Debug for Deployment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Deployment")
            .field("package", &self.package)
            .field("layer", &self.layer)
            .field(
                "bucket",
                &self.bucket.as_ref().map(|bucket| (&bucket.name, &bucket.prefix)),
            )
            .finish_non_exhaustive()
    }
}
