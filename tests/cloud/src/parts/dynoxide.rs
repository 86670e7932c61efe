//! dynoxide: DynamoDB's protocol over SQLite in memory.
//!
//! **Invariant:** it keeps nothing; every table is gone with the value.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::parts::process::Process;
use crate::tools;

/// Its version; another version is another tool.
const VERSION: &str = "3.2.0";

/// How long it may take until it listens.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running dynoxide; dropped, it is ended.
#[derive(Debug)]
pub struct Dynoxide {
    process: Process,
}

impl Dynoxide {
    /// Starts it on a free port, installing it first where nobody has.
    ///
    /// # Errors
    ///
    /// It can be neither found nor installed, or it does not start.
    pub fn start() -> Result<Self> {
        let program = install()?;
        let process = Process::start("dynoxide", PATIENCE, |port| {
            let mut command = Command::new(&program);
            command.args(["serve", "--host", "127.0.0.1", "--port", &port.to_string()]);
            command
        })?;
        Ok(Self { process })
    }

    /// The address for a client.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.process.address())
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.process.address()
    }
}

/// The program, built by cargo where nobody has yet.
///
/// # Errors
///
/// Cargo is missing or cannot build it.
pub fn install() -> Result<PathBuf> {
    let folder = tools::install(&format!("dynoxide-{VERSION}"), build)?;
    Ok(folder.join("bin").join("dynoxide"))
}

fn build(folder: &Path) -> Result<()> {
    let built = folder.join("built");
    let mut cargo = Command::new("cargo");
    cargo.args(["install", "--locked", "--no-default-features"]);
    cargo.args(["--features", "native-sqlite,http-server,cli"]);
    cargo.arg(format!("dynoxide-rs@{VERSION}"));
    cargo.arg("--root").arg(folder).arg("--target-dir").arg(&built);
    // Flags of the build that runs the tests are not meant for a tool.
    for variable in [
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "RUSTC_WRAPPER",
        "CARGO_BUILD_TARGET",
    ] {
        cargo.env_remove(variable);
    }
    tools::run(&mut cargo, "the tests on DynamoDB need `cargo` to build dynoxide")?;
    std::fs::remove_dir_all(&built)?;
    Ok(())
}
