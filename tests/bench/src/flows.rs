//! The flows that are measured.
//!
//! **Invariant:** each task is one call of the function `echo`; what differs is what is around it.

use std::sync::Arc;

use stepwell_expression::Value;

/// One task.
pub const ECHO: &str = "\
Type: StateMachine
SpecVersion: v1
Name: one
StartAt: A
States:
  - Type: Task
    Name: A
    Action: FC:InvokeFunction
    Parameters: {resourceArn: echo, body.$: $Input}
    OutputConstructor: {n.$: $Output.Body.n, note.$: $Output.Body.note}
    End: true
";

/// Five tasks, one after another, each with what the one before it made.
pub const FIVE: &str = "\
Type: StateMachine
SpecVersion: v1
Name: five
StartAt: A
States:
  - Type: Task
    Name: A
    Action: FC:InvokeFunction
    Parameters: {resourceArn: echo, body.$: $Input}
    OutputConstructor: {n.$: $Output.Body.n, note.$: $Output.Body.note}
    Next: B
  - Type: Task
    Name: B
    Action: FC:InvokeFunction
    Parameters: {resourceArn: echo, body.$: $Input}
    OutputConstructor: {n.$: $Output.Body.n, note.$: $Output.Body.note}
    Next: C
  - Type: Task
    Name: C
    Action: FC:InvokeFunction
    Parameters: {resourceArn: echo, body.$: $Input}
    OutputConstructor: {n.$: $Output.Body.n, note.$: $Output.Body.note}
    Next: D
  - Type: Task
    Name: D
    Action: FC:InvokeFunction
    Parameters: {resourceArn: echo, body.$: $Input}
    OutputConstructor: {n.$: $Output.Body.n, note.$: $Output.Body.note}
    Next: E
  - Type: Task
    Name: E
    Action: FC:InvokeFunction
    Parameters: {resourceArn: echo, body.$: $Input}
    OutputConstructor: {n.$: $Output.Body.n, note.$: $Output.Body.note}
    End: true
";

/// So many Pass states in a row, each of which builds an object.
#[must_use]
pub fn chain(states: u64) -> String {
    let mut text = String::from("Type: StateMachine\nSpecVersion: v1\nName: chain\nStartAt: S0\nStates:\n");
    for number in 0..states {
        let exit = match number + 1 == states {
            true => "End: true".to_owned(),
            false => format!("Next: S{}", number + 1),
        };
        let constructor = "{n.$: $Input.n + 1, note.$: $Input.note}";
        text += &format!("  - {{Type: Pass, Name: S{number}, OutputConstructor: {constructor}, {exit}}}\n");
    }
    text
}

/// The same as JSON.
#[must_use]
pub fn chain_as_json(states: u64) -> String {
    let state = |number: u64| {
        let mut state = serde_json::json!({
            "Type": "Pass",
            "Name": format!("S{number}"),
            "OutputConstructor": {"n.$": "$Input.n + 1", "note.$": "$Input.note"},
        });
        let (exit, to) = match number + 1 == states {
            true => ("End", true.into()),
            false => ("Next", format!("S{}", number + 1).into()),
        };
        state.as_object_mut().unwrap().insert(exit.to_owned(), to);
        state
    };
    let states: Vec<_> = (0..states).map(state).collect();
    let flow = serde_json::json!({
        "Type": "StateMachine", "SpecVersion": "v1", "Name": "chain", "StartAt": "S0", "States": states,
    });
    flow.to_string()
}

/// A loop of a Pass and a Choice, until `$Input.n` has grown by so many rounds.
#[must_use]
pub fn rounds(rounds: u64) -> String {
    format!(
        "\
Type: StateMachine
SpecVersion: v1
Name: rounds
StartAt: Add
States:
  - {{Type: Pass, Name: Add, OutputConstructor: {{n.$: $Input.n + 1, note.$: $Input.note}}, Next: Again}}
  - {{Type: Choice, Name: Again, Branches: [{{Condition: $Input.n < {rounds}, Next: Add}}], Default: Done}}
  - {{Type: Succeed, Name: Done}}
"
    )
}

/// A month's Wait.
pub const MONTH: &str = "\
Type: StateMachine
SpecVersion: v1
Name: month
StartAt: W
States:
  - {Type: Wait, Name: W, Seconds: 2592000, End: true}
";

/// A Map over `$Input.items` whose items are one task each.
#[must_use]
pub fn map_flow(concurrency: u64) -> String {
    format!(
        "\
Type: StateMachine
SpecVersion: v1
Name: items
StartAt: M
States:
  - Type: Map
    Name: M
    ItemsPath: $Input.items
    MaxConcurrency: {concurrency}
    Processor:
      StartAt: T
      States:
      - Type: Task
        Name: T
        Action: FC:InvokeFunction
        Parameters: {{resourceArn: echo, body.$: $Input}}
        OutputConstructor: {{code.$: $Output.Code}}
        End: true
    OutputConstructor: {{done: true}}
    End: true
"
    )
}

/// The bytes of an item as JSON.
const ITEM_BYTES: usize = 64;

/// An input with so many items of 64 bytes, no two alike.
#[must_use]
pub fn map_input(items: u64) -> Value {
    let width = ITEM_BYTES - 2;
    let items = (0..items).map(|number| Value::from(format!("{number:x<width$}")));
    Value::object([("items", Value::Array(Arc::new(items.collect())))])
}

/// The input of the `number`-th execution of [`ECHO`] and [`FIVE`].
#[must_use]
pub fn input(number: u64) -> Value {
    Value::object([
        ("n", Value::from(number)),
        (
            "note",
            Value::from("a hundred bytes or so, as an order or an address would have them, with a name and a place"),
        ),
    ])
}
