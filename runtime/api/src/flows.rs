//! Registering and reading flows.

use http::StatusCode;
use stepwell_definition::{Checked, Entry, Strictness, Unsupported, check};
use stepwell_model::digest;
use stepwell_wire::api::{FlowBody, RegisteredBody};
use stepwell_wire::output::Problem;

use crate::body::{Reply, definition_name};
use crate::fault::Fault;
use crate::router::{Call, Router};

impl Router {
    /// Checks a definition and makes it the newest version of its flow.
    pub(crate) async fn register_flow(&self, call: &Call<'_>) -> Result<Reply, Fault> {
        if self.deployment.owns(call.flow()) {
            let message = format!(
                "flow `{}` came with the deployment, and is changed with it",
                call.flow()
            );
            return Err(Fault::new(StatusCode::CONFLICT, "FlowAlreadyExists", message));
        }
        let mut checked = check(call.body, definition_name(call.headers)?);
        checked.add_functions(self.deployment.registry());
        let problems = problems(&checked);
        let runnable = checked.flow.as_ref().filter(|_| checked.unsupported.is_empty());
        let (Some(flow), false) = (runnable, checked.is_refused(Strictness::Lenient)) else {
            return Err(refused(problems));
        };
        if &*flow.name != call.flow() {
            let message = format!(
                "the path says `{}`, the definition's Name is `{}`",
                call.flow(),
                flow.name
            );
            return Err(Fault::invalid(message));
        }
        let version = self.engine.keep_flow(flow, call.body).await?;
        Reply::json(&RegisteredBody {
            name: call.flow().to_owned(),
            digest: version.definition.to_string(),
            problems,
        })
    }

    /// Reads the version of a flow that is started now.
    pub(crate) async fn read_flow(&self, call: &Call<'_>) -> Result<Reply, Fault> {
        let version = self.deployment.version(&self.engine, call.flow()).await?;
        let version = version.ok_or_else(|| Fault::no_flow(call.flow()))?;
        let (_, definition) = self.engine.kept(&version).await?;
        Reply::json(&FlowBody {
            name: call.flow().to_owned(),
            digest: digest(&definition),
            definition: String::from_utf8_lossy(&definition).into_owned(),
        })
    }
}

fn refused(problems: Vec<Problem>) -> Fault {
    let errors = problems.iter().filter(|problem| problem.severity == "error").count();
    let plural = if errors == 1 { "" } else { "s" };
    Fault {
        problems,
        ..Fault::invalid(format!("the definition is refused: {errors} error{plural}"))
    }
}

/// Everything that is wrong or worth knowing, what cannot run yet included.
fn problems(checked: &Checked) -> Vec<Problem> {
    let report = checked.report(Strictness::Lenient);
    let file = report.name().to_owned();
    let problem = |entry: Entry| Problem {
        file: file.clone(),
        code: entry.code.to_owned(),
        severity: entry.severity.to_owned(),
        line: entry.line,
        column: entry.column,
        end_line: entry.end_line,
        end_column: entry.end_column,
        message: entry.message,
        help: entry.help,
    };
    let unsupported = checked.unsupported.iter().map(|what| cannot_run(checked, &file, what));
    report.entries().into_iter().map(problem).chain(unsupported).collect()
}

fn cannot_run(checked: &Checked, file: &str, unsupported: &Unsupported) -> Problem {
    let start = checked.source.line_column(unsupported.span.start);
    let end = checked.source.line_column(unsupported.span.end);
    Problem {
        file: file.to_owned(),
        code: "unsupported".to_owned(),
        severity: "error".to_owned(),
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
        message: format!("the state `{}` cannot run yet: {}", unsupported.state, unsupported.what),
        help: None,
    }
}
