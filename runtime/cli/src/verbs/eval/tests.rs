mod expressions;
mod items;
mod states;

use crate::exit::Exit;
use crate::verbs::fake::{Fake, said};

const FLOW: &str = r#"Type: StateMachine
SpecVersion: v1
Name: order
StartAt: Decide
States:
  - Type: Choice
    Name: Decide
    Branches:
      - {Condition: $Input.n > 3, Next: Pay}
      - {Condition: $Input.n > 1, Next: Pay}
    Default: Rest
  - Type: Task
    Name: Pay
    Action: FC:InvokeFunction
    Timeout: 30
    InputConstructor: {id.$: $Input.n}
    Parameters: {resourceArn: pay, invocationType: Sync, body: {id.$: $Input.id, gone.$: $Input.gone}}
    OutputConstructor: {paid.$: $Output.Body.paid}
    GlobalConstructor: {last.$: $Input.id}
    Retry:
      - {Errors: [Other], MaxAttempts: 1, IntervalSeconds: 1}
      - {Errors: [Busy], MaxAttempts: 3, IntervalSeconds: 10, BackoffRate: 2}
    Catch:
      - {Errors: [Never], Next: Rest}
      - {Errors: [FnF.ALL], Next: Pay, OutputConstructor: {code.$: $Context.Current.Error.Code}}
    Next: Rest
  - {Type: Wait, Name: Rest, Seconds: 5, Next: Split}
  - Type: Parallel
    Name: Split
    Branches:
      - {StartAt: Left, States: [{Type: Succeed, Name: Left}]}
      - {StartAt: Left, States: [{Type: Fail, Name: Left, Code: Odd, Detail.$: $Context.Execution.Name}]}
    Next: Each
  - Type: Map
    Name: Each
    ItemsPath: $Input.list
    Processor: {StartAt: One, States: [{Type: Pass, Name: One, OutputConstructor: {x: 1}, End: true}]}
    End: true
"#;

fn words(words: &[&str]) -> (Exit, String, String) {
    let words: Vec<&str> = std::iter::once("eval").chain(words.iter().copied()).collect();
    let said = said(&Fake::default(), &words);
    (said.exit, said.out, said.error)
}

/// What one state of the flow shows.
fn state(name: &str, more: &[&str]) -> (Exit, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flow.yaml");
    std::fs::write(&path, FLOW).unwrap();
    let path = path.display().to_string();
    let at = ["--flow", &path, "--state", name, "--at", "2026-01-31T09:30:00Z"];
    words(&[&at, more].concat())
}

fn lines(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}
