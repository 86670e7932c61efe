//! One editor's conversation, from its first message to its last.
//!
//! **Invariant:** a message is read only when the one before it has been answered, so an answer always is about the text
//! as the editor has it; a stream that is not read from holds a storm back.

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
use crate::frames::{self, Frame};
use crate::server::Server;

/// How a conversation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The editor asked for it.
    Asked,
    /// The editor has gone.
    Gone,
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
    future::join(
        converse(service, BufReader::new(input), &documents, answers),
        tell(output, answered, requests),
    )
    .await;
    // Nobody asks or listens any more, so it ends with the text that it is at.
    if let Some(thread) = thread {
        // It has nothing to say; had it panicked, the program would have ended.
        _ = thread.join();
    }
    if ending.load(Ordering::SeqCst) {
        End::Asked
    } else {
        End::Gone
    }
}

/// Answers message after message.
async fn converse(
    mut service: LspService<Server>,
    mut input: BufReader<impl AsyncRead + Unpin>,
    documents: &Documents,
    mut answers: mpsc::Sender<Said>,
) {
    loop {
        let answer = match frames::read(&mut input).await {
            Frame::End => return,
            Frame::Unreadable => Some(Response::from_error(Id::Null, Error::parse_error())),
            // The server asks only to be told of files, and has no use for the answer.
            Frame::Message(message) if message.get("method").is_none() => None,
            Frame::Message(message) => {
                let ready = message.get("method").is_some_and(|method| method == "initialized");
                match answer(&mut service, message).await {
                    Ok(None) if ready && documents.agreed().watches => {
                        _ = answers.send(Said::Request(watching())).await;
                        None
                    }
                    Ok(answer) => answer,
                    Err(Exited) => return,
                }
            }
        };
        if let Some(answer) = answer
            && answers.send(Said::Answer(answer)).await.is_err()
        {
            return;
        }
    }
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
    let Ok(request) = serde_json::from_value::<Request>(message) else {
        return Ok(Some(Response::from_error(Id::Null, Error::invalid_request())));
    };
    let exit = request.method() == "exit";
    poll_fn(|context| service.poll_ready(context))
        .await
        .map_err(|_| Exited)?;
    let answer = service.call(request).await.map_err(|_| Exited)?;
    if exit { Err(Exited) } else { Ok(answer) }
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
