//! The port through which requests leave, and what can go wrong there.

use std::{net::IpAddr, sync::Arc};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::StatusCode;

use crate::Policy;

/// Bounds of one exchange, redirects included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes that the body of the answer may have.
    pub response_bytes_max: u64,
    /// From the call to the last byte of the answer, name resolution and redirects included.
    pub timeout_ms: u64,
}

/// Sends requests out, within a policy.
///
/// Promise: the request is sent at most once to every hop, without retries. Host, port and every address are checked
/// against the policy before a connection is used. The policy's secrets are put in here, per hop, so callers need not
/// and must not. Headers that belong to the connection (`Host`, `Content-Length`, `Connection` …) are made here; the
/// caller's are dropped. Dropping the future closes the connection.
pub trait Outbound: Send + Sync {
    /// Sends `request`, whose URI is absolute, and reads the whole answer, whatever its status.
    ///
    /// Redirects are followed or returned as the policy says.
    ///
    /// # Errors
    ///
    /// [`OutboundError`], by cause.
    fn send(
        &self,
        request: http::Request<Bytes>,
        policy: Arc<Policy>,
        limits: Limits,
    ) -> BoxFuture<'static, Result<http::Response<Bytes>, OutboundError>>;
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// The request cannot be sent as it is: its URL, its method, or where a redirect leads.
    #[error("{reason}")]
    InvalidRequest {
        /// In the user's words.
        reason: String,
    },
    /// The host stands in no grant.
    #[error("`{host}` with port {port} is not granted: {advice}")]
    NotGranted {
        /// The host, without its port.
        host: String,
        /// The port.
        port: u16,
        /// The line of the grants file that would allow it.
        advice: String,
    },
    /// The granted name leads to an address that only its own grant opens.
    #[error("`{host}` leads to {address}, a {kind} address, which a granted name may not: {advice}")]
    Address {
        /// The host, without its port.
        host: String,
        /// Where it leads.
        address: IpAddr,
        /// What kind of address that is.
        kind: &'static str,
        /// The line of the grants file that would allow it.
        advice: String,
    },
    /// A granted secret is unknown to this host, or no header can hold it.
    #[error("secret `{name}` {problem}")]
    Secret {
        /// The secret's name.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The name has no address, or nobody answers there.
    #[error("no connection to `{host}` with port {port}: {cause}")]
    Connect {
        /// The host, without its port.
        host: String,
        /// The port.
        port: u16,
        /// What the system said.
        cause: String,
    },
    /// No encrypted connection, for instance because of an untrusted certificate.
    #[error("no secure connection to `{host}`: {cause}")]
    Tls {
        /// The host.
        host: String,
        /// What the TLS library said.
        cause: String,
    },
    /// The answer did not come, or not to its end, in time.
    #[error("no complete answer within {timeout_ms} ms")]
    Timeout {
        /// The limit.
        timeout_ms: u64,
    },
    /// The body of the answer is longer than the limit.
    #[error("the answer's body is longer than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
        /// The answer's status.
        status: StatusCode,
        /// The first bytes of the body.
        start: Bytes,
    },
    /// The answer breaks off or is no HTTP.
    #[error("broken answer from `{host}`: {cause}")]
    Protocol {
        /// The host.
        host: String,
        /// What the HTTP library said.
        cause: String,
    },
    /// One redirect too many.
    #[error("more than {max} redirects")]
    TooManyRedirects {
        /// How many are followed.
        max: u32,
    },
}

impl OutboundError {
    /// An [`OutboundError::InvalidRequest`] with its reason.
    pub(crate) fn invalid(reason: impl Into<String>) -> Self {
        Self::InvalidRequest { reason: reason.into() }
    }
}
