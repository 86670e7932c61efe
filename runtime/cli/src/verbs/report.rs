//! `stepwell report`: a waiting task is completed from outside.

use clap::Args;
use stepwell_expression::{Plain, Value};
use stepwell_wire::{Refusal, Report, Request};

use crate::console::Console;
use crate::exit::{Exit, Trouble};
use crate::host::{Host, HostError};
use crate::place::PlaceArgument;

const EXAMPLES: &str = "\
The token is what the flow handed out as $Context.Current.TaskToken; `stepwell describe` shows it too.

Examples:
  stepwell report TOKEN --output '{\"approved\": true}'
  stepwell report TOKEN --error Rejected --cause 'too expensive'";

/// Complete a task that waits for a report
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The task's token
    #[arg(allow_hyphen_values = true)]
    token: String,
    /// The task's result, a JSON object
    #[arg(long, value_name = "JSON", conflicts_with_all = ["error", "cause"], required_unless_present = "error")]
    output: Option<String>,
    /// The code with which the task fails
    #[arg(long, value_name = "CODE")]
    error: Option<String>,
    /// What happened, for a person
    #[arg(
        long,
        value_name = "TEXT",
        requires = "error",
        allow_hyphen_values = true,
        default_value = "",
        hide_default_value = true
    )]
    cause: String,
    #[command(flatten)]
    place: PlaceArgument,
}

impl Arguments {
    pub(crate) async fn carry_out(self, host: &dyn Host, console: &mut Console) -> Result<Exit, Trouble> {
        let report = self.report()?;
        let place = self.place.place();
        if let Some(store) = place.missing_store() {
            let message = format!("no task waits: there is no store at `{}`", store.display());
            return Err(refused("TaskInvalidState", &message));
        }
        host.call(
            &place,
            Request::Report {
                token: self.token,
                report,
            },
        )
        .await?;
        console.say("the task is completed");
        Ok(Exit::Succeeded)
    }

    fn report(&self) -> Result<Report, Trouble> {
        let report = match &self.error {
            Some(code) => Report::Error {
                code: code.clone(),
                cause: self.cause.clone(),
            },
            None => Report::Output(Plain(output(self.output.as_deref().unwrap_or_default())?)),
        };
        report.check().map_err(|message| refused("InvalidArgument", &message))?;
        Ok(report)
    }
}

fn output(text: &str) -> Result<Value, Trouble> {
    Value::parse_json(text).map_err(|error| refused("InvalidArgument", &format!("the output is not JSON: {error}")))
}

fn refused(name: &str, message: &str) -> Trouble {
    Trouble::Host(HostError::Refused(Refusal::user(name, message)))
}

#[cfg(test)]
mod tests {
    use stepwell_wire::Answer;

    use super::super::fake::{Fake, said};
    use super::*;

    #[test]
    fn outputs_and_errors_are_reported() {
        let host = Fake::answering(vec![Answer::Done]);
        let done = said(&host, &["report", "t", "--output", r#"{"n":1.0}"#, "--store", "."]);
        assert_eq!(
            (done.exit, done.error.as_str()),
            (Exit::Succeeded, "the task is completed\n")
        );
        said(&host, &["report", "t", "--error", "E", "--cause", "c", "--store", "."]);
        let output = Report::Output(Plain(Value::parse_json(r#"{"n":1.0}"#).unwrap()));
        let error = Report::Error {
            code: "E".into(),
            cause: "c".into(),
        };
        let expected = [output, error].map(|report| Request::Report {
            token: "t".into(),
            report,
        });
        assert_eq!(host.requests(), expected);
    }

    #[test]
    fn what_is_no_report_is_usage() {
        let cases: [(&[&str], &str); 6] = [
            (&["--output", "nope"], "InvalidArgument: the output is not JSON"),
            (
                &["--output", "[1]"],
                "InvalidArgument: the output is an object, not an array",
            ),
            (
                &["--error", ""],
                "InvalidArgument: an error code has 1 to 128 characters",
            ),
            (&["--output", "{}", "--error", "E"], "cannot be used with"),
            (&["--cause", "c"], "required"),
            (&[], "required"),
        ];
        for (more, message) in cases {
            let mut words = vec!["report", "t", "--store", "."];
            words.extend(more);
            let said = said(&Fake::default(), &words);
            assert_eq!(said.exit, Exit::Usage, "{more:?}");
            assert!(said.error.contains(message), "{more:?}: {}", said.error);
        }
    }
}
