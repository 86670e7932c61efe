//! `stepwell validate`: a flow is checked without being run.

use std::path::PathBuf;

use clap::Args;
use stepwell_actions::Grants;
use stepwell_definition::{CheckedFile, Strictness};

use crate::console::Console;
use crate::exit::{Exit, Trouble};
use crate::files::{FlowFile, Functions, Problems, Watch, beside, checked_grants, folder, named_or_beside};
use crate::host::HostError;

const EXAMPLES: &str = "\
Every problem is told at once, with its place, a stable code and what to do about it. A functions.yaml and a grants.yaml \
beside the flow are checked too, and functions that are missing are named. The exit code is 0, or 2 where a problem is an \
error.

Examples:
  stepwell validate order.yaml
  stepwell validate order.yaml --strict       warnings count as errors
  stepwell validate order.yaml --watch        check again whenever a file is saved, until Ctrl-C
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
    /// What its tasks may reach [default: grants.yaml beside the flow]
    #[arg(long, value_name = "FILE")]
    grants: Option<PathBuf>,
    /// Count warnings as errors, and tell what CloudFlow does not document
    #[arg(long)]
    strict: bool,
    /// Check again whenever one of the files changes, until Ctrl-C
    #[arg(long)]
    watch: bool,
    /// Print one JSON array: file, code, severity, place, message, help; with --watch one for each check
    #[arg(long)]
    json: bool,
}

/// The files, read and checked.
struct Checked {
    flow: FlowFile,
    functions: Functions,
    grants: Option<CheckedFile<Grants>>,
}

impl Arguments {
    pub(crate) fn carry_out(self, console: &mut Console) -> Result<Exit, Trouble> {
        if self.watch {
            return self.watch(console);
        }
        let checked = self.check()?;
        let problems = self.problems(&checked, console);
        if self.json {
            console.json(&problems.entries())?;
        } else {
            console.error(problems.drawn());
            problems.headlines().iter().for_each(|line| console.say(line));
        }
        Ok(if problems.refuse() {
            Exit::Usage
        } else {
            Exit::Succeeded
        })
    }

    /// Checks again and again; Ctrl-C ends the program.
    fn watch(&self, console: &mut Console) -> Result<Exit, Trouble> {
        let mut paths = vec![self.flow.clone()];
        paths.extend(named_or_beside(&self.flow, self.functions.as_ref(), "functions.yaml"));
        paths.extend(named_or_beside(&self.flow, self.grants.as_ref(), "grants.yaml"));
        if let Some(missing) = paths.iter().map(|path| folder(path)).find(|folder| !folder.is_dir()) {
            return Err(Trouble::mistake(format!("there is no folder `{}`", missing.display())));
        }
        let mut watch = Watch::begin(paths).map_err(HostError::Broken)?;
        loop {
            self.look(console)?;
            watch.changed().map_err(HostError::Broken)?;
        }
    }

    /// One look of many: a file that cannot be read at the moment may be there at the next.
    fn look(&self, console: &mut Console) -> Result<(), Trouble> {
        let now = jiff::Timestamp::now();
        match self.check() {
            Ok(checked) if self.json => console.json(&self.problems(&checked, console).entries())?,
            Ok(checked) => {
                let problems = self.problems(&checked, console);
                for line in problems.headlines() {
                    console.say(&format!("{now:.0} {line}"));
                }
                console.error(problems.drawn());
            }
            Err(Trouble::Mistake(message)) => console.say(&format!("{now:.0} error: {message}")),
            Err(trouble @ (Trouble::Told | Trouble::Host(_))) => return Err(trouble),
        }
        Ok(())
    }

    fn check(&self) -> Result<Checked, Trouble> {
        let mut flow = FlowFile::read(&self.flow)?;
        let path = beside(&self.flow, self.functions.as_ref(), "functions.yaml");
        let mut functions = Functions::read(path.as_deref())?;
        match (functions.outline(), &path) {
            (Some(registry), _) => flow.checked.add_functions(&registry),
            (None, Some(_)) => {}
            (None, None) => flow.checked.add_no_functions(),
        }
        functions.add_components();
        let grants = checked_grants(beside(&self.flow, self.grants.as_ref(), "grants.yaml").as_deref())?;
        Ok(Checked {
            flow,
            functions,
            grants,
        })
    }

    fn problems(&self, checked: &Checked, console: &Console) -> Problems {
        let mut problems = Problems::default();
        problems.add(&checked.flow.checked.report(self.strictness()), console.style());
        checked
            .functions
            .tell(&mut problems, console.style(), self.strictness());
        if let Some(grants) = &checked.grants {
            problems.add(&grants.report(self.strictness()), console.style());
        }
        problems
    }

    fn strictness(&self) -> Strictness {
        if self.strict {
            Strictness::Strict
        } else {
            Strictness::Lenient
        }
    }
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
        for name in ["functions.yaml", "functions.yml", "functions.json"] {
            let files = [
                ("flow.yaml", FLOW),
                (name, "{\"functions\": {\"greet\": {\"stub\": [{\"echo\": true}]}}}"),
            ];
            let said = validate(&files, &[]);
            assert_eq!(
                (said.exit, said.out.as_str(), said.error.as_str()),
                (Exit::Succeeded, "", "DIR/flow.yaml: no problems\n")
            );
            let said = validate(&files, &["--json"]);
            assert_eq!((said.exit, said.out.as_str()), (Exit::Succeeded, "[]\n"));
        }
    }

    #[test]
    fn no_functions_at_all_are_noted() {
        let said = validate(&[("flow.yaml", FLOW)], &["--json", "--strict"]);
        assert_eq!(said.exit, Exit::Succeeded);
        assert!(said.out.contains("\"definition::no_functions_file\""), "{}", said.out);
    }

    #[test]
    fn components_that_are_not_there_are_errors_and_every_file_has_its_line() {
        let files = [
            ("flow.yaml", FLOW),
            ("functions.yaml", "functions:\n  greet: {component: greet.wasm}\n"),
        ];
        let said = validate(&files, &[]);
        let lines = "DIR/flow.yaml: no problems\nDIR/functions.yaml: 1 error\n";
        assert_eq!(said.exit, Exit::Usage);
        assert!(said.error.ends_with(lines), "{}", said.error);
        let said = validate(&files, &["--json"]);
        let expected = r#"[{"file":"DIR/functions.yaml","code":"definition::no_component","severity":"error","line":2,"column":22,"end_line":2,"end_column":32,"message":"there is no file `DIR/greet.wasm`","help":"write its path relative to this file, or build it first: `cargo build --release --target wasm32-wasip2` makes a component of a Rust crate"}]"#;
        assert_eq!((said.exit, said.out.trim_end()), (Exit::Usage, expected));
    }

    #[test]
    fn a_folder_that_is_not_there_cannot_be_watched() {
        let said = said(&Fake::default(), &["validate", "nowhere/flow.yaml", "--watch"]);
        let message = "error: there is no folder `nowhere`\n";
        assert_eq!((said.exit, said.error.as_str()), (Exit::Usage, message));
    }

    #[test]
    fn a_function_without_an_entry_is_a_warning_and_an_error_where_strict() {
        let files = [
            ("flow.yaml", FLOW),
            ("functions.yaml", "functions:\n  great: {stub: [{echo: true}]}\n"),
        ];
        let said = validate(&files, &["--json"]);
        let expected = r#"[{"file":"DIR/flow.yaml","code":"definition::unknown_function","severity":"warning","line":9,"column":31,"end_line":9,"end_column":36,"message":"no entry of the functions file matches the function `greet`","help":"did you mean `great`?"}]"#;
        assert_eq!((said.exit, said.out.trim_end()), (Exit::Succeeded, expected));
        assert_eq!(validate(&files, &["--strict"]).exit, Exit::Usage);
    }

    #[test]
    fn grants_beside_the_flow_are_checked_too() {
        let files = [
            ("flow.yaml", FLOW),
            ("grants.yaml", "grants:\n  - {flow: \"*\", action: FC}\n"),
        ];
        let said = validate(&files, &["--json"]);
        assert_eq!(said.exit, Exit::Succeeded);
        assert!(
            said.out.contains("\"definition::useless_grant\"") && said.out.contains("\"file\":\"DIR/grants.yaml\""),
            "{}",
            said.out
        );
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
