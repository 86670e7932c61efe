//! `stepwell validate`: a flow is checked without being run.

use std::path::PathBuf;

use clap::Args;
use stepwell_definition::{Report, Strictness};
use stepwell_wire::output::Problem;

use crate::console::Console;
use crate::exit::{Exit, Trouble};
use crate::files::{FlowFile, Functions, Problems, beside};

const EXAMPLES: &str = "\
Every problem is told at once, with its place, a stable code and what to do about it. A functions.yaml beside the flow is
checked too, and functions that it lacks are named. The exit code is 0, or 2 where a problem is an error.

Examples:
  stepwell validate order.yaml
  stepwell validate order.yaml --strict       warnings count as errors
  stepwell validate order.yaml --json         for editors and build servers";

/// Check a flow without running it
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The flow's definition, YAML or JSON
    flow: PathBuf,
    /// What the flow's functions are [default: functions.yaml beside the flow]
    #[arg(long, value_name = "FILE")]
    functions: Option<PathBuf>,
    /// Count warnings as errors, and tell what CloudFlow does not document
    #[arg(long)]
    strict: bool,
    /// Print one JSON array
    #[arg(long)]
    json: bool,
}

impl Arguments {
    pub(crate) fn carry_out(self, console: &mut Console) -> Result<Exit, Trouble> {
        let strictness = if self.strict {
            Strictness::Strict
        } else {
            Strictness::Lenient
        };
        let mut flow = FlowFile::read(&self.flow)?;
        let functions = Functions::read(beside(&self.flow, self.functions.as_ref(), "functions.yaml").as_deref())?;
        if let Some(registry) = functions.outline() {
            flow.checked.add_functions(&registry);
        }
        let mut problems = Problems::default();
        problems.add(&flow.checked.report(strictness), console.style());
        functions.tell(&mut problems, console.style(), strictness);
        match self.json {
            true => console.json(&entries(&flow, &functions, strictness))?,
            false => self.tell(&problems, console),
        }
        Ok(if problems.refuse() {
            Exit::Usage
        } else {
            Exit::Succeeded
        })
    }

    fn tell(&self, problems: &Problems, console: &mut Console) {
        let summary = Some(problems.summary()).filter(|summary| !summary.is_empty());
        console.error(problems.drawn());
        console.say(&format!(
            "{}: {}",
            self.flow.display(),
            summary.as_deref().unwrap_or("no problems")
        ));
    }
}

/// The problems of the flow, then those of the functions file, whose messages name it.
fn entries(flow: &FlowFile, functions: &Functions, strictness: Strictness) -> Vec<Problem> {
    let mut entries = problems(&flow.checked.report(strictness), "");
    if let Some(checked) = functions.checked() {
        entries.extend(problems(
            &checked.report(strictness),
            &format!("{}: ", checked.source.name()),
        ));
    }
    entries
}

fn problems(report: &Report<'_>, before: &str) -> Vec<Problem> {
    let problem = |entry: stepwell_definition::Entry| Problem {
        code: entry.code.to_owned(),
        severity: entry.severity.to_owned(),
        line: entry.line,
        column: entry.column,
        message: format!("{before}{}", entry.message),
        help: entry.help,
    };
    report.entries().into_iter().map(problem).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::fake::{Fake, Said, said};
    use super::*;

    fn validate(files: &[(&str, &str)], more: &[&str]) -> Said {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let path = folder.path().join("flow.yaml").display().to_string();
        let mut words = vec!["validate", &path];
        words.extend(more);
        let mut said = said(&Fake::default(), &words);
        for text in [&mut said.out, &mut said.error] {
            *text = text.replace(&folder.path().display().to_string(), "DIR");
        }
        said
    }

    const FLOW: &str = "Type: StateMachine\nSpecVersion: v1\nName: hello\nStartAt: A\nStates:\n  - Type: Task\n    Name: A\n    Action: FC:InvokeFunction\n    Parameters: {resourceArn: greet, invocationType: Sync}\n    End: true\n";

    #[test]
    fn a_sound_flow_has_no_problems() {
        let said = validate(&[("flow.yaml", FLOW)], &[]);
        assert_eq!(
            (said.exit, said.out.as_str(), said.error.as_str()),
            (Exit::Succeeded, "", "DIR/flow.yaml: no problems\n")
        );
        let said = validate(&[("flow.yaml", FLOW)], &["--json"]);
        assert_eq!((said.exit, said.out.as_str()), (Exit::Succeeded, "[]\n"));
    }

    #[test]
    fn a_function_without_an_entry_is_a_warning_and_an_error_where_strict() {
        let files = [
            ("flow.yaml", FLOW),
            ("functions.yaml", "functions:\n  great: {stub: [{echo: true}]}\n"),
        ];
        let said = validate(&files, &["--json"]);
        let expected = r#"[{"code":"definition::unknown_function","severity":"warning","line":9,"column":31,"message":"no entry of the functions file matches the function `greet`","help":"did you mean `great`?"}]"#;
        assert_eq!((said.exit, said.out.trim_end()), (Exit::Succeeded, expected));
        assert_eq!(validate(&files, &["--strict"]).exit, Exit::Usage);
    }

    #[test]
    fn every_problem_is_told() {
        let said = validate(
            &[(
                "flow.yaml",
                &FLOW.replace("StartAt: A", "StartAt: B").replace("    End: true\n", ""),
            )],
            &[],
        );
        assert_eq!(said.exit, Exit::Usage);
        assert!(said.error.ends_with("DIR/flow.yaml: 2 errors\n"), "{}", said.error);
    }
}
