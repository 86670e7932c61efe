//! The file under the trees: counts syncs, or leaves them out.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use redb::StorageBackend;

use crate::options::Durability;

/// A file, or what stands for it, of which every write goes to the kernel at once.
#[derive(Debug)]
pub(crate) struct Disk<B> {
    file: B,
    durability: Durability,
    syncs: Arc<AtomicU64>,
}

impl<B> Disk<B> {
    pub(crate) fn new(file: B, durability: Durability, syncs: Arc<AtomicU64>) -> Self {
        Self {
            file,
            durability,
            syncs,
        }
    }
}

/// Has no locks: the store's own lock file stands before it.
impl<B: StorageBackend> StorageBackend for Disk<B> {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        match self.durability {
            Durability::Fsync => {
                self.syncs.fetch_add(1, Ordering::Relaxed);
                self.file.sync_data()
            }
            Durability::NoSync => Ok(()),
        }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }
}
