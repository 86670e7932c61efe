//! The API over HTTP/1.1, within bounds. TLS is a proxy's business.
//!
//! | bound | |
//! |---|---|
//! | connections at once | 256; who comes later waits to be accepted |
//! | the head of a request | 64 KiB, 64 headers, 10 s, which is also how long a connection may be idle |
//! | its body | `BODY_BYTES_MAX`, 30 s |
//! | the answer | 120 s |
//! | what is under way when the server ends | 10 s |

mod connection;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures::channel::mpsc::UnboundedSender;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use stepwell_api::{BODY_BYTES_MAX, Cause, Router};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use connection::serve;

const CONNECTIONS_MAX: usize = 256;
/// How much of a body that is too large is read at most.
const FORGOTTEN_BYTES_MAX: usize = 64 * 1024 * 1024;
const BODY_WITHIN: Duration = Duration::from_secs(30);
const ANSWERED_WITHIN: Duration = Duration::from_secs(120);
const DRAINED_WITHIN: Duration = Duration::from_secs(10);

/// Answers requests until it is closed.
#[derive(Debug)]
pub(crate) struct HttpServer {
    closing: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

/// What every connection answers with.
#[derive(Clone)]
struct Answering {
    router: Router,
    /// What stands behind faults of this side.
    causes: UnboundedSender<String>,
}

impl HttpServer {
    /// Answers whoever connects to `listener`; what stands behind faults goes to `causes`.
    pub(crate) fn start(listener: TcpListener, router: Router, causes: UnboundedSender<String>) -> Self {
        let (closing, closed) = watch::channel(false);
        let accepting = tokio::spawn(accept(listener, Answering { router, causes }, closed));
        Self { closing, accepting }
    }

    /// Takes no more requests, and waits for answers that are under way.
    pub(crate) async fn close(self) {
        self.closing.send_replace(true);
        // A panic has ended the process already.
        _ = self.accepting.await;
    }
}

async fn accept(listener: TcpListener, answering: Answering, closed: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    let mut closing = closed.clone();
    loop {
        while connections.try_join_next().is_some() {}
        let accepted = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        tokio::select! {
            () = is_closing(&mut closing) => break,
            accepted = accepted => match accepted {
                (Ok(place), Ok((stream, _))) => {
                    let served = serve(stream, answering.clone(), closed.clone());
                    connections.spawn(async move {
                        served.await;
                        drop(place);
                    });
                }
                // Out of files, most likely.
                (_, _) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
        }
    }
    drop(listener);
    let drained = async { while connections.join_next().await.is_some() {} };
    // What is not answered by then is cut off; whoever asked asks again.
    _ = timeout(DRAINED_WITHIN, drained).await;
}

/// Waits until the server is closed or dropped.
async fn is_closing(closed: &mut watch::Receiver<bool>) {
    // An error says that the server is gone.
    _ = closed.wait_for(|closed| *closed).await;
}

impl Answering {
    async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (head, body) = request.into_parts();
        let Ok(Some(body)) = timeout(BODY_WITHIN, read(body)).await else {
            return Ok(bare(StatusCode::REQUEST_TIMEOUT));
        };
        let answering = self.router.answer(Request::from_parts(head, body));
        let Ok(answer) = timeout(ANSWERED_WITHIN, answering).await else {
            return Ok(bare(StatusCode::SERVICE_UNAVAILABLE));
        };
        if let Some(Cause(cause)) = answer.extensions().get() {
            // Whoever reads them ends with the server.
            _ = self.causes.unbounded_send(cause.clone());
        }
        Ok(answer.map(Full::new))
    }
}

/// The body, or the beginning of one that is too large, which the router refuses; nothing where it breaks off. What is
/// too large is read on for a while, and forgotten: who still writes reads no answer.
async fn read(mut body: Incoming) -> Option<Bytes> {
    let (mut bytes, mut length) = (Vec::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.ok()?.into_data() else { continue };
        length = length.saturating_add(data.len());
        if bytes.len() <= BODY_BYTES_MAX {
            bytes.extend_from_slice(&data);
        }
        if length > FORGOTTEN_BYTES_MAX {
            break;
        }
    }
    Some(bytes.into())
}

fn bare(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
