//! A small HTTP server on a free port of the loopback address, for what the local cloud speaks itself.
//!
//! **Invariant:** nothing of it outlives its value: dropped, it listens no more and every connection is closed.

use std::convert::Infallible;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use bytes::{Bytes, BytesMut};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// How much of a body that is too long is read to its end, so that who sends it can read the answer.
const DRAINED_BYTES_MAX: usize = 256 << 20;

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    _accepting: JoinSet<()>,
}

impl Server {
    /// Listens on a free port and answers every request by `answer`.
    pub(crate) async fn start<A, F>(answer: A) -> Result<Self>
    where
        A: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
        F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.context("while looking for a free port")?;
        let address = listener.local_addr()?;
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, Arc::new(answer)));
        Ok(Self {
            address,
            _accepting: accepting,
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn accept<A, F>(listener: TcpListener, answer: Arc<A>)
where
    A: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        connections.spawn(serve(stream, Arc::clone(&answer)));
    }
}

async fn serve<A, F>(stream: TcpStream, answer: Arc<A>)
where
    A: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    // Small answers are not to wait for more.
    stream.set_nodelay(true).ok();
    let service = service_fn(|request| {
        let answered = answer(request);
        async move { Ok::<_, Infallible>(answered.await) }
    });
    // A peer that breaks off is no error: processes are killed here.
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    connection.await.ok();
}

/// A body as it came, or how long it was.
#[derive(Debug)]
pub(crate) enum Body {
    /// The whole of it.
    Whole(Bytes),
    /// It is longer than the limit; it was read to its end, but not kept.
    TooLarge,
    /// It broke off.
    Broken,
}

/// Reads a body of at most `limit` bytes.
pub(crate) async fn read(mut body: Incoming, limit: usize) -> Body {
    let mut kept = BytesMut::new();
    let mut bytes: usize = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Body::Broken };
        let Ok(data) = frame.into_data() else { continue };
        bytes = bytes.saturating_add(data.len());
        if bytes <= limit {
            kept.extend_from_slice(&data);
        }
        if bytes > DRAINED_BYTES_MAX {
            break;
        }
    }
    if bytes > limit {
        Body::TooLarge
    } else {
        Body::Whole(kept.freeze())
    }
}

/// An answer in JSON.
pub(crate) fn json(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(http::header::CONTENT_TYPE, json);
    response
}
