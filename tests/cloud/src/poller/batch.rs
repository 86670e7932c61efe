//! One batch: gathered from the queue, handed to the function, deleted as far as it succeeded.
//!
//! **Invariant:** what a batch came to is counted before the next begins.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::counters::{Tally, count};
use super::event::{self, RECORDS_BYTES_MAX};
use super::faults::{Doubled, Fate};
use super::options::{PollerOptions, Responses};
use super::verdict::{Verdict, verdict};
use super::{Mapping, RECEIVED_MAX};
use crate::lambda::Refused;

/// How long until a queue that does not answer is asked again.
const UNANSWERED_PAUSE: Duration = Duration::from_secs(1);

/// The queue.
#[derive(Debug)]
pub(super) struct Source {
    client: Client,
    url: String,
}

impl Source {
    pub(super) fn new(client: Client, options: &PollerOptions) -> Self {
        Self {
            client,
            url: options.queue_url.clone(),
        }
    }

    async fn receive(&self, max: usize, wait: Duration, tally: &Tally) -> Vec<Message> {
        let request = self.client.receive_message();
        let received = request
            .queue_url(&self.url)
            .max_number_of_messages(i32::try_from(max).unwrap_or(i32::MAX))
            .wait_time_seconds(i32::try_from(wait.as_secs()).unwrap_or(i32::MAX))
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .message_attribute_names("All")
            .send()
            .await;
        let messages = received.map(|received| received.messages.unwrap_or_default());
        tally.add(|counters| counters.receives += 1);
        match messages {
            Ok(messages) => {
                tally.add(|counters| {
                    counters.receives_empty += u64::from(messages.is_empty());
                    counters.messages += count(messages.len());
                });
                messages
            }
            Err(_) => {
                tally.add(|counters| counters.requests_failed += 1);
                sleep(UNANSWERED_PAUSE).await;
                Vec::new()
            }
        }
    }

    async fn delete(&self, messages: &[&Message], tally: &Tally) {
        for some in messages.chunks(RECEIVED_MAX) {
            let entries = some.iter().enumerate().filter_map(|(number, message)| {
                let entry = DeleteMessageBatchRequestEntry::builder().id(number.to_string());
                entry.receipt_handle(message.receipt_handle()?).build().ok()
            });
            let request = self.client.delete_message_batch().queue_url(&self.url);
            let deleted = request.set_entries(Some(entries.collect())).send().await;
            tally.add(|counters| {
                counters.deletes += 1;
                match deleted {
                    Ok(deleted) => counters.deleted += count(deleted.successful().len()),
                    Err(_) => counters.requests_failed += 1,
                }
            });
        }
    }
}

impl Mapping {
    /// Gathers a batch; none where the queue is empty.
    pub(super) async fn gather(&self) -> Vec<Message> {
        let options = &self.options;
        let size = options.batch_size;
        let first = size.min(RECEIVED_MAX);
        let mut messages = self.source.receive(first, options.wait, &self.tally).await;
        let until = Instant::now() + options.window;
        while !messages.is_empty() && messages.len() < size && Instant::now() < until {
            let left = until - Instant::now();
            let more = (size - messages.len()).min(RECEIVED_MAX);
            let second = Duration::from_secs(1);
            // A poll shorter than a second asks only a part of the queue's servers.
            let received = self
                .source
                .receive(more, left.min(options.wait).max(second), &self.tally)
                .await;
            messages.extend(received);
        }
        messages
    }

    /// Hands a batch to the function, in as many events as it needs.
    pub(super) async fn hand_over(&self, mut messages: Vec<Message>) {
        self.chance.reorder(&mut messages);
        for part in self.parts(messages) {
            self.hand_over_part(&part).await;
        }
    }

    fn parts(&self, messages: Vec<Message>) -> Vec<Vec<(Message, Value)>> {
        let arn = &self.options.queue_arn;
        let mut parts: Vec<Vec<(Message, Value)>> = Vec::new();
        let mut room = 0;
        for message in messages {
            let record = event::record(&message, arn, event::region(arn));
            let bytes = record.to_string().len() + 1;
            match parts.last_mut() {
                Some(part) if bytes <= room => part.push((message, record)),
                Some(_) | None => {
                    parts.push(vec![(message, record)]);
                    room = RECORDS_BYTES_MAX;
                }
            }
            room = room.saturating_sub(bytes);
        }
        parts
    }

    async fn hand_over_part(&self, part: &[(Message, Value)]) {
        let fate = self.chance.fate();
        if let Some(pause) = fate.held {
            self.tally.add(|counters| counters.held += 1);
            sleep(pause).await;
        }
        let messages: Vec<&Message> = part.iter().map(|(message, _)| message).collect();
        let records: Vec<Value> = part.iter().map(|(_, record)| record.clone()).collect();
        let event = event::event(&records);
        let trace = self.longest_chain(&messages);
        let handled = self.handled(&event, &messages, trace.as_deref(), fate).await;
        if fate.deletion_lost {
            self.tally.add(|counters| counters.deletions_lost += 1);
        } else {
            self.source.delete(&handled, &self.tally).await;
        }
    }

    /// The messages that the function has handled, invoked once or twice.
    async fn handled<'m>(
        &self,
        event: &str,
        messages: &[&'m Message],
        trace: Option<&str>,
        fate: Fate,
    ) -> Vec<&'m Message> {
        self.tally
            .add(|counters| counters.doubled += u64::from(fate.doubled.is_some()));
        let first = self.invoked(event, messages, trace);
        match fate.doubled {
            None => first.await,
            // What the other one came to is not heard of.
            Some(Doubled::Beside) => tokio::join!(first, self.invoked(event, messages, trace)).0,
            Some(Doubled::After) => {
                let handled = first.await;
                self.invoked(event, messages, trace).await;
                handled
            }
        }
    }

    async fn invoked<'m>(&self, event: &str, messages: &[&'m Message], trace: Option<&str>) -> Vec<&'m Message> {
        self.tally.add(|counters| counters.batches += 1);
        match self.invoke(event, messages, trace).await {
            Verdict::AllFailed => {
                self.tally.add(|counters| counters.batches_failed += 1);
                Vec::new()
            }
            Verdict::Failed(failed) => {
                self.tally.add(|counters| counters.items_failed += count(failed.len()));
                let has_failed = |message: &Message| message.message_id().is_some_and(|id| failed.contains(id));
                messages
                    .iter()
                    .filter(|message| !has_failed(message))
                    .copied()
                    .collect()
            }
        }
    }

    async fn invoke(&self, event: &str, messages: &[&Message], trace: Option<&str>) -> Verdict {
        let answer = match self.lambda.invoke_traced(event.to_owned(), trace).await {
            Ok(answer) => answer,
            Err(refused) => {
                let throttled = refused == Refused::TooManyRequests;
                self.tally.add(|counters| counters.throttled += u64::from(throttled));
                return Verdict::AllFailed;
            }
        };
        match (answer.failure, self.options.responses) {
            (Some(_), _) => Verdict::AllFailed,
            (None, Responses::Whole) => Verdict::Failed(BTreeSet::new()),
            (None, Responses::BatchItemFailures) => {
                let ids = messages.iter().filter_map(|message| message.message_id());
                verdict(&answer.payload, &ids.collect())
            }
        }
    }

    /// The tracing header of the message that has come the longest way.
    fn longest_chain(&self, messages: &[&Message]) -> Option<String> {
        let traces = messages.iter().filter_map(|message| {
            let attributes = message.attributes()?;
            attributes.get(&MessageSystemAttributeName::AwsTraceHeader).cloned()
        });
        traces.max_by_key(|trace| self.lambda.chain_length(trace))
    }
}
