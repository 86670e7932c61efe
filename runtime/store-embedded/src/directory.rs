//! The store's directory: its lock, and its file with the right format.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use redb::backends::FileBackend;
use redb::{Database, DatabaseError, ReadTransaction, ReadableDatabase, StorageBackend, StorageError, TableError};

use crate::disk::Disk;
use crate::error::{Failure, OpenError, catching};
use crate::layout::{BLOBS, DUE, EXECUTIONS, FORMAT, FORMAT_KEY, LOG, META};
use crate::options::{Durability, Options};

const LOCK: &str = "lock";
const STORE: &str = "store.redb";
/// A store in the making; it gets its name when it is whole.
const NEW_STORE: &str = "store.redb.new";

/// Holds the operating system's lock as long as it lives.
#[derive(Debug)]
pub(crate) struct LockFile {
    file: File,
}

impl Drop for LockFile {
    fn drop(&mut self) {
        // Closing would do, but for a child process in the making, which holds a copy of the handle until it is made.
        let _closed_anyway = self.file.unlock();
    }
}

/// Makes the directory if need be and locks it.
pub(crate) fn lock(dir: &Path) -> Result<LockFile, OpenError> {
    let unusable = |source| OpenError::Directory {
        path: dir.to_owned(),
        source,
    };
    fs::create_dir_all(dir).map_err(unusable)?;
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(dir.join(LOCK));
    let file = file.map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(LockFile { file }),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked { path: dir.to_owned() }),
        Err(TryLockError::Error(source)) => Err(unusable(source)),
    }
}

/// Opens the store's file, and makes it first where there is none.
pub(crate) fn open(dir: &Path, options: &Options, syncs: &Arc<AtomicU64>) -> Result<Database, OpenError> {
    let path = dir.join(STORE);
    if !path.try_exists().map_err(|source| io_failed(&path, source))? {
        make(dir, &path, options, syncs)?;
    }
    // Whoever made the store, its name must be durable before anything in it is.
    if options.durability == Durability::Fsync {
        sync_directory(dir).map_err(|source| io_failed(&path, source))?;
    }
    let disk = disk(&path, OpenOptions::new().read(true).write(true), options, syncs)?;
    // An empty file would be taken for a store in the making.
    if disk.len().map_err(|source| io_failed(&path, source))? == 0 {
        return Err(OpenError::Foreign {
            path,
            why: "it is empty",
        });
    }
    prepare(&path, options, disk)
}

/// Killed at any moment it leaves nothing, a file that is made again, or the whole; and the whole only where its
/// directory is there to stay.
fn make(dir: &Path, path: &Path, options: &Options, syncs: &Arc<AtomicU64>) -> Result<(), OpenError> {
    let new = dir.join(NEW_STORE);
    let disk = disk(
        &new,
        OpenOptions::new().read(true).write(true).create(true).truncate(true),
        options,
        syncs,
    )?;
    drop(prepare(&new, options, disk)?);
    if options.durability == Durability::Fsync {
        sync_ancestors(dir).map_err(|source| io_failed(path, source))?;
    }
    fs::rename(&new, path).map_err(|source| io_failed(path, source))
}

fn disk(
    path: &Path,
    how: &OpenOptions,
    options: &Options,
    syncs: &Arc<AtomicU64>,
) -> Result<Disk<FileBackend>, OpenError> {
    let file = how.open(path).map_err(|source| io_failed(path, source))?;
    let file = FileBackend::new(file).map_err(|error| refused(path, error))?;
    Ok(Disk::new(file, options.durability, syncs.clone()))
}

/// Opens what is in the backend, checks its format, and fills it first if it is empty.
pub(crate) fn prepare(path: &Path, options: &Options, backend: impl StorageBackend) -> Result<Database, OpenError> {
    let empty = backend.len().map_err(|source| io_failed(path, source))? == 0;
    let mut builder = Database::builder();
    builder.set_cache_size(options.cache_bytes);
    let opened = catching(|| Ok(builder.create_with_backend(backend)));
    let database = opened
        .map_err(|failure| failed(path, failure))?
        .map_err(|error| refused(path, error))?;
    if empty {
        fill(&database).map_err(|failure| failed(path, failure))?;
    }
    check_format(path, &database)?;
    Ok(database)
}

fn fill(database: &Database) -> Result<(), Failure> {
    let transaction = database.begin_write()?;
    transaction.open_table(LOG)?;
    transaction.open_table(DUE)?;
    transaction.open_table(BLOBS)?;
    transaction.open_table(EXECUTIONS)?;
    transaction.open_table(META)?.insert(FORMAT_KEY, FORMAT)?;
    Ok(transaction.commit()?)
}

fn check_format(path: &Path, database: &Database) -> Result<(), OpenError> {
    let foreign = |why| OpenError::Foreign {
        path: path.to_owned(),
        why,
    };
    let read = catching(|| {
        let transaction = database.begin_read()?;
        Ok((format(&transaction)?, transaction))
    });
    let (format, transaction) = read.map_err(|failure| failed(path, failure))?;
    match format {
        None => Err(foreign("it names no format")),
        Some(FORMAT) => check_trees(&transaction).map_err(|failure| failed(path, failure)),
        Some(found) => Err(OpenError::Format {
            path: path.to_owned(),
            found,
            supported: FORMAT,
        }),
    }
}

fn format(transaction: &ReadTransaction) -> Result<Option<u64>, Failure> {
    match transaction.open_table(META) {
        Ok(meta) => Ok(meta.get(FORMAT_KEY)?.map(|format| format.value())),
        Err(TableError::Storage(error)) => Err(error.into()),
        // No such tree, or one of another shape: another program's.
        Err(_) => Ok(None),
    }
}

fn check_trees(transaction: &ReadTransaction) -> Result<(), Failure> {
    catching(|| {
        transaction.open_table(LOG)?;
        transaction.open_table(DUE)?;
        transaction.open_table(BLOBS)?;
        transaction.open_table(EXECUTIONS)?;
        Ok(())
    })
}

fn refused(path: &Path, error: DatabaseError) -> OpenError {
    let path = path.to_owned();
    if let DatabaseError::UpgradeRequired(_) = error {
        return OpenError::Foreign {
            path,
            why: "it was written by an older redb",
        };
    }
    if let DatabaseError::Storage(StorageError::Io(error)) = error {
        return io_failed(&path, error);
    }
    let damaged = matches!(error, DatabaseError::Storage(StorageError::Corrupted(_)));
    let source = Box::new(error);
    if damaged {
        OpenError::Damaged { path, source }
    } else {
        OpenError::Store { path, source }
    }
}

fn failed(path: &Path, failure: Failure) -> OpenError {
    let (path, damaged) = (path.to_owned(), failure.is_damage());
    let source = Box::new(failure);
    if damaged {
        OpenError::Damaged { path, source }
    } else {
        OpenError::Store { path, source }
    }
}

fn io_failed(path: &Path, error: io::Error) -> OpenError {
    let path: PathBuf = path.to_owned();
    // redb's word for a file that begins with something else.
    if error.kind() == ErrorKind::InvalidData {
        return OpenError::Foreign {
            path,
            why: "it holds something else",
        };
    }
    // A file that ends too early was cut off.
    let damaged = error.kind() == ErrorKind::UnexpectedEof;
    let source = Box::new(error);
    if damaged {
        OpenError::Damaged { path, source }
    } else {
        OpenError::Store { path, source }
    }
}

/// Makes the names on the way to the directory durable: any of them may be new.
fn sync_ancestors(dir: &Path) -> io::Result<()> {
    for ancestor in dir.canonicalize()?.ancestors().skip(1) {
        let synced = sync_directory(ancestor);
        // What cannot be read or synced was not made by this program either.
        let cannot = |error: &io::Error| {
            matches!(
                error.kind(),
                ErrorKind::PermissionDenied
                    | ErrorKind::InvalidInput
                    | ErrorKind::Unsupported
                    | ErrorKind::ReadOnlyFilesystem
            )
        };
        if let Err(error) = synced
            && !cannot(&error)
        {
            return Err(error);
        }
    }
    Ok(())
}

/// Makes a new name in the directory durable.
fn sync_directory(dir: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(dir)?.sync_all()
    } else {
        Ok(())
    }
}
