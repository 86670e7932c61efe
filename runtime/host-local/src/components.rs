//! Components in the store: `<digest>.wasm`, written whole or not at all.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use stepwell_cli::Component;

/// The folder of the components below the store's.
pub(crate) const FOLDER: &str = "components";

/// Keeps components by digest; one that is there is left as it is.
pub(crate) fn keep(store: &Path, components: &[Component]) -> Result<()> {
    if components.is_empty() {
        return Ok(());
    }
    let folder = store.join(FOLDER);
    fs::create_dir_all(&folder).with_context(|| format!("while making `{}`", folder.display()))?;
    for component in components {
        let path = folder.join(format!("{}.wasm", component.digest));
        if !path.exists() {
            write(&folder, &path, &component.bytes).with_context(|| format!("while writing `{}`", path.display()))?;
        }
    }
    Ok(())
}

/// Writes beside, syncs, renames, and syncs the folder; whoever comes second writes the same.
fn write(folder: &Path, path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    fs::File::open(folder)?.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_kept_once_under_their_digest() {
        let store = tempfile::tempdir().unwrap();
        let component = |bytes: &str| Component {
            digest: "d".into(),
            bytes: bytes.into(),
        };
        keep(store.path(), &[component("first")]).unwrap();
        keep(store.path(), &[component("second")]).unwrap();
        let folder = store.path().join(FOLDER);
        let names: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, ["d.wasm"]);
        assert_eq!(fs::read_to_string(folder.join("d.wasm")).unwrap(), "first");
    }
}
