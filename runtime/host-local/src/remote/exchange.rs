//! One request to a server, and its answer.

use std::sync::Arc;

use anyhow::{Context, anyhow};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, InvalidHeaderValue};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use serde::de::DeserializeOwned;
use stepwell_actions::Granted;
use stepwell_cli::{Endpoint, HostError};
use stepwell_egress::{Limits, Outbound, Policy};
use stepwell_system::EnvironmentSecrets;
use stepwell_tasks_http::HttpClient;
use stepwell_wire::api::{ErrorBody, ErrorDetail};
use stepwell_wire::{Class, Refusal};
use tokio::runtime::Handle;

/// Bounds of one answer: a page, or a description with its input and output.
const LIMITS: Limits = Limits {
    response_bytes_max: 64 * 1024 * 1024,
    timeout_ms: 60_000,
};

/// Asks one server, and nobody else: redirects are not followed.
pub(crate) struct Exchange {
    client: HttpClient,
    policy: Arc<Policy>,
    url: String,
    bearer: Option<HeaderValue>,
}

/// An answer that is no success.
#[derive(Debug)]
pub(super) enum Unasked {
    /// The server refused it, or has a fault of its own.
    Refused { status: StatusCode, refusal: Refusal },
    /// There was no answer, or none of the API's.
    Broken(anyhow::Error),
}

impl From<Unasked> for HostError {
    fn from(unasked: Unasked) -> Self {
        match unasked {
            Unasked::Refused { refusal, .. } => Self::Refused(refusal),
            Unasked::Broken(error) => Self::Broken(error),
        }
    }
}

/// What is sent.
#[derive(Debug, Default)]
pub(super) struct Sent {
    pub(super) body: Vec<u8>,
    pub(super) headers: HeaderMap,
}

impl Sent {
    /// A body of JSON.
    pub(super) fn json(body: &impl serde::Serialize) -> Result<Self, HostError> {
        let body = serde_json::to_vec(body).context("while writing a request")?;
        Ok(Self::default().with_body(body, "application/json"))
    }

    pub(super) fn with_body(mut self, body: Vec<u8>, kind: &'static str) -> Self {
        self.body = body;
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        self
    }

    pub(super) fn with_header(mut self, name: &'static str, value: &str) -> Result<Self, HostError> {
        let value = HeaderValue::from_str(value).context("while writing a request")?;
        self.headers.insert(HeaderName::from_static(name), value);
        Ok(self)
    }
}

impl Exchange {
    /// Prepares to ask a server. Needs tokio's runtime.
    ///
    /// # Errors
    ///
    /// Where the address is none, or the token cannot be sent.
    pub(crate) fn with(endpoint: &Endpoint) -> Result<Self, HostError> {
        let wrong = |what: String| HostError::Refused(Refusal::user("InvalidArgument", what));
        let url = &endpoint.url;
        let policy = Policy::of_function_url(url, &Granted::default())
            .map_err(|error| wrong(format!("`{url}` is no server's address: {error}")))?;
        if url.contains(['?', '#']) {
            return Err(wrong(format!("`{url}` is no server's address: it has a query")));
        }
        let bearer = endpoint.token.as_ref().map(|token| bearer(token)).transpose();
        let bearer = bearer.map_err(|_| wrong("the token in STEPWELL_TOKEN is none".to_owned()))?;
        let client = HttpClient::new(Handle::current(), Arc::new(EnvironmentSecrets));
        Ok(Self {
            client: client.context("while preparing requests")?,
            policy: Arc::new(policy),
            url: url.clone(),
            bearer,
        })
    }

    /// Asks, and reads what the server says.
    pub(super) async fn ask<B: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        sent: Sent,
    ) -> Result<(StatusCode, B), Unasked> {
        let (status, body) = self.send(method, path, sent).await?;
        let read = serde_json::from_slice(&body);
        let read = read.with_context(|| format!("while reading what `{}` answers", self.url));
        Ok((status, read.map_err(Unasked::Broken)?))
    }

    /// Asks for something.
    pub(super) async fn get<B: DeserializeOwned>(&self, path: &str) -> Result<B, Unasked> {
        let (_, body) = self.ask(Method::GET, path, Sent::default()).await?;
        Ok(body)
    }

    /// Sends, and passes what is no success on as what it is.
    pub(super) async fn send(&self, method: Method, path: &str, sent: Sent) -> Result<(StatusCode, Bytes), Unasked> {
        let mut request = Request::new(Bytes::from(sent.body));
        *request.method_mut() = method;
        let uri = format!("{}{path}", self.url).parse();
        *request.uri_mut() = uri.map_err(|error: http::uri::InvalidUri| Unasked::Broken(anyhow!(error)))?;
        *request.headers_mut() = sent.headers;
        if let Some(bearer) = &self.bearer {
            request.headers_mut().insert(AUTHORIZATION, bearer.clone());
        }
        let answer = self.client.send(request, self.policy.clone(), LIMITS).await;
        let answer = answer.with_context(|| format!("while asking `{}`", self.url));
        let (head, body) = answer.map_err(Unasked::Broken)?.into_parts();
        match head.status.is_success() {
            true => Ok((head.status, body)),
            false => Err(self.refused(head.status, &body)),
        }
    }

    fn refused(&self, status: StatusCode, body: &[u8]) -> Unasked {
        let Ok(ErrorBody { error }) = serde_json::from_slice(body) else {
            return Unasked::Broken(anyhow!(
                "`{}` answers with status {status}, and not as this API does",
                self.url
            ));
        };
        let class = match status.is_server_error() {
            true => Class::Host,
            false => Class::User,
        };
        let refusal = Refusal {
            message: message(&error),
            name: error.code,
            class,
        };
        Unasked::Refused { status, refusal }
    }
}

fn bearer(token: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The message, with what is wrong with a definition in lines below it.
fn message(error: &ErrorDetail) -> String {
    let problems = error.problems.iter().filter(|problem| problem.severity == "error");
    let lines = problems.map(|problem| format!("\n  {}:{}: {}", problem.line, problem.column, problem.message));
    std::iter::once(error.message.clone()).chain(lines).collect()
}

/// A name as a segment of a path, or a value of a parameter.
pub(super) fn encoded(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    name.bytes().fold(String::new(), |text, byte| match plain(byte) {
        true => format!("{text}{}", char::from(byte)),
        false => format!("{text}%{byte:02X}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_encoded_by_bytes() {
        assert_eq!(encoded("a-b_c.d~"), "a-b_c.d~");
        assert_eq!(encoded("a/b ?ä"), "a%2Fb%20%3F%C3%A4");
    }

    #[tokio::test]
    async fn what_is_no_address_is_refused() {
        for url in ["nope", "ftp://h", "http://h/?a=b"] {
            let endpoint = Endpoint {
                url: url.to_owned(),
                token: None,
            };
            let refused = Exchange::with(&endpoint).err().map(|error| error.to_string()).unwrap();
            assert!(refused.contains("is no server's address"), "{refused}");
        }
        let endpoint = Endpoint {
            url: "http://h".to_owned(),
            token: Some("a\nb".to_owned()),
        };
        let refused = Exchange::with(&endpoint).err().map(|error| error.to_string());
        assert_eq!(refused.as_deref(), Some("the token in STEPWELL_TOKEN is none"));
    }
}
