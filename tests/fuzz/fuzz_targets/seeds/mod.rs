//! What a target begins with: made of the fixtures, so that it knows every corner that they do.
//!
//! **Invariant:** written only where `STEPWELL_FUZZ_SEEDS` names a folder.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// How large a seed may be: long ones are mutated slowly.
const SEED_BYTES_MAX: usize = 8 * 1024;

/// Writes the seeds that `make` makes of each fixture's folder.
pub fn write(make: impl Fn(&Path) -> Vec<Vec<u8>>) {
    let Some(folder) = env::var_os("STEPWELL_FUZZ_SEEDS") else {
        return;
    };
    let fixtures = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures"));
    let mut folders = Vec::new();
    gather(fixtures, &mut folders);
    for (number, fixture) in folders.iter().enumerate() {
        for (part, seed) in make(fixture)
            .iter()
            .enumerate()
            .filter(|(_, seed)| seed.len() <= SEED_BYTES_MAX)
        {
            let path = Path::new(&folder).join(format!("fixture-{number:04}-{part:03}"));
            fs::write(path, seed).expect("seeds can be written");
        }
    }
}

/// Every folder with a flow in it.
fn gather(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).expect("the fixtures can be read");
    let mut folders: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    if flow(folder).is_some() {
        found.push(folder.to_owned());
    }
    folders.iter().for_each(|folder| gather(folder, found));
}

/// The flow of a fixture.
pub fn flow(folder: &Path) -> Option<Vec<u8>> {
    ["flow.yaml", "flow.json"]
        .iter()
        .find_map(|name| fs::read(folder.join(name)).ok())
}
