//! Functions behind a URL: the event goes there as a POST, the answer is the result.

use std::sync::Arc;

use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{CONTENT_TYPE, HeaderName},
};
use stepwell_egress::{OutboundError, Policy, parse_url};
use stepwell_expression::Value;
use stepwell_ports::{Call, TaskFailure};

use crate::failure::{ConnectionCodes, lasting, of_exchange, passing, shown, within};

const ATTEMPT_KEY: HeaderName = HeaderName::from_static("stepwell-attempt-key");
const VISIT_KEY: HeaderName = HeaderName::from_static("stepwell-visit-key");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const CODE_CHARS_MAX: usize = 256;
const DETAIL_CHARS_MAX: usize = 4096;

const CODES: ConnectionCodes = ConnectionCodes {
    connect: "FC.InternalServerError",
    tls: "FC.InternalServerError",
    broken: "FC.InternalServerError",
    redirects: "FC.Unknown",
};

/// The request that carries `event` to `url`, and what it may reach.
pub(crate) fn prepare(
    call: &Call,
    url: &str,
    event: Option<&Value>,
) -> Result<(Request<Bytes>, Arc<Policy>), TaskFailure> {
    let invalid = |error: OutboundError| lasting("FnF.InvalidParameter", error.to_string());
    let policy = Policy::of_function_url(url, &call.granted).map_err(invalid)?;
    let mut request = Request::new(Bytes::new());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = parse_url(url).map_err(invalid)?;
    let headers = request.headers_mut();
    headers.insert(ATTEMPT_KEY, key(&call.attempt_key)?);
    headers.insert(VISIT_KEY, key(&call.visit_key)?);
    headers.insert(IDEMPOTENCY_KEY, key(&call.attempt_key)?);
    if let Some(event) = event {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let json = event
            .to_json()
            .map_err(|error| lasting("FnF.RuntimeError", error.to_string()))?;
        *request.body_mut() = json.into();
    }
    Ok((request, Arc::new(policy)))
}

fn key(text: &str) -> Result<HeaderValue, TaskFailure> {
    HeaderValue::from_bytes(text.as_bytes())
        .map_err(|_| lasting("FnF.InvalidParameter", format!("{text:?} cannot stand in a header")))
}

/// What the exchange says about the attempt.
pub(crate) fn judge(
    exchange: Result<Response<Bytes>, OutboundError>,
    result_bytes_max: u64,
) -> Result<Value, TaskFailure> {
    match exchange {
        Ok(response) if response.status() == StatusCode::OK => within(result_bytes_max, result(response.body())?),
        Ok(response) => Err(failure(response.status(), response.body())),
        Err(OutboundError::TooLarge {
            status,
            start,
            limit: _,
        }) if status != StatusCode::OK => Err(failure(status, &start)),
        Err(error) => Err(of_exchange(&error, &CODES)),
    }
}

fn result(body: &[u8]) -> Result<Value, TaskFailure> {
    let wrong = |detail: String| passing("FnF.InvalidOutput", detail);
    let text = std::str::from_utf8(body).map_err(|_| wrong("the function's answer is not UTF-8".to_owned()))?;
    Value::parse_json(text).map_err(|error| wrong(format!("the function's answer is no JSON: {error}")))
}

/// The failure that the function itself named, or the one that its status stands for.
fn failure(status: StatusCode, body: &[u8]) -> TaskFailure {
    named(body).unwrap_or_else(|| {
        let code = match status.as_u16() {
            429 => "FC.ResourceThrottled",
            500..=599 => "FC.InternalServerError",
            _ => "FC.Unknown",
        };
        passing(code, shown(status, body))
    })
}

fn named(body: &[u8]) -> Option<TaskFailure> {
    let body = Value::parse_json(std::str::from_utf8(body).ok()?).ok()?;
    let fields = body.as_object()?;
    let code = fields.get("errorType")?.as_str().filter(|code| !code.is_empty())?;
    let detail = match fields.get("errorMessage") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.to_string(),
        Some(other) => other.to_json().unwrap_or_default(),
    };
    Some(passing(&first(code, CODE_CHARS_MAX), first(&detail, DETAIL_CHARS_MAX)))
}

fn first(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}
