//! From a request to its answer.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use stepwell_engine::Engine;
use stepwell_wire::Scope;

use crate::access::{CHALLENGE, Gate};
use crate::body::Reply;
use crate::deployment::Deployment;
use crate::fault::{Cause, Fault};
use crate::history::Ended;
use crate::query::Query;
use crate::routes::{Operation, ROUTES, Route, fits};
use crate::{openapi, query};

/// The largest body of a request: a definition, with room.
pub const BODY_BYTES_MAX: usize = stepwell_definition::FILE_BYTES_MAX + 1024;

/// Answers requests. Clones share everything.
#[derive(Clone)]
pub struct Router {
    pub(crate) engine: Engine,
    pub(crate) deployment: Arc<dyn Deployment>,
    pub(crate) ended: Arc<Ended>,
    gate: Arc<Gate>,
    openapi: Bytes,
}

impl std::fmt::Debug for Router {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Router").finish_non_exhaustive()
    }
}

/// A request that has found its route, and may go there.
pub(crate) struct Call<'r> {
    /// The names in the path.
    names: Vec<String>,
    pub(crate) query: Query,
    pub(crate) headers: &'r HeaderMap,
    pub(crate) body: &'r Bytes,
    pub(crate) scopes: Vec<Scope>,
}

impl Call<'_> {
    /// The flow in the path; every route that asks for it has one.
    pub(crate) fn flow(&self) -> &str {
        self.names.first().map(String::as_str).unwrap_or_default()
    }

    /// The execution's own name in the path.
    pub(crate) fn name(&self) -> &str {
        self.names.get(1).map(String::as_str).unwrap_or_default()
    }

    /// `<flow>/<execution name>`.
    pub(crate) fn execution(&self) -> String {
        format!("{}/{}", self.flow(), self.name())
    }

    pub(crate) fn may(&self, scope: Scope) -> bool {
        self.scopes.iter().any(|own| own.includes(scope))
    }
}

impl Router {
    /// A router over an engine.
    #[must_use]
    pub fn new(engine: Engine, deployment: Arc<dyn Deployment>, gate: Gate) -> Self {
        Self {
            engine,
            deployment,
            ended: Arc::default(),
            gate: Arc::new(gate),
            openapi: openapi().into(),
        }
    }

    /// Answers a request, whatever it is.
    pub async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (head, body) = request.into_parts();
        let path = head.uri.path();
        let routes: Vec<(&Route, Vec<&str>)> = ROUTES
            .iter()
            .filter_map(|route| Some((route, fits(route, path)?)))
            .collect();
        if routes.is_empty() {
            return refused(&Fault::new(
                StatusCode::NOT_FOUND,
                "NotFound",
                "there is nothing at this path",
            ));
        }
        let is_head = head.method == Method::HEAD;
        let method = if is_head { &Method::GET } else { &head.method };
        let Some((route, names)) = routes.iter().find(|(route, _)| route.method.name() == method.as_str()) else {
            return not_allowed(method, &routes);
        };
        let query = head.uri.query().unwrap_or_default();
        let answered = self.carry_out(route, names, query, (&head.headers, &body)).await;
        let response = answered.map_or_else(|fault| refused(&fault), done);
        if is_head { without_body(response) } else { response }
    }

    async fn carry_out(
        &self,
        route: &Route,
        names: &[&str],
        query: &str,
        (headers, body): (&HeaderMap, &Bytes),
    ) -> Result<Reply, Fault> {
        let scopes = match route.scope {
            Some(wanted) => self.admit(headers, wanted)?,
            None => Vec::new(),
        };
        if body.len() > BODY_BYTES_MAX {
            return Err(Fault::too_large("the body", BODY_BYTES_MAX as u64));
        }
        let call = Call {
            names: names.iter().map(|name| query::name(name)).collect::<Result<_, _>>()?,
            query: Query::parse(query, route.query)?,
            headers,
            body,
            scopes,
        };
        match route.operation {
            Operation::RegisterFlow => self.register_flow(&call).await,
            Operation::ReadFlow => self.read_flow(&call).await,
            Operation::StartExecution => self.start(&call).await,
            Operation::DescribeExecution => self.describe(&call).await,
            Operation::ReadHistory => self.history(&call).await,
            Operation::ListExecutions => self.list(&call).await,
            Operation::StopExecution => self.stop(&call).await,
            Operation::Report => self.report(&call).await,
            Operation::OpenApi => Ok(Reply {
                status: StatusCode::OK,
                body: self.openapi.clone(),
                location: None,
            }),
        }
    }

    fn admit(&self, headers: &HeaderMap, wanted: Scope) -> Result<Vec<Scope>, Fault> {
        let scopes = self.gate.admit(headers)?;
        match scopes.iter().any(|own| own.includes(wanted)) {
            true => Ok(scopes),
            false => Err(Fault::forbidden(format!(
                "this needs a token with the scope `{}`",
                wanted.name()
            ))),
        }
    }
}

fn done(reply: Reply) -> Response<Bytes> {
    let mut response = Response::new(reply.body);
    *response.status_mut() = reply.status;
    let location = reply
        .location
        .and_then(|location| HeaderValue::from_str(&location).ok());
    if let Some(location) = location {
        response.headers_mut().insert(LOCATION, location);
    }
    as_json(response)
}

fn refused(fault: &Fault) -> Response<Bytes> {
    // A body of texts can always be written.
    let body = serde_json::to_vec(&fault.body()).unwrap_or_default();
    let mut response = Response::new(body.into());
    *response.status_mut() = fault.status;
    let added = match fault.status {
        StatusCode::UNAUTHORIZED => Some((WWW_AUTHENTICATE, CHALLENGE)),
        StatusCode::SERVICE_UNAVAILABLE => Some((RETRY_AFTER, HeaderValue::from_static("1"))),
        _ => None,
    };
    response.headers_mut().extend(added);
    if let Some(cause) = &fault.cause {
        response.extensions_mut().insert(Cause(cause.clone()));
    }
    as_json(response)
}

/// Says what can be done on a path: to who asks, and to who tried something else.
fn not_allowed(method: &Method, routes: &[(&Route, Vec<&str>)]) -> Response<Bytes> {
    let mut allowed: Vec<&str> = routes.iter().map(|(route, _)| route.method.name()).collect();
    if allowed.contains(&"GET") {
        allowed.push("HEAD");
    }
    allowed.push("OPTIONS");
    let mut response = match *method {
        Method::OPTIONS => done(Reply::done()),
        _ => refused(&Fault::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowed",
            format!("here is {}, and no {method}", allowed.join(", ")),
        )),
    };
    if let Ok(allowed) = HeaderValue::from_str(&allowed.join(", ")) {
        response.headers_mut().insert(ALLOW, allowed);
    }
    response
}

fn as_json(mut response: Response<Bytes>) -> Response<Bytes> {
    let is_empty = response.body().is_empty();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    if !is_empty {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}

/// The head of an answer alone, which says how long its body is.
fn without_body(mut response: Response<Bytes>) -> Response<Bytes> {
    let length = response.body().len();
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    *response.body_mut() = Bytes::new();
    response
}
