//! ElasticMQ: SQS's protocol in memory.
//!
//! Where it differs from SQS: a message over 1 MiB is refused as `InvalidAttributeValue`; error codes have no namespace.
//!
//! **Invariant:** it begins without queues, and keeps nothing.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;

use crate::parts::maven::Artifact;
use crate::parts::process::Process;
use crate::settings::{ACCOUNT, REGION};
use crate::tools;

const PROGRAM: Artifact = Artifact {
    group: "org.elasticmq",
    name: "elasticmq-server_2.13",
    version: "1.7.1",
};

/// How long it may take until it listens, beside a compiler that takes every core.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running ElasticMQ; dropped, it is ended.
#[derive(Debug)]
pub struct ElasticMq {
    process: Process,
}

/// A queue that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// What requests name it by.
    pub url: String,
    /// What other services name it by.
    pub arn: String,
}

impl ElasticMq {
    /// Starts it on a free port, fetching it first where nobody has.
    ///
    /// # Errors
    ///
    /// It can be neither found nor fetched, or it does not start.
    pub fn start() -> Result<Self> {
        tools::run(
            Command::new("java").arg("-version"),
            "the tests on SQS need Java 17 or later (`java`) to run ElasticMQ",
        )?;
        let library = PROGRAM.install()?;
        let process = Process::start("ElasticMQ", PATIENCE, |port| java(&library, port))?;
        Ok(Self { process })
    }

    /// The address for a client.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.process.address())
    }
}

fn java(library: &Path, port: u16) -> Command {
    let port = port.to_string();
    let settings = [
        ("rest-sqs.enabled", "true"),
        ("rest-sqs.bind-hostname", "127.0.0.1"),
        ("rest-sqs.bind-port", &port),
        ("rest-sqs.sqs-limits", "strict"),
        ("rest-stats.enabled", "false"),
        ("generate-node-address", "false"),
        ("node-address.protocol", "http"),
        ("node-address.host", "127.0.0.1"),
        ("node-address.port", &port),
        ("node-address.context-path", ""),
        ("aws.region", REGION),
        ("aws.accountId", ACCOUNT),
    ];
    let mut java = Command::new("java");
    java.args(["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]);
    java.args(settings.map(|(name, value)| format!("-D{name}={value}")));
    java.arg("-cp").arg(library.join("*"));
    java.arg("org.elasticmq.server.Main");
    java
}

/// Makes a queue that hides what it hands out for `hidden_s` seconds.
///
/// # Errors
///
/// What the service says.
pub async fn create_queue(sqs: &Client, name: &str, hidden_s: u32) -> Result<Queue> {
    let made = sqs
        .create_queue()
        .queue_name(name)
        .attributes(QueueAttributeName::VisibilityTimeout, hidden_s.to_string())
        .send()
        .await
        .with_context(|| format!("while making the queue `{name}`"))?;
    let url = made.queue_url.context("a queue without an address")?;
    let arn = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}");
    Ok(Queue { url, arn })
}
