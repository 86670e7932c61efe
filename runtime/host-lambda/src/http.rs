//! Requests that come by a function URL (payload format 2.0) or by API Gateway (2.0, and 1.0 of REST APIs).
//!
//! **Invariant:** an event is turned into a request and its answer back; what is asked, the API decides.

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, Uri};
use serde_json::{Map, Value, json};

/// The request that an event speaks of.
pub(crate) fn request(event: &Value) -> Result<Request<Bytes>> {
    let mut request = Request::new(body(event)?);
    *request.method_mut() = method(event)?;
    *request.uri_mut() = uri(event)?;
    for (name, value) in headers(event) {
        // What is no header has not come through HTTP.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            request.headers_mut().append(name, value);
        }
    }
    Ok(request)
}

/// The answer as the function gives it.
pub(crate) fn answer(response: Response<Bytes>) -> Value {
    let (parts, body) = response.into_parts();
    let text = |value: &HeaderValue| Value::from(String::from_utf8_lossy(value.as_bytes()));
    let headers: Map<String, Value> = parts
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), text(value)))
        .collect();
    let (body, is_base64) = match std::str::from_utf8(&body) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (BASE64_STANDARD.encode(&body), true),
    };
    json!({
        "statusCode": parts.status.as_u16(),
        "headers": headers,
        "body": body,
        "isBase64Encoded": is_base64,
    })
}

fn method(event: &Value) -> Result<Method> {
    let new = event.pointer("/requestContext/http/method");
    let method = new.or_else(|| event.get("httpMethod")).and_then(Value::as_str);
    let method = method.context("the request has no method")?;
    Method::from_bytes(method.as_bytes()).context("the request's method")
}

fn uri(event: &Value) -> Result<Uri> {
    let path = event
        .get("rawPath")
        .or_else(|| event.get("path"))
        .and_then(Value::as_str);
    let path = path.context("the request has no path")?;
    let query = match event.get("rawQueryString").and_then(Value::as_str) {
        Some(raw) => raw.to_owned(),
        None => query_of_one(event),
    };
    let whole = match query.is_empty() {
        true => path.to_owned(),
        false => format!("{path}?{query}"),
    };
    whole.parse().context("the request's path")
}

/// Format 1.0 hands the parameters over decoded.
fn query_of_one(event: &Value) -> String {
    let parameters = event.get("queryStringParameters").and_then(Value::as_object);
    let pairs = parameters.into_iter().flatten().filter_map(|(name, value)| {
        let value = value.as_str()?;
        Some(format!("{}={}", encoded(name), encoded(value)))
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// A text as it stands in a query.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

fn headers(event: &Value) -> impl Iterator<Item = (&str, &str)> {
    let headers = event.get("headers").and_then(Value::as_object);
    headers
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
}

fn body(event: &Value) -> Result<Bytes> {
    let body = match event.get("body") {
        None | Some(Value::Null) => return Ok(Bytes::new()),
        Some(Value::String(body)) => body,
        Some(_) => bail!("the request's body is no text"),
    };
    match event.get("isBase64Encoded").and_then(Value::as_bool) {
        Some(true) => Ok(BASE64_STANDARD.decode(body).context("the request's body")?.into()),
        Some(false) | None => Ok(Bytes::copy_from_slice(body.as_bytes())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(event: &Value) -> String {
        let request = request(event).unwrap();
        let headers = request.headers().iter();
        let headers: Vec<_> = headers
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        let body = String::from_utf8_lossy(request.body());
        format!("{} {} [{}] {body}", request.method(), request.uri(), headers.join(", "))
    }

    #[test]
    fn requests_of_both_formats_are_read() {
        let new = json!({"version": "2.0", "rawPath": "/v1/a%20b", "rawQueryString": "x=1&y=%2F", "headers": {"accept": "*/*"},
            "requestContext": {"http": {"method": "PUT"}}, "body": "e30=", "isBase64Encoded": true});
        assert_eq!(told(&new), "PUT /v1/a%20b?x=1&y=%2F [accept: */*] {}");
        let old = json!({"httpMethod": "GET", "path": "/v1", "queryStringParameters": {"x": "a b/ü"}, "headers": null,
            "requestContext": {}, "body": null});
        assert_eq!(told(&old), "GET /v1?x=a%20b%2F%C3%BC [] ");
    }

    #[test]
    fn what_is_no_request_is_told() {
        for (event, expected) in [
            (json!({"requestContext": {}}), "the request has no method"),
            (json!({"httpMethod": "GET"}), "the request has no path"),
            (
                json!({"httpMethod": "GET", "path": "/", "body": 7}),
                "the request's body is no text",
            ),
            (
                json!({"httpMethod": "GET", "path": "/", "body": "?", "isBase64Encoded": true}),
                "the request's body",
            ),
        ] {
            assert_eq!(request(&event).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn answers_are_texts_where_they_can_be() {
        let response = |body: &'static [u8]| {
            let response = Response::builder()
                .status(409)
                .header("content-type", "application/json");
            answer(response.body(Bytes::from_static(body)).unwrap())
        };
        let headers = json!({"content-type": "application/json"});
        assert_eq!(
            response(b"{}"),
            json!({"statusCode": 409, "headers": headers, "body": "{}", "isBase64Encoded": false})
        );
        assert_eq!(
            response(&[0xff]),
            json!({"statusCode": 409, "headers": headers, "body": "/w==", "isBase64Encoded": true})
        );
    }
}
