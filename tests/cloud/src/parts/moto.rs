//! moto: S3's protocol in memory, one request at a time.
//!
//! **Invariant:** it answers one request after another; with threads it is not atomic where S3 is.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::parts::process::Process;
use crate::tools;

/// What is installed; another version is another tool.
const VERSION: &str = "5.2.5";

/// How long it may take until it listens, beside a compiler that takes every core.
const PATIENCE: Duration = Duration::from_secs(120);

const MISSING: &str = "the tests on S3 need Python 3.10 or later (`python3`, with `venv` and `pip`) to run moto";

/// The server's own program always answers in threads, and does not find keys with a line end in them: the pattern of its
/// routes does not know that they may have one.
const SERVE: &str = "\
import sys
from moto.moto_server import werkzeug_app
class RegexConverter(werkzeug_app.RegexConverter):
    def __init__(self, url_map, *items):
        super().__init__(url_map, *items)
        self.regex = f'(?s:{self.regex})'
werkzeug_app.RegexConverter = RegexConverter
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple
application = DomainDispatcherApplication(create_backend_app)
run_simple('127.0.0.1', int(sys.argv[1]), application, threaded=False)
";

/// A running moto; dropped, it is ended.
#[derive(Debug)]
pub struct Moto {
    process: Process,
}

impl Moto {
    /// Starts it on a free port, installing it first where nobody has.
    ///
    /// # Errors
    ///
    /// It can be neither found nor installed, or it does not start.
    pub fn start() -> Result<Self> {
        let python = install()?;
        let process = Process::start("moto", PATIENCE, |port| {
            let mut command = Command::new(&python);
            command.args(["-c", SERVE, &port.to_string()]);
            command
        })?;
        Ok(Self { process })
    }

    /// The address for a client.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.process.address())
    }
}

/// A Python that has moto, installed where nobody has yet.
///
/// # Errors
///
/// Python is missing, or cannot install it.
pub fn install() -> Result<PathBuf> {
    let folder = tools::install(&format!("moto-{VERSION}"), fetch)?;
    Ok(python(&folder))
}

fn fetch(folder: &Path) -> Result<()> {
    tools::run(Command::new("python3").args(["-m", "venv"]).arg(folder), MISSING)?;
    let mut pip = Command::new(python(folder));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    pip.arg(format!("moto[server,s3]=={VERSION}"));
    tools::run(&mut pip, MISSING)
}

fn python(folder: &Path) -> PathBuf {
    folder.join("bin").join("python")
}
