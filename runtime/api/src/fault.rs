//! Answers that are no success: a status, a code of CloudFlow's names, and what a person reads.

use http::StatusCode;
use stepwell_engine::EngineError;
use stepwell_ports::Remedy;
use stepwell_wire::api::{ErrorBody, ErrorDetail};
use stepwell_wire::output::Problem;

/// Why a request is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) problems: Vec<Problem>,
    /// What stands behind a fault of this side; for whoever runs the host, not for who asked.
    pub(crate) cause: Option<String>,
}

/// What stands behind an answer of 500 and above: an extension of the response, for the host's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause(pub String);

impl Fault {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            problems: Vec::new(),
            cause: None,
        }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidArgument", message)
    }

    pub(crate) fn no_flow(flow: &str) -> Self {
        let message = format!("flow `{flow}` does not exist");
        Self::new(StatusCode::NOT_FOUND, "FlowNotExists", message)
    }

    pub(crate) fn too_large(what: &str, bytes_max: u64) -> Self {
        let message = format!("{what} has more than {bytes_max} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "EntityTooLarge", message)
    }

    pub(crate) fn unsupported(takes: &str) -> Self {
        let message = format!("the body's Content-Type must be {takes}");
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message)
    }

    pub(crate) fn unauthorized() -> Self {
        let message = "this needs a token: send `Authorization: Bearer TOKEN`";
        Self::new(StatusCode::UNAUTHORIZED, "AccessDenied", message)
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "AccessDenied", message)
    }

    /// What cannot be written as JSON, although all of it was loaded.
    pub(crate) fn unwritable(error: &serde_json::Error) -> Self {
        let mut fault = Self::broken("the answer cannot be written");
        fault.cause = Some(error.to_string());
        fault
    }

    fn broken(message: &str) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", message)
    }

    pub(crate) fn body(&self) -> ErrorBody {
        ErrorBody {
            error: ErrorDetail {
                code: self.code.to_owned(),
                message: self.message.clone(),
                problems: self.problems.clone(),
            },
        }
    }
}

/// The status of each error of the engine; the only place that knows.
fn status(error: &EngineError) -> StatusCode {
    match error {
        EngineError::ExecutionNotExists { .. } => StatusCode::NOT_FOUND,
        EngineError::ExecutionAlreadyExists { .. }
        | EngineError::ExecutionAlreadyCompleted { .. }
        | EngineError::TaskAlreadyCompleted
        | EngineError::TaskInvalidState => StatusCode::CONFLICT,
        EngineError::InvalidArgument { .. } => StatusCode::BAD_REQUEST,
        EngineError::Unreadable { .. } | EngineError::Parked { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        EngineError::Log(error) => match error.remedy() {
            Remedy::Reload | Remedy::Retry => StatusCode::SERVICE_UNAVAILABLE,
            Remedy::GiveUp => StatusCode::INTERNAL_SERVER_ERROR,
        },
        EngineError::Closing => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl From<EngineError> for Fault {
    fn from(error: EngineError) -> Self {
        let (status, code, message) = (status(&error), error.name(), error.to_string());
        let mut fault = Self::new(status, code, message);
        if status.is_server_error() {
            fault.cause = Some(format!("{:#}", anyhow::Error::from(error)));
        }
        fault
    }
}

#[cfg(test)]
mod tests {
    use stepwell_ports::LogError;

    use super::*;

    #[test]
    fn every_error_of_the_engine_has_its_status() {
        let lost = || LogError::Store {
            during: "appending",
            source: "the disk is full".into(),
        };
        let execution = || "f/n".into();
        let cases = [
            (EngineError::ExecutionNotExists { execution: execution() }, 404),
            (
                EngineError::ExecutionAlreadyExists {
                    execution: execution(),
                    differs: "input",
                },
                409,
            ),
            (EngineError::ExecutionAlreadyCompleted { execution: execution() }, 409),
            (EngineError::TaskAlreadyCompleted, 409),
            (EngineError::TaskInvalidState, 409),
            (EngineError::InvalidArgument { what: "w".into() }, 400),
            (EngineError::Unreadable { what: "w".into() }, 500),
            (EngineError::Log(lost()), 503),
            (EngineError::Log(LogError::Closed), 500),
            (EngineError::Closing, 503),
        ];
        for (error, status) in cases {
            let fault = Fault::from(error);
            assert_eq!(fault.status.as_u16(), status, "{fault:?}");
            assert_eq!(fault.cause.is_some(), status >= 500, "{fault:?}");
        }
        let fault = Fault::from(EngineError::Log(lost()));
        assert!(!fault.message.contains("disk") && fault.cause.unwrap().contains("disk"));
    }
}
