//! The way of one request: every hop is checked, dressed with its secrets, and may lead to the next.

use std::sync::Arc;

use bytes::Bytes;
use http::{
    HeaderMap, Method, Request, StatusCode, Uri,
    header::{HOST, HeaderValue, LOCATION},
};

use crate::{
    Destination, OutboundError, Policy, Redirects, Scheme, Secrets,
    headers::{drop_body_headers, drop_connection_headers, drop_credentials},
    url,
};

/// How many redirects are followed.
pub const REDIRECTS_MAX: u32 = 5;

/// The way of one request through its redirects.
#[derive(Debug)]
pub struct Trail {
    policy: Arc<Policy>,
    followed: u32,
    was_encrypted: bool,
}

impl Trail {
    /// The way before its first hop.
    #[must_use]
    pub fn new(policy: Arc<Policy>) -> Self {
        Self {
            policy,
            followed: 0,
            was_encrypted: false,
        }
    }

    /// The policy that every hop obeys.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Checks `request` and makes of it what goes on the wire, with the URL in its one spelling, the `Host` header and
    /// the secrets. `request` itself stays without secrets; the next hop starts from it.
    ///
    /// Secrets do not go in the clear to where an encrypted hop has led.
    ///
    /// # Errors
    ///
    /// [`OutboundError::InvalidRequest`], [`OutboundError::NotGranted`] or [`OutboundError::Secret`].
    pub fn depart(
        &mut self,
        request: &Request<Bytes>,
        secrets: &dyn Secrets,
    ) -> Result<(Destination, Request<Bytes>), OutboundError> {
        let uri = url::parse_url(&request.uri().to_string())?;
        let destination = Destination::of(&uri)?;
        self.policy.admit(&destination)?;
        refuse_method(request.method())?;
        let mut wire = Request::new(request.body().clone());
        *wire.method_mut() = request.method().clone();
        *wire.headers_mut() = self.wire_headers(request.headers(), &destination, secrets)?;
        *wire.uri_mut() = uri;
        self.was_encrypted |= destination.scheme == Scheme::Https;
        Ok((destination, wire))
    }

    /// The request that an answer leads to, if it redirects and the policy follows. `request` is the one that was given
    /// to [`Trail::depart`]. The method and body change as RFC 9110, 15.4 has it; credentials stay with their origin.
    ///
    /// # Errors
    ///
    /// [`OutboundError::TooManyRedirects`], or [`OutboundError::Protocol`] where the answer leads nowhere. Whether the
    /// target is granted is for the next [`Trail::depart`] to say.
    pub fn next_hop(
        &mut self,
        request: &Request<Bytes>,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Result<Option<Request<Bytes>>, OutboundError> {
        let Some(location) = headers.get(LOCATION).filter(|_| is_redirect(status)) else {
            return Ok(None);
        };
        match self.policy.redirects() {
            Redirects::Return => return Ok(None),
            Redirects::Follow if self.followed == REDIRECTS_MAX => {
                return Err(OutboundError::TooManyRedirects { max: REDIRECTS_MAX });
            }
            Redirects::Follow => self.followed += 1,
        }
        let base = url::parse_url(&request.uri().to_string())?;
        let target = target(&base, location)?;
        Ok(Some(self.redirected(request, &base, target, status)?))
    }

    fn wire_headers(
        &self,
        headers: &HeaderMap,
        destination: &Destination,
        secrets: &dyn Secrets,
    ) -> Result<HeaderMap, OutboundError> {
        let mut headers = headers.clone();
        drop_connection_headers(&mut headers);
        if let Ok(host) = HeaderValue::from_str(&destination.authority()) {
            headers.insert(HOST, host);
        }
        if destination.scheme == Scheme::Https || !self.was_encrypted {
            for secret in self.policy.secrets() {
                secret.apply(&mut headers, destination, secrets)?;
            }
        }
        Ok(headers)
    }

    fn redirected(
        &self,
        request: &Request<Bytes>,
        base: &Uri,
        target: Uri,
        status: StatusCode,
    ) -> Result<Request<Bytes>, OutboundError> {
        let mut next = request.clone();
        if Destination::of(base)? != Destination::of(&target)? {
            drop_credentials(next.headers_mut());
            for header in self.policy.secrets().iter().filter_map(|secret| secret.header()) {
                next.headers_mut().remove(header);
            }
        }
        let method = method_after(status, request.method());
        if method != *request.method() {
            *next.body_mut() = Bytes::new();
            drop_body_headers(next.headers_mut());
        }
        *next.method_mut() = method;
        *next.uri_mut() = target;
        Ok(next)
    }
}

fn target(base: &Uri, location: &HeaderValue) -> Result<Uri, OutboundError> {
    let text = String::from_utf8_lossy(location.as_bytes());
    url::resolve(base, &text).map_err(|error| OutboundError::Protocol {
        host: base.host().unwrap_or_default().to_owned(),
        cause: format!("it redirects to nowhere: {error}"),
    })
}

/// `TRACE` answers with the secrets that were sent; `CONNECT` opens a way past the guard.
fn refuse_method(method: &Method) -> Result<(), OutboundError> {
    if *method == Method::TRACE || *method == Method::CONNECT {
        return Err(OutboundError::invalid(format!("the method `{method}` is refused")));
    }
    Ok(())
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn method_after(status: StatusCode, method: &Method) -> Method {
    match status.as_u16() {
        301 | 302 if *method == Method::POST => Method::GET,
        303 if *method != Method::HEAD => Method::GET,
        _ => method.clone(),
    }
}

#[cfg(test)]
mod tests;
