//! The service's HTTP.
//!
//! **Invariant:** one request is one change of the book.

use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::answers::{self, Answer};
use super::book::{Book, Key};
use super::{lock, requests};

/// The most that a request may take.
const BODY_BYTES_MAX: usize = 1 << 20;

/// The answer to a request is lost: its connection is closed.
#[derive(Debug)]
struct Lost;

impl std::fmt::Display for Lost {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the answer is lost")
    }
}

impl std::error::Error for Lost {}

/// Answers whoever connects, until it is dropped.
pub(super) async fn answer_for_ever(listener: TcpListener, book: Arc<Mutex<Book>>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let book = book.clone();
        let service = service_fn(move |request| answer(request, book.clone()));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        connections.spawn(async {
            // A connection ends with an error where an answer is lost or a client goes away.
            connection.await.ok();
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn answer(request: Request<Incoming>, book: Arc<Mutex<Book>>) -> Result<Answer, Lost> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_BYTES_MAX).collect().await else {
        return Ok(answers::invalid("the request is too large"));
    };
    let name = match requests::name(head.uri.path()) {
        Ok(name) => name,
        Err(error) => return Ok(answers::invalid(&error)),
    };
    let key = (requests::group(head.uri.query()), name);
    let answer = match head.method {
        Method::POST => create(&mut lock(&book), key.1, &body.to_bytes()),
        Method::GET => Some(show(&lock(&book), &key)),
        Method::DELETE => Some(delete(&mut lock(&book), &key)),
        _ => Some(answers::invalid("no such operation")),
    };
    let answer = answer.ok_or(Lost)?;
    lock(&book).counts.refused += u32::from(!answer.status().is_success());
    Ok(answer)
}

/// `None` where the answer is lost.
fn create(book: &mut Book, name: String, body: &[u8]) -> Option<Answer> {
    let (group, schedule) = match requests::schedule(body) {
        Ok(asked) => asked,
        Err(error) => return Some(answers::invalid(&error)),
    };
    let key = (group, name);
    match book.make(key.clone(), schedule) {
        Ok(()) => Some(answers::made(&key)),
        Err(refusal) => answers::refused(refusal, &key),
    }
}

fn show(book: &Book, key: &Key) -> Answer {
    match book.find(key) {
        Some(schedule) => answers::shown(key, schedule),
        None => answers::not_found(key),
    }
}

fn delete(book: &mut Book, key: &Key) -> Answer {
    match book.remove(key) {
        true => answers::deleted(),
        false => answers::not_found(key),
    }
}
