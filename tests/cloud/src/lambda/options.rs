//! What a function is: its program and its settings.
//!
//! **Invariant:** everything that Lambda would take from a setting, a quota or chance can be set here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::settings::{ACCOUNT, REGION};

/// A function as it is configured. Begin with [`Options::new`] and change what differs.
#[derive(Clone, Debug)]
pub struct Options {
    /// The program that Lambda would find as `bootstrap`.
    pub program: PathBuf,
    /// The function's name.
    pub name: String,
    /// The function's own environment; wins over what Lambda sets.
    pub env: BTreeMap<String, String>,
    /// Configured memory. It is told to the program and not enforced; see `Counters::memory_bytes_peak`.
    pub memory_mb: u32,
    /// How long one invocation may take.
    pub timeout: Duration,
    /// How long a new process may take until it asks for its first invocation: 10 seconds at AWS.
    pub init_max: Duration,
    /// Reserved concurrency: how many processes there may be.
    pub instances_max: usize,
    /// What happens to a process that waits for its next invocation.
    pub between: Between,
    /// What happens to an invocation that is the seventeenth of a chain.
    pub recursion: Recursion,
    /// How long until an event whose invocation failed is tried again, per retry; AWS tries twice.
    pub event_retries: Vec<Duration>,
    /// The first pause of an event that found no free process; it doubles up to 300 times its length.
    pub event_backoff: Duration,
    /// How long an event is tried at all: 6 hours at AWS.
    pub event_age_max: Duration,
    /// What request ids and random kills are drawn from.
    pub seed: u64,
}

/// What happens to a process between two invocations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Between {
    /// It is stopped, as by Lambda: no thread of it runs.
    Frozen,
    /// It runs on.
    Running,
}

/// The function's setting `RecursiveLoop`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recursion {
    /// A chain of more than 16 invocations is cut off.
    Terminate,
    /// Chains may be of any length.
    Allow,
}

impl Options {
    /// A function of 512 MB with 60 seconds and Lambda's defaults elsewhere.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            name: "stepwell".to_owned(),
            env: BTreeMap::new(),
            memory_mb: 512,
            timeout: Duration::from_secs(60),
            init_max: Duration::from_secs(10),
            instances_max: 10,
            between: Between::Frozen,
            recursion: Recursion::Terminate,
            event_retries: vec![Duration::from_secs(60), Duration::from_secs(120)],
            event_backoff: Duration::from_secs(1),
            event_age_max: Duration::from_secs(6 * 60 * 60),
            seed: 0,
        }
    }

    /// The function's name for AWS.
    #[must_use]
    pub fn arn(&self) -> String {
        format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", self.name)
    }

    /// The folder of the program: what `/var/task` is at AWS.
    pub(super) fn task_root(&self) -> &Path {
        self.program.parent().unwrap_or(Path::new("/"))
    }

    /// The environment of a process, as Lambda documents it, with the function's own variables in it.
    ///
    /// `AWS_EXECUTION_ENV` is absent for `provided` runtimes; `_X_AMZN_TRACE_ID` is set by the runtime itself. Lambda's
    /// `LD_LIBRARY_PATH` is left out, since libraries of this machine are used.
    ///
    /// Source: "Defined runtime environment variables", Lambda developer guide.
    pub(super) fn environment(&self, runtime_api: &str, log_stream: &str) -> BTreeMap<String, String> {
        let root = self.task_root().display().to_string();
        let memory = self.memory_mb.to_string();
        let log_group = format!("/aws/lambda/{}", self.name);
        let defined = [
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_DEFAULT_REGION", REGION),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
            ("AWS_LAMBDA_FUNCTION_NAME", &self.name),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", &log_group),
            ("AWS_LAMBDA_LOG_STREAM_NAME", log_stream),
            ("AWS_LAMBDA_RUNTIME_API", runtime_api),
            ("AWS_REGION", REGION),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_SESSION_TOKEN", "local"),
            ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR"),
            ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
            ("LAMBDA_TASK_ROOT", &root),
            ("LANG", "en_US.UTF-8"),
            ("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin"),
            ("TZ", ":UTC"),
            ("_HANDLER", "bootstrap"),
        ];
        let mut all: BTreeMap<_, _> = defined.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        all.extend(self.env.clone());
        all
    }
}
