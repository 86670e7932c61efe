//! [`HttpClient`]: what it sends, what it refuses, and how it bears bad servers.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use http::{Request, StatusCode};
use stepwell_actions::{Granted, HostRule, SecretRule};
use stepwell_egress::{Asker, Limits, Outbound as _, OutboundError, Policy, Redirects, SecretText};
use stepwell_tasks_http::HttpClient;
use tokio::{
    net::{TcpListener, TcpSocket},
    runtime::Handle,
};

use crate::server::{Reply, Server, ok};

pub(crate) const AMPLE: Limits = Limits {
    response_bytes_max: 1000,
    timeout_ms: 60_000,
};

pub(crate) fn client() -> HttpClient {
    let secrets: BTreeMap<String, SecretText> = [("KEY".to_owned(), SecretText::new("sesame"))].into();
    HttpClient::new(Handle::current(), Arc::new(secrets)).unwrap()
}

fn rule(host: &str, port: u16) -> HostRule {
    HostRule {
        host: host.to_owned(),
        port: Some(port),
    }
}

fn granted(hosts: &[(&str, u16)]) -> Granted {
    Granted {
        http: hosts.iter().map(|(host, port)| rule(host, *port)).collect(),
        ..Granted::default()
    }
}

fn follow(granted: &Granted) -> Arc<Policy> {
    let asker = Asker {
        flow: "f".into(),
        action: "HTTP:Request".into(),
        function: None,
    };
    Arc::new(Policy::of_grants(granted, asker, Redirects::Follow))
}

fn get(url: &str) -> Request<Bytes> {
    Request::get(url).body(Bytes::new()).unwrap()
}

/// Status and body, or the error's text with the server's address left out.
async fn fetch(server: &Server, limits: Limits) -> Result<(u16, String), String> {
    let port = server.address.port();
    let answer = client()
        .send(get(&server.url("/")), follow(&granted(&[("127.0.0.1", port)])), limits)
        .await;
    match answer {
        Ok(answer) => Ok((
            answer.status().as_u16(),
            String::from_utf8_lossy(answer.body()).into_owned(),
        )),
        Err(error) => Err(error.to_string().replace(&port.to_string(), "PORT")),
    }
}

#[tokio::test]
async fn a_request_goes_out_whole_and_only_with_our_own_connection_headers() {
    let server = Server::always(ok("200 OK", "", "fine")).await;
    let port = server.address.port();
    let mut granted = granted(&[("127.0.0.1", port)]);
    granted.secrets = vec![SecretRule {
        name: "KEY".into(),
        host: rule("127.0.0.1", port),
        header: "X-Key".into(),
    }];
    let request = Request::put(server.url("/a/b?c=d"))
        .header("host", "elsewhere")
        .header("connection", "close")
        .header("transfer-encoding", "chunked")
        .header("x-key", "guess")
        .header("x-mine", "1")
        .body(Bytes::from_static(b"hello"))
        .unwrap();
    let answer = client().send(request, follow(&granted), AMPLE).await.unwrap();
    assert_eq!(
        (answer.status(), answer.body().as_ref()),
        (StatusCode::OK, b"fine".as_ref())
    );
    let [seen] = server.seen().try_into().unwrap();
    assert_eq!(
        (seen.line.as_str(), seen.body.as_str()),
        ("PUT /a/b?c=d HTTP/1.1", "hello")
    );
    let host = format!("host: 127.0.0.1:{port}");
    let agent = concat!("user-agent: stepwell/", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        seen.headers,
        [
            "accept: */*",
            "content-length: 5",
            &host,
            agent,
            "x-key: sesame",
            "x-mine: 1"
        ]
    );
}

#[tokio::test]
async fn what_is_not_granted_is_not_reached() {
    let server = Server::always(ok("200 OK", "", "secret")).await;
    let port = server.address.port();
    let cases = [
        (granted(&[]), server.url("/")),
        (granted(&[("127.0.0.1", port ^ 1)]), server.url("/")),
        (granted(&[("127.0.0.2", port)]), server.url("/")),
        (granted(&[("localhost", port)]), server.url("/")),
        (granted(&[("127.0.0.1", port)]), format!("http://localhost:{port}/")),
    ];
    for (granted, url) in cases {
        let refused = client().send(get(&url), follow(&granted), AMPLE).await.unwrap_err();
        assert!(matches!(refused, OutboundError::NotGranted { .. }), "{url}: {refused}");
    }
    assert_eq!(server.seen(), []);
}

#[tokio::test]
async fn a_granted_name_may_lead_to_this_machine() {
    let server = Server::always(ok("200 OK", "", "here")).await;
    let port = server.address.port();
    let url = format!("http://LOCALHOST:{port}/");
    let answer = client()
        .send(get(&url), follow(&granted(&[("localhost", port)])), AMPLE)
        .await
        .unwrap();
    assert_eq!(answer.body().as_ref(), b"here");
}

#[tokio::test]
async fn a_name_without_an_address_is_no_connection() {
    let failed = client()
        .send(get("http://a.invalid/"), follow(&granted(&[("a.invalid", 80)])), AMPLE)
        .await;
    assert!(
        matches!(failed, Err(OutboundError::Connect { ref host, port: 80, .. }) if host == "a.invalid"),
        "{failed:?}"
    );
}

#[tokio::test]
async fn nobody_listening_is_no_connection() {
    // Bound and never listening: nobody takes the port, and nobody answers there.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = socket.local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/");
    let failed = client()
        .send(get(&url), follow(&granted(&[("127.0.0.1", port)])), AMPLE)
        .await
        .unwrap_err();
    let OutboundError::Connect { host, port: at, cause } = failed else {
        panic!("{failed:?}")
    };
    assert_eq!((host.as_str(), at), ("127.0.0.1", port));
    assert!(cause.starts_with("Connection refused"), "{cause}");
}

#[tokio::test]
async fn redirects_are_followed_with_every_hop_checked() {
    let server = Server::start(|seen| match seen.line.split(' ').nth(1).unwrap_or_default() {
        "/" => ok("302 Found", "location: /next\r\n", ""),
        "/next" => ok("307 Temporary Redirect", "location: ../last?x\r\n", "ignored"),
        "/last?x" => ok("200 OK", "", "arrived"),
        "/loop" => ok("301 Moved Permanently", "location: /loop\r\n", ""),
        "/inside" => ok("302 Found", "location: http://169.254.169.254/latest/meta-data\r\n", ""),
        "/other" => ok("302 Found", "location: http://127.0.0.2/\r\n", ""),
        "/mapped" => ok("302 Found", "location: http://[::ffff:169.254.169.254]/\r\n", ""),
        "/file" => ok("302 Found", "location: file:///etc/passwd\r\n", ""),
        _ => ok("404 Not Found", "", ""),
    })
    .await;
    let policy = follow(&granted(&[("127.0.0.1", server.address.port())]));
    let mut results = Vec::new();
    for path in ["/", "/loop", "/inside", "/other", "/mapped", "/file"] {
        let answer = client().send(get(&server.url(path)), Arc::clone(&policy), AMPLE).await;
        results.push(match answer {
            Ok(answer) => String::from_utf8_lossy(answer.body()).into_owned(),
            Err(OutboundError::NotGranted { host, .. }) => format!("not granted: {host}"),
            Err(error) => error.to_string(),
        });
    }
    assert_eq!(
        results,
        [
            "arrived",
            "more than 5 redirects",
            "not granted: 169.254.169.254",
            "not granted: 127.0.0.2",
            "not granted: 169.254.169.254",
            "broken answer from `127.0.0.1`: it redirects to nowhere: `file:///etc/passwd` is no absolute URL that begins \
             with http:// or https://",
        ]
    );
    assert_eq!(
        server.seen().iter().filter(|seen| seen.line.contains("/loop")).count(),
        6
    );
}

#[tokio::test]
async fn credentials_do_not_follow_a_redirect_to_another_origin() {
    let target = Server::always(ok("200 OK", "", "")).await;
    let location = format!("location: {}\r\n", target.url("/"));
    let server = Server::start(move |_| ok("307 Temporary Redirect", &location, "")).await;
    let ports = (server.address.port(), target.address.port());
    let mut granted = granted(&[("127.0.0.1", ports.0), ("127.0.0.1", ports.1)]);
    granted.secrets = vec![SecretRule {
        name: "KEY".into(),
        host: rule("127.0.0.1", ports.0),
        header: "X-Key".into(),
    }];
    let request = Request::post(server.url("/"))
        .header("authorization", "mine")
        .header("cookie", "a=b");
    let request = request.body(Bytes::from_static(b"payload")).unwrap();
    client().send(request, follow(&granted), AMPLE).await.unwrap();
    let secret = |seen: &[crate::server::Seen]| {
        let headers = seen.iter().flat_map(|seen| seen.headers.clone());
        headers
            .filter(|header| !header.starts_with("host") && !header.starts_with("user-agent"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        secret(&server.seen()),
        [
            "accept: */*",
            "authorization: mine",
            "content-length: 7",
            "cookie: a=b",
            "x-key: sesame"
        ]
    );
    assert_eq!(secret(&target.seen()), ["accept: */*", "content-length: 7"]);
    assert_eq!(
        target.seen().iter().map(|seen| seen.body.as_str()).collect::<Vec<_>>(),
        ["payload"]
    );
}

#[tokio::test]
async fn a_body_longer_than_the_limit_is_cut_off() {
    let limits = Limits {
        response_bytes_max: 4,
        ..AMPLE
    };
    let exact = Server::always(ok("200 OK", "", "1234")).await;
    assert_eq!(fetch(&exact, limits).await, Ok((200, "1234".into())));
    let announced = Server::always(ok("200 OK", "", "12345")).await;
    assert_eq!(
        fetch(&announced, limits).await,
        Err("the answer's body is longer than 4 bytes".into())
    );
    let chunked = b"HTTP/1.1 503 Busy\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n".to_vec();
    let endless = Server::always(Reply::Endless(chunked, b"3\r\nabc\r\n".to_vec())).await;
    let policy = follow(&granted(&[("127.0.0.1", endless.address.port())]));
    let cut = client().send(get(&endless.url("/")), policy, limits).await.unwrap_err();
    let OutboundError::TooLarge {
        limit: 4,
        status: StatusCode::SERVICE_UNAVAILABLE,
        start,
    } = cut
    else {
        panic!("{cut:?}")
    };
    assert!(start.starts_with(b"abcabc") && start.len() <= 2048, "{start:?}");
}

#[tokio::test]
async fn an_announced_body_that_is_too_long_is_not_waited_for() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n".to_vec();
    let server = Server::always(Reply::Endless(head, vec![b'x'; 4096])).await;
    assert_eq!(
        fetch(&server, AMPLE).await,
        Err("the answer's body is longer than 1000 bytes".into())
    );
}

#[tokio::test]
async fn a_server_that_does_not_answer_in_time_is_given_up() {
    let limits = Limits {
        timeout_ms: 50,
        response_bytes_max: u64::MAX,
    };
    let late = Err("no complete answer within 50 ms".to_owned());
    let head = b"HTTP/1.1 200 OK\r\n".to_vec();
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let replies = [
        Reply::Silence,
        Reply::Bytes(head),
        Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n1".to_vec()),
        Reply::Endless(chunked, b"1\r\nx\r\n".to_vec()),
        Reply::Endless(Vec::new(), b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()),
    ];
    for reply in replies {
        let server = Server::always(reply.clone()).await;
        assert_eq!(fetch(&server, limits).await, late, "{reply:?}");
    }
}

#[tokio::test]
async fn rubbish_is_a_broken_answer() {
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(300)).into_bytes();
    let replies = [
        Reply::Reset,
        Reply::Last(vec![]),
        Reply::Last(b"SSH-2.0-OpenSSH_9\r\n".to_vec()),
        Reply::Last(b"HTTP/1.1 abc\r\n\r\n".to_vec()),
        Reply::Last(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab".to_vec()),
        Reply::Last(b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n".to_vec()),
        Reply::Last(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_vec()),
        Reply::Last(b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n".to_vec()),
        Reply::Last(many),
        Reply::Endless(b"HTTP/1.1 200 OK\r\nx: ".to_vec(), vec![b'a'; 8192]),
        Reply::Endless(Vec::new(), vec![0; 8192]),
    ];
    for reply in replies {
        let server = Server::always(reply.clone()).await;
        let broken = fetch(&server, AMPLE).await.unwrap_err();
        assert!(
            broken.starts_with("broken answer from `127.0.0.1`: "),
            "{reply:?}: {broken}"
        );
    }
}

#[tokio::test]
async fn connections_that_rested_are_used_again() {
    let server = Server::always(ok("200 OK", "", "")).await;
    let policy = follow(&granted(&[("127.0.0.1", server.address.port())]));
    let client = client();
    let reused = || {
        server
            .seen()
            .iter()
            .rev()
            .skip(1)
            .any(|seen| Some(seen.connection) == server.last_connection())
    };
    while !reused() {
        client
            .send(get(&server.url("/")), Arc::clone(&policy), AMPLE)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_server_that_closes_after_every_answer_is_no_trouble() {
    let server = Server::always(Reply::Last(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec())).await;
    let policy = follow(&granted(&[("127.0.0.1", server.address.port())]));
    let client = client();
    for _ in 0..100 {
        client
            .send(get(&server.url("/")), Arc::clone(&policy), AMPLE)
            .await
            .unwrap();
    }
    let used: Vec<usize> = server.seen().iter().map(|seen| seen.connection).collect();
    assert_eq!(used, (1..=100).collect::<Vec<_>>());
}

#[tokio::test]
async fn dropping_the_future_closes_the_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/");
    let sending = client().send(get(&url), follow(&granted(&[("127.0.0.1", port)])), AMPLE);
    let (stream, _) = listener.accept().await.unwrap();
    drop(sending);
    let mut stream = tokio::io::BufReader::new(stream);
    while crate::server::read_request(&mut stream, 1).await.is_some() {}
}
