//! The port `Objects`.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures::future::{self, BoxFuture, FutureExt};
use stepwell_ports::{ObjectStat, ObjectWriter, Objects, ObjectsError, check_bucket};

use crate::place::Place;
use crate::writing::{self, FileWriter};
use crate::{blocking, listing};

/// Objects in the directories below a root.
#[derive(Clone, Debug)]
pub struct DirectoryObjects {
    root: PathBuf,
}

impl DirectoryObjects {
    /// Opens the store in `root`, and makes that directory if there is none. Removes what killed writers left.
    ///
    /// # Errors
    ///
    /// [`ObjectsError::Store`] when the directory cannot be made or read.
    pub fn open(root: &Path) -> Result<Self, ObjectsError> {
        let failed = |error| store("opening the directory of objects", error);
        writing::tidy(root).map_err(failed)?;
        Ok(Self {
            root: std::path::absolute(root).map_err(failed)?,
        })
    }

    /// The file in which the object is, or would be; for showing to people.
    ///
    /// # Errors
    ///
    /// [`ObjectsError::BadName`] when bucket or key cannot name anything.
    pub fn path(&self, bucket: &str, key: &str) -> Result<PathBuf, ObjectsError> {
        Ok(self.place(bucket, key)?.file())
    }

    fn place(&self, bucket: &str, key: &str) -> Result<Place, ObjectsError> {
        Place::new(&self.root, bucket, key)
    }
}

impl Objects for DirectoryObjects {
    fn read(
        &self,
        bucket: &str,
        key: &str,
        offset: u64,
        bytes_max: usize,
    ) -> BoxFuture<'static, Result<Bytes, ObjectsError>> {
        match self.place(bucket, key) {
            Ok(place) => blocking::run("reading an object", move || read(&place, offset, bytes_max)),
            Err(error) => refused(error),
        }
    }

    fn create(&self, bucket: &str, key: &str) -> BoxFuture<'static, Result<Box<dyn ObjectWriter>, ObjectsError>> {
        let root = self.root.clone();
        match self.place(bucket, key) {
            Ok(place) => blocking::run("beginning an object", move || {
                FileWriter::begin(&root, place).map(|writer| Box::new(writer) as Box<dyn ObjectWriter>)
            }),
            Err(error) => refused(error),
        }
    }

    fn stat(&self, bucket: &str, key: &str) -> BoxFuture<'static, Result<ObjectStat, ObjectsError>> {
        match self.place(bucket, key) {
            Ok(place) => blocking::run("looking at an object", move || {
                let bytes = place.bytes()?;
                Ok(ObjectStat { key: place.key, bytes })
            }),
            Err(error) => refused(error),
        }
    }

    fn list(
        &self,
        bucket: &str,
        prefix: &str,
        after: Option<&str>,
        count_max: usize,
    ) -> BoxFuture<'static, Result<Vec<ObjectStat>, ObjectsError>> {
        if let Err(error) = check_bucket(bucket) {
            return refused(error);
        }
        let (dir, prefix, after) = (self.root.join(bucket), prefix.to_owned(), after.map(str::to_owned));
        blocking::run("listing objects", move || {
            let found = listing::list(&dir, &prefix, after.as_deref(), count_max);
            found.map_err(|error| store("listing objects", error))
        })
    }
}

fn read(place: &Place, offset: u64, bytes_max: usize) -> Result<Bytes, ObjectsError> {
    let (mut file, bytes) = place.open()?;
    let wanted = bytes
        .saturating_sub(offset)
        .min(u64::try_from(bytes_max).unwrap_or(u64::MAX));
    if wanted == 0 {
        return Ok(Bytes::new());
    }
    let mut read = Vec::with_capacity(usize::try_from(wanted).unwrap_or(0));
    let done = file
        .seek(SeekFrom::Start(offset))
        .and_then(|_| file.take(wanted).read_to_end(&mut read));
    done.map_err(|error| store("reading an object", error))?;
    Ok(read.into())
}

fn refused<T: Send + 'static>(error: ObjectsError) -> BoxFuture<'static, Result<T, ObjectsError>> {
    future::ready(Err(error)).boxed()
}

fn store(during: &'static str, error: io::Error) -> ObjectsError {
    ObjectsError::Store {
        during,
        source: Box::new(error),
    }
}
