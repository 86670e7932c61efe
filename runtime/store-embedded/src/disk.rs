//! The file under the trees: counts syncs, or leaves them out.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use redb::StorageBackend;
use redb::backends::FileBackend;

use crate::options::Durability;

/// A file of which every write goes to the kernel at once.
#[derive(Debug)]
pub(crate) struct Disk {
    file: FileBackend,
    durability: Durability,
    syncs: Arc<AtomicU64>,
}

impl Disk {
    pub(crate) fn new(file: File, durability: Durability, syncs: Arc<AtomicU64>) -> Result<Self, redb::DatabaseError> {
        Ok(Self {
            file: FileBackend::new(file)?,
            durability,
            syncs,
        })
    }
}

/// Has no locks: the store's own lock file stands before it.
impl StorageBackend for Disk {
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
