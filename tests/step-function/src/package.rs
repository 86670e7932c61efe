//! A package as it is deployed: the program, and what lies beside it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;
use tempfile::TempDir;

use crate::programs;

/// A folder that is to the function what `/var/task` is at AWS.
pub(crate) struct Package {
    folder: TempDir,
}

impl Package {
    /// Of the flows, functions and grants in a folder.
    pub(crate) fn of(from: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut packager = Command::new(programs::packager());
        packager
            .arg("--from")
            .arg(from)
            .arg("--out")
            .arg(folder.path().join("stepwell"));
        let laid_out = packager.args(["--target", processor()]).output().unwrap();
        assert!(
            laid_out.status.success(),
            "{}",
            String::from_utf8_lossy(&laid_out.stderr)
        );
        let program = folder.path().join("bootstrap");
        fs::hard_link(programs::bootstrap(), &program)
            .or_else(|_| fs::copy(programs::bootstrap(), &program).map(drop))
            .unwrap();
        Self { folder }
    }

    /// Of these files.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let from = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(from.path().join(name), text).unwrap();
        }
        Self::of(from.path())
    }

    /// The same, for executions whose inputs and outputs take up to so many bytes.
    pub(crate) fn with_data_of(self, bytes_max: u64) -> Self {
        let path = self.folder.path().join("stepwell/deployment.json");
        let mut deployment: Json = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let mut settings: Json = serde_json::from_str(deployment["settings"].as_str().unwrap()).unwrap();
        settings["data_bytes_max"] = bytes_max.into();
        deployment["settings"] = settings.to_string().into();
        fs::write(path, deployment.to_string()).unwrap();
        self
    }

    pub(crate) fn program(&self) -> PathBuf {
        self.folder.path().join("bootstrap")
    }
}

/// The processor of this machine, by its name for packages.
fn processor() -> &'static str {
    match std::env::consts::ARCH {
        "aarch64" => "arm64",
        other => other,
    }
}
