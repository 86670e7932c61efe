//! The function under test, and how it is asked.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Response;
use http::request::Builder;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use stepwell_cloud::lambda::{Answer, Lambda, Options};
use tokio::net::TcpStream;

/// A function's settings, with the fixture as its program.
pub(crate) fn fixture() -> Options {
    Options::new(env!("CARGO_BIN_EXE_lambda-fixture"))
}

/// The fixture, told by its environment how to begin.
pub(crate) fn beginning(how: &str) -> Options {
    Options {
        env: BTreeMap::from([("FIXTURE_INIT".to_owned(), how.to_owned())]),
        ..fixture()
    }
}

pub(crate) async fn invoke(lambda: &Lambda, payload: Value) -> Answer {
    lambda.invoke(payload.to_string()).await.unwrap()
}

/// Sends a request to an address, by a connection of its own.
pub(crate) async fn ask(url: &str, request: Builder, body: &[u8]) -> Response<Bytes> {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let stream = TcpStream::connect(host).await.unwrap();
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
    let driven = tokio::spawn(connection);
    let request = request.uri(path).header("host", host);
    let request = request.body(Full::new(Bytes::copy_from_slice(body)));
    let (head, body) = sender.send_request(request.unwrap()).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    drop(sender);
    driven.await.unwrap().ok();
    Response::from_parts(head, body)
}
