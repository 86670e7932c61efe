//! Bodies of requests and answers.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use stepwell_expression::Value;

use crate::fault::Fault;

/// A success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    /// JSON, or nothing.
    pub(crate) body: Bytes,
    /// Where what was made is found.
    pub(crate) location: Option<String>,
}

impl Reply {
    pub(crate) fn json(body: &impl Serialize) -> Result<Self, Fault> {
        let body = serde_json::to_vec(body).map_err(|error| Fault::unwritable(&error))?;
        Ok(Self {
            status: StatusCode::OK,
            body: body.into(),
            location: None,
        })
    }

    /// Done, and nothing to say.
    pub(crate) fn done() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            body: Bytes::new(),
            location: None,
        }
    }
}

/// The JSON object that a body is; nothing at all is an empty one.
pub(crate) fn object(headers: &HeaderMap, body: &[u8]) -> Result<Value, Fault> {
    if body.is_empty() {
        return Ok(Value::Object(std::sync::Arc::default()));
    }
    let value = Value::parse_json(json(headers, body)?)
        .map_err(|error| Fault::invalid(format!("the body is not JSON: {error}")))?;
    match value.as_object() {
        Some(_) => Ok(value),
        None => Err(Fault::invalid(format!(
            "the body is a JSON object, not {}",
            value.kind()
        ))),
    }
}

/// What a body says.
pub(crate) fn read<B: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<B, Fault> {
    let text = json(headers, body)?;
    serde_json::from_str(text).map_err(|error| Fault::invalid(format!("the body is not what is taken here: {error}")))
}

fn json<'b>(headers: &HeaderMap, body: &'b [u8]) -> Result<&'b str, Fault> {
    match media_type(headers)?.as_str() {
        "" | "application/json" => {}
        _ => return Err(Fault::unsupported("application/json")),
    }
    std::str::from_utf8(body).map_err(|_| Fault::invalid("the body is not UTF-8"))
}

/// How a definition is called for the checker, which wants what is called JSON to be JSON.
pub(crate) fn definition_name(headers: &HeaderMap) -> Result<&'static str, Fault> {
    match media_type(headers)?.as_str() {
        "application/json" => Ok("definition.json"),
        "" | "application/yaml" | "application/x-yaml" | "text/yaml" | "text/x-yaml" | "text/plain" => {
            Ok("definition.yaml")
        }
        _ => Err(Fault::unsupported("application/yaml or application/json")),
    }
}

/// What a body is said to be, without its parameters; `""` where nothing is said.
fn media_type(headers: &HeaderMap) -> Result<String, Fault> {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return Ok(String::new());
    };
    let text = value.to_str().map_err(|_| Fault::invalid("the Content-Type is none"))?;
    Ok(text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}
