//! Waiting for files to change.
//!
//! The folders are watched, not the files: an editor that saves may put a new file in the place of the old one.
//!
//! **Invariant:** what a folder tells is only a reason to look; that a file has changed is seen in its content.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::Context;
use notify::event::ModifyKind;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use stepwell_definition::FILE_BYTES_MAX;

use super::folder;
use super::reading::read;

/// A save that takes several steps has ended when nothing happens for so long.
const QUIET: Duration = Duration::from_millis(50);

/// After so long it is looked whether a folder that was removed is there again.
const LOST_FOR: Duration = Duration::from_millis(500);

/// A folder in which something happens all the time is looked at after so long all the same.
const BUSY_MAX: Duration = Duration::from_millis(500);

/// Some files, watched from now on.
#[derive(Debug)]
pub(crate) struct Watch {
    paths: Vec<PathBuf>,
    contents: Vec<Option<Vec<u8>>>,
    events: Receiver<notify::Result<Event>>,
    watcher: RecommendedWatcher,
    /// Every folder, and whether it is watched: one that was removed is not, although another may be in its place.
    folders: BTreeMap<PathBuf, bool>,
}

impl Watch {
    /// Watches files, whether they exist yet or not.
    pub(crate) fn begin(paths: Vec<PathBuf>) -> anyhow::Result<Self> {
        let (sender, events) = mpsc::channel();
        let mut watcher = notify::recommended_watcher(sender).context("while beginning to watch")?;
        let folders: BTreeMap<_, _> = paths.iter().map(|path| (folder(path).to_owned(), true)).collect();
        for folder in folders.keys() {
            watcher
                .watch(folder, RecursiveMode::NonRecursive)
                .with_context(|| format!("while beginning to watch `{}`", folder.display()))?;
        }
        Ok(Self {
            contents: contents(&paths),
            paths,
            events,
            watcher,
            folders,
        })
    }

    /// Waits until a file has another content than when it was last looked at.
    pub(crate) fn changed(&mut self) -> anyhow::Result<()> {
        loop {
            match self.events.recv_timeout(LOST_FOR) {
                Ok(event) => {
                    let event = event.context("while watching")?;
                    self.lose(&event);
                    if !self.concerns(&event) {
                        continue;
                    }
                    self.settle();
                }
                Err(RecvTimeoutError::Timeout) if self.find() => {}
                Err(RecvTimeoutError::Timeout) => continue,
                Err(gone @ RecvTimeoutError::Disconnected) => return Err(gone).context("while watching"),
            }
            let now = contents(&self.paths);
            if now != self.contents {
                self.contents = now;
                return Ok(());
            }
        }
    }

    /// A folder that is removed or renamed is watched no more.
    fn lose(&mut self, event: &Event) {
        if event.kind.is_remove() || matches!(event.kind, EventKind::Modify(ModifyKind::Name(_))) {
            for path in &event.paths {
                if let Some(watched) = self.folders.get_mut(path) {
                    *watched = false;
                }
            }
        }
    }

    /// Watches folders that are there again; whether there is one.
    fn find(&mut self) -> bool {
        let mut found = false;
        for (folder, watched) in &mut self.folders {
            if !folder.is_dir() {
                *watched = false;
            } else if !*watched {
                // What was watched under that name has gone.
                _ = self.watcher.unwatch(folder);
                *watched = self.watcher.watch(folder, RecursiveMode::NonRecursive).is_ok();
                found |= *watched;
            }
        }
        found
    }

    fn concerns(&self, event: &Event) -> bool {
        let names = |path: &PathBuf| self.paths.iter().any(|watched| name(watched) == name(path));
        event.need_rescan() || (!event.kind.is_access() && event.paths.iter().any(names))
    }

    /// Waits until nothing more happens.
    fn settle(&mut self) {
        let begun = Instant::now();
        while begun.elapsed() < BUSY_MAX
            && let Ok(event) = self.events.recv_timeout(QUIET)
        {
            if let Ok(event) = event {
                self.lose(&event);
            }
        }
    }
}

fn name(path: &Path) -> Option<&OsStr> {
    path.file_name()
}

/// What stands in the files; nothing in those that cannot be read.
fn contents(paths: &[PathBuf]) -> Vec<Option<Vec<u8>>> {
    paths.iter().map(|path| read(path, FILE_BYTES_MAX).ok()).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_change_is_seen_however_a_file_is_saved() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a"), "1").unwrap();
        let mut watch = Watch::begin(vec![path("a"), path("b")]).unwrap();
        // Neither another file, nor the same content, is a change.
        fs::write(path("c"), "1").unwrap();
        fs::write(path("a"), "1").unwrap();
        fs::write(path("a"), "2").unwrap();
        watch.changed().unwrap();
        assert_eq!(watch.contents, [Some(b"2".to_vec()), None]);
        fs::write(path("new"), "3").unwrap();
        fs::rename(path("new"), path("a")).unwrap();
        watch.changed().unwrap();
        assert_eq!(watch.contents, [Some(b"3".to_vec()), None]);
        fs::write(path("b"), "4").unwrap();
        watch.changed().unwrap();
        assert_eq!(watch.contents, [Some(b"3".to_vec()), Some(b"4".to_vec())]);
        fs::remove_file(path("a")).unwrap();
        watch.changed().unwrap();
        assert_eq!(watch.contents, [None, Some(b"4".to_vec())]);
    }

    #[test]
    fn a_folder_that_is_made_again_is_watched_again() {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("flows");
        let path = folder.join("a");
        fs::create_dir(&folder).unwrap();
        fs::write(&path, "1").unwrap();
        let mut watch = Watch::begin(vec![path.clone()]).unwrap();
        for content in ["2", "3"] {
            fs::remove_dir_all(&folder).unwrap();
            watch.changed().unwrap();
            assert_eq!(watch.contents, [None]);
            fs::create_dir(&folder).unwrap();
            fs::write(&path, content).unwrap();
            watch.changed().unwrap();
            assert_eq!(watch.contents, [Some(content.as_bytes().to_vec())]);
        }
    }
}
