//! What starts, wakes, reports and children take on AWS beside the records of states.
//!
//! Each rule follows what the step function and its adapters do (`host-lambda`, `wakes-aws`, `engine`), where nothing fails.

use stepwell_model::Scalar;

use crate::spent::Spent;

/// For how many days a record is kept: 15 in which its execution may go on, and 30 to look at it.
pub const RETENTION_DAYS: u32 = 45;

/// What a row of the index takes, its key included; `store-dynamodb` says about 75 bytes.
pub(crate) const ROW_BYTES: f64 = 100.0;

/// A pause up to here is slept through: the function's time is paid, and nothing else.
const SLEPT_MS_MAX: u64 = 2_000;

/// A wake up to here waits in the queue; a later one is a schedule.
const QUEUED_MS_MAX: u64 = 900_000;

/// The function bills whole milliseconds: what it does beside tasks is at least one.
const INVOCATION_MS: f64 = 1.0;

/// Whoever goes on with an execution reads the scope's last record, and the first, which says what it was started with.
const LOOKS: f64 = 2.0;

/// A child's log is looked for once, and the stop markers beside the root.
pub(crate) const LOOKS_OF_A_CHILD: f64 = 2.0;

/// After how much of its time the function gives an execution a row of the index: it did not end at once.
pub(crate) const ROW_AFTER_MS: f64 = 2_000.0;

/// How a pause is got over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Pause {
    /// Within the invocation.
    Slept(f64),
    /// By a message with a delay.
    Queued,
    /// By a schedule.
    Scheduled,
    /// In any of these ways: the flow does not say for how long.
    Open,
}

/// An invocation by a message of the queue: its receipt and its removal are a request each.
fn message() -> Spent {
    Spent {
        queue_requests: 2.0,
        invocations: 1.0,
        billed_ms: INVOCATION_MS,
        ..Spent::default()
    }
}

/// A message is sent, which is a request, and received.
fn sent() -> Spent {
    let sending = Spent {
        queue_requests: 1.0,
        ..Spent::default()
    };
    sending + message()
}

/// What goes on with an execution.
fn woken() -> Spent {
    Spent { reads: LOOKS, ..sent() }
}

/// An invocation that somebody waits for.
fn called(reads: f64) -> Spent {
    Spent {
        reads,
        invocations: 1.0,
        billed_ms: INVOCATION_MS,
        ..Spent::default()
    }
}

/// A start by the API, or by an invocation: it sends its wake first and reads nothing; the wake's receiver drives.
pub(crate) fn start() -> Spent {
    called(0.0) + woken()
}

/// A report of a callback: the call reads what it reports to and sends its wake first; its record comes with the task.
pub(crate) fn report() -> Spent {
    called(LOOKS) + woken()
}

impl Pause {
    pub(crate) fn of_ms(ms: u64) -> Self {
        match ms {
            ms if ms <= SLEPT_MS_MAX => Self::Slept(ms as f64),
            ms if ms <= QUEUED_MS_MAX => Self::Queued,
            _ => Self::Scheduled,
        }
    }

    /// A pause of so many seconds.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates, and is never negative in a checked flow"
    )]
    pub(crate) fn of_seconds(seconds: &Scalar) -> Self {
        match seconds {
            Scalar::Fixed(value) => match value.as_number() {
                Some(seconds) => Self::of_ms((seconds.as_f64() * 1e3).ceil() as u64),
                None => Self::Open,
            },
            Scalar::Computed(_) => Self::Open,
        }
    }

    /// Whether the invocation ends before the pause does.
    pub(crate) fn blocks(self) -> bool {
        match self {
            Self::Slept(_) => false,
            Self::Queued | Self::Scheduled | Self::Open => true,
        }
    }

    /// What it takes.
    ///
    /// A message with a delay is sent and received once. A schedule is aimed a minute early and puts a message into the
    /// queue, which asks a request; its receiver reads nothing and sends it on with the rest of the delay.
    pub(crate) fn takes(self) -> Spent {
        match self {
            Self::Slept(billed_ms) => Spent {
                billed_ms,
                ..Spent::default()
            },
            Self::Queued => woken(),
            Self::Scheduled => {
                let schedule = Spent {
                    schedules: 1.0,
                    ..Spent::default()
                };
                schedule + sent() + woken()
            }
            // Which is dearer depends on the function's memory; both together bound either.
            Self::Open => Self::Slept(SLEPT_MS_MAX as f64).takes() + Self::Scheduled.takes(),
        }
    }
}
