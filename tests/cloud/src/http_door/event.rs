//! A request as an event of payload format 2.0.
//!
//! **Invariant:** the function gets the body byte for byte: as text where it is text, else in base64.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::HeaderMap;
use http::header::{CONTENT_TYPE, COOKIE, USER_AGENT};
use http::request::Parts;
use serde_json::{Map, Value, json};

use crate::settings::{ACCOUNT, REGION};

/// The address's own name.
const URL_ID: &str = "local";

/// The event for a request.
#[must_use]
pub fn event(head: &Parts, body: &[u8]) -> Value {
    let query = head.uri.query().unwrap_or("");
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": head.uri.path(),
        "rawQueryString": query,
        "headers": headers(&head.headers),
        "requestContext": context(head),
    });
    if let Some(event) = event.as_object_mut() {
        add_cookies(event, &head.headers);
        add_query(event, query);
        add_body(event, &head.headers, body);
    }
    event
}

/// Names in lower case; a name that comes twice has its values joined by commas. Cookies stand elsewhere.
fn headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut joined = BTreeMap::<String, String>::new();
    for (name, value) in headers.iter().filter(|(name, _)| **name != COOKIE) {
        let value = String::from_utf8_lossy(value.as_bytes());
        let values = joined.entry(name.as_str().to_owned()).or_default();
        if !values.is_empty() {
            values.push(',');
        }
        values.push_str(&value);
    }
    joined
}

fn add_cookies(event: &mut Map<String, Value>, headers: &HeaderMap) {
    let sent = headers.get_all(COOKIE).iter();
    let cookies: Vec<String> = sent
        .flat_map(|value| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            value
                .split(';')
                .map(|cookie| cookie.trim().to_owned())
                .collect::<Vec<_>>()
        })
        .collect();
    if !cookies.is_empty() {
        event.insert("cookies".to_owned(), json!(cookies));
    }
}

fn add_query(event: &mut Map<String, Value>, query: &str) {
    let mut joined = BTreeMap::<String, String>::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name), decoded(value));
        joined
            .entry(name)
            .and_modify(|values| {
                values.push(',');
                values.push_str(&value);
            })
            .or_insert(value);
    }
    if !joined.is_empty() {
        event.insert("queryStringParameters".to_owned(), json!(joined));
    }
}

/// Undoes the encoding of forms; what is not encoded rightly stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hexadecimal = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = hexadecimal.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let byte = byte.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (first, byte) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = tail;
            }
            (other, _) => {
                bytes.push(*other);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn add_body(event: &mut Map<String, Value>, headers: &HeaderMap, body: &[u8]) {
    let text = is_text(headers).then(|| std::str::from_utf8(body).ok()).flatten();
    if !body.is_empty() {
        let body = text.map_or_else(|| BASE64_STANDARD.encode(body), str::to_owned);
        event.insert("body".to_owned(), Value::String(body));
    }
    let encoded = text.is_none() && !body.is_empty();
    event.insert("isBase64Encoded".to_owned(), Value::Bool(encoded));
}

/// What AWS hands over as text.
fn is_text(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    let texts = ["application/json", "application/javascript", "application/xml"];
    kind.starts_with("text/") || kind.ends_with("+json") || kind.ends_with("+xml") || texts.contains(&kind.as_str())
}

fn context(head: &Parts) -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    let agent = head.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    json!({
        "accountId": "anonymous",
        "apiId": URL_ID,
        "domainName": format!("{URL_ID}.lambda-url.{REGION}.on.aws"),
        "domainPrefix": URL_ID,
        "http": {
            "method": head.method.as_str(),
            "path": head.uri.path(),
            "protocol": "HTTP/1.1",
            "sourceIp": "127.0.0.1",
            "userAgent": agent,
        },
        "requestId": format!("{ACCOUNT}-{now_ms}"),
        "routeKey": "$default",
        "stage": "$default",
        "time": jiff::Timestamp::from_millisecond(i64::try_from(now_ms).unwrap_or(0))
            .map(|time| time.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string())
            .unwrap_or_default(),
        "timeEpoch": now_ms,
    })
}

#[cfg(test)]
mod tests {
    use super::event;
    use http::Request;
    use serde_json::{Value, json};

    fn of(request: http::request::Builder, body: &[u8]) -> Value {
        let (head, ()) = request.body(()).unwrap().into_parts();
        let mut event = event(&head, body);
        event["requestContext"].take();
        event
    }

    #[test]
    fn a_request_with_everything() {
        let request = Request::post("/a%20b/c?x=1&y=%C3%A4+b&x=2&z&=&q=%zz%4")
            .header("Content-Type", "application/json; charset=utf-8")
            .header("X-Two", "one")
            .header("x-two", "two")
            .header("Cookie", "a=1; b=2")
            .header("Cookie", "c=3");
        let expected = json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": "/a%20b/c",
            "rawQueryString": "x=1&y=%C3%A4+b&x=2&z&=&q=%zz%4",
            "headers": { "content-type": "application/json; charset=utf-8", "x-two": "one,two" },
            "requestContext": null,
            "cookies": ["a=1", "b=2", "c=3"],
            "queryStringParameters": { "": "", "q": "%zz%4", "x": "1,2", "y": "ä b", "z": "" },
            "body": "{\"k\": 1}",
            "isBase64Encoded": false,
        });
        assert_eq!(of(request, br#"{"k": 1}"#), expected);
    }

    #[test]
    fn what_is_no_text_comes_in_base64() {
        let binary = of(Request::put("/"), &[0, 255]);
        assert_eq!(
            (&binary["body"], &binary["isBase64Encoded"]),
            (&json!("AP8="), &json!(true))
        );
        let broken = of(Request::put("/").header("content-type", "text/plain"), &[0xff]);
        assert_eq!(
            (&broken["body"], &broken["isBase64Encoded"]),
            (&json!("/w=="), &json!(true))
        );
        let empty = of(Request::get("/"), &[]);
        assert_eq!((empty.get("body"), &empty["isBase64Encoded"]), (None, &json!(false)));
    }
}
