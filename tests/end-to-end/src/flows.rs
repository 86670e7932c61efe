//! Flows that several tests run.

/// One Pass, whose output is its input with a greeting.
pub(crate) const PASS: &str = "\
Type: StateMachine
SpecVersion: v1
Name: greet
StartAt: Greet
States:
  - Type: Pass
    Name: Greet
    OutputConstructor:
      text.$: format(\"hello {}\", $Input.name)
      number: 1.0
    End: true
";

/// One function.
pub(crate) const TASK: &str = "\
Type: StateMachine
SpecVersion: v1
Name: call
StartAt: Call
States:
  - Type: Task
    Name: Call
    Action: FC:InvokeFunction
    Parameters: {resourceArn: work, invocationType: Sync, body.$: $Input}
    Retry:
      - {Errors: [Again], MaxAttempts: 3, IntervalSeconds: 0}
    OutputConstructor: {result.$: $Output.Body}
    End: true
";

/// Waits for somebody to report.
pub(crate) const ASK: &str = "\
Type: StateMachine
SpecVersion: v1
Name: ask
StartAt: Ask
States:
  - Type: Task
    Name: Ask
    Action: FC:InvokeFunction
    TaskMode: WaitForCustomCallback
    Parameters:
      resourceArn: notify
      invocationType: Async
      body: {token.$: $Context.Current.TaskToken}
    End: true
";

/// The function that [`ASK`] calls.
pub(crate) const NOTIFY: &str = "functions:\n  notify: {stub: [{result: {}}]}\n";

/// Waits for ten minutes.
pub(crate) const LONG_WAIT: &str = "\
Type: StateMachine
SpecVersion: v1
Name: pause
StartAt: Pause
States:
  - {Type: Wait, Name: Pause, Seconds: 600, End: true}
";

/// A flow that ends as its input says: well, badly, or too late.
pub(crate) const ENDS: &str = "\
Type: StateMachine
SpecVersion: v1
Name: ends
Timeout: 1
StartAt: Which
States:
  - Type: Choice
    Name: Which
    Branches:
      - {Condition: $Input.end == \"fail\", Next: Fail}
      - {Condition: $Input.end == \"late\", Next: Late}
    Default: Well
  - {Type: Succeed, Name: Well}
  - {Type: Fail, Name: Fail, Code: Broken, Detail: as it was asked to}
  - {Type: Wait, Name: Late, Seconds: 600, End: true}
";
