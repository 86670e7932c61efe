//! [`HttpTasks`]: attempts and what becomes of answers.

use std::sync::Arc;

use futures::future::BoxFuture;
use stepwell_actions::{Granted, HostRule};
use stepwell_expression::Value;
use stepwell_ports::{Call, Clock, Millis, Outcome, TaskFailure, Tasks as _, Telemetry, Work};
use stepwell_tasks_http::HttpTasks;

use crate::{
    client::client,
    server::{Reply, Server, ok},
};

const NOW: Millis = 1_000_000;

struct Standing;

impl Clock for Standing {
    fn now(&self) -> Millis {
        NOW
    }

    fn sleep_until(&self, _until: Millis) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }
}

fn tasks() -> HttpTasks {
    HttpTasks::new(Arc::new(client()), Arc::new(Standing))
}

fn call(server: &Server, work: Work) -> Call {
    let host = HostRule {
        host: "127.0.0.1".into(),
        port: Some(server.address.port()),
    };
    Call {
        flow: "shop".into(),
        execution: "e1".into(),
        state: "Pay".into(),
        attempt: 1,
        visit_key: "visit-1".into(),
        attempt_key: "attempt-1".into(),
        scheduled_ms: NOW,
        deadline_ms: Some(NOW + 60_000),
        action: "HTTP:Request".into(),
        work,
        granted: Granted {
            http: vec![host],
            ..Granted::default()
        },
        result_bytes_max: 1000,
    }
}

fn function(server: &Server, body: Option<&str>) -> Call {
    let body = body.map(|json| Value::parse_json(json).unwrap());
    let mut call = call(
        server,
        Work::HttpFunction {
            url: server.url("/pay").into(),
            body,
        },
    );
    call.granted = Granted::default();
    call
}

fn request(server: &Server, method: &str, headers: &[(&str, &str)], body: Option<Value>) -> Call {
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect();
    call(
        server,
        Work::HttpRequest {
            url: server.url("/x?y=1").into(),
            method: method.into(),
            headers,
            body,
        },
    )
}

async fn result(call: Call) -> Result<String, TaskFailure> {
    let Outcome { result, telemetry } = tasks().run(call).await;
    assert_eq!(telemetry, Telemetry::default());
    result.map(|value| value.to_json().unwrap())
}

fn passing(code: &str, detail: &str) -> Result<String, TaskFailure> {
    Err(TaskFailure {
        code: code.into(),
        detail: detail.into(),
        retryable: true,
    })
}

fn lasting(code: &str, detail: &str) -> Result<String, TaskFailure> {
    Err(TaskFailure {
        code: code.into(),
        detail: detail.into(),
        retryable: false,
    })
}

#[tokio::test]
async fn a_function_gets_its_event_as_a_post_and_answers_json() {
    let server = Server::always(ok("200 OK", "", " {\"b\": 1.0, \"a\": [2]} ")).await;
    assert_eq!(
        result(function(&server, Some("{\"order\": 7}"))).await,
        Ok("{\"b\":1.0,\"a\":[2]}".to_owned())
    );
    assert_eq!(
        result(function(&server, None)).await,
        Ok("{\"b\":1.0,\"a\":[2]}".to_owned())
    );
    let keys = [
        "idempotency-key: attempt-1",
        "stepwell-attempt-key: attempt-1",
        "stepwell-visit-key: visit-1",
    ];
    let [with, without] = server.seen().try_into().unwrap();
    let kept = |headers: &[String]| {
        let ours = |header: &&String| !header.starts_with("host") && !header.starts_with("user-agent");
        headers.iter().filter(ours).cloned().collect::<Vec<_>>()
    };
    assert_eq!(
        (with.line.as_str(), with.body.as_str()),
        ("POST /pay HTTP/1.1", "{\"order\":7}")
    );
    let described = ["accept: */*", "content-length: 11", "content-type: application/json"];
    assert_eq!(kept(&with.headers), [described.as_slice(), keys.as_slice()].concat());
    assert_eq!(
        (without.line.as_str(), without.body.as_str()),
        ("POST /pay HTTP/1.1", "")
    );
    assert_eq!(
        kept(&without.headers),
        [["accept: */*", "content-length: 0"].as_slice(), keys.as_slice()].concat()
    );
}

// proves: 1.7/25, 1.7/27
#[tokio::test]
async fn a_functions_status_decides_its_failure() {
    let long = "x".repeat(1500);
    let shown = format!("status 400 Bad Request: {} …", "x".repeat(1024));
    let no_json = "the function's answer is no JSON: ";
    let cases = [
        ("200 OK", "[1, 2]", Ok("[1,2]".to_owned())),
        ("200 OK", "null", Ok("null".to_owned())),
        (
            "500 Oops",
            r#"{"errorType":"Broke","errorMessage":"no money"}"#,
            passing("Broke", "no money"),
        ),
        ("404 Not Found", r#"{"errorType":"NoOrder"}"#, passing("NoOrder", "")),
        (
            "404 Not Found",
            r#"{"errorType":"NoOrder","errorMessage":{"id":7}}"#,
            passing("NoOrder", "{\"id\":7}"),
        ),
        (
            "429 Slow",
            r#"{"errorType":""}"#,
            passing(
                "FC.ResourceThrottled",
                "status 429 Too Many Requests: {\"errorType\":\"\"}",
            ),
        ),
        (
            "429 Slow",
            "",
            passing("FC.ResourceThrottled", "status 429 Too Many Requests"),
        ),
        (
            "500 Oops",
            "kaput\n",
            passing("FC.InternalServerError", "status 500 Internal Server Error: kaput"),
        ),
        (
            "503 Busy",
            "[",
            passing("FC.InternalServerError", "status 503 Service Unavailable: ["),
        ),
        ("400 Bad", &long, passing("FC.Unknown", &shown)),
        ("201 Created", "{}", passing("FC.Unknown", "status 201 Created: {}")),
        ("302 Found", "", passing("FC.Unknown", "status 302 Found")),
    ];
    for (status, body, expected) in cases {
        let server = Server::always(ok(status, "location: /elsewhere\r\n", body)).await;
        assert_eq!(result(function(&server, None)).await, expected, "{status} {body}");
        assert_eq!(server.seen().len(), 1);
    }
    for body in ["", "{", "hello", "{} {}"] {
        let server = Server::always(ok("200 OK", "", body)).await;
        let failure = result(function(&server, None)).await.unwrap_err();
        assert_eq!(
            (&*failure.code, failure.retryable),
            ("FnF.InvalidOutput", true),
            "{body}"
        );
        assert!(failure.detail.starts_with(no_json), "{}", failure.detail);
    }
    let server = Server::always(Reply::Bytes(
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n\xff".to_vec(),
    ))
    .await;
    let expected = passing("FnF.InvalidOutput", "the function's answer is not UTF-8");
    assert_eq!(result(function(&server, None)).await, expected);
}

#[tokio::test]
async fn a_function_that_is_not_there_or_breaks_off_is_an_internal_error() {
    let gone = Server::always(Reply::Silence).await;
    let call = function(&gone, None);
    drop(gone);
    let codes = [result(call).await, {
        let server = Server::always(Reply::Reset).await;
        result(function(&server, None)).await
    }]
    .map(|result| result.map_err(|failure| failure.code.to_string()));
    assert_eq!(
        codes,
        [
            Err("FC.InternalServerError".to_owned()),
            Err("FC.InternalServerError".to_owned())
        ]
    );
}

// proves: 1.8/HTTP.5, 1.8/HTTP.6
#[tokio::test]
async fn a_request_answers_header_code_and_body() {
    let cases = [
        ("content-type: application/json\r\n", "{\"a\": 1}", "{\"a\":1}"),
        (
            "content-type: application/problem+json; charset=utf-8\r\n",
            "[1 ]",
            "[1]",
        ),
        ("content-type: application/json\r\n", "{", "\"{\""),
        ("content-type: text/plain\r\n", "{\"a\":1}", "\"{\\\"a\\\":1}\""),
        ("content-type: text/plain\r\n", "", "\"\""),
    ];
    for (headers, body, shown) in cases {
        let server = Server::always(ok("201 Created", headers, body)).await;
        let kind = headers.trim().split_once(": ").unwrap().1;
        let length = body.len();
        assert_eq!(
            result(request(&server, "GET", &[], None)).await,
            Ok(format!(
                "{{\"Header\":{{\"Content-Length\":\"{length}\",\"Content-Type\":\"{kind}\"}},\"Code\":201,\"Body\":{shown}}}"
            ))
        );
    }
}

#[tokio::test]
async fn repeated_headers_are_joined_and_cookies_listed() {
    let headers = "x-a: 1\r\nx-a: 2\r\nset-cookie: a=b\r\netag: \"v\"\r\n";
    let server = Server::always(ok("200 OK", headers, "")).await;
    let head = r#"{"Content-Length":"0","X-A":"1, 2","Set-Cookie":["a=b"],"Etag":"\"v\""}"#;
    let expected = format!("{{\"Header\":{head},\"Code\":200,\"Body\":\"\"}}");
    assert_eq!(result(request(&server, "GET", &[], None)).await, Ok(expected));
}

// proves: 1.8/HTTP.2, 1.8/HTTP.3, 1.8/HTTP.4
#[tokio::test]
async fn a_requests_body_is_text_as_it_is_or_json() {
    let server = Server::always(ok("200 OK", "", "")).await;
    let json = || Some(Value::parse_json("{\"a\": [1.0]}").unwrap());
    let calls = [
        request(&server, "POST", &[("X-A", "1")], Some(Value::from("plain {text}"))),
        request(&server, "PUT", &[], json()),
        request(
            &server,
            "PATCH",
            &[("Content-Type", "application/merge-patch+json")],
            json(),
        ),
        request(&server, "DELETE", &[], None),
    ];
    for call in calls {
        result(call).await.unwrap();
    }
    let interesting = |header: &&String| header.starts_with("content-type") || header.starts_with("x-");
    let seen: Vec<String> = server
        .seen()
        .iter()
        .map(|seen| {
            let headers: Vec<&String> = seen.headers.iter().filter(interesting).collect();
            format!("{} {headers:?} {}", seen.line, seen.body)
        })
        .collect();
    assert_eq!(
        seen,
        [
            "POST /x?y=1 HTTP/1.1 [\"x-a: 1\"] plain {text}",
            "PUT /x?y=1 HTTP/1.1 [\"content-type: application/json\"] {\"a\":[1.0]}",
            "PATCH /x?y=1 HTTP/1.1 [\"content-type: application/merge-patch+json\"] {\"a\":[1.0]}",
            "DELETE /x?y=1 HTTP/1.1 [] ",
        ]
    );
}

// proves: 1.8/HTTP.8
#[tokio::test]
async fn a_head_request_has_no_body() {
    let server = Server::always(Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n".to_vec())).await;
    let expected = r#"{"Header":{"Content-Length":"5"},"Code":200,"Body":""}"#;
    assert_eq!(
        result(request(&server, "HEAD", &[], None)).await,
        Ok(expected.to_owned())
    );
}

// proves: 1.7/31, 1.8/HTTP.7
#[tokio::test]
async fn a_request_fails_by_name() {
    let refused = "content-length: 0\r\nlocation: /x\r\n\r\n";
    let too_long = "HTTP/1.1 500 Oops\r\ncontent-length: 999999\r\n\r\n";
    let cases = [
        (
            ok("404 Not Found", "", "not here"),
            "HTTP.404",
            "status 404 Not Found: not here",
        ),
        (ok("500 Oops", "", ""), "HTTP.500", "status 500 Internal Server Error"),
        (ok("304 Not Modified", "", ""), "HTTP.304", "status 304 Not Modified"),
        (
            Reply::Bytes(format!("HTTP/1.1 302 Found\r\n{refused}").into()),
            "HTTP.TooManyRedirects",
            "more than 5 redirects",
        ),
        (Reply::Endless(too_long.into(), b"oops".to_vec()), "HTTP.500", ""),
        (Reply::Last(b"hello\r\n\r\n".to_vec()), "HTTP.BrokenAnswer", ""),
    ];
    for (reply, code, detail) in cases {
        let server = Server::always(reply.clone()).await;
        let failure = result(request(&server, "GET", &[], None)).await.unwrap_err();
        assert_eq!(
            (&*failure.code, failure.retryable),
            (code, true),
            "{reply:?}: {failure:?}"
        );
        assert!(detail.is_empty() || &*failure.detail == detail, "{failure:?}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_text_is_an_invalid_output() {
    let server = Server::always(Reply::Bytes(
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n\xff".to_vec(),
    ))
    .await;
    let expected = passing("FnF.InvalidOutput", "the body of the answer is not UTF-8");
    assert_eq!(result(request(&server, "GET", &[], None)).await, expected);
}

#[tokio::test]
async fn a_result_above_the_limit_skips_retry() {
    let fits = format!("\"{}\"{}", "x".repeat(998), " ".repeat(2000));
    let server = Server::always(ok("200 OK", "", &fits)).await;
    assert_eq!(result(function(&server, None)).await, Ok(fits.trim().to_owned()));
    let server = Server::always(ok("200 OK", "", &format!("\"{}\"", "x".repeat(999)))).await;
    let expected = lasting("FnF.DataLimitExceeded", "the result has 1001 bytes, 1000 are allowed");
    assert_eq!(result(function(&server, None)).await, expected);
    let server = Server::always(ok("200 OK", "", &"x".repeat(1000))).await;
    let expected = lasting("FnF.DataLimitExceeded", "the result has 1057 bytes, 1000 are allowed");
    assert_eq!(result(request(&server, "GET", &[], None)).await, expected);
    let server = Server::always(ok("200 OK", "", &" ".repeat(65_537))).await;
    let expected = lasting("FnF.DataLimitExceeded", "the answer's body is longer than 65536 bytes");
    assert_eq!(result(function(&server, None)).await, expected);
}

#[tokio::test]
async fn what_is_not_granted_or_no_request_at_all_skips_retry() {
    let server = Server::always(ok("200 OK", "", "")).await;
    let mut ungranted = request(&server, "GET", &[], None);
    ungranted.granted = Granted::default();
    let port = server.address.port();
    let detail = format!(
        "`127.0.0.1` with port {port} is not granted: add `- {{flow: \"shop\", action: \"HTTP:Request\", http: \
         [\"127.0.0.1:{port}\"]}}` to the grants file"
    );
    assert_eq!(result(ungranted).await, lasting("FnF.NotGranted", &detail));
    let cases = [
        (request(&server, "GET", &[("a b", "x")], None), "`a b` is no header"),
        (
            request(&server, "GET", &[("a", "x\r\ny: z")], None),
            "the value of header `a` holds a control character",
        ),
        (request(&server, "G T", &[], None), "`G T` is no method"),
    ];
    for (call, detail) in cases {
        assert_eq!(result(call).await, lasting("FnF.InvalidParameter", detail));
    }
    let mut relative = request(&server, "GET", &[], None);
    relative.work = Work::HttpRequest {
        url: "/x".into(),
        method: "GET".into(),
        headers: vec![],
        body: None,
    };
    let detail = "`/x` is no absolute URL that begins with http:// or https://";
    assert_eq!(result(relative).await, lasting("FnF.InvalidParameter", detail));
    assert_eq!(server.seen(), []);
}

#[tokio::test]
async fn the_earlier_of_deadline_and_granted_time_ends_an_attempt() {
    let server = Server::always(Reply::Silence).await;
    let mut past = request(&server, "GET", &[], None);
    past.deadline_ms = Some(NOW - 1);
    assert_eq!(
        result(past).await,
        passing("FnF.TaskTimeout", "no complete answer within 0 ms")
    );
    let mut soon = function(&server, None);
    soon.deadline_ms = Some(NOW + 30);
    assert_eq!(
        result(soon).await,
        passing("FnF.TaskTimeout", "no complete answer within 30 ms")
    );
    let mut granted = function(&server, None);
    granted.granted.timeout_seconds = Some(0);
    granted.deadline_ms = None;
    assert_eq!(
        result(granted).await,
        passing("FnF.TaskTimeout", "no complete answer within 0 ms")
    );
}

#[tokio::test]
async fn a_component_is_somebody_elses_work() {
    let server = Server::always(ok("200 OK", "", "")).await;
    let work = Work::Component {
        digest: "0".into(),
        operation: "resize".into(),
        input: Value::Null,
    };
    let call = call(&server, work);
    assert_eq!(
        result(call).await,
        lasting("FnF.ActionNotSupported", "a component is no HTTP endpoint")
    );
}
