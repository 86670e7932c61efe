//! The side of a socket that answers, in the process that holds the store.

use std::future::Future;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use stepwell_api::service::{self, Next, Running, Unanswered};
use stepwell_engine::Engine;
use stepwell_wire::{Answer, Hello, Request, Run};
use tokio::io::BufReader;
use tokio::net::UnixStream;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use super::lines::{receive, send};
use super::place::{Bound, bind};
use crate::router::Router;

/// How long a reader may take for one answer before it counts as gone.
const WRITTEN_WITHIN: Duration = Duration::from_secs(30);
/// How long answers that are under way may take when the process wants to end.
const DRAINED_WITHIN: Duration = Duration::from_secs(5);

/// What requests are answered with.
#[derive(Clone)]
pub(crate) struct Served {
    pub(crate) engine: Engine,
    /// Whether runs can be handed over.
    pub(crate) drives: bool,
    /// Makes a run's components ready.
    pub(crate) router: Arc<Router>,
}

/// Answers requests until it is closed.
#[derive(Debug)]
pub(crate) struct Server {
    closing: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Listens beside the store whose lock this process holds.
    ///
    /// # Errors
    ///
    /// Where no socket can be made.
    pub(crate) fn start(store: &Path, served: Served) -> io::Result<Self> {
        let bound = bind(store)?;
        let user = std::fs::metadata(store)?.uid();
        let (closing, closed) = watch::channel(false);
        let accepting = tokio::spawn(accept(bound, user, served, closed));
        Ok(Self { closing, accepting })
    }

    /// Takes no more requests, ends every handed-over run's connection, and waits for other answers under way.
    pub(crate) async fn close(self) {
        self.closing.send_replace(true);
        // A panic has ended the process already.
        _ = self.accepting.await;
    }
}

async fn accept(bound: Bound, user: u32, served: Served, closed: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    let mut closing = closed.clone();
    loop {
        tokio::select! {
            () = is_closing(&mut closing) => break,
            Some(_) = connections.join_next() => {}
            accepted = bound.listener.accept() => match accepted {
                Ok((stream, _)) if is_user(&stream, user) => {
                    connections.spawn(connection(stream, served.clone(), closed.clone()));
                }
                Ok(_) => {}
                // Out of files, most likely; those who come are asked to come again by not being answered.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
        }
    }
    drop(bound);
    let drained = async { while connections.join_next().await.is_some() {} };
    // Who does not read its answer in time asks whoever holds the store next.
    _ = timeout(DRAINED_WITHIN, drained).await;
}

/// Waits until the server is closed or dropped.
async fn is_closing(closed: &mut watch::Receiver<bool>) {
    // An error says that the server is gone.
    _ = closed.wait_for(|closed| *closed).await;
}

/// Whether the other side is the store's owner or the system's.
fn is_user(stream: &UnixStream, user: u32) -> bool {
    stream
        .peer_cred()
        .is_ok_and(|peer| peer.uid() == user || peer.uid() == 0)
}

/// One connection; one that breaks was closed by the other side, which nobody here needs to know.
async fn connection(stream: UnixStream, served: Served, mut closed: watch::Receiver<bool>) {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    let hello = Hello {
        drives: served.drives,
        ..Hello::answering()
    };
    if write(&mut writer, &hello).await.is_err() {
        return;
    }
    let request = tokio::select! {
        request = receive::<Request>(&mut reader) => request,
        () = is_closing(&mut closed) => return,
    };
    match request {
        Ok(Some(Request::Run(run))) if served.drives => {
            tokio::select! {
                _ = run_for(&served, *run, &mut writer) => {}
                () = is_closing(&mut closed) => {}
            }
        }
        Ok(Some(Request::Run(_)) | None) | Err(_) => {}
        Ok(Some(request)) => _ = answer(&served.engine, request, &mut writer).await,
    }
}

async fn answer(engine: &Engine, request: Request, writer: &mut OwnedWriteHalf) -> io::Result<()> {
    match service::answer(engine, request).await {
        Ok(answers) => {
            for answer in answers {
                write(writer, &answer).await?;
            }
            Ok(())
        }
        Err(unanswered) => refuse(unanswered, writer).await,
    }
}

/// Drives an execution for another process and tells it what happens.
async fn run_for(served: &Served, run: Run, writer: &mut OwnedWriteHalf) -> io::Result<()> {
    let begun = async {
        served.router.prepare_run(&run).await?;
        Running::begin(&served.engine, run).await
    };
    let mut running = match begun.await {
        Ok(running) => running,
        Err(unanswered) => return refuse(unanswered, writer).await,
    };
    write(writer, &Answer::Begun(running.begun.clone())).await?;
    loop {
        match running.next().await {
            Ok(Next::Event(event)) => write(writer, &Answer::Event(event)).await?,
            Ok(Next::Ended(end)) => return write(writer, &Answer::Ended(end)).await,
            Err(unanswered) => return refuse(unanswered, writer).await,
        }
    }
}

/// Tells a refusal; where the engine closes, not answering says to ask again.
async fn refuse(unanswered: Unanswered, writer: &mut OwnedWriteHalf) -> io::Result<()> {
    match unanswered {
        Unanswered::Refused(refusal) => write(writer, &Answer::Refused(refusal)).await,
        Unanswered::Closing => Ok(()),
    }
}

fn write<'a>(
    writer: &'a mut OwnedWriteHalf,
    message: &'a (impl serde::Serialize + Sync),
) -> impl Future<Output = io::Result<()>> + Send + 'a {
    timeout(WRITTEN_WITHIN, send(writer, message))
        .map(|written| written.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())))
}
