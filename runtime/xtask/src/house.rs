//! Where things are: the workspace's root, its target directory and its guests.

use std::{path::PathBuf, process::Command};

use anyhow::{Context as _, Result, anyhow};
use serde_json::Value;

use crate::program;

/// Folders whose packages are built for the guests' target.
const GUEST_FOLDERS: [&str; 2] = ["plugins", "sdk-guest/fixtures"];

/// The workspace on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct House {
    /// Where the workspace's manifest is.
    pub(crate) root: PathBuf,
    /// Where cargo builds.
    pub(crate) target: PathBuf,
    /// The packages that are built for the guests' target.
    pub(crate) guests: Vec<String>,
}

impl House {
    /// Asks cargo.
    pub(crate) fn open() -> Result<Self> {
        let mut metadata = stepwell_programs::cargo();
        metadata
            .args(["metadata", "--format-version", "1", "--no-deps"])
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        Self::parse(&program::output(&mut metadata)?)
    }

    /// Reads what `cargo metadata` prints.
    fn parse(metadata: &str) -> Result<Self> {
        let metadata: Value = serde_json::from_str(metadata).context("while reading `cargo metadata`")?;
        let root = PathBuf::from(text(&metadata, "workspace_root")?);
        let mut guests = Vec::new();
        for package in metadata.get("packages").and_then(Value::as_array).into_iter().flatten() {
            let manifest = PathBuf::from(text(package, "manifest_path")?);
            if GUEST_FOLDERS
                .iter()
                .any(|folder| manifest.starts_with(root.join(folder)))
            {
                guests.push(text(package, "name")?.to_owned());
            }
        }
        Ok(Self {
            target: text(&metadata, "target_directory")?.into(),
            root,
            guests,
        })
    }

    /// A cargo command at the root.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = stepwell_programs::cargo();
        command.args(arguments).current_dir(&self.root);
        command
    }

    /// Where the components lie once they are built.
    pub(crate) fn components(&self) -> PathBuf {
        self.target.join(crate::guests::TARGET).join(crate::guests::PROFILE)
    }
}

fn text<'a>(object: &'a Value, field: &str) -> Result<&'a str> {
    object
        .get(field)
        .and_then(Value::as_str)
        .ok_or_else(|| anyhow!("`cargo metadata` names no `{field}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guests_are_the_packages_in_the_guests_folders() {
        let metadata = r#"{"workspace_root": "/w", "target_directory": "/t", "packages": [
            {"name": "media", "manifest_path": "/w/plugins/media/Cargo.toml"},
            {"name": "bad", "manifest_path": "/w/sdk-guest/fixtures/bad/Cargo.toml"},
            {"name": "guest", "manifest_path": "/w/sdk-guest/rust/Cargo.toml"},
            {"name": "core", "manifest_path": "/w/runtime/core/Cargo.toml"}
        ]}"#;
        let house = House {
            root: "/w".into(),
            target: "/t".into(),
            guests: vec!["media".into(), "bad".into()],
        };
        assert_eq!(House::parse(metadata).unwrap(), house);
        assert_eq!(house.components(), PathBuf::from("/t/wasm32-wasip2/guest"));
    }
}
