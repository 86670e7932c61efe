//! The queue: messages with a delay.
//!
//! **Invariant:** a message is sent as it is; nothing here knows what it says.

use std::sync::Arc;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{BuildError, SdkError};
use aws_sdk_sqs::operation::change_message_visibility::ChangeMessageVisibilityError;
use aws_sdk_sqs::operation::send_message::SendMessageError;
use aws_sdk_sqs::operation::send_message_batch::{SendMessageBatchError, SendMessageBatchOutput};
use aws_sdk_sqs::types::{BatchResultErrorEntry, SendMessageBatchRequestEntry};
use stepwell_ports::Millis;

use crate::error::{AwsWakesError, Meaning, judge};

const SENDING: &str = "sending a message";

/// The longest delay of a message.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>, "Message timer".
pub(crate) const DELAY_MAX_MS: Millis = 900_000;

/// The longest that a message may be hidden: 12 hours since it was received, of which a receiver may have used a quarter
/// of an hour, the longest life of a function.
///
/// Source: as above, "Message visibility timeout".
const HIDDEN_MAX_S: u64 = 43_200 - 900;

/// A queue.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    pub(crate) client: Client,
    pub(crate) url: String,
}

/// A message that is to be handed out `left_ms` from now, or when the longest delay is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) body: String,
    pub(crate) left_ms: Millis,
}

/// A message among others was not taken.
#[derive(Debug, thiserror::Error)]
#[error("`{code}`: {message}")]
struct EntryFailed {
    code: String,
    message: String,
}

/// The service answered for other messages than were sent.
#[derive(Debug, thiserror::Error)]
#[error("nothing was said of this message")]
struct Unmentioned;

impl Queue {
    /// Sends one message.
    pub(crate) async fn send(&self, letter: &Letter) -> Result<(), AwsWakesError> {
        let request = self.client.send_message().queue_url(&self.url);
        let request = request
            .message_body(&letter.body)
            .delay_seconds(delay_s(letter.left_ms));
        let sent = request.send().await;
        sent.map_err(|error| AwsWakesError::of(SENDING, error, meaning_of_send))?;
        Ok(())
    }

    /// Sends up to ten messages with one request; answers for each, in their order.
    pub(crate) async fn send_together(&self, letters: &[&Letter]) -> Vec<Result<(), AwsWakesError>> {
        let entries: Result<Vec<_>, _> = letters.iter().enumerate().map(entry).collect();
        let request = self.client.send_message_batch().queue_url(&self.url);
        let sent = match entries {
            Ok(entries) => request.set_entries(Some(entries)).send().await,
            Err(error) => Err(SdkError::construction_failure(error)),
        };
        match sent {
            Ok(answer) => outcomes(letters.len(), &answer),
            Err(error) => {
                let (meant, error) = (judge(&error, meaning_of_batch), Arc::new(error));
                let failed = |_| Err(AwsWakesError::meant(meant, SENDING, error.clone()));
                letters.iter().map(failed).collect()
            }
        }
    }

    /// Hides a message that was handed out until then, or as long as messages may be hidden.
    pub(crate) async fn hide(&self, receipt_handle: &str, left_ms: Millis) -> Result<(), AwsWakesError> {
        let seconds = left_ms.div_ceil(1000).min(HIDDEN_MAX_S);
        let request = self.client.change_message_visibility().queue_url(&self.url);
        let request = request.receipt_handle(receipt_handle);
        let request = request.visibility_timeout(i32::try_from(seconds).unwrap_or(i32::MAX));
        let hidden = request.send().await;
        hidden.map_err(|error| AwsWakesError::of("hiding a message", error, meaning_of_hide))?;
        Ok(())
    }
}

fn delay_s(left_ms: Millis) -> i32 {
    i32::try_from(left_ms.min(DELAY_MAX_MS).div_ceil(1000)).unwrap_or(0)
}

fn entry((number, letter): (usize, &&Letter)) -> Result<SendMessageBatchRequestEntry, BuildError> {
    let entry = SendMessageBatchRequestEntry::builder().id(number.to_string());
    let entry = entry.message_body(&letter.body);
    entry.delay_seconds(delay_s(letter.left_ms)).build()
}

/// What became of each of `count` messages, by the numbers that they were given.
pub(crate) fn outcomes(count: usize, answer: &SendMessageBatchOutput) -> Vec<Result<(), AwsWakesError>> {
    let outcome = |number: usize| {
        let id = number.to_string();
        if answer.successful().iter().any(|entry| entry.id() == id) {
            return Ok(());
        }
        match answer.failed().iter().find(|entry| entry.id() == id) {
            Some(entry) => Err(failed(entry)),
            None => Err(AwsWakesError::meant(Meaning::Failed, SENDING, Box::new(Unmentioned))),
        }
    };
    (0..count).map(outcome).collect()
}

fn failed(entry: &BatchResultErrorEntry) -> AwsWakesError {
    let meaning = match entry.sender_fault() {
        true => Meaning::Refused,
        false => Meaning::Failed,
    };
    let cause = EntryFailed {
        code: entry.code().to_owned(),
        message: entry.message().unwrap_or_default().to_owned(),
    };
    AwsWakesError::meant(meaning, SENDING, Box::new(cause))
}

fn meaning_of_batch(error: &SendMessageBatchError) -> Meaning {
    if error.is_request_throttled() || error.is_kms_throttled() {
        return Meaning::Throttled;
    }
    let is_refused = error.is_batch_entry_ids_not_distinct()
        || error.is_batch_request_too_long()
        || error.is_empty_batch_request()
        || error.is_invalid_address()
        || error.is_invalid_batch_entry_id()
        || error.is_invalid_security()
        || error.is_kms_access_denied()
        || error.is_kms_disabled()
        || error.is_kms_invalid_key_usage()
        || error.is_kms_invalid_state()
        || error.is_kms_not_found()
        || error.is_kms_opt_in_required()
        || error.is_queue_does_not_exist()
        || error.is_too_many_entries_in_batch_request()
        || error.is_unsupported_operation();
    if is_refused {
        Meaning::Refused
    } else {
        Meaning::Unmodelled
    }
}

fn meaning_of_send(error: &SendMessageError) -> Meaning {
    if error.is_request_throttled() || error.is_kms_throttled() {
        return Meaning::Throttled;
    }
    let is_refused = error.is_invalid_address()
        || error.is_invalid_message_contents()
        || error.is_invalid_security()
        || error.is_kms_access_denied()
        || error.is_kms_disabled()
        || error.is_kms_invalid_key_usage()
        || error.is_kms_invalid_state()
        || error.is_kms_not_found()
        || error.is_kms_opt_in_required()
        || error.is_queue_does_not_exist()
        || error.is_unsupported_operation();
    if is_refused {
        Meaning::Refused
    } else {
        Meaning::Unmodelled
    }
}

fn meaning_of_hide(error: &ChangeMessageVisibilityError) -> Meaning {
    if error.is_request_throttled() {
        return Meaning::Throttled;
    }
    if error.is_message_not_inflight() || error.is_receipt_handle_is_invalid() {
        return Meaning::Gone;
    }
    let is_refused = error.is_invalid_address()
        || error.is_invalid_security()
        || error.is_queue_does_not_exist()
        || error.is_unsupported_operation();
    if is_refused {
        Meaning::Refused
    } else {
        Meaning::Unmodelled
    }
}
