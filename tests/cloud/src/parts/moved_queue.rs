//! A queue whose delays go by a clock that is moved. Whoever sends speaks SQS's protocol with it; whoever receives is in
//! this process, and is told when there is something.
//!
//! Not there: receiving over HTTP, attributes, dead letters.
//!
//! **Invariant:** a message is there until it is deleted, and hidden for a while whenever it was received.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use serde_json::{Value, json};
use stepwell_ports::{Clock, Millis};

use crate::server::{self, Body, Server};

/// The most that a request may take.
const BODY_BYTES_MAX: usize = 2 << 20;

/// How long a message is hidden that was received.
const HIDDEN_MS: Millis = 70_000;

/// A running queue; dropped, it is gone.
#[derive(Debug)]
pub struct MovedQueue {
    server: Server,
    messages: Arc<Mutex<Messages>>,
}

/// A message that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Which.
    pub id: String,
    /// What hides it.
    pub receipt_handle: String,
    /// Its text.
    pub body: String,
    /// How often it was received, this time included.
    pub times: u32,
}

#[derive(Debug, Default)]
struct Messages {
    kept: Vec<Kept>,
    sent: u64,
}

#[derive(Debug)]
struct Kept {
    id: String,
    body: String,
    visible_ms: Millis,
    times: u32,
}

impl MovedQueue {
    /// Starts it on a free port, by that clock.
    ///
    /// # Errors
    ///
    /// There is no port to be had.
    pub async fn start(clock: Arc<dyn Clock>) -> Result<Self> {
        let messages = Arc::<Mutex<Messages>>::default();
        let theirs = messages.clone();
        let server = Server::start(move |request| answer(request, theirs.clone(), clock.now())).await?;
        Ok(Self { server, messages })
    }

    /// The address for a client.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// When the next message is to be had.
    #[must_use]
    pub fn next_ms(&self) -> Option<Millis> {
        lock(&self.messages).kept.iter().map(|kept| kept.visible_ms).min()
    }

    /// A message that is visible at that time.
    #[must_use]
    pub fn receive(&self, now: Millis) -> Option<Received> {
        let mut messages = lock(&self.messages);
        let kept = messages.kept.iter_mut().find(|kept| kept.visible_ms <= now)?;
        kept.visible_ms = now.saturating_add(HIDDEN_MS);
        kept.times += 1;
        Some(Received {
            id: kept.id.clone(),
            receipt_handle: kept.id.clone(),
            body: kept.body.clone(),
            times: kept.times,
        })
    }

    /// Deletes a message.
    pub fn delete(&self, id: &str) {
        lock(&self.messages).kept.retain(|kept| kept.id != id);
    }
}

async fn answer(request: Request<Incoming>, messages: Arc<Mutex<Messages>>, now: Millis) -> Response<Full<Bytes>> {
    let target = request.headers().get("x-amz-target");
    let target = target.and_then(|target| target.to_str().ok()).unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let asked = match server::read(request.into_body(), BODY_BYTES_MAX).await {
        Body::Whole(body) => serde_json::from_slice::<Value>(&body).ok(),
        Body::TooLarge | Body::Broken => None,
    };
    let mut messages = lock(&messages);
    let answered = asked.and_then(|asked| match operation.as_str() {
        "SendMessage" => messages.send(&asked, now),
        "SendMessageBatch" => messages.send_together(&asked, now),
        "ChangeMessageVisibility" => messages.hide(&asked, now),
        _ => None,
    });
    match answered {
        Some(answer) => server::json(StatusCode::OK, answer.to_string()),
        None => server::json(
            StatusCode::BAD_REQUEST,
            json!({"__type": "com.amazonaws.sqs#UnsupportedOperation", "message": operation}).to_string(),
        ),
    }
}

impl Messages {
    fn send(&mut self, asked: &Value, now: Millis) -> Option<Value> {
        let delay_s = asked.get("DelaySeconds").and_then(Value::as_u64).unwrap_or(0);
        let body = asked.get("MessageBody")?.as_str()?.to_owned();
        self.sent += 1;
        let id = format!("m{}", self.sent);
        self.kept.push(Kept {
            id: id.clone(),
            body,
            visible_ms: now.saturating_add(delay_s * 1_000),
            times: 0,
        });
        Some(json!({"MessageId": id, "MD5OfMessageBody": ""}))
    }

    fn send_together(&mut self, asked: &Value, now: Millis) -> Option<Value> {
        let entries = asked.get("Entries")?.as_array()?;
        let sent = entries.iter().map(|entry| {
            let mut sent = self.send(entry, now)?;
            sent.as_object_mut()?.insert("Id".to_owned(), entry.get("Id")?.clone());
            Some(sent)
        });
        let sent = sent.collect::<Option<Vec<_>>>()?;
        Some(json!({"Successful": sent, "Failed": []}))
    }

    fn hide(&mut self, asked: &Value, now: Millis) -> Option<Value> {
        let id = asked.get("ReceiptHandle")?.as_str()?;
        let seconds = asked.get("VisibilityTimeout")?.as_u64()?;
        let kept = self.kept.iter_mut().find(|kept| kept.id == id)?;
        kept.visible_ms = now.saturating_add(seconds * 1_000);
        Some(json!({}))
    }
}

/// A message is changed in one go, and never held while anything is waited for.
fn lock(messages: &Mutex<Messages>) -> MutexGuard<'_, Messages> {
    messages.lock().unwrap_or_else(PoisonError::into_inner)
}
