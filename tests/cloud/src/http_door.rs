//! HTTP for a function: what a function URL does.
//!
//! A request becomes an event of payload format 2.0; the function's answer becomes a response. Who may ask is not checked
//! (`AuthType` NONE). Paths are handed over as they were sent.
//!
//! **Invariant:** whatever is asked or answered, there is a response.
//!
//! Source: "Invoking Lambda function URLs", Lambda developer guide.

mod event;
mod response;

use std::sync::Arc;

use anyhow::Result;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;

use crate::lambda::{Answer, Lambda, PAYLOAD_BYTES_MAX, Refused};
use crate::server::{self, Body, Server};

pub use event::event;
pub use response::response;

/// An address at which a function answers.
#[derive(Debug)]
pub struct HttpDoor {
    server: Server,
}

impl HttpDoor {
    /// Opens a door on a free port of the loopback address.
    ///
    /// # Errors
    ///
    /// There is no free port.
    pub async fn start(lambda: Arc<Lambda>) -> Result<Self> {
        let server = Server::start(move |request| answer(request, Arc::clone(&lambda))).await?;
        Ok(Self { server })
    }

    /// Where it is, without a slash at its end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }
}

async fn answer(request: Request<Incoming>, lambda: Arc<Lambda>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let body = match server::read(body, PAYLOAD_BYTES_MAX).await {
        Body::Whole(body) => body,
        Body::TooLarge => return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long"),
        Body::Broken => return message(StatusCode::BAD_REQUEST, "Bad Request"),
    };
    let trace = head.headers.get("x-amzn-trace-id");
    let trace = trace.and_then(|trace| trace.to_str().ok()).map(str::to_owned);
    let event = event(&head, &body).to_string();
    answered(lambda.invoke_traced(event, trace.as_deref()).await)
}

fn answered(answer: Result<Answer, Refused>) -> Response<Full<Bytes>> {
    match answer {
        Ok(answer) => response(&answer).map(Full::new),
        Err(Refused::TooManyRequests) => message(StatusCode::TOO_MANY_REQUESTS, "Rate Exceeded."),
        // What fits as a request need not fit as an event.
        Err(Refused::RequestTooLarge { .. }) => message(StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long"),
        Err(Refused::InvalidRequestContent | Refused::RecursiveInvocation) => {
            message(StatusCode::BAD_REQUEST, "Bad Request")
        }
    }
}

fn message(status: StatusCode, message: &str) -> Response<Full<Bytes>> {
    let message = serde_json::json!({ "Message": message });
    server::json(status, message.to_string())
}
