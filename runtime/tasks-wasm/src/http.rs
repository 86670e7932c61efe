//! The way out of one guest: `wasi:http/outgoing-handler` through the host's guarded [`Outbound`].
//!
//! Requests and answers are held whole, at most [`BODY_BYTES_MAX`] each. Redirects are the guest's business: an answer
//! that redirects is the answer. Secrets are put in behind [`Outbound`], where no guest looks.
//!
//! **Invariant:** no guest opens a connection by itself, and one guest holds at most [`EXCHANGES_MAX`] requests or
//! answers at a time.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use stepwell_egress::{Limits, Outbound, OutboundError, Policy};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

/// The most bytes of one body, whether sent or received.
pub const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How many requests or answers one guest may hold at a time.
const EXCHANGES_MAX: usize = 8;

/// How one attempt gets out.
pub(crate) struct HttpDoor {
    outbound: Option<Arc<dyn Outbound>>,
    policy: Arc<Policy>,
    exchanges: Arc<Semaphore>,
    timeout_ms: u64,
}

type Done = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Answer = Result<(http::Response<WasiBody>, Done), Error>;

impl HttpDoor {
    /// `timeout_ms` bounds an exchange for which the guest names no limit; the attempt's own time bounds all of them.
    pub(crate) fn new(outbound: Option<Arc<dyn Outbound>>, policy: Arc<Policy>, timeout_ms: u64) -> Self {
        Self {
            outbound,
            policy,
            exchanges: Arc::new(Semaphore::new(EXCHANGES_MAX)),
            timeout_ms,
        }
    }

    fn limits(&self, options: Option<&RequestOptions>) -> Limits {
        let asked = options.and_then(|options| options.first_byte_timeout);
        let asked_ms = asked.map_or(u64::MAX, |time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        Limits {
            response_bytes_max: BODY_BYTES_MAX as u64,
            timeout_ms: self.timeout_ms.min(asked_ms),
        }
    }
}

impl WasiHttpHooks for HttpDoor {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _sent: Done,
    ) -> Box<dyn Future<Output = Answer> + Send> {
        let outbound = self.outbound.clone();
        let policy = Arc::clone(&self.policy);
        let limits = self.limits(options.as_ref());
        let permit = Arc::clone(&self.exchanges).try_acquire_owned();
        Box::new(async move {
            let permit = permit.map_err(|_| Error::ConnectionLimitReached)?;
            let outbound = outbound.ok_or_else(|| told("this host sends no requests"))?;
            let (head, body) = request.into_parts();
            let request = http::Request::from_parts(head, whole(body).await?);
            let answer = outbound
                .send(request, policy, limits)
                .await
                .map_err(|error| explain(&error))?;
            let done: Done = Box::new(std::future::ready(Ok(())));
            Ok((answer.map(|body| held(body, permit)), done))
        })
    }
}

/// Reads the guest's body to its end.
async fn whole(mut body: WasiBody) -> Result<Bytes, Error> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if bytes.len() + data.len() > BODY_BYTES_MAX {
            return Err(Error::HttpRequestBodySize(Some(BODY_BYTES_MAX as u64)));
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.freeze())
}

/// The answer's body, which counts as one of the guest's exchanges until it is dropped.
fn held(body: Bytes, permit: OwnedSemaphorePermit) -> WasiBody {
    let body = Full::new(body).map_frame(move |frame| {
        let _counted = &permit;
        frame
    });
    body.map_err(|never| match never {}).boxed_unsync()
}

fn told(text: &str) -> Error {
    Error::InternalError(Some(text.into()))
}

/// The cause in WASI's words, or as a text where they have none.
fn explain(error: &OutboundError) -> Error {
    match error {
        OutboundError::NotGranted { .. } | OutboundError::Address { .. } => told(&format!("FnF.NotGranted: {error}")),
        OutboundError::InvalidRequest { .. }
        | OutboundError::Secret { .. }
        | OutboundError::Connect { .. }
        | OutboundError::Tls { .. }
        | OutboundError::Protocol { .. }
        | OutboundError::TooManyRedirects { .. } => told(&error.to_string()),
        OutboundError::Timeout { .. } => Error::HttpResponseTimeout,
        OutboundError::TooLarge { limit, .. } => Error::HttpResponseBodySize(Some(*limit)),
    }
}
