//! The places of objects on the disk, and the way there without following a link.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use stepwell_ports::{ObjectsError, check_bucket};

use crate::names;

/// Where an object is, or would be.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) bucket: String,
    pub(crate) key: String,
    root: PathBuf,
    /// Below the root.
    path: PathBuf,
}

/// Something stands where only our own directories and files may.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is neither a directory nor a file of the object store")]
pub(crate) struct InTheWay(pub(crate) PathBuf);

impl Place {
    pub(crate) fn new(root: &Path, bucket: &str, key: &str) -> Result<Self, ObjectsError> {
        check_bucket(bucket)?;
        let path = Path::new(bucket).join(names::path(key)?);
        Ok(Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            root: root.to_owned(),
            path,
        })
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.root.join(&self.path)
    }

    /// Opens the object for reading; answers its size too.
    pub(crate) fn open(&self) -> Result<(File, u64), ObjectsError> {
        let opened = self.look().and_then(|_| File::open(self.file())).and_then(|file| {
            let bytes = file.metadata()?.len();
            Ok((file, bytes))
        });
        opened.map_err(|error| self.failed("opening an object", error))
    }

    /// The object's size.
    pub(crate) fn bytes(&self) -> Result<u64, ObjectsError> {
        self.look().map_err(|error| self.failed("looking at an object", error))
    }

    /// Walks to the file; links and other strange things on the way are errors.
    fn look(&self) -> io::Result<u64> {
        let mut walked = self.root.clone();
        let mut pieces = self.path.iter().peekable();
        let mut bytes = 0;
        while let Some(piece) = pieces.next() {
            walked.push(piece);
            let metadata = fs::symlink_metadata(&walked)?;
            let expected = if pieces.peek().is_some() {
                metadata.is_dir()
            } else {
                metadata.is_file()
            };
            if !expected {
                return Err(io::Error::other(InTheWay(walked)));
            }
            bytes = metadata.len();
        }
        Ok(bytes)
    }

    /// Makes the directories on the way, each durable in the one above it.
    pub(crate) fn make_way(&self) -> io::Result<()> {
        let mut walked = self.root.clone();
        let Some(way) = self.path.parent() else { return Ok(()) };
        for piece in way {
            let above = walked.clone();
            walked.push(piece);
            match fs::create_dir(&walked) {
                Ok(()) => sync_directory(&above)?,
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    if !fs::symlink_metadata(&walked)?.is_dir() {
                        return Err(io::Error::other(InTheWay(walked)));
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Makes the object's name durable.
    pub(crate) fn sync_name(&self) -> io::Result<()> {
        self.file().parent().map_or(Ok(()), sync_directory)
    }

    pub(crate) fn failed(&self, during: &'static str, error: io::Error) -> ObjectsError {
        if error.kind() == ErrorKind::NotFound {
            return ObjectsError::NotFound {
                bucket: self.bucket.clone(),
                key: self.key.clone(),
            };
        }
        ObjectsError::Store {
            during,
            source: Box::new(error),
        }
    }
}

fn sync_directory(dir: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(dir)?.sync_all()
    } else {
        Ok(())
    }
}
