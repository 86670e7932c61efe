//! `stepwell run`: one execution to its end.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use stepwell_actions::function_name;
use stepwell_definition::{Checked, Strictness, entry_for};
use stepwell_expression::{Plain, Value};
use stepwell_model::{Flow, Settings};
use stepwell_wire::output::{End, Failure, LastLine, Outcome};
use stepwell_wire::{FlowText, Naming, Run, check_name};

use super::json;
use crate::console::{Console, Style};
use crate::exit::{Exit, Trouble};
use crate::files::{FlowFile, Functions, Problems, beside, children, grants, input, settings};
use crate::host::{Component, Host, RunEnd};
use crate::name;
use crate::place::{Place, PlaceArgument, word};
use crate::progress::Progress;

const EXAMPLES: &str = "\
The flow's functions.yaml and grants.yaml are found beside it. Standard output carries the output and nothing else; \
progress goes to standard error, as a live tree on a terminal and as plain lines elsewhere.

An execution's name is made of the flow, its functions and its input unless one is given, so the same command comes back \
to the same execution: it goes on where it was, or prints the stored result. With --new it is another one.

Examples:
  stepwell run order.yaml
  stepwell run order.yaml --input order.json --name order-17
  echo '{\"id\": 17}' | stepwell run order.yaml --input -
  stepwell run order.yaml --set limits.data=1048576 --set tasks.fuse=off
  stepwell run order.yaml --endpoint https://flows.example.com";

/// Failures that another attempt may not meet, although the flow is the same.
const OUTSIDE: [&str; 7] = [
    "FnF.NotGranted",
    "FnF.SecretMissing",
    "FnF.ComponentUnavailable",
    "FnF.HostError",
    "FnF.TaskTimeout",
    "FnF.ExecutionTimeout",
    "FnF.TaskOutcomeUnknown",
];
/// The services whose failures are such.
const OUTSIDE_PRODUCTS: [&str; 3] = ["FC.", "FNF.", "HTTP."];

/// The largest input that an execution is made of, where `limits.data` does not allow more.
///
/// Source: CloudFlow's limit of a request.
const INPUT_BYTES_MAX: u64 = 1024 * 1024;

/// Run one execution of a flow to its end
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The flow's definition, YAML or JSON
    flow: PathBuf,
    /// The input, a JSON object: a file, `-` for standard input, or the object itself [default: {}]
    #[arg(long, value_name = "FILE|JSON")]
    input: Option<PathBuf>,
    /// What the flow's functions are [default: functions.yaml beside the flow]
    #[arg(long, value_name = "FILE")]
    functions: Option<PathBuf>,
    /// What its tasks may reach [default: grants.yaml beside the flow; without one, nothing]
    #[arg(long, value_name = "FILE")]
    grants: Option<PathBuf>,
    /// The execution's name [default: made of flow, functions and input]
    #[arg(long, value_parser = checked_name)]
    name: Option<String>,
    /// Start another execution if one of that name exists, as NAME-2, NAME-3 …
    #[arg(long)]
    new: bool,
    /// Run in memory: nothing is kept, nothing can wait for a callback
    #[arg(long)]
    express: bool,
    /// Change a setting: limits.data, limits.states, wait.max_seconds, tasks.fuse
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    #[command(flatten)]
    place: PlaceArgument,
    /// Print every event as one JSON object per line
    #[arg(long)]
    json: bool,
}

fn checked_name(text: &str) -> Result<String, String> {
    check_name(text).map(|()| text.to_owned())
}

/// Everything that a run needs, read and checked.
struct Prepared {
    flow: Arc<Flow>,
    components: Vec<Component>,
    run: Run,
}

impl Arguments {
    pub(crate) async fn carry_out(self, host: &dyn Host, console: &mut Console) -> Result<Exit, Trouble> {
        let Prepared { flow, components, run } = self.prepare(console)?;
        let mut progress = match self.json {
            true => Progress::for_programs(&mut *console, flow),
            false => Progress::for_people(&mut *console, flow),
        };
        if !self.set.is_empty() {
            progress.asked_for_settings();
        }
        let end = match self.express {
            true => host.express(&self.place.folder(), components, run, &mut progress).await,
            false => host.run(&self.place.place(), components, run, &mut progress).await,
        };
        let stored = progress.is_stored();
        progress.finish();
        match end? {
            RunEnd::Ended { name, end } => {
                let again = if stored { self.hint_for_stored(&end) } else { None };
                let hint = self.hint(&end).or(again);
                let exit = self.tell_end(name, end, console)?;
                console.say_if(hint);
                Ok(exit)
            }
            RunEnd::Interrupted { name } => {
                console.say(&self.how_to_go_on(name));
                Ok(Exit::Interrupted)
            }
        }
    }

    /// Reads and checks every file; problems are told all at once, before what could not be read.
    fn prepare(&self, console: &mut Console) -> Result<Prepared, Trouble> {
        let mut problems = Problems::default();
        let prepared = self.read(&mut problems, console.style());
        console.error(problems.drawn());
        prepared
    }

    fn read(&self, problems: &mut Problems, style: Style) -> Result<Prepared, Trouble> {
        self.refuse_what_the_server_has()?;
        let mut flow = FlowFile::read(&self.flow)?;
        let functions_path = self.beside(self.functions.as_ref(), "functions.yaml");
        let functions = Functions::read(functions_path.as_deref())?;
        self.check_together(&mut flow.checked, &functions);
        flow.tell_for_run(problems, style);
        functions.tell(problems, style, Strictness::Lenient);
        let resolved = functions.resolve(problems, style);
        let grants_path = self.beside(self.grants.as_ref(), "grants.yaml");
        let grants = grants(grants_path.as_deref(), problems, style)?;
        let children = children(&flow)?;
        children.iter().for_each(|child| child.tell_for_run(problems, style));
        let input = input(self.input.as_deref(), problems, style)?;
        let settings = self.settings()?;
        if let Some(message) = refused_input(&input, &settings) {
            problems.add_message(&message);
        }
        if problems.refuse() {
            return Err(Trouble::mistake(format!("nothing is run: {}", problems.summary())));
        }
        let model = flow.flow()?;
        let made_up = name::Contents {
            flow: &flow.bytes,
            functions: functions.bytes(),
            components: resolved
                .components
                .iter()
                .map(|component| component.digest.as_str())
                .collect(),
            input: &input,
        };
        let run = Run {
            name: self.name.clone().map_or_else(|| made_up.name(), Ok)?,
            naming: if self.new { Naming::Fresh } else { Naming::Join },
            nonce: None,
            flow: flow.text(&model)?,
            children: children.iter().map(child_text).collect::<Result<_, _>>()?,
            registry: json(&resolved.registry)?,
            grants: json(&grants)?,
            settings: json(&settings)?,
            input: Plain(input),
            recount: style.live && !self.json,
        };
        Ok(Prepared {
            flow: model,
            components: resolved.components,
            run,
        })
    }

    /// Whether a server runs it, which has functions, grants and settings of its own.
    fn is_served(&self) -> bool {
        !self.express && matches!(self.place.place(), Place::Endpoint(_))
    }

    fn refuse_what_the_server_has(&self) -> Result<(), Trouble> {
        let given = [
            ("--functions", self.functions.is_some()),
            ("--grants", self.grants.is_some()),
            ("--set", !self.set.is_empty()),
        ];
        match given.into_iter().find(|(_, given)| *given && self.is_served()) {
            Some((option, _)) => Err(Trouble::mistake(format!(
                "`{option}` changes nothing here: a server runs the flow, with functions, grants and settings of its own"
            ))),
            None => Ok(()),
        }
    }

    /// A file beside the flow that is this process's business.
    fn beside(&self, named: Option<&PathBuf>, usual: &str) -> Option<PathBuf> {
        beside(&self.flow, named, usual).filter(|_| !self.is_served())
    }

    fn settings(&self) -> Result<Settings, Trouble> {
        match self.is_served() {
            true => Ok(Settings::default()),
            false => settings(&self.place.folder(), &self.set),
        }
    }

    /// Checks the flow against the functions and against the way in which it is to be run.
    fn check_together(&self, checked: &mut Checked, functions: &Functions) {
        if let Some(registry) = functions.outline() {
            checked.add_functions(&registry);
        }
        if self.express {
            checked.add_express();
        }
    }

    fn tell_end(&self, name: String, end: End, console: &mut Console) -> Result<Exit, Trouble> {
        let status = end.status;
        if self.json {
            console.json(&LastLine::new(name, end.clone()))?;
        }
        match end.result {
            Some(Outcome::Output(output)) if !self.json => console.json(&output)?,
            Some(Outcome::Error(failure)) => {
                console.say(format!("{}: {}", failure.code, failure.detail).trim_end());
            }
            Some(Outcome::Output(_)) | None => {}
        }
        Ok(Exit::of_status(status))
    }

    /// What to do about a failure whose cure is outside of the flow.
    fn hint(&self, end: &End) -> Option<String> {
        let failure = self
            .failure(end)
            .filter(|failure| failure.code == "FC.FunctionNotFound")?;
        let name = failure.detail.split('`').nth(1).map(function_name)?;
        Some(format!("add {} to functions.yaml beside the flow", entry_for(name)))
    }

    /// How an execution that has ended with such a failure is tried again.
    fn hint_for_stored(&self, end: &End) -> Option<String> {
        let code = &self.failure(end)?.code;
        let outside = OUTSIDE.contains(&code.as_str()) || OUTSIDE_PRODUCTS.iter().any(|name| code.starts_with(name));
        outside.then(|| "once that is mended, run with --new to start another".to_owned())
    }

    /// The failure that people are told of.
    fn failure<'e>(&self, end: &'e End) -> Option<&'e Failure> {
        match end.result.as_ref().filter(|_| !self.json)? {
            Outcome::Error(failure) => Some(failure),
            Outcome::Output(_) => None,
        }
    }

    fn how_to_go_on(&self, name: Option<String>) -> String {
        if self.express {
            return "interrupted; an Express execution leaves nothing behind".to_owned();
        }
        let Some(name) = name else {
            return "interrupted before the execution began; nothing is left behind".to_owned();
        };
        let option = |option: &str, path: Option<&Path>| {
            path.map(|path| format!(" {option} {}", word(path))).unwrap_or_default()
        };
        format!(
            "interrupted; `{name}` {}{}:\n  stepwell run {}{}{}{} --name {name}{}",
            if self.is_served() {
                "goes on without this process; watch it with"
            } else {
                "goes on where it is with"
            },
            if self.input.as_deref() == Some(Path::new("-")) {
                " (and the same standard input)"
            } else {
                ""
            },
            word(&self.flow),
            option("--input", self.input.as_deref()),
            option("--functions", self.functions.as_deref()),
            option("--grants", self.grants.as_deref()),
            self.place.place().words(),
        )
    }
}

/// Why not even an execution that fails is made of an input: it is far above what a state may take.
fn refused_input(input: &Value, settings: &Settings) -> Option<String> {
    let bytes_max = settings.data_bytes_max.max(INPUT_BYTES_MAX);
    let bytes = input.bytes();
    (bytes > bytes_max)
        .then(|| format!("the input takes {bytes} bytes of JSON; an execution takes at most {bytes_max}"))
}

fn child_text(child: &FlowFile) -> Result<FlowText, Trouble> {
    child.text(&*child.flow()?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::fake::{Fake, Said, said};
    use super::*;
    use stepwell_wire::output::Status;

    const FLOW: &str =
        "Type: StateMachine\nSpecVersion: v1\nName: hello\nStartAt: A\nStates:\n  - {Type: Pass, Name: A, End: true}\n";

    fn end(status: Status, result: Outcome) -> RunEnd {
        RunEnd::Ended {
            name: "n".into(),
            end: End {
                status,
                result: Some(result),
            },
        }
    }

    fn run(flow: &str, end: RunEnd, more: &[&str]) -> (Said, Vec<Run>) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("flow.yaml"), flow).unwrap();
        let path = folder.path().join("flow.yaml").display().to_string();
        let store = folder.path().join("store").display().to_string();
        let host = Fake::running(end);
        let mut words = vec!["run", &path, "--store", &store];
        words.extend(more);
        let mut said = said(&host, &words);
        said.error = said.error.replace(&folder.path().display().to_string(), "DIR");
        (said, host.runs())
    }

    #[test]
    fn success_prints_the_output_and_nothing_else() {
        let output = Outcome::Output(Plain(Value::parse_json(r#"{"b":1.0,"a":"x"}"#).unwrap()));
        let (said, runs) = run(FLOW, end(Status::Succeeded, output), &["--name", "n"]);
        assert_eq!(
            (said.exit, said.out.as_str()),
            (Exit::Succeeded, "{\"b\":1.0,\"a\":\"x\"}\n")
        );
        let [run] = runs.as_slice() else { panic!("{runs:?}") };
        assert_eq!(
            (run.name.as_str(), run.naming, run.flow.name.as_str()),
            ("n", Naming::Join, "hello")
        );
        assert_eq!(
            (run.flow.definition.as_str(), run.input.clone()),
            (FLOW, Plain(Value::parse_json("{}").unwrap()))
        );
    }

    #[test]
    fn a_failure_is_the_last_line_and_the_exit() {
        let failure = |code: &str, detail: &str| {
            Outcome::Error(Failure {
                code: code.into(),
                detail: detail.into(),
            })
        };
        let cases = [
            (Status::Failed, Exit::Failed),
            (Status::TimedOut, Exit::TimedOut),
            (Status::Stopped, Exit::Stopped),
        ];
        for (status, exit) in cases {
            let (said, _) = run(FLOW, end(status, failure("E", "went wrong")), &[]);
            assert_eq!(
                (said.exit, said.out.as_str(), said.error.as_str()),
                (exit, "", "E: went wrong\n")
            );
        }
        let (said, _) = run(FLOW, end(Status::Failed, failure("E", "")), &["--json", "--name", "n"]);
        let line = "{\"name\":\"n\",\"status\":\"Failed\",\"error\":{\"code\":\"E\",\"detail\":\"\"}}\n";
        assert_eq!((said.out.as_str(), said.error.as_str()), (line, "E:\n"));
    }

    #[test]
    fn a_failure_whose_cure_is_outside_has_a_hint() {
        let failed = |code: &str, detail: &str| {
            let failure = Failure {
                code: code.into(),
                detail: detail.into(),
            };
            run(FLOW, end(Status::Failed, Outcome::Error(failure)), &[]).0.error
        };
        let detail = "no entry of the functions file matches `acs:fc:::functions/greet/LATEST`";
        let hint = "add `greet: {stub: [{echo: true}]}` to functions.yaml beside the flow\n";
        assert_eq!(
            failed("FC.FunctionNotFound", detail),
            format!("FC.FunctionNotFound: {detail}\n{hint}")
        );
        assert_eq!(failed("FnF.NotGranted", "no"), "FnF.NotGranted: no\n");
    }

    #[test]
    fn an_input_can_be_written_down() {
        let output = || end(Status::Succeeded, Outcome::Output(Plain(Value::Null)));
        let (said, runs) = run(FLOW, output(), &["--input", "{\"a\": 1}"]);
        assert_eq!(said.exit, Exit::Succeeded, "{}", said.error);
        let input = runs.first().map(|run| run.input.clone());
        assert_eq!(input, Some(Plain(Value::parse_json("{\"a\":1}").unwrap())));
        let (said, runs) = run(FLOW, output(), &["--input", "{\"a\": 1, \"a\": 2}"]);
        assert_eq!((said.exit, runs), (Exit::Usage, vec![]));
        assert!(said.error.contains("definition::duplicate_key"), "{}", said.error);
    }

    #[test]
    fn a_file_that_is_not_there_hides_no_problem_of_another() {
        let broken = FLOW.replace("StartAt: A", "StartAt: B");
        let none = RunEnd::Interrupted { name: None };
        let (said, _) = run(&broken, none, &["--input", "none.json"]);
        assert!(said.error.starts_with("definition::unknown_state\n"), "{}", said.error);
        let last = "error: `--input none.json` is neither JSON nor a file: there is no file `none.json`\n";
        assert!(said.error.ends_with(last), "{}", said.error);
    }

    #[test]
    fn an_input_that_is_written_down_must_be_an_object() {
        for (text, kind) in [
            ("[1]", "an array"),
            ("\"a\"", "text"),
            ("17", "a number"),
            ("true", "a boolean"),
            ("null", "null"),
        ] {
            let (said, runs) = run(FLOW, RunEnd::Interrupted { name: None }, &["--input", text]);
            assert_eq!((said.exit, runs), (Exit::Usage, vec![]));
            let message = format!("an input is an object, not {kind}\n   ,-[--input:1:1]");
            assert!(said.error.contains(&message), "{}", said.error);
        }
        let (said, _) = run(FLOW, RunEnd::Interrupted { name: None }, &["--input", "[1"]);
        assert!(said.error.contains("definition::not_json"), "{}", said.error);
    }

    #[test]
    fn interrupting_says_how_to_go_on() {
        let interrupted = RunEnd::Interrupted {
            name: Some("n-2".into()),
        };
        let (said, runs) = run(FLOW, interrupted, &["--name", "n", "--new"]);
        let words =
            "interrupted; `n-2` goes on where it is with:\n  stepwell run DIR/flow.yaml --name n-2 --store DIR/store\n";
        assert_eq!((said.exit, said.error.as_str()), (Exit::Interrupted, words));
        assert_eq!(runs.first().map(|run| run.naming), Some(Naming::Fresh));
    }

    #[test]
    fn a_refused_flow_prints_no_line_and_reaches_no_host() {
        let broken = FLOW.replace("StartAt: A", "StartAt: B");
        let (said, runs) = run(&broken, RunEnd::Interrupted { name: None }, &["--json"]);
        assert_eq!((said.exit, said.out.as_str(), runs), (Exit::Usage, "", vec![]));
        assert!(said.error.contains("definition::unknown_state"), "{}", said.error);
        assert!(
            said.error.ends_with("error: nothing is run: 1 error\n"),
            "{}",
            said.error
        );
    }

    #[test]
    fn mistakes_on_the_command_line_are_usage() {
        let none = || RunEnd::Interrupted { name: None };
        for (more, message) in [
            (vec!["--name", "a/b"], "an execution's name has 1 to 128"),
            (vec!["--set", "limit=1"], "error: no setting `limit`"),
            (
                vec!["--input", "DIR/none.json"],
                "error: `--input DIR/none.json` is neither JSON nor a file: there is no file `DIR/none.json`",
            ),
            (vec!["--functions", "none.yaml"], "error: there is no file `none.yaml`"),
        ] {
            let (said, runs) = run(FLOW, none(), &more);
            assert_eq!((said.exit, runs), (Exit::Usage, vec![]), "{more:?}");
            assert!(said.error.contains(message), "{more:?}: {}", said.error);
        }
    }

    #[test]
    fn the_default_name_is_stable() {
        let (_, runs) = run(FLOW, RunEnd::Interrupted { name: None }, &[]);
        let (_, again) = run(FLOW, RunEnd::Interrupted { name: None }, &[]);
        let name = |runs: &[Run]| runs.first().map(|run| run.name.clone()).unwrap();
        assert_eq!((name(&runs), name(&runs).len()), (name(&again), 16));
    }
}
