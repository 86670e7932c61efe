//! A loss of power in the middle of a commit: of the pages that the last commit wrote, any may have reached the disk.
//!
//! The store's files are copied before the last commit (which was acknowledged) and after it. An image takes each page
//! from one copy or the other; the store must open it with everything of the first copy, and of the last group all or
//! nothing of each record. A page is lost with odds of 1 in 2, 8 or 64, by turns.

use std::fs;
use std::path::{Path, PathBuf};

use crate::load::{append, bodies, execution, mix};
use crate::operation::{Append, Failure, open};

const PAGE: usize = 4096;
// Few enough that no store moves records between its files meanwhile, which the copies would catch half-way.
const GROUPS: u64 = 4;
const GROUP: u64 = 20;

/// How the images opened.
#[derive(Default)]
pub struct Torn {
    /// Opened with everything acknowledged and the last group as a whole.
    pub with_last: u64,
    /// Opened with everything acknowledged and nothing of the last group.
    pub without_last: u64,
    /// Opened with everything acknowledged and a part of the last group.
    pub with_part: u64,
    /// Opened, but something acknowledged was gone.
    pub lost: u64,
    /// Did not open.
    pub refused: u64,
    /// One reason for a refusal.
    pub reason: String,
}

/// Tries `images` images.
pub fn run(store: &str, dir: &Path, body_bytes: usize, images: u64) -> Result<Torn, Failure> {
    let (live, before, after, image) = (
        dir.join("live"),
        dir.join("before"),
        dir.join("after"),
        dir.join("image"),
    );
    fs::create_dir_all(&live)?;
    let mut candidate = open(store, &live)?;
    let pool = bodies();
    for number in 0..GROUPS {
        candidate.commit(&group(number, &pool, body_bytes))?;
    }
    copy(&live, &before)?;
    candidate.commit(&group(GROUPS, &pool, body_bytes))?;
    copy(&live, &after)?;
    // Closing the store would write to it; the copies stand for the process that died.
    std::mem::forget(candidate);
    let mut torn = Torn::default();
    for seed in 0..images {
        let _first = fs::remove_dir_all(&image);
        mingle(
            &before,
            &after,
            &image,
            [1, 7, 63][usize::try_from(seed % 3)?],
            &mut mix(seed),
        )?;
        look(store, &image, &mut torn);
    }
    Ok(torn)
}

fn group(number: u64, pool: &[u8], body_bytes: usize) -> Vec<Append> {
    let due_ms = 1_000_000 + number * GROUP;
    let scopes = 0..GROUP;
    scopes
        .map(|scope| append(execution(9, scope), number + 1, due_ms + scope, pool, body_bytes))
        .collect()
}

fn look(store: &str, image: &Path, torn: &mut Torn) {
    let opened = std::panic::catch_unwind(|| -> Result<Vec<u64>, Failure> {
        let candidate = open(store, image)?;
        let mut reader = candidate.reader()?;
        (0..GROUP)
            .map(|scope| Ok(reader.last(&execution(9, scope))?.unwrap_or(0)))
            .collect()
    });
    match opened {
        Ok(Ok(lasts)) if lasts.iter().any(|last| *last < GROUPS) => torn.lost += 1,
        Ok(Ok(lasts)) if lasts.iter().all(|last| *last == GROUPS) => torn.without_last += 1,
        Ok(Ok(lasts)) if lasts.iter().all(|last| *last == GROUPS + 1) => torn.with_last += 1,
        Ok(Ok(_)) => torn.with_part += 1,
        Ok(Err(error)) => (torn.refused, torn.reason) = (torn.refused + 1, error.to_string()),
        Err(_) => (torn.refused, torn.reason) = (torn.refused + 1, "panicked".to_owned()),
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    for file in files(from)? {
        let target = to.join(file.strip_prefix(from)?);
        fs::create_dir_all(target.parent().ok_or("no parent")?)?;
        fs::copy(&file, &target)?;
    }
    Ok(())
}

fn mingle(before: &Path, after: &Path, image: &Path, odds: u64, seed: &mut u64) -> Result<(), Failure> {
    for file in files(after)? {
        let name = file.strip_prefix(after)?;
        let target = image.join(name);
        fs::create_dir_all(target.parent().ok_or("no parent")?)?;
        let (old, new) = (fs::read(before.join(name)).unwrap_or_default(), fs::read(&file)?);
        fs::write(target, mingled(&old, &new, odds, seed))?;
    }
    Ok(())
}

fn mingled(old: &[u8], new: &[u8], odds: u64, seed: &mut u64) -> Vec<u8> {
    let mut mixed = Vec::with_capacity(new.len());
    for (number, page) in new.chunks(PAGE).enumerate() {
        *seed = mix(*seed);
        let mut older = old
            .get(number * PAGE..)
            .unwrap_or_default()
            .iter()
            .take(page.len())
            .copied()
            .collect::<Vec<_>>();
        older.resize(page.len(), 0);
        mixed.extend_from_slice(if *seed & odds == 0 { &older } else { page });
    }
    mixed
}

fn files(dir: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.extend(files(&entry.path())?);
        } else {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}
