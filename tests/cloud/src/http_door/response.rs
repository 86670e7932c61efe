//! A function's answer as a response.
//!
//! **Invariant:** what cannot be a response is a 502, as at AWS.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, SET_COOKIE};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Map, Value};

use crate::lambda::Answer;

/// The response for an answer.
#[must_use]
pub fn response(answer: &Answer) -> Response<Bytes> {
    let made = match (answer.failure, serde_json::from_slice(&answer.payload)) {
        (None, Ok(Value::Object(fields))) if fields.contains_key("statusCode") => structured(&fields),
        (None, Ok(_)) => inferred(&answer.payload),
        (Some(_), _) | (_, Err(_)) => None,
    };
    made.unwrap_or_else(bad_gateway)
}

/// What is no response in its form is the body of one.
fn inferred(payload: &Bytes) -> Option<Response<Bytes>> {
    let response = Response::builder().header(CONTENT_TYPE, "application/json");
    response.body(payload.clone()).ok()
}

fn structured(fields: &Map<String, Value>) -> Option<Response<Bytes>> {
    let status = fields.get("statusCode")?.as_u64()?;
    let mut response = Response::new(body(fields)?);
    *response.status_mut() = StatusCode::from_u16(u16::try_from(status).ok()?).ok()?;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in fields.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        headers.insert(name, HeaderValue::from_bytes(scalar(value)?.as_bytes()).ok()?);
    }
    for cookie in fields.get("cookies").and_then(Value::as_array).into_iter().flatten() {
        headers.append(SET_COOKIE, HeaderValue::from_bytes(cookie.as_str()?.as_bytes()).ok()?);
    }
    Some(response)
}

fn body(fields: &Map<String, Value>) -> Option<Bytes> {
    let text = match fields.get("body") {
        None | Some(Value::Null) => return Some(Bytes::new()),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    if fields.get("isBase64Encoded") == Some(&Value::Bool(true)) {
        return BASE64_STANDARD.decode(text).ok().map(Bytes::from);
    }
    Some(text.into())
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn bad_gateway() -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(b"Internal Server Error"));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response
}

#[cfg(test)]
mod tests {
    use super::response;
    use crate::lambda::{Answer, Failure};
    use serde_json::{Value, json};

    fn of(payload: &Value, failure: Option<Failure>) -> (u16, Vec<(String, String)>, Vec<u8>) {
        let response = response(&Answer {
            request_id: String::new(),
            payload: payload.to_string().into(),
            failure,
        });
        let headers = response.headers().iter();
        let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        (response.status().as_u16(), headers.collect(), response.body().to_vec())
    }

    fn header(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn a_full_response() {
        let payload = json!({
            "statusCode": 201,
            "headers": { "Content-Type": "image/png", "X-Count": 3 },
            "cookies": ["a=1", "b=2"],
            "body": "AP8=",
            "isBase64Encoded": true,
        });
        let headers = vec![
            header("content-type", "image/png"),
            header("x-count", "3"),
            header("set-cookie", "a=1"),
            header("set-cookie", "b=2"),
        ];
        assert_eq!(of(&payload, None), (201, headers, vec![0, 255]));
    }

    #[test]
    fn json_without_a_status_is_the_body() {
        let headers = vec![header("content-type", "application/json")];
        assert_eq!(of(&json!({ "a": 1 }), None), (200, headers, br#"{"a":1}"#.to_vec()));
    }

    #[test]
    fn what_is_no_response_is_a_bad_gateway() {
        let odd = [
            json!({ "statusCode": "200" }),
            json!({ "statusCode": 99 }),
            json!({ "statusCode": 70000 }),
            json!({ "statusCode": 200, "headers": { "a b": "c" } }),
            json!({ "statusCode": 200, "headers": { "a": ["c"] } }),
            json!({ "statusCode": 200, "headers": { "a": "b\nc" } }),
            json!({ "statusCode": 200, "cookies": [1] }),
            json!({ "statusCode": 200, "body": "%", "isBase64Encoded": true }),
        ];
        for payload in odd {
            assert_eq!(of(&payload, None).0, 502, "{payload}");
        }
        assert_eq!(of(&json!({ "statusCode": 200 }), Some(Failure::TimedOut)).0, 502);
    }
}
