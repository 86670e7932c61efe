//! Waiting for files to change.
//!
//! The folders are watched, not the files: an editor that saves may put a new file in the place of the old one.
//!
//! **Invariant:** what a folder tells is only a reason to look; that a file has changed is seen in its content.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use anyhow::Context;
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use stepwell_definition::FILE_BYTES_MAX;

use super::folder;
use super::reading::read;

/// A save that takes several steps has ended when nothing happens for so long.
const QUIET: Duration = Duration::from_millis(50);

/// A folder in which something happens all the time is looked at after so long all the same.
const BUSY_MAX: Duration = Duration::from_millis(500);

/// Some files, watched from now on.
#[derive(Debug)]
pub(crate) struct Watch {
    paths: Vec<PathBuf>,
    contents: Vec<Option<Vec<u8>>>,
    events: Receiver<notify::Result<Event>>,
    // Watches as long as it lives.
    _watcher: RecommendedWatcher,
}

impl Watch {
    /// Watches files, whether they exist yet or not.
    pub(crate) fn begin(paths: Vec<PathBuf>) -> anyhow::Result<Self> {
        let (sender, events) = mpsc::channel();
        let mut watcher = notify::recommended_watcher(sender).context("while beginning to watch")?;
        let folders: BTreeSet<&Path> = paths.iter().map(|path| folder(path)).collect();
        for folder in folders {
            watcher
                .watch(folder, RecursiveMode::NonRecursive)
                .with_context(|| format!("while beginning to watch `{}`", folder.display()))?;
        }
        Ok(Self {
            contents: contents(&paths),
            paths,
            events,
            _watcher: watcher,
        })
    }

    /// Waits until a file has another content than when it was last looked at.
    pub(crate) fn changed(&mut self) -> anyhow::Result<()> {
        loop {
            let event = self.events.recv().context("while watching")?;
            if !self.concerns(&event.context("while watching")?) {
                continue;
            }
            self.settle();
            let now = contents(&self.paths);
            if now != self.contents {
                self.contents = now;
                return Ok(());
            }
        }
    }

    fn concerns(&self, event: &Event) -> bool {
        let names = |path: &PathBuf| self.paths.iter().any(|watched| name(watched) == name(path));
        event.need_rescan() || (!event.kind.is_access() && event.paths.iter().any(names))
    }

    /// Waits until nothing more happens.
    fn settle(&self) {
        let begun = Instant::now();
        while begun.elapsed() < BUSY_MAX && self.events.recv_timeout(QUIET).is_ok() {}
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
}
