//! The parameters of the built-in actions, read from what a Task's `Parameters` yielded.
//!
//! Source: CloudFlow's `HTTP:Request`, `FC:InvokeFunction` and `FNF:StartExecution`.

use std::sync::Arc;

use stepwell_expression::{Object, Value};

/// A parameter that is missing or has the wrong form; CloudFlow's `FnF.InvalidParameter`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("parameter `{name}` {problem}")]
pub struct ParameterError {
    /// The parameter.
    pub name: &'static str,
    /// What is wrong with it.
    pub problem: &'static str,
}

/// Headers by name, in the order of the definition.
pub type Headers = Vec<(Arc<str>, Arc<str>)>;

/// The parameters of `HTTP:Request`.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpRequest {
    /// Absolute.
    pub url: Arc<str>,
    /// Upper case.
    pub method: Arc<str>,
    /// In the order of the definition.
    pub headers: Headers,
    /// A string is sent as it is, anything else as JSON.
    pub body: Option<Value>,
}

/// The parameters of `FC:InvokeFunction`.
#[derive(Clone, Debug, PartialEq)]
pub struct InvokeFunction {
    /// Which function.
    pub resource: Arc<str>,
    /// The function's event.
    pub body: Option<Value>,
}

/// The parameters of `FNF:StartExecution`.
#[derive(Clone, Debug, PartialEq)]
pub struct StartExecution {
    /// Which flow: the name in the ARN.
    pub flow: Arc<str>,
    /// The child's name; absent = generated.
    pub name: Option<Arc<str>>,
    /// The child's input, an object.
    pub input: Value,
}

/// The methods that CloudFlow has.
const METHODS: [&str; 6] = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD"];

impl HttpRequest {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] for the first parameter that does not fit.
    pub fn read(parameters: &Value) -> Result<Self, ParameterError> {
        let parameters = object(parameters)?;
        let method = text(parameters, "method")?
            .unwrap_or_else(|| "GET".into())
            .to_ascii_uppercase();
        if !METHODS.contains(&method.as_str()) {
            return Err(ParameterError {
                name: "method",
                problem: "must be GET, POST, PATCH, PUT, DELETE or HEAD",
            });
        }
        Ok(Self {
            url: required_text(parameters, "url")?,
            method: method.into(),
            headers: headers(parameters)?,
            body: present(parameters, "body"),
        })
    }
}

impl InvokeFunction {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] for the first parameter that does not fit.
    pub fn read(parameters: &Value) -> Result<Self, ParameterError> {
        let parameters = object(parameters)?;
        Ok(Self {
            resource: required_text(parameters, "resourceArn")?,
            body: present(parameters, "body"),
        })
    }
}

impl StartExecution {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] for the first parameter that does not fit.
    pub fn read(parameters: &Value) -> Result<Self, ParameterError> {
        let parameters = object(parameters)?;
        let input = present(parameters, "input").unwrap_or_else(|| Value::Object(Arc::default()));
        if !matches!(input, Value::Object(_)) {
            return Err(ParameterError {
                name: "input",
                problem: "must be an object",
            });
        }
        let resource = required_text(parameters, "resourceArn")?;
        Ok(Self {
            flow: crate::flow_name(&resource).into(),
            name: text(parameters, "executionName")?,
            input,
        })
    }
}

fn object(parameters: &Value) -> Result<&Object, ParameterError> {
    match parameters {
        Value::Object(object) => Ok(object),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Stored(_) => {
            Err(ParameterError {
                name: "Parameters",
                problem: "must be an object",
            })
        }
    }
}

/// A parameter that is there; null counts as absent.
fn present(parameters: &Object, name: &str) -> Option<Value> {
    parameters.get(name).filter(|value| **value != Value::Null).cloned()
}

fn text(parameters: &Object, name: &'static str) -> Result<Option<Arc<str>>, ParameterError> {
    match present(parameters, name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(ParameterError {
            name,
            problem: "must be a string",
        }),
    }
}

fn required_text(parameters: &Object, name: &'static str) -> Result<Arc<str>, ParameterError> {
    text(parameters, name)?
        .filter(|text| !text.is_empty())
        .ok_or(ParameterError {
            name,
            problem: "is missing",
        })
}

fn headers(parameters: &Object) -> Result<Headers, ParameterError> {
    let problem = ParameterError {
        name: "headers",
        problem: "must be an object of strings, numbers and booleans",
    };
    match present(parameters, "headers") {
        None => Ok(Vec::new()),
        Some(Value::Object(headers)) => headers
            .iter()
            .map(|(name, value)| Ok((name.clone(), header(value).ok_or_else(|| problem.clone())?)))
            .collect(),
        Some(_) => Err(problem),
    }
}

fn header(value: &Value) -> Option<Arc<str>> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.as_str().into()),
        Value::Bool(flag) => Some(flag.to_string().into()),
        Value::Null | Value::Array(_) | Value::Object(_) | Value::Stored(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Value {
        Value::parse_json(json).unwrap()
    }

    #[test]
    fn requests_are_read_whole() {
        let read = HttpRequest::read(&parse(
            r#"{"url":"http://a/","method":"Post","headers":{"n":1},"body":{"a":2}}"#,
        ));
        let expected = HttpRequest {
            url: "http://a/".into(),
            method: "POST".into(),
            headers: vec![("n".into(), "1".into())],
            body: Some(parse(r#"{"a":2}"#)),
        };
        assert_eq!(read, Ok(expected));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let http = |json| HttpRequest::read(&parse(json)).unwrap_err().to_string();
        assert_eq!(http("{}"), "parameter `url` is missing");
        assert_eq!(http(r#"{"url":1}"#), "parameter `url` must be a string");
        assert_eq!(
            http(r#"{"url":"x","method":"TRACE"}"#),
            "parameter `method` must be GET, POST, PATCH, PUT, DELETE or HEAD"
        );
        let start = StartExecution::read(&parse(r#"{"resourceArn":"acs:fnf:::flow/f","input":[]}"#));
        assert_eq!(start.unwrap_err().to_string(), "parameter `input` must be an object");
        let invoke = InvokeFunction::read(&parse(r#"{"resourceArn":"f","body":null}"#));
        assert_eq!(
            invoke,
            Ok(InvokeFunction {
                resource: "f".into(),
                body: None
            })
        );
    }
}
