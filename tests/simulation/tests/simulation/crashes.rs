//! Processes that die at any moment: right result, and every repeat has a counted cause.

use stepwell_engine::Ended;
use stepwell_expression::Value;
use stepwell_model::Settings;
use stepwell_simulation::{Begin, World, flow};

/// Effects, pure tasks, retries, waits, branches, and items that are fused and items that are not.
pub(crate) const FLOW: &str = r#"
Type: StateMachine
SpecVersion: v1
Name: crash
StartAt: Prepare
States:
  - Type: Task
    Name: Prepare
    Action: FC:InvokeFunction
    Parameters: {resourceArn: prepare, body: {n.$: $Input.n}}
    OutputConstructor: {n.$: $Output.Body.of.n, items.$: $Input.items, text.$: $Input.text}
    Next: Both
  - Type: Parallel
    Name: Both
    Branches:
      - StartAt: Flaky
        States:
          - Type: Task
            Name: Flaky
            Action: FC:InvokeFunction
            Parameters: {resourceArn: effectFlaky, body: {fails: 2}}
            Retry: [{Errors: [Flaky], MaxAttempts: 3, IntervalSeconds: 1, BackoffRate: 2}]
            OutputConstructor: {retries.$: $Context.Current.RetryCount}
            GlobalConstructor: {flaky.$: $Context.Current.RetryCount}
            Next: Rest
          - {Type: Wait, Name: Rest, Seconds: 1, End: true}
      - StartAt: Each
        States:
          - Type: Map
            Name: Each
            ItemsPath: $Input.items
            MaxConcurrency: 4
            Processor:
              StartAt: Pure
              States:
                - Type: Task
                  Name: Pure
                  Action: FC:InvokeFunction
                  Parameters: {resourceArn: double, body: {item.$: $Input}}
                  OutputConstructor: {item.$: $Output.Body.of.item}
                  Next: Odd
                - Type: Choice
                  Name: Odd
                  Branches: [{Condition: $Input.item % 3 == 0, Next: Effect}]
                  Default: Out
                - Type: Task
                  Name: Effect
                  Action: FC:InvokeFunction
                  Parameters: {resourceArn: effectItem, body: {item.$: $Input.item}}
                  OutputConstructor: {item.$: $Output.Body.of.item, effect: true}
                  GlobalConstructor: {last.$: $Output.Body.of.item}
                  Next: Out
                - {Type: Succeed, Name: Out}
            End: true
    Next: After
  - Type: Task
    Name: After
    Action: FC:InvokeFunction
    Parameters: {resourceArn: effectAfter, body: {count.$: length($Input.Branch1.Items)}}
    OutputConstructor: {count.$: $Output.Body.of.count, items.$: $Input.Branch1.Items, retries.$: $Input.Branch0.retries, global.$: $Global}
    End: true
"#;

pub(crate) fn input(items: u64) -> Value {
    let numbers = Value::array((0..items).map(Value::from));
    Value::object([
        ("n", Value::from(7_u64)),
        ("items", numbers),
        ("text", Value::from("x".repeat(1_000))),
    ])
}

pub(crate) fn expected(items: u64) -> Value {
    let outputs = Value::array((0..items).map(|item| {
        let plain = [("item", Value::from(item))];
        let effect = [("item", Value::from(item)), ("effect", Value::Bool(true))];
        if item % 3 == 0 {
            Value::object(effect)
        } else {
            Value::object(plain)
        }
    }));
    let last = (items - 1) / 3 * 3;
    let global = Value::object([("flaky", Value::from(2_u64)), ("last", Value::from(last))]);
    Value::object([
        ("count", Value::from(items)),
        ("items", outputs),
        ("retries", Value::from(2_u64)),
        ("global", global),
    ])
}

/// Runs the flow with processes that die after random stretches; returns the world at its end.
fn survive(seed: u64, items: u64) -> World {
    let mut world = World::new(seed);
    let mut engine = world.engine().unwrap();
    let settings = Settings {
        fuse: !seed.is_multiple_of(3),
        ..Settings::default()
    };
    let begin = Begin {
        settings,
        ..Begin::with(input(items))
    };
    let execution = world.start(&engine, &flow(FLOW), begin).unwrap();
    let deaths = world.chance.below(12);
    for _ in 0..deaths {
        let (watched, name) = (engine.clone(), execution.clone());
        let polls = 1 + world.chance.below(120);
        if let Some(end) = world.run_polls(async move { watched.wait(&name).await }, polls) {
            assert_eq!(end.unwrap(), Ended::Succeeded(expected(items)), "seed {seed}");
            return world;
        }
        engine = world.engine().unwrap();
    }
    let end = world
        .end(&engine, &execution)
        .unwrap_or_else(|| panic!("seed {seed}: the world stands still"));
    assert_eq!(end.unwrap(), Ended::Succeeded(expected(items)), "seed {seed}");
    world
}

#[test]
fn the_result_is_right_and_every_repeat_has_a_death() {
    let mut repeats = 0;
    let mut deaths = 0;
    for seed in 0..400 {
        let world = survive(seed, 14);
        let ran = world.tasks.ran();
        for (key, ran) in ran.iter().filter(|(_, ran)| ran.is_effect) {
            assert!(
                ran.begun <= 1 + world.deaths,
                "seed {seed}: attempt {key} began {} times",
                ran.begun
            );
        }
        repeats += ran
            .values()
            .filter(|ran| ran.is_effect)
            .map(|ran| ran.begun - 1)
            .sum::<u32>();
        deaths += world.deaths;
        let attempts = ran.values().filter(|ran| ran.is_effect).count();
        assert_eq!(
            attempts,
            3 + 5 + 1,
            "seed {seed}: every effect ran, and none under two keys"
        );
    }
    assert!(
        deaths > 500 && repeats > 50,
        "the seeds crash too little: {deaths} deaths, {repeats} repeats"
    );
}

#[test]
fn a_seed_reproduces_its_run() {
    let look = |seed| {
        let world = survive(seed, 9);
        (world.now(), world.deaths, world.tasks.ran())
    };
    for seed in [3, 17, 99] {
        assert_eq!(look(seed), look(seed), "seed {seed}");
    }
}
