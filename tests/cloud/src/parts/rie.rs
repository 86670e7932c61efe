//! AWS's own runtime interface emulator: one function, one invocation at a time.
//!
//! Two invocations at once would crash it. A timeout is answered with its text alone.
//!
//! **Invariant:** the program is what AWS ships for this kind of machine.

use std::env::consts::ARCH;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::parts::process::{Process, free_port};
use crate::settings::REGION;
use crate::tools;

/// The package that ships it; another version is another tool.
const PACKAGE: &str = "aws-sam-cli";
const VERSION: &str = "1.170.0";

/// How long it may take until it listens, beside a compiler that takes every core.
const PATIENCE: Duration = Duration::from_secs(60);

const MISSING: &str = "the tests on Lambda need Python 3.10 or later (`python3`, with `pip`) to fetch AWS's emulator";

/// A running emulator; dropped, it is ended, and its function finds nobody to ask.
#[derive(Debug)]
pub struct Rie {
    process: Process,
}

impl Rie {
    /// Starts it around a program, fetching it first where nobody has.
    ///
    /// # Errors
    ///
    /// It can be neither found nor fetched, or it does not start.
    pub fn start(bootstrap: &Path, timeout: Duration) -> Result<Self> {
        let emulator = install()?;
        let runtime_api = format!("127.0.0.1:{}", free_port()?);
        let process = Process::start("the runtime interface emulator", PATIENCE, |port| {
            let mut command = Command::new(&emulator);
            command.args(["--runtime-interface-emulator-address", &format!("127.0.0.1:{port}")]);
            command.args(["--runtime-api-address", &runtime_api]);
            command.arg(bootstrap).envs(environment());
            command.env("AWS_LAMBDA_FUNCTION_TIMEOUT", timeout.as_secs().to_string());
            command
        })?;
        Ok(Self { process })
    }

    /// The address to which an event is posted.
    #[must_use]
    pub fn endpoint(&self) -> String {
        let address = self.process.address();
        format!("http://{address}/2015-03-31/functions/function/invocations")
    }
}

fn environment() -> [(&'static str, &'static str); 5] {
    [
        ("AWS_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_LAMBDA_FUNCTION_NAME", "stepwell"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
    ]
}

/// The program, fetched where nobody has yet.
///
/// # Errors
///
/// Python is missing, or cannot fetch it.
pub fn install() -> Result<PathBuf> {
    let folder = tools::install(&format!("{PACKAGE}-{VERSION}"), fetch)?;
    Ok(program(&folder))
}

fn fetch(folder: &Path) -> Result<()> {
    let mut pip = Command::new("python3");
    pip.args([
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "-d",
    ]);
    pip.arg(folder).arg(format!("{PACKAGE}=={VERSION}"));
    tools::run(&mut pip, MISSING)?;
    let package = folder.join(format!("{}-{VERSION}-py3-none-any.whl", PACKAGE.replace('-', "_")));
    let mut unpack = Command::new("python3");
    unpack.args(["-m", "zipfile", "-e"]).arg(package).arg(folder);
    tools::run(&mut unpack, MISSING)?;
    let program = program(folder);
    fs::set_permissions(&program, Permissions::from_mode(0o755))
        .with_context(|| format!("while looking for `{}`", program.display()))
}

fn program(folder: &Path) -> PathBuf {
    let kind = if ARCH == "aarch64" { "arm64" } else { ARCH };
    let name = format!("aws-lambda-rie-{kind}");
    ["samcli", "local", "rapid", &name]
        .iter()
        .fold(folder.to_owned(), |path, part| path.join(part))
}
