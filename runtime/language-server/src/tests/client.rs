//! An editor that speaks the protocol.

use futures::io::BufReader;
use serde_json::{Value, json};
use tokio::io::{DuplexStream, ReadHalf, WriteHalf};
use tokio::task::JoinHandle;
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt, TokioAsyncWriteCompatExt};

use crate::frames::{self, Frame};
use crate::{End, serve};

pub(super) struct Client {
    output: Compat<WriteHalf<DuplexStream>>,
    input: BufReader<Compat<ReadHalf<DuplexStream>>>,
    server: JoinHandle<End>,
    id: u64,
    /// What the server said by itself and nobody has looked at yet.
    said: Vec<Value>,
}

impl Client {
    /// A server that has been told nothing.
    pub(super) fn silent() -> Self {
        let (near, far) = tokio::io::duplex(1 << 16);
        let (input, output) = tokio::io::split(far);
        let server = tokio::spawn(async move { serve(input.compat(), output.compat_write()).await });
        let (input, output) = tokio::io::split(near);
        Self {
            output: output.compat_write(),
            input: BufReader::new(input.compat()),
            server,
            id: 0,
            said: Vec::new(),
        }
    }

    /// A server that is ready, and what it said of itself.
    pub(super) async fn ready(parameters: Value) -> (Self, Value) {
        let mut client = Self::silent();
        let told = client.ask("initialize", parameters).await;
        client.tell("initialized", json!({})).await;
        (client, told)
    }

    pub(super) async fn tell(&mut self, method: &str, parameters: Value) {
        let message = json!({"jsonrpc": "2.0", "method": method, "params": parameters});
        frames::write(&mut self.output, &message).await.unwrap();
    }

    /// The whole answer to a request, without what all answers have.
    pub(super) async fn ask_all(&mut self, method: &str, parameters: Value) -> Value {
        self.id += 1;
        let message = json!({"jsonrpc": "2.0", "id": self.id, "method": method, "params": parameters});
        frames::write(&mut self.output, &message).await.unwrap();
        loop {
            let mut message = self.next().await;
            if message.get("id") == Some(&json!(self.id)) {
                let answer = message.as_object_mut().unwrap();
                answer.remove("id");
                assert_eq!(answer.remove("jsonrpc"), Some(json!("2.0")));
                return message;
            }
            self.said.push(message);
        }
    }

    /// The result of a request.
    pub(super) async fn ask(&mut self, method: &str, parameters: Value) -> Value {
        let answer = self.ask_all(method, parameters).await;
        answer
            .get("result")
            .unwrap_or_else(|| panic!("{method}: {answer}"))
            .clone()
    }

    /// A request about a place in `file:///f/flow.yaml`.
    pub(super) async fn at(&mut self, method: &str, (line, character): (u32, u32)) -> Value {
        self.ask(method, place(line, character)).await
    }

    pub(super) async fn open(&mut self, uri: &str, text: &str) {
        let document = json!({"uri": uri, "languageId": "yaml", "version": 1, "text": text});
        self.tell("textDocument/didOpen", json!({"textDocument": document}))
            .await;
    }

    pub(super) async fn change(&mut self, uri: &str, version: i32, changes: Value) {
        let parameters = json!({"textDocument": {"uri": uri, "version": version}, "contentChanges": changes});
        self.tell("textDocument/didChange", parameters).await;
    }

    /// What is published for a state of a text.
    pub(super) async fn published(&mut self, uri: &str, version: Value) -> Value {
        let wanted = |message: &Value| message["params"]["uri"] == uri && message["params"]["version"] == version;
        loop {
            if let Some(at) = self.said.iter().position(wanted) {
                let message = self.said.remove(at);
                assert_eq!(message["method"], "textDocument/publishDiagnostics");
                return message["params"]["diagnostics"].clone();
            }
            let message = self.next().await;
            self.said.push(message);
        }
    }

    pub(super) async fn raw(&mut self, bytes: &[u8]) {
        futures::AsyncWriteExt::write_all(&mut self.output, bytes)
            .await
            .unwrap();
    }

    pub(super) async fn next(&mut self) -> Value {
        match frames::read(&mut self.input).await {
            Frame::Message(message) => message,
            frame @ (Frame::Unreadable(_) | Frame::Lost(_) | Frame::End) => panic!("{frame:?}"),
        }
    }

    /// Says goodbye as editors do.
    pub(super) async fn goodbye(mut self) -> End {
        assert_eq!(self.ask("shutdown", Value::Null).await, Value::Null);
        self.tell("exit", Value::Null).await;
        self.server.await.unwrap()
    }

    /// Is gone.
    pub(super) async fn vanish(self) -> End {
        let Self {
            output, input, server, ..
        } = self;
        drop((output, input));
        server.await.unwrap()
    }
}

pub(super) fn place(line: u32, character: u32) -> Value {
    json!({"textDocument": {"uri": "file:///f/flow.yaml"}, "position": {"line": line, "character": character}})
}

/// A range on one line.
pub(super) fn range(line: u32, start: u32, end: u32) -> Value {
    json!({"start": {"line": line, "character": start}, "end": {"line": line, "character": end}})
}
