//! Bodies of the API: JSON over HTTP.
//!
//! What `--json` prints of a history, of a list and of a problem goes over HTTP in the same shape; see
//! [`output`](crate::output).

use serde::{Deserialize, Serialize};
use stepwell_expression::Plain;

use crate::output::{Cost, Description, Failure, HistoryEvent, OpenState, Outcome, Problem, Row, Status};
use crate::request::Report;

/// Every answer that is no success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// Why it is not done.
    pub error: ErrorDetail,
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorDetail {
    /// The name under which CloudFlow's API gives this error.
    pub code: String,
    /// For a person.
    pub message: String,
    /// What is wrong with a definition, each with its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

/// An execution that was started, or was there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartedBody {
    /// The flow's name.
    pub flow: String,
    /// The execution's name.
    pub name: String,
    /// How it stands.
    pub status: Status,
    /// Whether this very start began it, now or when it was asked for before.
    pub started: bool,
}

/// How an execution stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExecutionBody {
    /// The execution's name.
    pub name: String,
    /// The flow's name.
    pub flow: String,
    /// How it stands.
    pub status: Status,
    /// When it started.
    pub started_ms: u64,
    /// When it ended; null while it runs.
    pub ended_ms: Option<u64>,
    /// Its input.
    pub input: Plain,
    /// Its output, if it ended well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Plain>,
    /// Its error, if it ended badly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    /// The states that are open now; a token stands there for those only who may report.
    pub open: Vec<OpenState>,
    /// What it has cost, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
}

/// A page of a history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryPage {
    /// Entries, in order.
    pub events: Vec<HistoryEvent>,
    /// What the next page is asked for with; null where nothing will ever follow.
    pub next: Option<String>,
}

/// A page of the executions, by flow and name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionsPage {
    /// Executions; perhaps fewer than were asked for, although others follow.
    pub executions: Vec<Row>,
    /// What the next page is asked for with; null after the last.
    pub next: Option<String>,
}

/// A flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowBody {
    /// Its name.
    pub name: String,
    /// SHA-256 of its definition, lower hex.
    pub digest: String,
    /// Its newest definition, as it was registered.
    pub definition: String,
}

/// A flow that was registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredBody {
    /// Its name.
    pub name: String,
    /// SHA-256 of its definition, lower hex.
    pub digest: String,
    /// What is worth knowing about it.
    pub problems: Vec<Problem>,
}

/// What completes a waiting task: an output, or else an error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportBody {
    /// The task's token.
    pub token: String,
    /// Its result, an object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Plain>,
    /// Its failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}

impl ReportBody {
    /// The body that carries a report.
    #[must_use]
    pub fn new(token: String, report: Report) -> Self {
        let (output, error) = match report {
            Report::Output(output) => (Some(output), None),
            Report::Error { code, cause } => (None, Some(Failure { code, detail: cause })),
        };
        Self { token, output, error }
    }

    /// The report; nothing where it has both an output and an error, or neither.
    #[must_use]
    pub fn into_report(self) -> Option<(String, Report)> {
        let report = match (self.output, self.error) {
            (Some(output), None) => Report::Output(output),
            (None, Some(Failure { code, detail })) => Report::Error { code, cause: detail },
            (Some(_), Some(_)) | (None, None) => return None,
        };
        Some((self.token, report))
    }
}

impl From<Description> for ExecutionBody {
    fn from(description: Description) -> Self {
        let Description {
            row,
            input,
            result,
            open,
            cost,
        } = description;
        let Row {
            name,
            flow,
            status,
            started_ms,
            ended_ms,
        } = row;
        let (output, error) = match result {
            None => (None, None),
            Some(Outcome::Output(output)) => (Some(output), None),
            Some(Outcome::Error(error)) => (None, Some(error)),
        };
        Self {
            name,
            flow,
            status,
            started_ms,
            ended_ms,
            input,
            output,
            error,
            open,
            cost: Some(cost),
        }
    }
}

impl From<ExecutionBody> for Description {
    fn from(body: ExecutionBody) -> Self {
        let result = match (body.output, body.error) {
            (Some(output), _) => Some(Outcome::Output(output)),
            (None, Some(error)) => Some(Outcome::Error(error)),
            (None, None) => None,
        };
        let row = Row {
            name: body.name,
            flow: body.flow,
            status: body.status,
            started_ms: body.started_ms,
            ended_ms: body.ended_ms,
        };
        Self {
            row,
            input: body.input,
            result,
            open: body.open,
            cost: body.cost.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use stepwell_expression::Value;

    use super::*;

    fn object(text: &str) -> Plain {
        Plain(Value::parse_json(text).unwrap())
    }

    #[test]
    fn a_description_survives_the_way_there_and_back() {
        let failure = Failure {
            code: "E".into(),
            detail: "d".into(),
        };
        for result in [
            None,
            Some(Outcome::Output(object(r#"{"n":1.0}"#))),
            Some(Outcome::Error(failure)),
        ] {
            let description = Description {
                row: Row {
                    name: "n".into(),
                    flow: "f".into(),
                    status: Status::Running,
                    started_ms: 5,
                    ended_ms: None,
                },
                input: object("{}"),
                result,
                open: vec![],
                cost: Cost::default(),
            };
            let text = serde_json::to_string(&ExecutionBody::from(description.clone())).unwrap();
            let back: ExecutionBody = serde_json::from_str(&text).unwrap();
            assert_eq!(Description::from(back), description, "{text}");
        }
    }

    #[test]
    fn a_report_has_an_output_or_an_error() {
        let read = |text: &str| serde_json::from_str::<ReportBody>(text).unwrap().into_report();
        let output = read(r#"{"token":"t","output":{"n":1}}"#);
        assert_eq!(output, Some(("t".into(), Report::Output(object(r#"{"n":1}"#)))));
        let error = Report::Error {
            code: "E".into(),
            cause: "d".into(),
        };
        assert_eq!(
            read(r#"{"token":"t","error":{"code":"E","detail":"d"}}"#),
            Some(("t".into(), error.clone()))
        );
        assert_eq!(
            ReportBody::new("t".into(), error.clone()).into_report(),
            Some(("t".into(), error))
        );
        assert_eq!(read(r#"{"token":"t"}"#), None);
        assert_eq!(
            read(r#"{"token":"t","output":{},"error":{"code":"E","detail":"d"}}"#),
            None
        );
    }
}
