//! The event source mapping of a queue: long polls, batches, invokes, deletes what succeeded.
//!
//! ```text
//! receive ≤ 10 ─┬─ until the batch is full, or the window is over ──> invoke ──> delete what succeeded
//!               └─ nothing: poll again                                   └─ leave the rest to its visibility
//! ```
//!
//! What is like AWS: the shape of events, at most 6 MB each; long polls of 20 seconds; five pollers at first, more while all
//! of them are busy, down again when there is nothing to do, never more than the maximum concurrency; partial responses. A
//! failure of any kind leaves the messages to the visibility timeout. What a test adds: messages handed out twice, held back
//! or reordered, deletions lost, all by a seed; and counts.
//!
//! What is not: queues in order of messages (FIFO), filters, and the slowing down after failures.
//!
//! Dropped, it is gone at once, and what a poll under way would have brought is hidden for a while; [`Poller::stop`] lets
//! polls and batches end.
//!
//! **Invariant:** a message is deleted only after an invocation that had it, and did not name it as failed, ended well.
//!
//! Source: "Using Lambda with Amazon SQS" and its pages on scaling and on error handling, Lambda developer guide.

mod batch;
mod counters;
mod event;
mod faults;
mod options;
mod ramp;
mod verdict;

use std::sync::Arc;

use anyhow::{Result, ensure};
use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_sqs::Client;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::lambda::Lambda;

pub use counters::PollerCounters;
pub use faults::{Faults, Order};
pub use options::{PollerOptions, Responses};

use batch::Source;
use counters::Tally;
use faults::Chance;

/// How many messages a batch may have at most.
const BATCH_SIZE_MAX: usize = 10_000;

/// How many messages a batch without a window may have at most, and one answer of SQS.
const RECEIVED_MAX: usize = 10;

/// A running event source mapping.
#[derive(Debug)]
pub struct Poller {
    mapping: Arc<Mapping>,
    stop: watch::Sender<bool>,
    ramp: JoinSet<()>,
}

/// What all pollers of a mapping share.
#[derive(Debug)]
struct Mapping {
    options: PollerOptions,
    lambda: Arc<Lambda>,
    source: Source,
    tally: Tally,
    chance: Chance,
}

impl Poller {
    /// Begins to poll the queue that the options name, at the place that `config` says.
    ///
    /// # Errors
    ///
    /// The options contradict each other.
    pub fn start(config: &SdkConfig, options: PollerOptions, lambda: Arc<Lambda>) -> Result<Self> {
        check(&options)?;
        let (stop, stopped) = watch::channel(false);
        let mapping = Arc::new(Mapping {
            source: Source::new(client(config), &options),
            chance: Chance::new(options.faults),
            tally: Tally::default(),
            options,
            lambda,
        });
        let mut ramp = JoinSet::new();
        ramp.spawn(ramp::run(Arc::clone(&mapping), stopped));
        Ok(Self { mapping, stop, ramp })
    }

    /// Counts so far.
    #[must_use]
    pub fn counters(&self) -> PollerCounters {
        self.mapping.tally.now()
    }

    /// Begins no more polls, waits until those under way and what they brought are done with, and gives the last counts.
    ///
    /// That may take as long as one long poll.
    pub async fn stop(mut self) -> PollerCounters {
        self.stop.send_replace(true);
        while self.ramp.join_next().await.is_some() {}
        self.mapping.tally.now()
    }
}

fn check(options: &PollerOptions) -> Result<()> {
    let size = options.batch_size;
    ensure!(
        (1..=BATCH_SIZE_MAX).contains(&size),
        "a batch has 1 to {BATCH_SIZE_MAX} messages, not {size}"
    );
    ensure!(
        size <= RECEIVED_MAX || !options.window.is_zero(),
        "a batch of more than {RECEIVED_MAX} messages needs a window"
    );
    ensure!(options.concurrency_max > 0, "no poller may work");
    ensure!(options.more_per_minute > 0, "pollers never become more");
    Ok(())
}

/// A client that waits as long as a long poll takes. A request whose answer is lost is made again by the next poll.
fn client(config: &SdkConfig) -> Client {
    let config = aws_sdk_sqs::config::Builder::from(config)
        .timeout_config(TimeoutConfig::disabled())
        .retry_config(RetryConfig::standard().with_max_attempts(2));
    Client::from_conf(config.build())
}
