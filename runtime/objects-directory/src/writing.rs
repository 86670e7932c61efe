//! Objects in the making.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt};
use stepwell_ports::{ObjectStat, ObjectWriter, ObjectsError};

use crate::blocking;
use crate::place::Place;

/// No bucket can have this name.
const WRITING: &str = ".writing";

static WRITERS: AtomicU64 = AtomicU64::new(0);

/// A call was made on a writer whose last write was cancelled or failed.
#[derive(Debug, thiserror::Error)]
#[error("an earlier write of this object was not carried out")]
struct Broken;

/// Removes what writers left behind that did not live to do it; a living one holds a lock on its file.
pub(crate) fn tidy(root: &Path) -> io::Result<()> {
    let dir = root.join(WRITING);
    fs::create_dir_all(&dir)?;
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let abandoned = OpenOptions::new()
            .write(true)
            .open(&path)
            .is_ok_and(|file| file.try_lock().is_ok());
        if abandoned {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// The temporary file; it goes with this, unless it has been given its name.
#[derive(Debug)]
struct Draft {
    file: File,
    path: PathBuf,
    bytes: u64,
}

impl Draft {
    fn begin(root: &Path) -> io::Result<Self> {
        let number = WRITERS.fetch_add(1, Ordering::Relaxed);
        let path = root.join(WRITING).join(format!("{}-{number}", process::id()));
        let file = File::create(&path)?;
        let draft = Self { file, path, bytes: 0 };
        draft.file.try_lock()?;
        Ok(draft)
    }

    fn write(&mut self, chunk: &[u8]) -> io::Result<()> {
        self.file.write_all(chunk)?;
        self.bytes += chunk.len() as u64;
        Ok(())
    }

    fn finish(self, place: &Place) -> io::Result<u64> {
        self.file.sync_all()?;
        place.make_way()?;
        fs::rename(&self.path, place.file())?;
        place.sync_name()?;
        Ok(self.bytes)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After the renaming there is nothing to remove; what a failure leaves is tidied at the next opening.
        let _gone = fs::remove_file(&self.path);
    }
}

/// Writes one object; all its work is done in the pool for blocking work.
#[derive(Debug)]
pub(crate) struct FileWriter {
    place: Place,
    /// Away while a write is under way, and for ever when that write fails or is cancelled.
    draft: Option<Draft>,
}

impl FileWriter {
    pub(crate) fn begin(root: &Path, place: Place) -> Result<Self, ObjectsError> {
        let draft = Draft::begin(root).map_err(|error| store("beginning an object", error))?;
        Ok(Self {
            place,
            draft: Some(draft),
        })
    }
}

impl ObjectWriter for FileWriter {
    fn write(&mut self, chunk: Bytes) -> BoxFuture<'_, Result<(), ObjectsError>> {
        async move {
            let mut draft = self.draft.take().ok_or_else(broken)?;
            let written = blocking::run("writing an object", move || match draft.write(&chunk) {
                Ok(()) => Ok(draft),
                Err(error) => Err(store("writing an object", error)),
            });
            self.draft = Some(written.await?);
            Ok(())
        }
        .boxed()
    }

    fn finish(mut self: Box<Self>) -> BoxFuture<'static, Result<ObjectStat, ObjectsError>> {
        let Some(draft) = self.draft.take() else {
            return futures::future::ready(Err(broken())).boxed();
        };
        blocking::run("finishing an object", move || match draft.finish(&self.place) {
            Ok(bytes) => Ok(ObjectStat {
                key: self.place.key,
                bytes,
            }),
            Err(error) => Err(store("finishing an object", error)),
        })
    }
}

fn broken() -> ObjectsError {
    ObjectsError::Store {
        during: "writing an object",
        source: Box::new(Broken),
    }
}

fn store(during: &'static str, error: io::Error) -> ObjectsError {
    ObjectsError::Store {
        during,
        source: Box::new(error),
    }
}
