//! Lists a bucket in the order of keys, a page at a time.
//!
//! The keys in a directory all begin with what the directory stands for, and no key outside does, so a walk that takes
//! the entries of each directory in the order of their bytes meets keys in order. A directory's entries are never all in
//! memory: each pass over it picks the next few.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use stepwell_ports::ObjectStat;

use crate::names::Piece;
use crate::place::InTheWay;

/// How many entries of a directory one pass picks.
const PICKED_MAX: usize = 1024;

/// What is looked for, and what was found.
struct Listing<'a> {
    prefix: &'a [u8],
    after: Option<&'a [u8]>,
    count_max: usize,
    found: Vec<ObjectStat>,
}

/// Objects below `bucket` whose key begins with `prefix`, strictly after `after`.
pub(crate) fn list(bucket: &Path, prefix: &str, after: Option<&str>, count_max: usize) -> io::Result<Vec<ObjectStat>> {
    match fs::symlink_metadata(bucket) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Err(io::Error::other(InTheWay(bucket.to_owned()))),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(vec![]),
        Err(error) => return Err(error),
    }
    let after = after.map(str::as_bytes);
    let mut listing = Listing {
        prefix: prefix.as_bytes(),
        after,
        count_max,
        found: vec![],
    };
    // The pieces on the way down, each with the last name that was picked in its directory.
    let mut way = vec![Stage::new(bucket.to_owned(), vec![])];
    while let Some(stage) = way.last_mut() {
        if listing.found.len() >= count_max {
            break;
        }
        match stage.next(&listing)? {
            None => drop(way.pop()),
            Some((key, Entry::Directory(path))) => way.push(Stage::new(path, key)),
            Some((key, Entry::File(bytes))) => listing.add(&key, bytes),
        }
    }
    Ok(listing.found)
}

impl Listing<'_> {
    fn add(&mut self, key: &[u8], bytes: u64) {
        // Only keys are written, so what is not UTF-8 is none of ours.
        if let Ok(key) = std::str::from_utf8(key) {
            self.found.push(ObjectStat {
                key: key.to_owned(),
                bytes,
            });
        }
    }

    fn wants_file(&self, key: &[u8]) -> bool {
        key.starts_with(self.prefix) && self.after.is_none_or(|after| key > after)
    }

    /// Whether a key that begins with `beginning` can be wanted.
    fn wants_below(&self, beginning: &[u8]) -> bool {
        let shares = beginning.starts_with(self.prefix) || self.prefix.starts_with(beginning);
        shares
            && self
                .after
                .is_none_or(|after| beginning > after || after.starts_with(beginning))
    }
}

enum Entry {
    File(u64),
    Directory(PathBuf),
}

/// One directory of the walk.
struct Stage {
    path: PathBuf,
    /// What all keys in it begin with.
    beginning: Vec<u8>,
    picked: BTreeMap<Vec<u8>, Entry>,
    /// The last of all that were picked; `None` before the first pass.
    reached: Option<Vec<u8>>,
    exhausted: bool,
}

impl Stage {
    fn new(path: PathBuf, beginning: Vec<u8>) -> Self {
        Self {
            path,
            beginning,
            picked: BTreeMap::new(),
            reached: None,
            exhausted: false,
        }
    }

    fn next(&mut self, listing: &Listing<'_>) -> io::Result<Option<(Vec<u8>, Entry)>> {
        if self.picked.is_empty() && !self.exhausted {
            self.pick(listing)?;
        }
        Ok(self.picked.pop_first())
    }

    fn pick(&mut self, listing: &Listing<'_>) -> io::Result<()> {
        let picked_max = listing.count_max.clamp(1, PICKED_MAX);
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.exhausted = true;
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        self.exhausted = true;
        for entry in entries {
            let Some((key, entry)) = self.read(&entry?, listing)? else {
                continue;
            };
            self.picked.insert(key, entry);
            if self.picked.len() > picked_max {
                drop(self.picked.pop_last());
                self.exhausted = false;
            }
        }
        self.reached = self.picked.last_key_value().map(|(key, _)| key.clone());
        Ok(())
    }

    /// What an entry stands for, if anybody wants to know.
    fn read(&self, entry: &fs::DirEntry, listing: &Listing<'_>) -> io::Result<Option<(Vec<u8>, Entry)>> {
        let Some(piece) = entry.file_name().to_str().and_then(Piece::read) else {
            return Ok(None);
        };
        let key = [self.beginning.as_slice(), &piece.key_bytes()].concat();
        let wanted = if piece.is_file() {
            listing.wants_file(&key)
        } else {
            listing.wants_below(&key)
        };
        if !wanted || self.reached.as_ref().is_some_and(|reached| key <= *reached) {
            return Ok(None);
        }
        let found = match entry.metadata() {
            // Not through links: a link is neither.
            Ok(metadata) if piece.is_file() && metadata.is_file() => Entry::File(metadata.len()),
            Ok(metadata) if !piece.is_file() && metadata.is_dir() => Entry::Directory(entry.path()),
            Ok(_) => return Ok(None),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(Some((key, found)))
    }
}
