//! Messages as the event that a function gets.
//!
//! **Invariant:** an event is at most as large as an invocation may be; what alone is larger is handed over alone.

use std::collections::BTreeMap;

use aws_sdk_sqs::types::{Message, MessageAttributeValue};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

/// Room that an event needs beside its records.
const FRAME_BYTES: usize = 32;

/// What the records of one event may take together, with a comma each.
pub(super) const RECORDS_BYTES_MAX: usize = 6 * 1024 * 1024 - FRAME_BYTES;

/// The record of one message.
pub(super) fn record(message: &Message, queue_arn: &str, region: &str) -> Value {
    let system = message.attributes().into_iter().flatten();
    let system: BTreeMap<&str, &String> = system.map(|(name, value)| (name.as_str(), value)).collect();
    let own = message.message_attributes().into_iter().flatten();
    let own: BTreeMap<&String, Value> = own.map(|(name, value)| (name, attribute(value))).collect();
    json!({
        "messageId": message.message_id(),
        "receiptHandle": message.receipt_handle(),
        "body": message.body(),
        "attributes": system,
        "messageAttributes": own,
        "md5OfBody": message.md5_of_body(),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": region,
    })
}

fn attribute(value: &MessageAttributeValue) -> Value {
    let mut shown = json!({
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": value.data_type(),
    });
    let text = value.string_value().map(|text| ("stringValue", json!(text)));
    let bytes = value.binary_value();
    let bytes = bytes.map(|bytes| ("binaryValue", json!(BASE64_STANDARD.encode(bytes.as_ref()))));
    if let Some(shown) = shown.as_object_mut() {
        shown.extend(
            [text, bytes]
                .into_iter()
                .flatten()
                .map(|(name, value)| (name.to_owned(), value)),
        );
    }
    shown
}

/// The event of some records.
pub(super) fn event(records: &[Value]) -> String {
    json!({ "Records": records }).to_string()
}

/// The region that a queue's name for AWS tells.
pub(super) fn region(queue_arn: &str) -> &str {
    queue_arn.split(':').nth(3).unwrap_or("")
}
