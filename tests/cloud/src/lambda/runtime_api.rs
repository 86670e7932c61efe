//! The Runtime API of one process: its HTTP becomes calls, and what it is told comes back.
//!
//! ```text
//! GET  /2018-06-01/runtime/invocation/next              waits for an invocation
//! POST /2018-06-01/runtime/invocation/<id>/response     the function's answer
//! POST /2018-06-01/runtime/invocation/<id>/error        the function's error
//! POST /2018-06-01/runtime/init/error                   it could not begin
//! ```
//!
//! **Invariant:** decides nothing about an invocation; who drops a call's reply refuses the call (403,
//! `InvalidStateTransition`).
//!
//! Source: "Using the Lambda runtime API for custom runtimes", Lambda developer guide.

use std::net::SocketAddr;

use anyhow::Result;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use super::answer::PAYLOAD_BYTES_MAX;
use crate::server::{self, Body, Server};

const BASE: &str = "/2018-06-01/runtime/";

/// What a process asks or says.
#[derive(Debug)]
pub(super) enum Call {
    /// It is ready for an invocation.
    Next(oneshot::Sender<Handed>),
    /// An invocation is over.
    Over {
        request_id: String,
        how: How,
        reply: oneshot::Sender<Reply>,
    },
    /// It cannot begin.
    NotInitialized {
        error: Bytes,
        reply: oneshot::Sender<Reply>,
    },
}

/// How a process says that an invocation is over.
#[derive(Debug)]
pub(super) enum How {
    /// With an answer.
    Answered(Bytes),
    /// With an answer that is too large.
    TooLarge,
    /// With an error.
    Failed(Bytes),
}

/// An invocation as a process gets it.
#[derive(Debug)]
pub(super) struct Handed {
    pub(super) request_id: String,
    pub(super) deadline_ms: u128,
    pub(super) arn: String,
    pub(super) trace: String,
    pub(super) payload: Bytes,
}

/// What a process is told about what it said.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reply {
    Accepted,
    TooLarge,
    WrongId,
}

/// The server of one process.
#[derive(Debug)]
pub(super) struct RuntimeApi {
    server: Server,
    calls: mpsc::Receiver<Call>,
}

impl RuntimeApi {
    pub(super) async fn start() -> Result<Self> {
        let (sender, calls) = mpsc::channel(4);
        let server = Server::start(move |request| answer(request, sender.clone())).await?;
        Ok(Self { server, calls })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// What the process says next.
    pub(super) async fn call(&mut self) -> Call {
        match self.calls.recv().await {
            Some(call) => call,
            // The server, which holds a sender, lives as long as this value.
            None => std::future::pending().await,
        }
    }
}

async fn answer(request: Request<Incoming>, calls: mpsc::Sender<Call>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let Some(path) = head.uri.path().strip_prefix(BASE) else {
        return no_such_path();
    };
    match (
        head.method,
        path,
        path.strip_prefix("invocation/").and_then(|rest| rest.split_once('/')),
    ) {
        (Method::GET, "invocation/next", _) => next(&calls).await,
        (Method::POST, "init/error", _) => not_initialized(body, &calls).await,
        (Method::POST, _, Some((id, "response"))) => over(id, How::Answered, body, &calls).await,
        (Method::POST, _, Some((id, "error"))) => over(id, How::Failed, body, &calls).await,
        _ => no_such_path(),
    }
}

async fn next(calls: &mpsc::Sender<Call>) -> Response<Full<Bytes>> {
    let (sender, handed) = oneshot::channel();
    if calls.send(Call::Next(sender)).await.is_err() {
        return refused();
    }
    let Ok(handed) = handed.await else { return refused() };
    invocation(handed).unwrap_or_else(refused)
}

fn invocation(handed: Handed) -> Option<Response<Full<Bytes>>> {
    let mut response = server::json(StatusCode::OK, handed.payload);
    let headers = response.headers_mut();
    let deadline = handed.deadline_ms.to_string();
    for (name, value) in [
        ("lambda-runtime-aws-request-id", &handed.request_id),
        ("lambda-runtime-deadline-ms", &deadline),
        ("lambda-runtime-invoked-function-arn", &handed.arn),
        ("lambda-runtime-trace-id", &handed.trace),
    ] {
        headers.insert(name, HeaderValue::from_str(value).ok()?);
    }
    Some(response)
}

async fn over(id: &str, how: fn(Bytes) -> How, body: Incoming, calls: &mpsc::Sender<Call>) -> Response<Full<Bytes>> {
    let how = match server::read(body, PAYLOAD_BYTES_MAX).await {
        Body::Whole(bytes) => how(bytes),
        Body::TooLarge => How::TooLarge,
        Body::Broken => return refused(),
    };
    let request_id = id.to_owned();
    ask(calls, |reply| Call::Over { request_id, how, reply }).await
}

async fn not_initialized(body: Incoming, calls: &mpsc::Sender<Call>) -> Response<Full<Bytes>> {
    match server::read(body, PAYLOAD_BYTES_MAX).await {
        Body::Whole(error) => ask(calls, |reply| Call::NotInitialized { error, reply }).await,
        Body::TooLarge | Body::Broken => refused(),
    }
}

async fn ask(calls: &mpsc::Sender<Call>, call: impl FnOnce(oneshot::Sender<Reply>) -> Call) -> Response<Full<Bytes>> {
    let (sender, reply) = oneshot::channel();
    if calls.send(call(sender)).await.is_err() {
        return refused();
    }
    match reply.await {
        Ok(Reply::Accepted) => server::json(StatusCode::ACCEPTED, r#"{"status":"OK"}"#),
        Ok(Reply::TooLarge) => error(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &too_large()),
        Ok(Reply::WrongId) => error(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID"),
        Err(_) => refused(),
    }
}

fn too_large() -> String {
    format!("Exceeded maximum allowed payload size ({PAYLOAD_BYTES_MAX} bytes).")
}

fn refused() -> Response<Full<Bytes>> {
    error(
        StatusCode::FORBIDDEN,
        "InvalidStateTransition",
        "State transition is not allowed",
    )
}

fn no_such_path() -> Response<Full<Bytes>> {
    error(StatusCode::NOT_FOUND, "NotFound", "no such path")
}

fn error(status: StatusCode, error_type: &str, message: &str) -> Response<Full<Bytes>> {
    let error = json!({ "errorMessage": message, "errorType": error_type });
    server::json(status, error.to_string())
}
