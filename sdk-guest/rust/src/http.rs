//! Calls to hosts that the operator granted.
//!
//! ```no_run
//! # use stepwell_guest::{Failure, http};
//! # fn task() -> Result<(), Failure> {
//! let answer = http::Request::post("https://api.example.com/orders")
//!     .header("content-type", "application/json")
//!     .body(br#"{"item": "apple"}"#)
//!     .send()?;
//! if answer.status != 201 {
//!     return Err(Failure::new("Shop.Refused", format!("the shop answered {}", answer.status)));
//! }
//! # Ok(())
//! # }
//! ```
//!
//! **Invariant:** secrets are put in by the host at the door; a guest never sees one. Nothing here repeats a request:
//! retry belongs to the flow.

use std::fmt;

use crate::Failure;
use crate::bindings::wasi::http::outgoing_handler;
use crate::bindings::wasi::http::types::{
    ErrorCode, Fields, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest, Scheme,
};
use crate::bindings::wasi::io::streams::{InputStream, OutputStream, StreamError};

/// The most that `wasi:io` takes in one blocking write.
const WRITE_BYTES_MAX: usize = 4096;
const READ_BYTES_MAX: u64 = 64 * 1024;

/// A request in the making.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    method: String,
    url: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers in the order in which they came.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The whole body.
    pub body: Vec<u8>,
}

/// Why there is no answer. Turns into a [`Failure`] by `?`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The request cannot be sent as it is.
    BadRequest(String),
    /// The grants do not allow the host; the text names the line to add.
    NotGranted(String),
    /// The connection or the host failed; a repeat may help.
    Failed(String),
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadRequest(text) | Self::NotGranted(text) | Self::Failed(text) => formatter.write_str(text),
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::BadRequest(text) => Self::new("HTTP.BadRequest", text).not_retryable(),
            Error::NotGranted(text) => Self::new("FnF.NotGranted", text).not_retryable(),
            Error::Failed(text) => Self::new("HTTP.Failed", text),
        }
    }
}

impl Request {
    /// A request of any method to an absolute `http` or `https` URL.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// A GET.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url)
    }

    /// A POST.
    pub fn post(url: impl Into<String>) -> Self {
        Self::new("POST", url)
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends it and waits for the whole answer. Redirects are not followed.
    ///
    /// # Errors
    ///
    /// [`Error`]; an answer of any status is none.
    pub fn send(self) -> Result<Response, Error> {
        let request = self.outgoing()?;
        let body = request.body().map_err(|()| bad("the body"))?;
        let future = outgoing_handler::handle(request, None).map_err(|code| refused(&code))?;
        let sent = send_body(body, &self.body);
        future.subscribe().block();
        let answer = future
            .get()
            .and_then(Result::ok)
            .ok_or_else(|| Error::Failed("no answer came".into()))?;
        // What the host says of the request explains a body that could not be sent.
        let response = answer.map_err(|code| refused(&code))?;
        sent?;
        receive(&response)
    }

    fn outgoing(&self) -> Result<OutgoingRequest, Error> {
        let Url {
            scheme,
            authority,
            path,
        } = split(&self.url)?;
        let mut headers = self.headers.clone();
        if !self.body.is_empty() {
            headers.push(("content-length".into(), self.body.len().to_string().into_bytes()));
        }
        let fields = Fields::from_list(&headers).map_err(|error| bad(&format!("a header: {error}")))?;
        let request = OutgoingRequest::new(fields);
        request
            .set_method(&method(&self.method))
            .map_err(|()| bad("the method"))?;
        request.set_scheme(Some(&scheme)).map_err(|()| bad("the scheme"))?;
        request.set_authority(Some(authority)).map_err(|()| bad("the host"))?;
        request.set_path_with_query(Some(path)).map_err(|()| bad("the path"))?;
        Ok(request)
    }
}

/// The parts of a URL that a request is made of.
struct Url<'a> {
    scheme: Scheme,
    authority: &'a str,
    path: &'a str,
}

fn split(url: &str) -> Result<Url<'_>, Error> {
    let not_a_url = || Error::BadRequest(format!("`{url}` is no absolute http or https URL"));
    let (scheme, rest) = url.split_once("://").ok_or_else(not_a_url)?;
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        _ => return Err(not_a_url()),
    };
    let rest = rest.split('#').next().unwrap_or_default();
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    if authority.is_empty() {
        return Err(not_a_url());
    }
    Ok(Url {
        scheme,
        authority,
        path: if path.is_empty() { "/" } else { path },
    })
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "OPTIONS" => Method::Options,
        "PATCH" => Method::Patch,
        other => Method::Other(other.to_owned()),
    }
}

fn send_body(outgoing: OutgoingBody, body: &[u8]) -> Result<(), Error> {
    let stream = outgoing.write().map_err(|()| bad("the body"))?;
    write_all(&stream, body)?;
    drop(stream);
    OutgoingBody::finish(outgoing, None).map_err(|code| refused(&code))
}

fn write_all(stream: &OutputStream, body: &[u8]) -> Result<(), Error> {
    for chunk in body.chunks(WRITE_BYTES_MAX) {
        stream
            .blocking_write_and_flush(chunk)
            .map_err(|error| Error::Failed(format!("the body: {error}")))?;
    }
    Ok(())
}

fn receive(response: &IncomingResponse) -> Result<Response, Error> {
    let body = response
        .consume()
        .map_err(|()| Error::Failed("the answer has no body".into()))?;
    let content = read_all(&body)?;
    Ok(Response {
        status: response.status(),
        headers: response.headers().entries(),
        body: content,
    })
}

fn read_all(body: &IncomingBody) -> Result<Vec<u8>, Error> {
    let stream: InputStream = body
        .stream()
        .map_err(|()| Error::Failed("the answer has no body".into()))?;
    let mut content = Vec::new();
    loop {
        match stream.blocking_read(READ_BYTES_MAX) {
            Ok(chunk) => content.extend_from_slice(&chunk),
            Err(StreamError::Closed) => return Ok(content),
            Err(error @ StreamError::LastOperationFailed(_)) => {
                return Err(Error::Failed(format!("the answer broke off: {error}")));
            }
        }
    }
}

fn bad(what: &str) -> Error {
    Error::BadRequest(format!("{what} of the request is not acceptable"))
}

/// The host writes its own reasons as an internal error with a text.
fn refused(code: &ErrorCode) -> Error {
    let text = if let ErrorCode::InternalError(Some(text)) = code {
        text.clone()
    } else {
        code.to_string()
    };
    match text.strip_prefix("FnF.NotGranted: ") {
        Some(reason) => Error::NotGranted(reason.to_owned()),
        None => Error::Failed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(url: &str) -> Result<(String, &str, &str), Error> {
        split(url).map(|url| (format!("{:?}", url.scheme), url.authority, url.path))
    }

    #[test]
    fn a_url_is_split_into_what_a_request_is_made_of() {
        assert_eq!(
            parts("https://a.example/b?c#d"),
            Ok(("Scheme::Https".into(), "a.example", "/b?c"))
        );
        assert_eq!(
            parts("http://127.0.0.1:8080"),
            Ok(("Scheme::Http".into(), "127.0.0.1:8080", "/"))
        );
        assert_eq!(parts("http://a?b"), Ok(("Scheme::Http".into(), "a", "?b")));
    }

    #[test]
    fn other_schemes_and_relative_urls_are_refused() {
        for url in ["", "/a", "ftp://a/b", "http://", "http:///a"] {
            assert_eq!(
                parts(url),
                Err(Error::BadRequest(format!("`{url}` is no absolute http or https URL")))
            );
        }
    }

    #[test]
    fn only_a_failed_connection_is_worth_a_repeat() {
        let refused = refused(&ErrorCode::InternalError(Some(
            "FnF.NotGranted: add `http: [a]`".into(),
        )));
        assert_eq!(
            Failure::from(refused),
            Failure::new("FnF.NotGranted", "add `http: [a]`").not_retryable()
        );
        let lost = Failure::from(Error::Failed("lost".into()));
        assert_eq!(lost, Failure::new("HTTP.Failed", "lost"));
    }
}
