//! Published flows run along the path of states that a reader of them expects, where they are at hand:
//! `../shared/corpus` beside the repository. They were written by nobody on this project; the paths were, by reading.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use stepwell_actions::{StubAnswer, StubEntry};
use stepwell_engine::Ended;
use stepwell_expression::Value;
use stepwell_simulation::{Begin, World, flow};

/// One way through a flow.
struct Way {
    file: &'static str,
    input: &'static str,
    /// Functions by their whole ARN, and their answers in turn.
    stubs: Vec<(&'static str, Vec<StubEntry>)>,
    /// The states in the order in which they are entered, each with its scope.
    path: &'static [&'static str],
    /// The output as JSON, or the failure's code.
    end: &'static str,
}

fn way(file: &'static str, input: &'static str, path: &'static [&'static str], end: &'static str) -> Way {
    Way {
        file,
        input,
        stubs: Vec::new(),
        path,
        end,
    }
}

impl Way {
    fn stub(mut self, arn: &'static str, answers: Vec<StubEntry>) -> Self {
        self.stubs.push((arn, answers));
        self
    }
}

fn result(json: &str) -> StubEntry {
    let answer = StubAnswer::Result(Value::parse_json(json).unwrap());
    StubEntry { answer, delay_ms: 0 }
}

fn fail(code: &str) -> StubEntry {
    let answer = StubAnswer::Fail {
        code: code.into(),
        detail: "".into(),
    };
    StubEntry { answer, delay_ms: 0 }
}

const FUNCTION: &str = "acs:fc:::services/myService1.LATEST/functions/myFunction1";
const DATAJI: &str = "acs:fc:{regionId}:{accountId}:functions/dataji/LATEST";
const THROTTLED: &str = "acs:fc:cn-hangzhou:123456789012:functions/myfunction1/LATEST";
const ANALYSIS: &str = "acs:fc:cn-shanghai:${ALIUID}:functions/${VIDEO_ANALYSIS_FUNCTION_NAME}/LATEST";
const CUT: &str = "acs:fc:cn-shanghai:${ALIUID}:functions/${VIDEO_CUT_FUNCTION_NAME}/LATEST";

/// Flows without a task.
fn ways_without_tasks() -> Vec<Way> {
    let both = &["/Parallel1", "Parallel1/0/Pass1", "Parallel1/1/Pass2"];
    let early = &["/Parallel1", "Parallel1/0/Succeed1", "Parallel1/1/Pass2"];
    let joined = r#"{"Branch0":{"FieldA":123},"Branch1":{"FieldA":321}}"#;
    vec![
        way(
            "docs__new-choice.yml",
            r#"{"data":"ready"}"#,
            &["/Choice", "/Pass1"],
            r#"{"data":"ready"}"#,
        ),
        way(
            "docs__new-choice.yml",
            r#"{"data":"not yet"}"#,
            &["/Choice", "/Pass2"],
            r#"{"data":"not yet"}"#,
        ),
        way(
            "docs__new-createflow-sample.yml",
            r#"{"a":1}"#,
            &["/my_state"],
            r#"{"a":1}"#,
        ),
        way(
            "docs__new-fail.yml",
            r#"{"status":"true"}"#,
            &["/Choice1", "/Pass1"],
            r#"{"status":"true"}"#,
        ),
        way("docs__new-fail.yml", "{}", &["/Choice1", "/Fail1"], "customBizCode"),
        way(
            "docs__new-hello-world.yml",
            r#"{"who":"you"}"#,
            &["/Greet"],
            r#"{"who":"you"}"#,
        ),
        way(
            "docs__new-map-inline-RECON.yml",
            r#"{"FieldA":[{"a":1},{"a":2}]}"#,
            &["/Map1", "Map1/0/Pass1", "Map1/1/Pass1"],
            r#"{"Items":[{"a":1},{"a":2}]}"#,
        ),
        way("docs__new-map-inline-RECON.yml", "{}", &["/Map1"], "FnF.InvalidItems"),
        way("docs__new-parallel.yml", "{}", both, joined),
        way("docs__new-succeed-in-parallel.yml", "{}", early, joined),
        way("docs__new-pass.yml", r#"{"b":2}"#, &["/Pass1"], r#"{"FieldA":123}"#),
        way("docs__new-wait.yml", r#"{"b":2}"#, &["/Wait1"], r#"{"b":2}"#),
    ]
}

/// Flows whose tasks are answered by stubs.
fn ways_with_tasks() -> Vec<Way> {
    let answered = r#"{"Header":{},"Code":200,"Body":{"n":1}}"#;
    let once = || vec![result(r#"{"n":1}"#)];
    let throttled = || {
        vec![
            fail("FC.ResourceThrottled"),
            fail("ResourceThrottled"),
            result(r#"{"n":1}"#),
        ]
    };
    vec![
        way("docs__new-fc-body-object.yml", "{}", &["/SyncCall"], answered).stub(FUNCTION, once()),
        way(
            "docs__new-fc-old-action-spelling.yml",
            "{}",
            &["/InvokeFunction"],
            answered,
        )
        .stub(FUNCTION, once()),
        way("docs__new-fc-requestcomplete.yml", "{}", &["/InvokeFunction"], answered).stub(DATAJI, once()),
        way("docs__new-fc-requestcomplete.yml", "{}", &["/InvokeFunction"], "Odd").stub(DATAJI, vec![fail("Odd")]),
        way(
            "docs__new-fc-systemcallback.yml",
            "{}",
            &["/InvokeFunction"],
            r#"{"n":1}"#,
        )
        .stub(DATAJI, once()),
        way(
            "docs__new-fnf-startexecution.yml",
            "{}",
            &["/StartExecution"],
            r#"{"FlowName":"test-workflow","ExecutionName":"theExecutionName","RequestID":"test-workflow/theExecutionName"}"#,
        ),
        way(
            "docs__new-http-request.yml",
            "{}",
            &["/Request"],
            r#"{"of":null,"by":"https://www.example.com"}"#,
        ),
        way("docs__new-onerrors-2023-RECON.yml", "{}", &["/Mytestfc"], answered).stub(THROTTLED, throttled()),
        way(
            "docs__new-onerrors-2023-RECON.yml",
            "{}",
            &["/Mytestfc", "/Pass1"],
            r#"{"FieldA":123}"#,
        )
        .stub(THROTTLED, vec![fail("Odd")]),
        way(
            "aliyun-solution__video_edit-single.yml",
            r#"{"videoUrl":"u","vlPrompt":"v","llmPrompt":"l"}"#,
            &["/视频理解", "/一键成片", "/Succeed"],
            r#"{"outputUrl":"o"}"#,
        )
        .stub(ANALYSIS, vec![result(r#"{"videoContent":"c"}"#)])
        .stub(CUT, vec![result(r#"{"outputUrl":"o"}"#)]),
    ]
}

fn flows() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/flows");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: there are no published flows at {}", folder.display());
    None
}

/// The states that were entered, and how it ended.
fn walked(text: &str, way: &Way) -> (Vec<String>, String) {
    let mut world = World::calm(1);
    let engine = world.engine().unwrap();
    let child = "Type: StateMachine\nSpecVersion: v1\nName: test-workflow\nStartAt: A\nStates: [{Type: Pass, Name: A, End: true}]\n";
    let begin = Begin {
        flows: vec![flow(child)],
        ..Begin::with(Value::parse_json(way.input).unwrap()).stubs(way.stubs.clone())
    };
    let execution = world.start(&engine, &flow(text), begin).unwrap();
    let end = match world.end(&engine, &execution).expect("the world stands still").unwrap() {
        Ended::Succeeded(output) => output.to_json().unwrap(),
        Ended::Failed(failure) => failure.code.to_string(),
        other @ (Ended::Running | Ended::Stopped(_) | Ended::TimedOut(_)) => other.name().to_owned(),
    };
    let history = world.wait_for(async move { engine.history(&execution).await.unwrap() });
    let entered = history.iter().filter(|event| &*event.kind == "StepEntered");
    let path = entered.map(|event| {
        let detail = Value::parse_json(&event.event_detail).unwrap();
        let scope = detail
            .as_object()
            .unwrap()
            .get("scope")
            .and_then(Value::as_str)
            .unwrap();
        format!("{scope}/{}", event.step_name)
    });
    (path.collect(), end)
}

/// The published flows of the newer dialect that are accepted and can run.
fn runnable(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let runs = |path: &PathBuf| {
        let checked = stepwell_definition::check(&std::fs::read(path).unwrap(), "flow.yaml");
        checked.flow.is_some() && checked.unsupported.is_empty()
    };
    let name = |path: PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    entries.filter(|path| path.is_file()).filter(runs).map(name).collect()
}

#[test]
fn every_published_flow_that_runs_has_a_way() {
    let Some(folder) = flows() else { return };
    let ways = ways_without_tasks().into_iter().chain(ways_with_tasks());
    let listed: BTreeSet<String> = ways.map(|way| way.file.to_owned()).collect();
    assert_eq!(runnable(&folder), listed);
}

#[test]
fn published_flows_take_the_way_that_a_reader_expects() {
    let Some(folder) = flows() else { return };
    for way in ways_without_tasks().into_iter().chain(ways_with_tasks()) {
        let text = std::fs::read_to_string(folder.join(way.file)).unwrap();
        let expected: Vec<String> = way.path.iter().map(|state| (*state).to_owned()).collect();
        assert_eq!(
            walked(&text, &way),
            (expected, way.end.to_owned()),
            "{} {}",
            way.file,
            way.input
        );
    }
}
