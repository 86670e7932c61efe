//! `HTTP:Request`.
//!
//! Source: CloudFlow's HTTP integration; its result has the form `{"Header": {…}, "Code": 200, "Body": …}`.

use std::sync::Arc;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response,
    header::{CONTENT_TYPE, SET_COOKIE},
};
use stepwell_egress::{Asker, OutboundError, Policy, Redirects, parse_url};
use stepwell_expression::Value;
use stepwell_ports::{Call, TaskFailure};

use crate::failure::{ConnectionCodes, lasting, of_exchange, passing, shown, within};

const CODES: ConnectionCodes = ConnectionCodes {
    connect: "HTTP.ConnectionFailed",
    tls: "HTTP.TlsFailed",
    broken: "HTTP.BrokenAnswer",
    redirects: "HTTP.TooManyRedirects",
};

/// The parts of a request as the definition gives them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) url: &'a str,
    pub(crate) method: &'a str,
    pub(crate) headers: &'a [(Arc<str>, Arc<str>)],
    pub(crate) body: Option<&'a Value>,
}

/// The request, and what it may reach.
pub(crate) fn prepare(call: &Call, parts: Parts<'_>) -> Result<(Request<Bytes>, Arc<Policy>), TaskFailure> {
    let asker = Asker {
        flow: call.flow.clone(),
        action: call.action.clone(),
        function: None,
    };
    let policy = Policy::of_grants(&call.granted, asker, Redirects::Follow);
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = parse_url(parts.url).map_err(|error| invalid(error.to_string()))?;
    *request.method_mut() = method(parts.method)?;
    *request.headers_mut() = headers(parts.headers)?;
    if let Some(body) = parts.body {
        set_body(&mut request, body)?;
    }
    Ok((request, Arc::new(policy)))
}

fn method(name: &str) -> Result<Method, TaskFailure> {
    Method::from_bytes(name.as_bytes()).map_err(|_| invalid(format!("`{name}` is no method")))
}

fn headers(pairs: &[(Arc<str>, Arc<str>)]) -> Result<HeaderMap, TaskFailure> {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid(format!("`{name}` is no header")))?;
        let value = HeaderValue::from_bytes(value.as_bytes())
            .map_err(|_| invalid(format!("the value of header `{name}` holds a control character")))?;
        headers
            .try_append(header, value)
            .map_err(|_| invalid("too many headers".to_owned()))?;
    }
    Ok(headers)
}

/// A string goes as it is, without a content type of our choosing.
fn set_body(request: &mut Request<Bytes>, body: &Value) -> Result<(), TaskFailure> {
    if let Some(text) = body.as_str() {
        *request.body_mut() = text.to_owned().into();
        return Ok(());
    }
    let json = body
        .to_json()
        .map_err(|error| lasting("FnF.RuntimeError", error.to_string()))?;
    *request.body_mut() = json.into();
    request
        .headers_mut()
        .entry(CONTENT_TYPE)
        .or_insert(HeaderValue::from_static("application/json"));
    Ok(())
}

fn invalid(detail: String) -> TaskFailure {
    lasting("FnF.InvalidParameter", detail)
}

/// What the exchange says about the attempt.
pub(crate) fn judge(
    exchange: Result<Response<Bytes>, OutboundError>,
    result_bytes_max: u64,
) -> Result<Value, TaskFailure> {
    match exchange {
        Ok(response) if response.status().is_success() => within(result_bytes_max, result(&response)?),
        Ok(response) => Err(refused(response.status(), response.body())),
        Err(OutboundError::TooLarge {
            status,
            start,
            limit: _,
        }) if !status.is_success() => Err(refused(status, &start)),
        Err(error) => Err(of_exchange(&error, &CODES)),
    }
}

fn refused(status: http::StatusCode, body: &[u8]) -> TaskFailure {
    passing(&format!("HTTP.{}", status.as_u16()), shown(status, body))
}

fn result(response: &Response<Bytes>) -> Result<Value, TaskFailure> {
    let body = std::str::from_utf8(response.body())
        .map_err(|_| passing("FnF.InvalidOutput", "the body of the answer is not UTF-8"))?;
    let parsed = is_json(response.headers())
        .then(|| Value::parse_json(body).ok())
        .flatten();
    Ok(Value::object([
        ("Header", shown_headers(response.headers())),
        ("Code", Value::from(u64::from(response.status().as_u16()))),
        ("Body", parsed.unwrap_or_else(|| Value::from(body))),
    ]))
}

/// `application/json`, and every type that ends in `+json`.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let kind = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || kind.ends_with("+json")
}

/// Headers under their usual names (`Content-Type`), each a string; repeated ones are joined by `, `. `Set-Cookie`,
/// which cannot be joined, is a list.
fn shown_headers(headers: &HeaderMap) -> Value {
    Value::object(headers.keys().map(|name| {
        let values = headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let value = if *name == SET_COOKIE {
            Value::array(values.map(Value::from))
        } else {
            Value::from(values.collect::<Vec<_>>().join(", "))
        };
        (usual_name(name.as_str()), value)
    }))
}

fn usual_name(name: &str) -> String {
    let capital = |part: &str| {
        let (first, rest) = part.split_at(part.len().min(1));
        first.to_ascii_uppercase() + rest
    };
    name.split('-').map(capital).collect::<Vec<_>>().join("-")
}
