//! One editor's conversation, from its first message to its last.
//!
//! **Invariant:** a message is read only when the one before it has been answered, so an answer always is about the text
//! as the editor has it; a stream that is not read from holds a storm back.

use std::fmt::Display;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::channel::mpsc;
use futures::io::{AsyncRead, AsyncWrite, BufReader};
use futures::{SinkExt, Stream, StreamExt, future, stream};
use serde_json::{Value, json};
use tower_lsp_server::LspService;
use tower_lsp_server::jsonrpc::{Error, Id, Request, Response};
use tower_service::Service;

use crate::checking;
use crate::documents::Documents;
use crate::frames::{self, Frame, Lost};
use crate::server::Server;

/// How a conversation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The editor asked for it.
    Asked,
    /// The editor has gone.
    Gone,
    /// What came was no message, and what follows cannot be told apart.
    Lost(Lost),
}

/// Serves one editor over two streams, until it says `exit` or is gone.
pub async fn serve(input: impl AsyncRead + Unpin, output: impl AsyncWrite + Unpin) -> End {
    let documents = Arc::new(Documents::default());
    let ending = Arc::new(AtomicBool::new(false));
    let mut thread = None;
    let (service, socket) = LspService::new(|client| {
        let (asking, checking) = checking::start(documents.clone(), client);
        thread = Some(checking);
        Server::new(documents.clone(), asking, ending.clone())
    });
    let (requests, _) = socket.split();
    let (answers, answered) = mpsc::channel(0);
    let (lost, ()) = future::join(
        converse(service, BufReader::new(input), &documents, answers),
        tell(output, answered, requests),
    )
    .await;
    // Nobody asks or listens any more, so it ends with the text that it is at.
    if let Some(thread) = thread {
        // It has nothing to say; had it panicked, the program would have ended.
        _ = thread.join();
    }
    match lost {
        _ if ending.load(Ordering::SeqCst) => End::Asked,
        Some(lost) => End::Lost(lost),
        None => End::Gone,
    }
}

/// Answers message after message; why it cannot go on, where that is for what came.
async fn converse(
    mut service: LspService<Server>,
    mut input: BufReader<impl AsyncRead + Unpin>,
    documents: &Documents,
    mut answers: mpsc::Sender<Said>,
) -> Option<Lost> {
    loop {
        let mut over = None;
        let answer = match frames::read(&mut input).await {
            Frame::End => return None,
            Frame::Lost(lost) => {
                let answer = parse_error(&lost);
                over = Some(lost);
                Some(answer)
            }
            Frame::Unreadable(reason) => Some(parse_error(&reason)),
            Frame::Message(message) if is_answer(&message) => None,
            Frame::Message(message) => {
                let ready = message.get("method").is_some_and(|method| method == "initialized");
                match answer(&mut service, message).await {
                    Ok(None) if ready && documents.agreed().watches => {
                        _ = answers.send(Said::Request(watching())).await;
                        None
                    }
                    Ok(answer) => answer,
                    Err(Exited) => return None,
                }
            }
        };
        if let Some(answer) = answer
            && answers.send(Said::Answer(answer)).await.is_err()
        {
            return over;
        }
        if over.is_some() {
            return over;
        }
    }
}

/// The server asks only to be told of files, and has no use for the answer.
fn is_answer(message: &Value) -> bool {
    let has = |key: &str| message.get(key).is_some();
    !has("method") && (has("result") || has("error"))
}

fn parse_error(reason: &impl Display) -> Response {
    refusal(Error::parse_error(), reason)
}

/// An error of the protocol with its reason, about no request that could be told.
fn refusal(mut error: Error, reason: &impl Display) -> Response {
    error.message = format!("{}: {reason}", error.message).into();
    Response::from_error(Id::Null, error)
}

/// What the server says in its turn.
enum Said {
    Answer(Response),
    Request(Value),
}

/// Asks the editor to tell when functions or grants change on the disk.
fn watching() -> Value {
    let watchers = ["**/functions.*", "**/grants.*"].map(|pattern| json!({"globPattern": pattern}));
    let registration = json!({
        "id": "functions-and-grants",
        "method": "workspace/didChangeWatchedFiles",
        "registerOptions": {"watchers": watchers},
    });
    json!({
        "jsonrpc": "2.0",
        "id": "functions-and-grants",
        "method": "client/registerCapability",
        "params": {"registrations": [registration]},
    })
}

/// The editor has said `exit`.
struct Exited;

async fn answer(service: &mut LspService<Server>, message: Value) -> Result<Option<Response>, Exited> {
    let request = match request(message) {
        Ok(request) => request,
        Err(reason) => return Ok(Some(refusal(Error::invalid_request(), &reason))),
    };
    let exit = request.method() == "exit";
    poll_fn(|context| service.poll_ready(context))
        .await
        .map_err(|_| Exited)?;
    let answer = service.call(request).await.map_err(|_| Exited)?;
    if exit { Err(Exited) } else { Ok(answer) }
}

/// A message as a request, or why it is none.
fn request(message: Value) -> Result<Request, String> {
    let Some(fields) = message.as_object() else {
        return Err("a message is a JSON object".to_owned());
    };
    match fields.get("method") {
        None => Err("a message has a `method`, or a `result` or `error`".to_owned()),
        Some(method) if !method.is_string() => Err("a `method` is a string".to_owned()),
        Some(_) => serde_json::from_value(message).map_err(|error| error.to_string()),
    }
}

/// Writes answers, and what the server says by itself, until there are no more answers.
async fn tell(
    mut output: impl AsyncWrite + Unpin,
    answers: mpsc::Receiver<Said>,
    requests: impl Stream<Item = Request> + Unpin,
) {
    let answers = answers
        .map(|said| match said {
            Said::Answer(answer) => Some(serde_json::to_value(answer)),
            Said::Request(request) => Some(Ok(request)),
        })
        .chain(stream::once(future::ready(None)));
    let requests = requests.map(|request| Some(serde_json::to_value(request)));
    let mut messages = stream::select(answers, requests);
    while let Some(Some(message)) = messages.next().await {
        // What the protocol's types hold always is JSON.
        let Ok(message) = message else { continue };
        if frames::write(&mut output, &message).await.is_err() {
            return;
        }
    }
}
