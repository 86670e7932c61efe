//! From a destination to an HTTP/1.1 connection with one of its admitted addresses.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use stepwell_egress::{Destination, Host, OutboundError, Policy, Scheme};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    runtime::Handle,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream, rustls::pki_types::ServerName};

use crate::spawned::Spawned;

/// How long one of several addresses is tried before the next.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// How many addresses of a name are tried.
const ADDRESSES_MAX: usize = 8;
const HEADERS_MAX: usize = 256;
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// An open connection with the task that drives it; dropping it closes it.
#[derive(Debug)]
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    _driver: Spawned<()>,
}

/// Why a request got no answer on a connection.
#[derive(Debug)]
pub(crate) enum SendError {
    /// The connection was closed before anything was written; here is the request.
    Unsent(Box<Request<Full<Bytes>>>),
    /// The answer is broken, or there is none.
    Broken(hyper::Error),
}

impl Connection {
    pub(crate) fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    /// Sends a request in origin form and waits for the head of its answer.
    pub(crate) async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, SendError> {
        if self.sender.ready().await.is_err() {
            return Err(SendError::Unsent(Box::new(request)));
        }
        match self.sender.try_send_request(request).await {
            Ok(response) => Ok(response),
            Err(mut error) => match error.take_message() {
                Some(request) => Err(SendError::Unsent(Box::new(request))),
                None => Err(SendError::Broken(error.into_error())),
            },
        }
    }
}

/// The addresses that `destination` leads to, every one of them admitted by `policy`.
pub(crate) async fn resolve(destination: &Destination, policy: &Policy) -> Result<Vec<SocketAddr>, OutboundError> {
    let addresses = match &destination.host {
        Host::Address(address) => vec![SocketAddr::new(*address, destination.port)],
        Host::Name(name) => lookup(destination, name).await?,
    };
    for address in &addresses {
        policy.admit_address(destination, address.ip())?;
    }
    Ok(addresses)
}

async fn lookup(destination: &Destination, name: &str) -> Result<Vec<SocketAddr>, OutboundError> {
    let found = lookup_host((name, destination.port))
        .await
        .map_err(|error| failed(destination, error.to_string()))?;
    let addresses: Vec<SocketAddr> = found.take(ADDRESSES_MAX).collect();
    if addresses.is_empty() {
        return Err(failed(destination, "the name has no address".to_owned()));
    }
    Ok(addresses)
}

/// Connects to the first of the admitted `addresses` that answers.
pub(crate) async fn connect(
    destination: &Destination,
    addresses: &[SocketAddr],
    tls: &TlsConnector,
) -> Result<(SocketAddr, Connection), OutboundError> {
    let (address, stream) = open(destination, addresses).await?;
    let connection = match destination.scheme {
        Scheme::Http => handshake(destination, stream).await?,
        Scheme::Https => handshake(destination, encrypt(destination, stream, tls).await?).await?,
    };
    Ok((address, connection))
}

async fn open(destination: &Destination, addresses: &[SocketAddr]) -> Result<(SocketAddr, TcpStream), OutboundError> {
    let mut cause = "the name has no address".to_owned();
    for address in addresses {
        match timeout(CONNECT_MAX, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Requests are written whole; waiting for more to send would only add delay.
                stream
                    .set_nodelay(true)
                    .map_err(|error| failed(destination, error.to_string()))?;
                return Ok((*address, stream));
            }
            Ok(Err(error)) => cause = error.to_string(),
            Err(_) => cause = format!("no answer from {address} within {} s", CONNECT_MAX.as_secs()),
        }
    }
    Err(failed(destination, cause))
}

async fn encrypt(
    destination: &Destination,
    stream: TcpStream,
    tls: &TlsConnector,
) -> Result<TlsStream<TcpStream>, OutboundError> {
    let wrong = |cause: String| OutboundError::Tls {
        host: destination.host.to_string(),
        cause,
    };
    let name = server_name(&destination.host).map_err(&wrong)?;
    tls.connect(name, stream)
        .await
        .map_err(|error| wrong(error.to_string()))
}

fn server_name(host: &Host) -> Result<ServerName<'static>, String> {
    match host {
        Host::Address(address) => Ok(ServerName::from(*address)),
        Host::Name(name) => ServerName::try_from(name.to_string()).map_err(|error| error.to_string()),
    }
}

async fn handshake<S>(destination: &Destination, stream: S) -> Result<Connection, OutboundError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (sender, connection) = http1::Builder::new()
        .max_headers(HEADERS_MAX)
        .max_header_size(HEAD_BYTES_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| broken(destination, &error))?;
    // What goes wrong on the connection reaches the request that uses it.
    let driver = Spawned::new(&Handle::current(), async move { drop(connection.await) });
    Ok(Connection {
        sender,
        _driver: driver,
    })
}

fn failed(destination: &Destination, cause: String) -> OutboundError {
    OutboundError::Connect {
        host: destination.host.to_string(),
        port: destination.port,
        cause,
    }
}

/// An answer that is none, with every cause that the library names.
pub(crate) fn broken(destination: &Destination, error: &hyper::Error) -> OutboundError {
    let mut cause = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        cause.push_str(": ");
        cause.push_str(&inner.to_string());
        source = inner.source();
    }
    OutboundError::Protocol {
        host: destination.host.to_string(),
        cause,
    }
}
