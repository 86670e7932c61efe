//! Ways through redirects, without a network.

use std::collections::BTreeMap;

use stepwell_actions::{Granted, HostRule, SecretRule};

use super::*;
use crate::{Asker, SecretText};

fn host(host: &str) -> HostRule {
    HostRule {
        host: host.into(),
        port: None,
    }
}

fn trail(hosts: &[&str], secret_for: &[&str]) -> Trail {
    let secret = |of: &&str| SecretRule {
        name: "KEY".into(),
        host: host(of),
        header: "X-Key".into(),
    };
    let granted = Granted {
        http: hosts.iter().map(|of| host(of)).collect(),
        secrets: secret_for.iter().map(secret).collect(),
        ..Granted::default()
    };
    let asker = Asker {
        flow: "f".into(),
        action: "HTTP:Request".into(),
        function: None,
    };
    Trail::new(Arc::new(Policy::of_grants(&granted, asker, Redirects::Follow)))
}

fn secrets() -> BTreeMap<String, SecretText> {
    [("KEY".to_owned(), SecretText::new("sesame"))].into()
}

fn request(method: Method, url: &str) -> Request<Bytes> {
    let request = Request::builder()
        .method(method)
        .uri(url)
        .header("authorization", "mine")
        .header("accept", "x");
    request
        .header("content-type", "text/plain")
        .body(Bytes::from_static(b"body"))
        .unwrap()
}

fn location(to: &str) -> HeaderMap {
    [(LOCATION, HeaderValue::from_str(to).unwrap())].into_iter().collect()
}

fn shown(request: &Request<Bytes>) -> String {
    let mut headers: Vec<String> = request
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    headers.sort();
    let body = String::from_utf8_lossy(request.body());
    format!(
        "{} {} | {} | {body}",
        request.method(),
        request.uri(),
        headers.join(", ")
    )
}

#[test]
fn the_wire_has_the_hosts_own_headers_and_the_secrets() {
    let mut trail = trail(&["a", "b"], &["a"]);
    let mut asked = request(Method::POST, "HTTP://A.:80/x");
    for (name, value) in [
        ("host", "evil"),
        ("connection", "x-key"),
        ("content-length", "7"),
        ("x-key", "guess"),
    ] {
        asked.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    let (destination, wire) = trail.depart(&asked, &secrets()).unwrap();
    assert_eq!(destination, Destination::of(&"http://a/".parse().unwrap()).unwrap());
    assert_eq!(
        shown(&wire),
        "POST http://a/x | accept: x, authorization: mine, content-type: text/plain, host: a, x-key: sesame | body"
    );
    let (_, elsewhere) = trail
        .depart(&request(Method::POST, "http://b:443/"), &secrets())
        .unwrap();
    assert_eq!(
        shown(&elsewhere),
        "POST http://b:443/ | accept: x, authorization: mine, content-type: text/plain, host: b:443 | body"
    );
}

#[test]
fn a_secret_is_never_printed() {
    let mut trail = trail(&["a"], &["a"]);
    let (_, wire) = trail.depart(&request(Method::GET, "http://a/"), &secrets()).unwrap();
    let printed = format!("{wire:?} {:?} {trail:?}", secrets());
    assert!(!printed.contains("sesame"), "{printed}");
}

#[test]
fn a_secret_without_a_value_or_that_no_header_holds_is_an_error() {
    let refusal = |secrets: BTreeMap<String, SecretText>| {
        let mut trail = trail(&["a"], &["a"]);
        trail
            .depart(&request(Method::GET, "http://a/"), &secrets)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(refusal(BTreeMap::new()), "secret `KEY` has no value on this host");
    assert_eq!(
        refusal([("KEY".to_owned(), SecretText::new("a\nb"))].into()),
        "secret `KEY` holds characters that no header can carry"
    );
}

#[test]
fn methods_and_bodies_change_as_the_rfc_says() {
    let kept = "accept: x, authorization: mine, content-type: text/plain | body";
    let cases = [
        (
            301,
            Method::POST,
            "GET http://a/y | accept: x, authorization: mine | ".to_owned(),
        ),
        (
            302,
            Method::POST,
            "GET http://a/y | accept: x, authorization: mine | ".to_owned(),
        ),
        (302, Method::PUT, format!("PUT http://a/y | {kept}")),
        (
            303,
            Method::PUT,
            "GET http://a/y | accept: x, authorization: mine | ".to_owned(),
        ),
        (303, Method::HEAD, format!("HEAD http://a/y | {kept}")),
        (307, Method::POST, format!("POST http://a/y | {kept}")),
        (308, Method::PATCH, format!("PATCH http://a/y | {kept}")),
    ];
    for (status, method, expected) in cases {
        let status = StatusCode::from_u16(status).unwrap();
        let asked = request(method, "http://a/x");
        let next = trail(&["a"], &[])
            .next_hop(&asked, status, &location("/y"))
            .unwrap()
            .unwrap();
        assert_eq!(shown(&next), expected, "{status}");
    }
}

#[test]
fn credentials_and_secret_headers_stay_with_their_origin() {
    let mut trail = trail(&["a", "b"], &["a"]);
    let mut asked = request(Method::GET, "https://a/x");
    asked.headers_mut().insert("x-key", HeaderValue::from_static("guess"));
    for target in ["https://b/", "http://a/", "https://a:444/"] {
        let next = trail
            .next_hop(&asked, StatusCode::TEMPORARY_REDIRECT, &location(target))
            .unwrap()
            .unwrap();
        assert_eq!(
            shown(&next),
            format!("GET {target} | accept: x, content-type: text/plain | body")
        );
    }
}

#[test]
fn a_secret_does_not_go_in_the_clear_after_an_encrypted_hop() {
    let mut trail = trail(&["a"], &["a"]);
    let asked = request(Method::GET, "https://a/");
    let (_, wire) = trail.depart(&asked, &secrets()).unwrap();
    assert!(wire.headers().contains_key("x-key"));
    let next = trail
        .next_hop(&asked, StatusCode::FOUND, &location("http://a/"))
        .unwrap()
        .unwrap();
    let (_, wire) = trail.depart(&next, &secrets()).unwrap();
    assert_eq!(
        shown(&wire),
        "GET http://a/ | accept: x, content-type: text/plain, host: a | body"
    );
}

#[test]
fn other_answers_are_no_redirects() {
    let asked = request(Method::GET, "http://a/");
    for status in [200, 204, 300, 304, 305, 404] {
        let status = StatusCode::from_u16(status).unwrap();
        assert_eq!(
            trail(&["a"], &[])
                .next_hop(&asked, status, &location("/y"))
                .unwrap()
                .map(|_| ()),
            None,
            "{status}"
        );
    }
    let bare = trail(&["a"], &[])
        .next_hop(&asked, StatusCode::FOUND, &HeaderMap::new())
        .unwrap();
    assert_eq!(bare.map(|_| ()), None);
}

#[test]
fn five_redirects_are_followed_and_each_is_checked() {
    let mut trail = trail(&["a"], &[]);
    let mut asked = request(Method::GET, "http://a/0");
    for hop in 1..=REDIRECTS_MAX {
        asked = trail
            .next_hop(&asked, StatusCode::FOUND, &location(&format!("/{hop}")))
            .unwrap()
            .unwrap();
        assert!(trail.depart(&asked, &secrets()).is_ok());
    }
    let sixth = trail.next_hop(&asked, StatusCode::FOUND, &location("/6"));
    assert_eq!(sixth.unwrap_err(), OutboundError::TooManyRedirects { max: 5 });
}

#[test]
fn a_redirect_to_what_is_not_granted_is_refused() {
    for target in [
        "http://169.254.169.254/latest",
        "http://127.0.0.1/",
        "//b/",
        "http://[::ffff:a9fe:a9fe]/",
    ] {
        let mut trail = trail(&["a"], &[]);
        let next = trail.next_hop(&request(Method::GET, "http://a/"), StatusCode::FOUND, &location(target));
        let refused = trail.depart(&next.unwrap().unwrap(), &secrets()).unwrap_err();
        assert!(
            matches!(refused, OutboundError::NotGranted { .. }),
            "{target}: {refused}"
        );
    }
}

#[test]
fn methods_that_reach_past_the_guard_are_refused() {
    for method in [Method::TRACE, Method::CONNECT] {
        let expected = OutboundError::invalid(format!("the method `{method}` is refused"));
        let refused = trail(&["a"], &[])
            .depart(&request(method, "http://a/"), &secrets())
            .unwrap_err();
        assert_eq!(refused, expected);
    }
}

#[test]
fn a_location_that_is_no_url_is_a_broken_answer() {
    let next = trail(&["a"], &[]).next_hop(
        &request(Method::GET, "http://a/"),
        StatusCode::FOUND,
        &location("ftp://b/"),
    );
    assert_eq!(
        next.unwrap_err().to_string(),
        "broken answer from `a`: it redirects to nowhere: `ftp://b/` is no absolute URL that begins with http:// or https://"
    );
}
