//! Schedules that fire: each puts its input into its queue.
//!
//! **Invariant:** a schedule counts as fired only when its queue has taken the message; else it is tried again.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_sqs::Client;

use super::book::Book;
use super::requests::Schedule;
use super::{Options, lock};

/// How long between two looks for what is due, in real time.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Fires what is due, until it is dropped.
pub(super) async fn fire_for_ever(queues: Client, book: Arc<Mutex<Book>>, options: Options) {
    loop {
        let now = options.clock.now().saturating_sub(options.late_ms);
        let due = lock(&book).due(now);
        for (key, schedule) in due {
            if send(&queues, &options.queues, &schedule).await {
                lock(&book).fired(&key);
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Whether the queue took it.
async fn send(queues: &Client, endpoint: &str, schedule: &Schedule) -> bool {
    let (account, name) = &schedule.queue;
    let sent = queues
        .send_message()
        .queue_url(format!("{endpoint}/{account}/{name}"))
        .message_body(&schedule.input);
    sent.send().await.is_ok()
}
