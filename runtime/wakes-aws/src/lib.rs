//! Wakes by SQS and EventBridge Scheduler.
//!
//! ```text
//!   up to 15 minutes ahead ──> the queue, with a delay ───────────────────────────> a receiver
//!   further ahead ──> Scheduler, aimed a minute early ──> the queue, at once ─┐          │ before its time
//!      │ refused, or not answered                                             v          v
//!      └──────────────────────> the queue, with the longest delay ──────────> a receiver: `hop`
//! ```
//!
//! Promise: a wake that was acknowledged is handed out at least once, until it is acknowledged. A message may come before
//! its time, so a receiver looks at [`Message::at_ms`] and lets [`AwsWakes::hop`] send it on. It may be late: by a second,
//! since delays are whole seconds and rounded up; after Scheduler by as much as it is late beyond a minute. Order: none.
//!
//! Cost: messages that are sent in the same moment share requests, up to ten of them.
//!
//! Limits: delays to 900 s, a message 1 MiB (ours take at most [`BODY_BYTES_MAX`]), hidden for at most 12 hours in all,
//! kept for at most 14 days, about 120,000 handed out at once. A wake that cannot be sent over a year ahead is sent on after
//! a year.
//!
//! Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
//!
//! **Invariant:** whether a wake is still wanted is not asked here; nothing is ever taken back.

mod error;
mod message;
mod meter;
mod outbox;
mod queue;
mod schedules;
mod wakes;

pub use error::{AwsWakesError, Cause};
pub use message::{BODY_BYTES_MAX, DecodeError, Message};
pub use meter::Spent;
pub use wakes::{AwsWakes, Resources};

#[cfg(test)]
mod tests;
