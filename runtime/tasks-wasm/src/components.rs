//! Components in memory, compiled and linked, wherever they come from.
//!
//! **Invariant:** a component is loaded at most once while it stays in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::deployment::Deployment;
use crate::kept::Kept;
use crate::linking::{Linking, Loaded};
use crate::pace::Pace;
use crate::{ComponentError, Digest, OpenError, Origin};

/// How many components stay in memory.
const LOADED_MAX: usize = 256;

pub(crate) struct Components {
    source: Source,
    /// The lock guards the map only; loading happens outside.
    loaded: Mutex<Shelf>,
}

/// Where they come from.
enum Source {
    Kept(Arc<Kept>),
    Deployed(Box<Linking>, Arc<Deployment>),
}

/// The components in memory, with the time of their last use.
#[derive(Default)]
struct Shelf {
    entries: BTreeMap<Digest, (u64, Arc<OnceCell<Loaded>>)>,
    uses: u64,
}

impl Components {
    pub(crate) fn open(linking: Linking, origin: Origin) -> Result<Self, OpenError> {
        let source = match origin {
            Origin::Kept { components, cache } => Source::Kept(Arc::new(Kept::open(linking, components, &cache)?)),
            Origin::Deployed(deployment) => Source::Deployed(Box::new(linking), Arc::new(deployment)),
        };
        Ok(Self {
            source,
            loaded: Mutex::default(),
        })
    }

    /// The component, loaded (and compiled, if need be) at most once.
    pub(crate) async fn load(&self, digest: &Digest) -> Result<Loaded, ComponentError> {
        let cell = self.loaded.lock().unwrap_or_else(PoisonError::into_inner).cell(digest);
        cell.get_or_try_init(|| self.source.load(digest)).await.cloned()
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
        match &self.source {
            Source::Kept(kept) => kept.install(bytes),
            Source::Deployed(_, deployed) => deployed.contains(&Digest::of(bytes)),
        }
    }

    /// Makes sure that the component is compiled for this engine.
    pub(crate) fn precompile(&self, digest: &Digest) -> Result<(), ComponentError> {
        match &self.source {
            Source::Kept(kept) => kept.precompile(digest),
            Source::Deployed(_, deployed) => deployed.contains(digest).map(drop),
        }
    }
}

impl Source {
    async fn load(&self, digest: &Digest) -> Result<Loaded, ComponentError> {
        match self {
            Self::Kept(kept) => {
                let (kept, digest) = (Arc::clone(kept), digest.clone());
                in_background(move || kept.load(&digest)).await
            }
            Self::Deployed(linking, deployed) => {
                let shipped = deployed.find(digest).await?;
                let (linking, digest) = (linking.clone(), digest.clone());
                in_background(move || linking.link(&shipped.map(&linking.engine, &digest)?)).await
            }
        }
    }
}

/// Does what takes long on a thread that may block.
async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ComponentError> + Send + 'static,
) -> Result<T, ComponentError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|panic| {
        Err(ComponentError::Invalid {
            problem: panic.to_string(),
        })
    })
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
