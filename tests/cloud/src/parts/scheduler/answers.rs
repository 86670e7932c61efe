//! What the service answers, in restJson1.
//!
//! Source: <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html>
//!
//! **Invariant:** an error is named in the header `x-amzn-errortype`, as the service does.

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

use super::book::{Key, Refusal};
use super::requests::Schedule;
use crate::settings::{ACCOUNT, REGION};

/// A whole answer.
pub(super) type Answer = Response<Full<Bytes>>;

/// Somebody asked for what cannot be.
pub(super) fn invalid(message: &str) -> Answer {
    error(StatusCode::BAD_REQUEST, "ValidationException", message)
}

/// There is no such schedule.
pub(super) fn not_found(key: &Key) -> Answer {
    let message = format!("Schedule {} does not exist.", key.1);
    error(StatusCode::NOT_FOUND, "ResourceNotFoundException", &message)
}

/// Why a schedule was not made; `None` where the answer is lost.
pub(super) fn refused(refusal: Refusal, key: &Key) -> Option<Answer> {
    let (group, name) = key;
    Some(match refusal {
        Refusal::AnswerLost => return None,
        Refusal::Conflict => {
            let message = format!("Schedule {name} already exists.");
            error(StatusCode::CONFLICT, "ConflictException", &message)
        }
        Refusal::NoGroup => {
            let message = format!("Schedule group {group} does not exist.");
            error(StatusCode::NOT_FOUND, "ResourceNotFoundException", &message)
        }
        Refusal::QuotaExceeded => error(
            StatusCode::PAYMENT_REQUIRED,
            "ServiceQuotaExceededException",
            "Too many.",
        ),
        Refusal::Throttled => error(StatusCode::TOO_MANY_REQUESTS, "ThrottlingException", "Rate exceeded"),
    })
}

/// A schedule was made.
pub(super) fn made(key: &Key) -> Answer {
    json_of(StatusCode::OK, &json!({ "ScheduleArn": arn(key) }))
}

/// A schedule as it is.
pub(super) fn shown(key: &Key, schedule: &Schedule) -> Answer {
    let shown = json!({
        "Arn": arn(key),
        "GroupName": key.0,
        "Name": key.1,
        "ScheduleExpression": schedule.expression,
        "State": "ENABLED",
        "FlexibleTimeWindow": { "Mode": "OFF" },
        "ActionAfterCompletion": if schedule.delete_after { "DELETE" } else { "NONE" },
        "Target": schedule.target,
    });
    json_of(StatusCode::OK, &shown)
}

/// A schedule was deleted.
pub(super) fn deleted() -> Answer {
    json_of(StatusCode::OK, &json!({}))
}

fn arn((group, name): &Key) -> String {
    format!("arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/{group}/{name}")
}

fn error(status: StatusCode, kind: &'static str, message: &str) -> Answer {
    let mut answer = json_of(status, &json!({ "Message": message }));
    let header = hyper::header::HeaderValue::from_static(kind);
    answer.headers_mut().insert("x-amzn-errortype", header);
    answer
}

fn json_of(status: StatusCode, body: &Value) -> Answer {
    let mut answer = Response::new(Full::new(body.to_string().into()));
    *answer.status_mut() = status;
    let json = hyper::header::HeaderValue::from_static("application/json");
    answer.headers_mut().insert(hyper::header::CONTENT_TYPE, json);
    answer
}
