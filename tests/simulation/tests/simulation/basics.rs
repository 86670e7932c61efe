//! Whole executions without faults.

use stepwell_engine::Ended;
use stepwell_expression::Value;
use stepwell_simulation::{Begin, World, flow};

fn json(text: &str) -> Value {
    Value::parse_json(text).unwrap()
}

/// Runs a flow to its end in a world of that seed.
fn run(seed: u64, text: &str, input: &str) -> (World, Ended) {
    let mut world = World::new(seed);
    let engine = world.engine().unwrap();
    let execution = world.start(&engine, &flow(text), Begin::with(json(input))).unwrap();
    let end = world.end(&engine, &execution).expect("the world stands still").unwrap();
    (world, end)
}

#[test]
fn a_flow_of_every_simple_state_succeeds() {
    let text = r#"
Type: StateMachine
SpecVersion: v1
Name: simple
StartAt: A
States:
  - {Type: Pass, Name: A, OutputConstructor: {n: 1, x.$: $Input.x}, Next: B}
  - Type: Task
    Name: B
    Action: FC:InvokeFunction
    Parameters: {resourceArn: pure, body: {n.$: $Input.n}}
    OutputConstructor: {by.$: $Output.Body.by, n.$: $Output.Body.of.n}
    Next: C
  - Type: Choice
    Name: C
    Branches: [{Condition: $Input.n == 1, Next: D}]
    Default: F
  - {Type: Wait, Name: D, Seconds: 3600, Next: E}
  - Type: Task
    Name: E
    Action: FC:InvokeFunction
    Parameters: {resourceArn: effect1, body: {fails: 1}}
    Retry: [{Errors: [Flaky], MaxAttempts: 2, IntervalSeconds: 5}]
    OutputConstructor: {by.$: $Output.Body.by, retries.$: $Context.Current.RetryCount}
    Next: S
  - {Type: Succeed, Name: S}
  - {Type: Fail, Name: F, Code: Wrong}
"#;
    let (world, end) = run(1, text, r#"{"x": 5}"#);
    assert_eq!(
        end,
        Ended::Succeeded(json(r#"{"by":"http://effect.test/","retries":1}"#))
    );
    assert_eq!(
        world.tasks.ran().values().map(|ran| ran.begun).collect::<Vec<_>>(),
        [1, 1, 1]
    );
}

#[test]
fn branches_and_items_join() {
    let text = r#"
Type: StateMachine
SpecVersion: v1
Name: forks
StartAt: P
States:
  - Type: Parallel
    Name: P
    Branches:
      - StartAt: A
        States:
          - Type: Task
            Name: A
            Action: FC:InvokeFunction
            Parameters: {resourceArn: effect1, body: {}}
            OutputConstructor: {a: 1}
            GlobalConstructor: {fromA: 1}
            End: true
      - StartAt: M
        States:
          - Type: Map
            Name: M
            ItemsPath: $Input.items
            MaxConcurrency: 3
            Processor:
              StartAt: T
              States:
                - Type: Task
                  Name: T
                  Action: FC:InvokeFunction
                  Parameters: {resourceArn: effect2, body: {item.$: $Input, at.$: $Context.Map.Item.Index}}
                  OutputConstructor: {item.$: $Output.Body.of.item, at.$: $Output.Body.of.at}
                  GlobalConstructor: {last.$: $Input}
                  End: true
            End: true
    Next: Z
  - {Type: Pass, Name: Z, OutputConstructor: {g.$: $Global, b.$: $Input.Branch1.Items, n.$: length($Input.Branch1.Items)}, End: true}
"#;
    let input = r#"{"items": [10,11,12,13,14,15,16]}"#;
    let items: Vec<String> = (0..7)
        .map(|at| format!(r#"{{"item":{},"at":{at}}}"#, at + 10))
        .collect();
    let expected = format!(r#"{{"g":{{"fromA":1,"last":16}},"b":[{}],"n":7}}"#, items.join(","));
    for seed in 0..50 {
        let (world, end) = run(seed, text, input);
        assert_eq!(end, Ended::Succeeded(json(&expected)), "seed {seed}");
        assert!(world.tasks.ran().values().all(|ran| ran.begun == 1), "seed {seed}");
        assert_eq!(world.tasks.ran().len(), 8, "seed {seed}");
    }
}

#[test]
fn a_large_input_is_stored_once_and_still_compared() {
    let text = r#"
Type: StateMachine
SpecVersion: v1
Name: large
StartAt: A
States:
  - {Type: Pass, Name: A, OutputConstructor: {all.$: $Context.Execution.Input, x.$: $Input.x}, Next: B}
  - {Type: Wait, Name: B, Seconds: 60, Next: C}
  - {Type: Pass, Name: C, OutputConstructor: {x.$: $Input.all.x}, End: true}
"#;
    let large = "x".repeat(20_000);
    let input = Value::object([("x", Value::String(large.as_str().into()))]);
    let mut world = World::new(7);
    let engine = world.engine().unwrap();
    let flow = flow(text);
    let execution = world.start(&engine, &flow, Begin::with(input.clone())).unwrap();
    let end = world.end(&engine, &execution).expect("the world stands still").unwrap();
    assert_eq!(end, Ended::Succeeded(input.clone()));

    let asked = (engine.clone(), execution.clone());
    let cost = world.wait_for(async move { asked.0.cost(&asked.1).await.unwrap() });
    assert_eq!(cost.bytes / 20_000, 1, "{} bytes for 20,000 of input", cost.bytes);
    let asked = (engine.clone(), execution.clone());
    let described = world.wait_for(async move { asked.0.describe(&asked.1).await.unwrap() });
    assert_eq!(described.input, input);

    let again = world.start(&engine, &flow, Begin::with(input));
    assert_eq!(again.unwrap(), execution);
    let other = world.start(&engine, &flow, Begin::with(json(r#"{"x": 1}"#)));
    assert_eq!(
        other.unwrap_err().to_string(),
        "execution `large/e` exists already, started with another input"
    );
}
