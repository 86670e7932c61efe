//! What an invocation is about.
//!
//! | shape | what it is |
//! |---|---|
//! | `{"Records": [{"eventSource": "aws:sqs", …}]}` | messages of a queue: wakes, and starts `{"start": {…}}` |
//! | `{"requestContext": …, "rawPath" or "httpMethod": …}` | a request to the API, by a function URL or API Gateway |
//! | `{"start": {"flow", "name"?, "input"?}}` | a direct invocation, or a schedule, that starts an execution |
//! | `{"express": {"flow", "name"?, "input"?}}` | a direct invocation that runs one in memory and answers its result |
//! | `{"detail-type": …, "source": …, "id": …}` | an event of EventBridge: starts the flow of `STEPWELL_EVENT_FLOW` |
//!
//! **Invariant:** whatever comes is answered by what it is or by an error that says what it is not.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use stepwell_api::Asked;
use stepwell_engine::EngineError;

/// An invocation's event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Event {
    /// Messages of a queue.
    Messages(Vec<QueueMessage>),
    /// A request to the API.
    Http(Value),
    /// An execution is to be started.
    Start(StartRequest),
    /// An execution is to be run in memory.
    Express(StartRequest),
    /// Something happened, by EventBridge's id.
    Happened { id: String, event: Value },
}

/// A message as a queue hands it out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QueueMessage {
    pub(crate) message_id: String,
    pub(crate) receipt_handle: String,
    pub(crate) body: String,
    #[serde(default)]
    pub(crate) attributes: Attributes,
}

/// What a queue knows of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Attributes {
    approximate_receive_count: String,
}

/// What is asked to be started.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartRequest {
    /// The flow.
    pub(crate) flow: String,
    /// The execution's name; without one, that of the message or event.
    pub(crate) name: Option<String>,
    /// An object; `{}` where there is none.
    #[serde(default)]
    pub(crate) input: Option<Value>,
}

/// A start in the body of a message.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StartBody {
    start: StartRequest,
}

/// An event that means nothing here.
#[derive(Debug, thiserror::Error)]
#[error("the event is none that this function knows: {0}")]
pub(crate) struct UnknownEvent(String);

impl QueueMessage {
    /// How often it was handed out, this time included.
    pub(crate) fn times(&self) -> u32 {
        self.attributes.approximate_receive_count.parse().unwrap_or(1)
    }
}

impl StartRequest {
    /// What the body of a message asks to be started, if it asks for that.
    pub(crate) fn of_body(body: &str) -> Option<Self> {
        serde_json::from_str::<StartBody>(body).ok().map(|body| body.start)
    }

    /// The same, under its own name or under another where it has none.
    pub(crate) fn or_named(self, name: &str) -> Result<Asked, EngineError> {
        let text = self.input.as_ref().map_or_else(|| "{}".to_owned(), Value::to_string);
        let input = stepwell_expression::Value::parse_json(&text);
        Ok(Asked {
            flow: self.flow.into(),
            name: self.name.map_or_else(|| name.into(), Arc::from),
            input: input.map_err(|error| EngineError::InvalidArgument {
                what: format!("the input: {error}"),
            })?,
            nonce: None,
        })
    }
}

impl Event {
    /// Reads an event by its shape.
    pub(crate) fn read(mut event: Value) -> Result<Self, UnknownEvent> {
        let Some(object) = event.as_object_mut() else {
            return Err(UnknownEvent("it is no JSON object".to_owned()));
        };
        if let Some(records) = object.remove("Records") {
            return messages(records).map(Self::Messages);
        }
        if object.contains_key("requestContext") {
            return Ok(Self::Http(event));
        }
        if let Some(start) = object.remove("start") {
            return asked("start", start).map(Self::Start);
        }
        if let Some(express) = object.remove("express") {
            return asked("express", express).map(Self::Express);
        }
        match (
            object.contains_key("detail-type"),
            object.get("id").and_then(Value::as_str),
        ) {
            (true, Some(id)) => Ok(Self::Happened {
                id: id.to_owned(),
                event,
            }),
            (_, _) => Err(UnknownEvent(
                "it has none of Records, requestContext, start, express, detail-type".to_owned(),
            )),
        }
    }
}

fn messages(records: Value) -> Result<Vec<QueueMessage>, UnknownEvent> {
    let of_queues = |record: &Value| record.get("eventSource").and_then(Value::as_str) == Some("aws:sqs");
    if !records.as_array().is_some_and(|records| records.iter().all(of_queues)) {
        return Err(UnknownEvent("its records are not those of a queue".to_owned()));
    }
    serde_json::from_value(records).map_err(|error| UnknownEvent(format!("a record of a queue: {error}")))
}

fn asked(field: &str, asked: Value) -> Result<StartRequest, UnknownEvent> {
    serde_json::from_value(asked).map_err(|error| UnknownEvent(format!("`{field}`: {error}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_are_known_by_their_shape() {
        let record = json!({"messageId": "m", "receiptHandle": "r", "body": "b", "eventSource": "aws:sqs",
            "attributes": {"ApproximateReceiveCount": "3", "SentTimestamp": "1"}, "awsRegion": "eu-central-1"});
        let message = QueueMessage {
            message_id: "m".to_owned(),
            receipt_handle: "r".to_owned(),
            body: "b".to_owned(),
            attributes: Attributes {
                approximate_receive_count: "3".to_owned(),
            },
        };
        assert_eq!(message.times(), 3);
        let start = StartRequest {
            flow: "f".to_owned(),
            name: None,
            input: Some(json!({"a": 1})),
        };
        let happened = json!({"id": "7", "detail-type": "Object Created", "source": "aws.s3"});
        let http = json!({"version": "2.0", "requestContext": {}, "rawPath": "/"});
        let cases = [
            (json!({"Records": [record]}), Event::Messages(vec![message])),
            (http.clone(), Event::Http(http)),
            (
                json!({"start": {"flow": "f", "input": {"a": 1}}}),
                Event::Start(start.clone()),
            ),
            (
                json!({"express": {"flow": "f", "input": {"a": 1}}}),
                Event::Express(start),
            ),
            (
                happened.clone(),
                Event::Happened {
                    id: "7".to_owned(),
                    event: happened,
                },
            ),
        ];
        for (event, expected) in cases {
            assert_eq!(Event::read(event).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_no_event_is_told() {
        let cases = [
            (json!(7), "it is no JSON object"),
            (
                json!({}),
                "it has none of Records, requestContext, start, express, detail-type",
            ),
            (
                json!({"Records": [{"eventSource": "aws:s3"}]}),
                "its records are not those of a queue",
            ),
            (
                json!({"Records": [{"eventSource": "aws:sqs"}]}),
                "a record of a queue: missing field `messageId`",
            ),
            (json!({"start": {}}), "`start`: missing field `flow`"),
            (
                json!({"start": {"flow": "f", "x": 1}}),
                "`start`: unknown field `x`, expected one of `flow`, `name`, `input`",
            ),
        ];
        for (event, expected) in cases {
            let error = Event::read(event).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("the event is none that this function knows: {expected}")
            );
        }
    }
}
