//! A folder as a zip archive whose bytes depend on nothing but the files' names and contents.
//!
//! **Invariant:** entries are sorted; every time is that of the format's beginning; programs are 0755, all else 0644.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

use super::BOOTSTRAP;

/// A file of a package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    /// Its path in the package, with `/`.
    pub(super) name: String,
    pub(super) bytes: u64,
}

/// Every file below a folder, by name.
pub(super) fn entries(folder: &Path) -> Result<Vec<Entry>> {
    let mut found = Vec::new();
    collect(folder, "", &mut found)?;
    found.sort();
    Ok(found)
}

fn collect(folder: &Path, prefix: &str, found: &mut Vec<Entry>) -> Result<()> {
    let listed = fs::read_dir(folder).with_context(|| format!("while listing {}", folder.display()))?;
    for entry in listed {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let facts = entry.metadata()?;
        if facts.is_dir() {
            collect(&entry.path(), &format!("{name}/"), found)?;
        } else {
            let bytes = facts.len();
            found.push(Entry { name, bytes });
        }
    }
    Ok(())
}

/// Writes the archive of those files of a folder.
pub(super) fn write(archive: &Path, folder: &Path, entries: &[&Entry]) -> Result<()> {
    let writing = || format!("while writing {}", archive.display());
    let mut zip = ZipWriter::new(File::create(archive).with_context(writing)?);
    for entry in entries {
        let content = fs::read(folder.join(&entry.name)).with_context(|| format!("while reading {}", entry.name))?;
        zip.start_file(&entry.name, options(&entry.name))
            .with_context(writing)?;
        zip.write_all(&content).with_context(writing)?;
    }
    zip.finish().with_context(writing)?;
    Ok(())
}

fn options(name: &str) -> SimpleFileOptions {
    let mode = if name == BOOTSTRAP { 0o755 } else { 0o644 };
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(mode)
}

/// A table of all parts and of the archives, with their sizes.
pub(super) fn sizes(entries: &[Entry], archives: &[PathBuf]) -> Result<String> {
    let mut lines = String::new();
    for entry in entries {
        lines += &format!("{:>12}  {}\n", entry.bytes, entry.name);
    }
    let unpacked: u64 = entries.iter().map(|entry| entry.bytes).sum();
    lines += &format!("{unpacked:>12}  all of it ({})\n", megabytes(unpacked));
    for archive in archives {
        let bytes = fs::metadata(archive)?.len();
        lines += &format!("{bytes:>12}  {} ({})\n", archive.display(), megabytes(bytes));
    }
    Ok(lines)
}

/// `1.5 MB`.
pub(super) fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn archived(mode: u32) -> (Vec<u8>, Vec<(String, u32, u64)>) {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("in");
        fs::create_dir_all(inside.join("stepwell/flows")).unwrap();
        for name in ["stepwell/flows/b.yaml", "bootstrap", "stepwell/flows/a.yaml"] {
            fs::write(inside.join(name), name).unwrap();
            fs::set_permissions(inside.join(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        let archive = folder.path().join("a.zip");
        let listed = entries(&inside).unwrap();
        write(&archive, &inside, &listed.iter().collect::<Vec<_>>()).unwrap();
        let mut zip = zip::ZipArchive::new(File::open(&archive).unwrap()).unwrap();
        let facts = |index| {
            let file = zip.by_index(index).unwrap();
            (
                file.name().unwrap().into_owned(),
                file.unix_mode().unwrap() & 0o777,
                file.size(),
            )
        };
        let found = (0..3).map(facts).collect();
        (fs::read(archive).unwrap(), found)
    }

    #[test]
    fn an_archive_depends_on_names_and_contents_alone() {
        let (first, found) = archived(0o600);
        let expected = [
            ("bootstrap", 0o755, 9),
            ("stepwell/flows/a.yaml", 0o644, 21),
            ("stepwell/flows/b.yaml", 0o644, 21),
        ];
        assert_eq!(
            found,
            expected.map(|(name, mode, bytes)| (name.to_owned(), mode, bytes))
        );
        assert!(first == archived(0o666).0);
    }

    #[test]
    fn sizes_are_shown_one_a_line() {
        let entry = |name: &str, bytes| Entry {
            name: name.to_owned(),
            bytes,
        };
        let shown = sizes(&[entry("a", 1_500_000), entry("b/c", 7)], &[]).unwrap();
        assert_eq!(
            shown,
            "     1500000  a\n           7  b/c\n     1500007  all of it (1.5 MB)\n"
        );
    }
}
