//! The one door to the network.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{
    HeaderValue, Method, Request, Response, Uri,
    header::{ACCEPT, CONTENT_LENGTH, USER_AGENT},
};
use http_body_util::Full;
use hyper::body::Incoming;
use stepwell_egress::{Destination, Limits, Outbound, OutboundError, Policy, Secrets, Trail};
use tokio::{runtime::Handle, time::timeout};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, crypto::ring},
};

use crate::{
    body::{self, BodyError},
    connection::{Connection, SendError, broken, connect, resolve},
    pool::{Place, Pool},
    spawned::Spawned,
};

const AGENT: &str = concat!("stepwell/", env!("CARGO_PKG_VERSION"));

/// Sends requests over HTTP/1.1, in the clear or over TLS, within a policy.
///
/// Work runs on the tokio runtime that it was given, whoever polls the futures. Certificates are checked against the
/// roots of the Mozilla programme, built in.
pub struct HttpClient {
    handle: Handle,
    shared: Arc<Shared>,
}

struct Shared {
    secrets: Arc<dyn Secrets>,
    tls: TlsConnector,
    pool: Pool,
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("HttpClient").finish_non_exhaustive()
    }
}

/// The TLS library cannot be set up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("TLS cannot be set up: {0}")]
pub struct TlsSetupError(String);

impl HttpClient {
    /// A client whose work runs on `handle`'s runtime, which has timers and I/O enabled.
    ///
    /// # Errors
    ///
    /// [`TlsSetupError`] where the TLS library refuses its own defaults.
    pub fn new(handle: Handle, secrets: Arc<dyn Secrets>) -> Result<Self, TlsSetupError> {
        let roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        Self::with_roots(handle, secrets, roots)
    }

    /// The same, trusting other authorities.
    ///
    /// # Errors
    ///
    /// As [`HttpClient::new`].
    pub fn with_roots(handle: Handle, secrets: Arc<dyn Secrets>, roots: RootCertStore) -> Result<Self, TlsSetupError> {
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsSetupError(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let tls = TlsConnector::from(Arc::new(config));
        Ok(Self {
            handle,
            shared: Arc::new(Shared {
                secrets,
                tls,
                pool: Pool::default(),
            }),
        })
    }
}

impl Outbound for HttpClient {
    fn send(
        &self,
        request: Request<Bytes>,
        policy: Arc<Policy>,
        limits: Limits,
    ) -> BoxFuture<'static, Result<Response<Bytes>, OutboundError>> {
        let shared = Arc::clone(&self.shared);
        let late = OutboundError::Timeout {
            timeout_ms: limits.timeout_ms,
        };
        let work = async move {
            let exchange = shared.exchange(request, policy, limits.response_bytes_max);
            timeout(Duration::from_millis(limits.timeout_ms), exchange)
                .await
                .unwrap_or(Err(late))
        };
        let work = Spawned::new(&self.handle, work);
        Box::pin(async move { work.await.unwrap_or_else(|| Err(abandoned())) })
    }
}

/// An answer whose body is still to be read, and the connection that brings it.
struct Answer {
    destination: Destination,
    place: Place,
    connection: Connection,
    response: Response<Incoming>,
}

impl Shared {
    async fn exchange(
        &self,
        mut request: Request<Bytes>,
        policy: Arc<Policy>,
        limit: u64,
    ) -> Result<Response<Bytes>, OutboundError> {
        let mut trail = Trail::new(policy);
        loop {
            let (destination, wire) = trail.depart(&request, &*self.secrets)?;
            let answer = self.hop(destination, trail.policy(), wire).await?;
            let (status, headers) = (answer.response.status(), answer.response.headers());
            match trail.next_hop(&request, status, headers)? {
                Some(next) => request = next,
                None => return self.finish(answer, limit).await,
            }
        }
    }

    /// One request to one admitted address, up to the head of its answer.
    async fn hop(
        &self,
        destination: Destination,
        policy: &Policy,
        wire: Request<Bytes>,
    ) -> Result<Answer, OutboundError> {
        let addresses = resolve(&destination, policy).await?;
        let mut request = origin_form(wire);
        for place in addresses.iter().map(|address| Place::new(&destination, *address)) {
            while let Some(connection) = self.pool.take(&place) {
                match answer(&destination, place.clone(), connection, request).await? {
                    Tried::Answered(answer) => return Ok(*answer),
                    Tried::Unsent(back) => request = *back,
                }
            }
        }
        let (address, connection) = connect(&destination, &addresses, &self.tls).await?;
        match answer(&destination, Place::new(&destination, address), connection, request).await? {
            Tried::Answered(answer) => Ok(*answer),
            Tried::Unsent(_) => Err(closed(&destination)),
        }
    }

    /// Reads the body, and lays the connection to rest.
    async fn finish(&self, answer: Answer, limit: u64) -> Result<Response<Bytes>, OutboundError> {
        let Answer {
            destination,
            place,
            connection,
            response,
        } = answer;
        let (head, body) = response.into_parts();
        match body::read(body, limit).await {
            Ok(bytes) => {
                self.pool.put(place, connection);
                Ok(Response::from_parts(head, bytes))
            }
            Err(BodyError::TooLarge(start)) => Err(OutboundError::TooLarge {
                limit,
                status: head.status,
                start,
            }),
            Err(BodyError::Broken(error)) => Err(broken(&destination, &error)),
        }
    }
}

/// What became of a request on a connection.
enum Tried {
    Answered(Box<Answer>),
    Unsent(Box<Request<Full<Bytes>>>),
}

async fn answer(
    destination: &Destination,
    place: Place,
    mut connection: Connection,
    request: Request<Full<Bytes>>,
) -> Result<Tried, OutboundError> {
    match connection.send(request).await {
        Ok(response) => {
            let destination = destination.clone();
            Ok(Tried::Answered(Box::new(Answer {
                destination,
                place,
                connection,
                response,
            })))
        }
        Err(SendError::Unsent(request)) => Ok(Tried::Unsent(request)),
        Err(SendError::Broken(error)) => Err(broken(destination, &error)),
    }
}

/// The form in which a request goes to its own server: the path only, the host in its header. An empty body is announced
/// where the method expects one (RFC 9110, 8.6).
fn origin_form(request: Request<Bytes>) -> Request<Full<Bytes>> {
    let silent = request.body().is_empty() && [Method::POST, Method::PUT, Method::PATCH].contains(request.method());
    let mut request = request.map(Full::new);
    let path = request
        .uri()
        .path_and_query()
        .cloned()
        .map_or_else(Uri::default, Uri::from);
    *request.uri_mut() = path;
    let headers = request.headers_mut();
    if silent {
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(AGENT));
    headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
    request
}

fn closed(destination: &Destination) -> OutboundError {
    let cause = "closed before anything was sent".to_owned();
    OutboundError::Connect {
        host: destination.host.to_string(),
        port: destination.port,
        cause,
    }
}

fn abandoned() -> OutboundError {
    OutboundError::Protocol {
        host: "the network".to_owned(),
        cause: "the host is stopping".to_owned(),
    }
}
